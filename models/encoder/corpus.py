"""Turn plain files of French text and rated reviews into the shards that pretraining reads."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
from numpy.typing import NDArray
from tokenizers import Tokenizer

from models.compact.encoding import AUDIENCE_TOKENS, PLAIN, STAR_TOKENS, tidy, token_id
from models.encoder.shards import RowTokens, TokenisedTexts, write_shards
from models.encoder.wordpiece import SPECIAL_TOKENS, learn_wordpiece
from models.gold import text_hash

Mask = Callable[[Sequence[str]], Sequence[str]]
"""Replaces personal data, names above all, by placeholders; what is learnt must never have seen them."""

TOKENIZER_FILE = "tokenizer.json"
_BATCH = 20_000
_FEWEST_TOKENS = 3


@dataclass(frozen=True, slots=True)
class TextSource:
    """Texts of one kind.

    Attributes:
        texts: The texts, names not yet masked.
        writer: `customer`, `employee`, or `plain` for text that is no verbatim.
        stars: 1 to 5, or 0 where a rating is not known or must not be learnt from, one a text; none when
            absent.
        share: How often one of these texts is drawn, relative to others.
    """

    texts: Sequence[str]
    writer: str
    stars: Sequence[int] | None = None
    share: float = 1.0


def read_parquet_texts(
    path: Path,
    shares: dict[str, float],
    *,
    writer: str = "plain",
    default_share: float = 0.0,
    unrated: Collection[str] = (),
) -> Iterator[TextSource]:
    """Read a Parquet file with columns `text`, `source` and, for reviews, `rating`.

    Args:
        path: The file.
        shares: How often texts of a source are drawn, relative to others; a source at 0 is left out.
        writer: Who wrote the texts.
        default_share: Share of a source that is not named.
        unrated: SHA-256 of the texts whose rating must not be learnt from, because models are judged on them.

    Yields:
        The texts of each source.
    """
    table = pq.read_table(path).to_pydict()
    rows_of: dict[str, list[int]] = {}
    for row, source in enumerate(table["source"]):
        rows_of.setdefault(source, []).append(row)
    for source, rows in sorted(rows_of.items()):
        share = shares.get(source, default_share)
        if share <= 0:
            continue
        kept = [row for row in rows if table["text"][row]]
        ratings = table.get("rating")
        yield TextSource(
            texts=[table["text"][row] for row in kept],
            writer=writer,
            stars=None
            if ratings is None
            else [0 if text_hash(table["text"][row]) in unrated else ratings[row] or 0 for row in kept],
            share=share,
        )


def write_corpus(
    sources: Sequence[TextSource], folder: Path, *, mask: Mask, names: Collection[str], size: int = 8192
) -> list[Path]:
    """Mask, learn a vocabulary and write tokenised shards; a vocabulary already there is kept.

    Args:
        sources: The texts.
        folder: Where the tokenizer and the shards go.
        mask: Replaces personal data by placeholders.
        names: Names of persons, kept out of the vocabulary.
        size: Entries of the vocabulary.

    Returns:
        The files written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    masked = [_masked(source.texts, mask) for source in sources]
    tokenizer_path = folder / TOKENIZER_FILE
    if tokenizer_path.exists():
        tokenizer = Tokenizer.from_file(str(tokenizer_path))
    else:
        tokenizer = learn_wordpiece((text for texts in masked for text in texts), size=size, names=names)
        tokenizer.save(str(tokenizer_path))
    return [tokenizer_path, *write_shards(_tokenise(sources, masked, tokenizer), folder)]


def row_tokens(tokenizer: Tokenizer) -> RowTokens:
    """Give the ids that frame a text in a pretraining row."""
    ids = [token_id(tokenizer, token) for token in ("[MASK]", "[SEP]", STAR_TOKENS[0])]
    return RowTokens(hidden=ids[0], end=ids[1], first_star=ids[2])


def continued_pieces(tokenizer: Tokenizer) -> NDArray[np.bool_]:
    """Say of each id whether it goes on a word."""
    size = tokenizer.get_vocab_size()
    return np.array([(tokenizer.id_to_token(i) or "").startswith("##") for i in range(size)], dtype=np.bool_)


def n_control_ids() -> int:
    """Count the ids that are no text: control tokens and placeholders."""
    return len(SPECIAL_TOKENS)


def _masked(texts: Sequence[str], mask: Mask) -> list[str]:
    found: list[str] = []
    for start in range(0, len(texts), _BATCH):
        found += [tidy(text) for text in mask(texts[start : start + _BATCH])]
    return found


def _tokenise(
    sources: Sequence[TextSource], masked: Sequence[Sequence[str]], tokenizer: Tokenizer
) -> TokenisedTexts:
    ids: list[NDArray[np.uint16]] = []
    kind: list[int] = []
    stars: list[int] = []
    share: list[float] = []
    for source, texts in zip(sources, masked, strict=True):
        writer = token_id(tokenizer, AUDIENCE_TOKENS.get(source.writer, PLAIN))
        ratings = source.stars or [0] * len(texts)
        for start in range(0, len(texts), _BATCH):
            part = tokenizer.encode_batch_fast(list(texts[start : start + _BATCH]), add_special_tokens=False)
            for encoded, rating in zip(part, ratings[start : start + _BATCH], strict=True):
                if len(encoded.ids) >= _FEWEST_TOKENS:
                    ids.append(np.array(encoded.ids, dtype=np.uint16))
                    kind.append(writer)
                    stars.append(int(rating))
                    share.append(source.share)
    lengths = np.array([len(found) for found in ids], dtype=np.int64)
    return TokenisedTexts(
        ids=np.concatenate(ids) if ids else np.zeros(0, dtype=np.uint16),
        starts=np.concatenate([[0], np.cumsum(lengths)]),
        kind=np.array(kind, dtype=np.uint8),
        stars=np.array(stars, dtype=np.uint8),
        share=np.array(share, dtype=np.float32),
    )
