"""The dense readings of a text that the second stage takes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.labels import LabelSpace
from models.linear.kernel import Floats
from models.linear.pooling import pool
from models.tagger import VerbatimBatch

SHORT_ANSWER_LETTERS = 60.0


@dataclass(frozen=True, slots=True)
class FirstScores:
    """First-stage scores of n texts and of their clauses.

    Attributes:
        texts: Shape (n, columns + ratings).
        clauses: Shape (m, columns + ratings).
        starts: Where each text's clauses begin, shape (n + 1,).
        questions: Presence of each theme in each text's question, shape (n, themes); 0 without one.
    """

    texts: Floats
    clauses: Floats
    starts: NDArray[np.int64]
    questions: Floats


def dense_readings(scores: FirstScores, batch: VerbatimBatch, labels: LabelSpace) -> Floats:
    """Put what stands out among the clauses beside what else is known of each text.

    Args:
        scores: Of the n verbatims.
        batch: The n verbatims.
        labels: What was learnt.

    Returns:
        Shape (n, readings): those of `pool`, the question's themes, the same for short answers only, whether
        there is a question, whether an employee writes, logarithm of the length in letters.
    """
    pooled = pool(
        scores.texts,
        scores.clauses,
        scores.starts,
        len(labels.sentiment),
        len(labels.sentiment) + len(labels.enchantment) + len(labels.incivility),
        len(labels.themes),
        len(labels.polarities),
    )
    n_letters = np.array([len(text) for text in batch.texts], dtype=np.float32)
    shortness = np.exp(-n_letters / SHORT_ANSWER_LETTERS)
    return np.column_stack(
        [
            pooled,
            scores.questions,
            scores.questions * shortness[:, None],
            np.array([bool(question) for question in batch.questions], dtype=np.float32),
            np.array([audience == "employee" for audience in batch.audiences], dtype=np.float32),
            np.log1p(n_letters),
        ]
    ).astype(np.float32)


def theme_columns(labels: LabelSpace) -> slice:
    """Find the columns of the themes' presence among the scores."""
    first = len(labels.sentiment) + len(labels.enchantment) + len(labels.incivility)
    return slice(first, first + len(labels.themes))
