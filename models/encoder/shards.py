"""Tokenised text on disk, and rows of a fixed length packed from it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from models.errors import ModelError

Ids = NDArray[np.uint16]
Grid = NDArray[np.int64]

MAX_SHARD_BYTES: Final = 60 * 2**20
_SHARD = "tokens-*.npz"


@dataclass(frozen=True, slots=True)
class TokenisedTexts:
    """Texts as token ids, one after the other.

    Attributes:
        ids: All tokens, shape (tokens,).
        starts: Where each text starts, and the end, shape (texts + 1,).
        kind: Token id of the writer (customer, employee, plain text), shape (texts,).
        stars: 1 to 5, or 0 where there is no rating to learn from, shape (texts,).
        share: How often each text is drawn, relative to the others, shape (texts,).
    """

    ids: Ids
    starts: NDArray[np.int64]
    kind: NDArray[np.uint8]
    stars: NDArray[np.uint8]
    share: NDArray[np.float32]

    def __len__(self) -> int:
        """Count the texts."""
        return len(self.kind)

    def text(self, position: int) -> Ids:
        """Give the token ids of one text."""
        return self.ids[self.starts[position] : self.starts[position + 1]]


def write_shards(texts: TokenisedTexts, folder: Path, max_bytes: int = MAX_SHARD_BYTES) -> list[Path]:
    """Write tokenised texts as files small enough to travel.

    Args:
        texts: The texts.
        folder: Where to write; made when it does not exist.
        max_bytes: Most bytes of tokens in a file.

    Returns:
        The files.
    """
    folder.mkdir(parents=True, exist_ok=True)
    paths: list[Path] = []
    first = 0
    while first < len(texts):
        limit = texts.starts[first] + max_bytes // 2
        last = max(first + 1, int(np.searchsorted(texts.starts, limit, side="right")) - 1)
        path = folder / f"tokens-{len(paths):03d}.npz"
        starts = texts.starts[first : last + 1]
        np.savez_compressed(
            path,
            ids=texts.ids[starts[0] : starts[-1]],
            starts=starts - starts[0],
            kind=texts.kind[first:last],
            stars=texts.stars[first:last],
            share=texts.share[first:last],
        )
        paths.append(path)
        first = last
    return paths


def read_shards(folder: Path) -> TokenisedTexts:
    """Read what `write_shards` wrote.

    Raises:
        ModelError: There is no shard in the folder.
    """
    paths = sorted(folder.glob(_SHARD))
    if not paths:
        raise ModelError.because(
            "tokenised text cannot be read",
            expected=f"files {_SHARD}",
            got="none",
            where=str(folder),
            do="Have `miroir pretrain --reviews … --plain …` write them first",
        )
    parts = []
    for path in paths:
        with np.load(path) as stored:
            parts.append({name: stored[name] for name in stored.files})
    offsets = np.cumsum([0] + [len(part["ids"]) for part in parts])
    starts = [part["starts"][:-1] + offset for part, offset in zip(parts, offsets, strict=False)]
    return TokenisedTexts(
        ids=np.concatenate([part["ids"] for part in parts]),
        starts=np.concatenate([*starts, offsets[-1:]]),
        kind=np.concatenate([part["kind"] for part in parts]),
        stars=np.concatenate([part["stars"] for part in parts]),
        share=np.concatenate([part["share"] for part in parts]),
    )


@dataclass(frozen=True, slots=True)
class RowTokens:
    """The ids that frame a text in a row.

    Attributes:
        hidden: The mask, which stands for a rating to be guessed.
        end: The end of a text.
        first_star: Id of one star; two to five follow.
    """

    hidden: int
    end: int
    first_star: int


@dataclass(frozen=True, slots=True)
class PackedRows:
    """Rows of a fixed length, each holding several texts.

    Attributes:
        ids: Token ids, 0 at padding, shape (rows, length).
        segments: Number of the text in its row from 1, 0 at padding, same shape.
        positions: Position of a token in its text, same shape.
    """

    ids: Grid
    segments: Grid
    positions: Grid


def packed_rows(
    texts: TokenisedTexts, tokens: RowTokens, *, rows: int, length: int, rng: np.random.Generator
) -> Iterator[PackedRows]:
    """Draw texts without end and pack them: writer, rating, text, end; and the next text behind it.

    A long text is cut in windows, of which at most three are taken a time; a window that does not fit is cut
    where the row ends, and its rest opens the next row.

    Args:
        texts: What to draw from.
        tokens: The ids that frame a text.
        rows: Rows a batch.
        length: Tokens a row.
        rng: Source of the drawing.

    Yields:
        Batches of rows.
    """
    frames = _frames(texts, tokens, length, rng)
    rest: Sequence[int] = ()
    while True:
        grid = np.zeros((3, rows, length), dtype=np.int64)
        for row in range(rows):
            used, segment = 0, 0
            while length - used >= _LEAST_ROOM:
                frame = list(rest) if rest else next(frames)
                kept, rest = _fit(frame, length - used, tokens.end)
                segment += 1
                stop = used + len(kept)
                grid[0, row, used:stop], grid[1, row, used:stop] = kept, segment
                grid[2, row, used:stop] = np.arange(len(kept))
                used = stop
        yield PackedRows(ids=grid[0], segments=grid[1], positions=grid[2])


_LEAST_ROOM: Final = 12
_WINDOWS: Final = 3


def _fit(frame: list[int], room: int, end: int) -> tuple[list[int], list[int]]:
    if len(frame) <= room:
        return frame, []
    kept, left = [*frame[: room - 1], end], frame[room - 1 :]
    return kept, [*frame[:2], *left] if len(left) > _LEAST_ROOM else []


def _frames(
    texts: TokenisedTexts, tokens: RowTokens, length: int, rng: np.random.Generator
) -> Iterator[list[int]]:
    window = length - 3
    shares = texts.share.astype(np.float64)
    chances = shares / shares.sum()
    while True:
        for position in rng.choice(len(texts), size=4096, p=chances):
            ids = texts.text(int(position))
            if not len(ids):
                continue
            stars = int(texts.stars[position])
            head = [int(texts.kind[position]), tokens.first_star + stars - 1 if stars else tokens.hidden]
            starts = np.arange(0, len(ids), window)
            if len(starts) > _WINDOWS:
                starts = np.sort(rng.choice(starts, _WINDOWS, replace=False))
            for start in starts:
                yield [*head, *ids[start : start + window].tolist(), tokens.end]
