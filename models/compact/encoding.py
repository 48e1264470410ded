"""Turn verbatims into token ids, and token ids into padded batches of like lengths."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer

from models.compact.half_hidden import spell_out
from models.errors import ModelError
from models.tagger import VerbatimBatch

PAD: Final = "[PAD]"
UNKNOWN_PIECE: Final = "[UNK]"
MASK: Final = "[MASK]"
END: Final = "[SEP]"
AUDIENCE_TOKENS: Final = {"customer": "[CLIENT]", "employee": "[SALARIE]"}
PLAIN: Final = "[TEXTE]"
QUESTION: Final = "[QUESTION]"
STAR_TOKENS: Final = tuple(f"[NOTE_{stars}]" for stars in range(1, 6))
CONTROL_TOKENS: Final = (
    PAD, UNKNOWN_PIECE, MASK, END, *AUDIENCE_TOKENS.values(), PLAIN, QUESTION, *STAR_TOKENS,
)  # fmt: skip
MAX_QUESTION_TOKENS: Final = 32
HEAD_AND_END: Final = 3
"""Tokens around a text: its audience, its rating (masked: to be guessed), its end."""

_LINK: Final = re.compile(r"https?://\S+|www\.\S+")
_LONG_RUN: Final = re.compile(r"(.)\1{3,}")
_SPACES: Final = re.compile(r"\s+")

TokenIds = NDArray[np.int64]


def tidy(text: str) -> str:
    """Shorten what carries no sense: links, letters repeated for effect, runs of spaces; spell out curses.

    >>> tidy("Maaaaaarche pas, service de m.... :  https://exemple.fr/a")
    'Maaarche pas, service de merde :'
    """
    text = spell_out(_LINK.sub(" ", text.replace("’", "'")))
    return _SPACES.sub(" ", _LONG_RUN.sub(r"\1\1\1", text)).strip()


class TokenEncoder(Protocol):
    """Turns verbatims into token ids."""

    @property
    def pad_id(self) -> int:
        """Id put at padding."""
        ...

    def encode(self, batch: VerbatimBatch) -> list[list[int]]:
        """Give the token ids of each verbatim, in the order given."""
        ...


@dataclass(frozen=True, slots=True)
class PaddedBatch:
    """Verbatims of like lengths, padded to the longest.

    Attributes:
        rows: Position of each verbatim in what was asked for, shape (batch,).
        ids: Token ids, shape (batch, length).
        real: 1 at a token, 0 at padding, same shape.
    """

    rows: NDArray[np.intp]
    ids: TokenIds
    real: TokenIds


class VerbatimEncoder:
    """Writes a verbatim as: audience, rating to be guessed, text, end, and the question with its own end.

    Attributes:
        tokenizer: The WordPiece tokenizer, with the control tokens.
        max_tokens: Longest text kept, in tokens; the start and the end of a longer one are kept.
    """

    def __init__(self, tokenizer: Tokenizer, max_tokens: int = 192) -> None:
        self.tokenizer = tokenizer
        self.max_tokens = max_tokens
        self.pad_id = 0
        self.ids = {token: token_id(tokenizer, token) for token in CONTROL_TOKENS}

    def encode(self, batch: VerbatimBatch) -> list[list[int]]:
        """Give the token ids of each verbatim, in the order given."""
        texts = self.tokenizer.encode_batch_fast(
            [tidy(text) for text in batch.texts], add_special_tokens=False
        )
        asked = sorted({question for question in batch.questions if question})
        encoded = self.tokenizer.encode_batch_fast([tidy(text) for text in asked], add_special_tokens=False)
        questions = {
            text: [self.ids[QUESTION], *found.ids[:MAX_QUESTION_TOKENS], self.ids[END]]
            for text, found in zip(asked, encoded, strict=True)
        }
        return [
            [
                self.ids[AUDIENCE_TOKENS[audience]],
                self.ids[MASK],
                *self._shorten(found.ids),
                self.ids[END],
                *(questions[question] if question else ()),
            ]
            for found, audience, question in zip(texts, batch.audiences, batch.questions, strict=True)
        ]

    def _shorten(self, ids: list[int]) -> list[int]:
        if len(ids) <= self.max_tokens:
            return ids
        start = self.max_tokens * 2 // 3
        return ids[:start] + ids[start - self.max_tokens :]


AUDIENCE_WORDS: Final = {"customer": "Un client", "employee": "Un collaborateur"}


def token_id(tokenizer: Tokenizer, token: str) -> int:
    """Give the id of a token that the vocabulary must hold.

    Raises:
        ModelError: The vocabulary has no such token.
    """
    found = tokenizer.token_to_id(token)
    if found is None:
        raise ModelError.because(
            "the tokenizer cannot be used",
            expected=f"an entry {token}",
            got="none",
            where="tokenizer.json",
            do="Take the tokenizer that `miroir pretrain` wrote",
        )
    return found


class PairEncoder:
    """Writes a verbatim as a hub encoder's pair: who writes and the question, then the text.

    Attributes:
        tokenizer: The encoder's own tokenizer, whose post-processor frames the pair.
        pad_id: Id put at padding.
    """

    def __init__(self, tokenizer: Tokenizer, *, max_tokens: int, pad_id: int) -> None:
        self.tokenizer = tokenizer
        self.tokenizer.no_padding()
        self.tokenizer.enable_truncation(max_tokens)
        self.pad_id = pad_id

    def encode(self, batch: VerbatimBatch) -> list[list[int]]:
        """Give the token ids of each verbatim, in the order given."""
        pairs = [
            (f"{AUDIENCE_WORDS[audience]}. {question or ''}".strip(), tidy(text))
            for text, audience, question in zip(batch.texts, batch.audiences, batch.questions, strict=True)
        ]
        return [found.ids for found in self.tokenizer.encode_batch_fast(pairs)]


def padded_batches(
    encoded: Sequence[Sequence[int]],
    *,
    max_batch_tokens: int,
    order: NDArray[np.intp] | None = None,
    pad_id: int = 0,
) -> Iterator[PaddedBatch]:
    """Group encoded verbatims so that little is padded.

    Args:
        encoded: Token ids of each verbatim.
        max_batch_tokens: Most tokens in a batch, padding counted; a longer verbatim is a batch of its own.
        order: Order to take them in; by length when absent.
        pad_id: Id put at padding.

    Yields:
        Batches; together they hold each verbatim once.
    """
    lengths = np.array([len(ids) for ids in encoded], dtype=np.intp)
    taken = np.argsort(lengths, kind="stable") if order is None else order
    start = 0
    while start < len(taken):
        stop, longest = start, 0
        while stop < len(taken):
            grown = max(longest, int(lengths[taken[stop]]))
            if stop > start and grown * (stop + 1 - start) > max_batch_tokens:
                break
            longest, stop = grown, stop + 1
        rows = taken[start:stop]
        ids = np.full((len(rows), longest), pad_id, dtype=np.int64)
        real = np.zeros_like(ids)
        for row, position in enumerate(rows):
            ids[row, : lengths[position]] = encoded[position]
            real[row, : lengths[position]] = 1
        yield PaddedBatch(rows=rows, ids=ids, real=real)
        start = stop
