"""The dense readings of a text that the second stage takes."""

from __future__ import annotations

import numpy as np

from models.linear.kernel import Floats
from models.tagger import VerbatimBatch


def dense_readings(scores: Floats, batch: VerbatimBatch) -> Floats:
    """Put first-stage scores beside what else is known of each text.

    Args:
        scores: First-stage scores, shape (n, columns).
        batch: The n verbatims.

    Returns:
        Shape (n, columns + 2): scores, whether an employee writes, logarithm of the length in letters.
    """
    employee = np.array([audience == "employee" for audience in batch.audiences], dtype=np.float32)
    length = np.log1p(np.array([len(text) for text in batch.texts], dtype=np.float32))
    return np.asarray(np.column_stack([scores, employee, length]), dtype=np.float32)
