"""From texts to the sparse features that training sees: the very hashes that the engine scores."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from scipy import sparse

from models.linear.alphabet import folding_table
from models.linear.grams import LETTER_BITS, WORD_BITS, featurise
from models.linear.tokens import CONTRAST_HASHES

N_WORD_FEATURES = 1 << WORD_BITS
N_LETTER_FEATURES = 1 << LETTER_BITS


@dataclass(frozen=True, slots=True)
class Counts:
    """Raw counts of hashed features, one row a text.

    Attributes:
        words: How often each word feature occurs, shape (n, 2^22), sparse.
        letters: In how many distinct words each letter feature occurs, shape (n, 2^20), sparse.
    """

    words: sparse.csr_matrix
    letters: sparse.csr_matrix

    def take(self, rows: NDArray[np.intp]) -> Counts:
        """Give some rows."""
        return Counts(self.words[rows], self.letters[rows])


@dataclass(frozen=True, slots=True)
class Rarity:
    """What each feature weighs: its inverse document frequency, 0 where it is too rare to be kept.

    Attributes:
        words: Shape (2^22,).
        letters: Shape (2^20,).
    """

    words: NDArray[np.float32]
    letters: NDArray[np.float32]


def text_bytes(texts: Sequence[str]) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """Lay texts end to end as UTF-8.

    Returns:
        The bytes, and the n + 1 offsets where texts begin and end.
    """
    return arrow_bytes(pa.array(texts, type=pa.large_string()))


def arrow_bytes(texts: pa.LargeStringArray) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """Look at an Arrow array of strings without copying it."""
    _, offsets, data = texts.buffers()
    starts = np.frombuffer(offsets, dtype=np.int64)[texts.offset : texts.offset + len(texts) + 1]
    content = (
        np.zeros(1, dtype=np.uint8) if data is None or data.size == 0 else np.frombuffer(data, dtype=np.uint8)
    )
    return content, starts


def count_features(
    texts: Sequence[str], *, by_clause: bool = False, with_letters: bool = True
) -> tuple[Counts, NDArray[np.int32]]:
    """Count the hashed features of texts.

    Args:
        texts: Masked texts.
        by_clause: Whether each row is a clause instead of a text; a text without a word has one empty clause.
        with_letters: Whether to count letters at all.

    Returns:
        The counts, and for each row the position of its text.
    """
    content, offsets = text_bytes(texts)
    word_starts, words, word_counts, letter_starts, letters, letter_counts, owners, _ = featurise(
        content, offsets, folding_table(), CONTRAST_HASHES, True, 2, 5 if with_letters else 0, by_clause
    )
    n = len(word_starts) - 1
    return Counts(
        words=_csr(word_counts, words, word_starts, (n, N_WORD_FEATURES)),
        letters=_csr(letter_counts, letters, letter_starts, (n, N_LETTER_FEATURES)),
    ), owners


def learn_rarity(counts: Counts, *, min_texts: int = 2) -> Rarity:
    """Weigh features by their rarity among texts.

    Args:
        counts: One row a text.
        min_texts: A feature in fewer texts is left out.
    """
    return Rarity(words=_idf(counts.words, min_texts), letters=_idf(counts.letters, min_texts))


def weigh(counts: Counts, rarity: Rarity) -> tuple[sparse.csr_matrix, sparse.csr_matrix]:
    """Weigh the counts and bring each text to about unit length.

    A word feature counts once a text. The length of the letter part is the root of the sum over distinct
    words of their own squared lengths: it leaves out what words share, so that a word's part can be stored.

    Returns:
        Words and letters, shapes as counted.
    """
    words = _scaled(counts.words, rarity.words, once=True)
    letters = _scaled(counts.letters, rarity.letters, once=False)
    squares = counts.letters.copy()
    squares.data = squares.data * rarity.letters[squares.indices] ** 2
    return (
        _divided(words, np.sqrt(np.asarray(words.multiply(words).sum(axis=1)).ravel())),
        _divided(letters, np.sqrt(np.asarray(squares.sum(axis=1)).ravel())),
    )


def _csr(
    counts: NDArray[np.uint16],
    features: NDArray[np.uint32],
    starts: NDArray[np.int64],
    shape: tuple[int, int],
) -> sparse.csr_matrix:
    return sparse.csr_matrix((counts.astype(np.float32), features.astype(np.int32), starts), shape=shape)


def _idf(counts: sparse.csr_matrix, min_texts: int) -> NDArray[np.float32]:
    n_texts = np.bincount(counts.indices, minlength=counts.shape[1])
    idf = np.log((counts.shape[0] + 1) / (n_texts + 1.0)) + 1
    return np.where(n_texts >= min_texts, idf, 0).astype(np.float32)


def _scaled(counts: sparse.csr_matrix, factors: NDArray[np.float32], *, once: bool) -> sparse.csr_matrix:
    scaled = counts.copy()
    scaled.data = factors[scaled.indices] * (1 if once else scaled.data)
    scaled.eliminate_zeros()
    return scaled


def _divided(rows: sparse.csr_matrix, lengths: NDArray[np.float32]) -> sparse.csr_matrix:
    factors = np.where(lengths > 0, 1 / np.maximum(lengths, 1e-6), 0).astype(np.float32)
    divided: sparse.csr_matrix = (sparse.diags(factors) @ rows).tocsr()
    return divided
