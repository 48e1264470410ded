"""Everything about the training texts that is computed once for every fold."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from models.gold import GoldSet
from models.linear.design import Counts, Rarity, count_features, learn_rarity, weigh
from models.linear.kernel import Floats, Solution, gram_matrix

WORD_SHARE, LETTER_SHARE, INTERCEPT = 0.5, 0.4, 0.3
"""How much words, letters and a constant weigh in the likeness of two texts."""


@dataclass(frozen=True, slots=True)
class Weighed:
    """Weighed features of texts, clauses or questions.

    Attributes:
        words: Shape (n, words kept), sparse.
        letters: Shape (n, letters kept), sparse.
    """

    words: sparse.csr_matrix
    letters: sparse.csr_matrix

    def take(self, rows: NDArray[np.intp]) -> Weighed:
        """Give some rows."""
        return Weighed(self.words[rows], self.letters[rows])

    def scores(self, words: Floats, letters: Floats) -> Floats:
        """Score each row by the weights of its features."""
        return np.asarray(self.words @ words + self.letters @ letters, dtype=np.float32)


@dataclass(frozen=True, slots=True)
class Features:
    """Features of labelled verbatims.

    Attributes:
        gold: The verbatims, n of them.
        texts: Their features.
        clauses: Those of their clauses, m of them.
        owners: The text of each clause, shape (m,).
        starts: Where each text's clauses begin, shape (n + 1,).
        questions: Features of each text's question; none without one.
        asked: The texts that have a question.
        text_counts: Raw counts of the texts.
        clause_counts: Raw counts of the clauses.
        rarity: What each feature weighs.
        word_ids: Hash of each word feature kept, ascending.
        letter_ids: Likewise for letters.
    """

    gold: GoldSet
    texts: Weighed
    clauses: Weighed
    owners: NDArray[np.int32]
    starts: NDArray[np.int64]
    questions: Weighed
    asked: NDArray[np.intp]
    text_counts: Counts
    clause_counts: Counts
    rarity: Rarity
    word_ids: NDArray[np.int64]
    letter_ids: NDArray[np.int64]

    def primal(self, dual: Floats) -> tuple[Floats, Floats]:
        """Turn coefficients of texts into weights of words and of letters."""
        words = WORD_SHARE * (self.texts.words.T @ dual)
        letters = LETTER_SHARE * (self.texts.letters.T @ dual)
        return np.asarray(words, dtype=np.float32), np.asarray(letters, dtype=np.float32)

    def offsets(self, solution: Solution) -> Floats:
        """Give what every text's scores begin with."""
        return np.asarray(solution.offsets + INTERCEPT * solution.dual.sum(axis=0), dtype=np.float32)


def build_features(gold: GoldSet) -> Features:
    """Count and weigh the features of texts, clauses and questions."""
    text_counts, _ = count_features(gold.batch.texts)
    clause_counts, owners = count_features(gold.batch.texts, by_clause=True)
    question_counts, _ = count_features([question or "" for question in gold.batch.questions])
    rarity = learn_rarity(text_counts)
    word_ids, letter_ids = np.flatnonzero(rarity.words), np.flatnonzero(rarity.letters)

    def weighed(counts: Counts) -> Weighed:
        words, letters = weigh(counts, rarity)
        return Weighed(_narrowed(words, word_ids), _narrowed(letters, letter_ids))

    return Features(
        gold=gold,
        texts=weighed(text_counts),
        clauses=weighed(clause_counts),
        owners=owners,
        starts=np.searchsorted(owners, np.arange(len(gold) + 1)).astype(np.int64),
        questions=weighed(question_counts),
        asked=np.flatnonzero([bool(question) for question in gold.batch.questions]),
        text_counts=text_counts,
        clause_counts=clause_counts,
        rarity=rarity,
        word_ids=word_ids,
        letter_ids=letter_ids,
    )


def build_gram(features: Features) -> Floats:
    """Compute the likeness between all texts, shape (n, n)."""
    gram = gram_matrix(features.texts.words)
    gram *= np.float32(WORD_SHARE)
    letters = gram_matrix(features.texts.letters)
    letters *= np.float32(LETTER_SHARE)
    gram += letters
    gram += np.float32(INTERCEPT)
    return gram


def _narrowed(features: sparse.csr_matrix, ids: NDArray[np.int64]) -> sparse.csr_matrix:
    """Renumber columns to the kept ones; the others hold nothing but zeros."""
    columns = np.searchsorted(ids, features.indices)
    return sparse.csr_matrix((features.data, columns, features.indptr), shape=(features.shape[0], len(ids)))
