"""What a mean would vary by, had others answered: people count, not verbatims.

Source:
    Agresti, Coull (1998), Approximate is better than exact for interval estimation of binomial proportions.
"""

from __future__ import annotations

import numpy as np

from pipeline.estimate.cells import Cells
from pipeline.estimate.scores import Floats, Score


def free_people(cells: Cells, k: int) -> Floats:
    """Count how many independent verbatims a cell is worth for a score.

    Several verbatims of one person resemble each other, and count for less.

    Args:
        cells: Sums over cells.
        k: Position of the score.

    Returns:
        One number a cell, between the number of people and the number of verbatims, or a little below.
    """
    n = np.maximum(cells.n, 1).astype(np.float64)
    mean = cells.sums[:, k] / n
    with np.errstate(invalid="ignore", divide="ignore"):
        by_person = cells.sums_2[:, k] - 2 * mean * cells.sums_n[:, k] + mean**2 * cells.sum_n2
        alone = cells.squares[:, k] - n * mean**2
        inflation = np.where(alone > 1e-9, by_person / alone, 1.0)
    inflation = np.clip(np.nan_to_num(inflation, nan=1.0), 1.0, np.maximum(cells.sum_n2 / n, 1.0))
    free: Floats = n / inflation
    return free


def sampling_variance(cells: Cells, score: Score, k: int, value: Floats, within: Floats | None) -> Floats:
    """Give the variance of a mean of people's answers, had others answered.

    Args:
        cells: Sums over cells.
        score: What is averaged.
        k: Its position.
        value: Its estimated means.
        within: Estimated mean of the score that must be 1 for this one not to be 0; None where there is none.

    Returns:
        One variance a cell, in the score's unit squared.
    """
    free = free_people(cells, k)
    width = score.high - score.low
    t = (np.clip((value - score.low) / width, 0.0, 1.0) * free + 2.0) / (free + 4.0)
    widest = width**2 * t * (1 - t)  # Agresti–Coull: a share of 0 has a variance too
    if within is not None:
        smoothed = (np.clip(within, 0.0, 1.0) * free + 2.0) / (free + 4.0)
        widest = np.minimum(widest, np.maximum(abs(score.low), abs(score.high)) * smoothed)
    variance: Floats = widest / free
    return variance
