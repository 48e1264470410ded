"""Measures of agreement between decided labels, probabilities and gold labels, each verbatim with a weight.

Weights make resampling cheap: a bootstrap sample is a vector of how often each verbatim was drawn.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Weights = NDArray[np.float64]
Codes = NDArray[np.integer]
Floats = NDArray[np.floating]
Flags = NDArray[np.bool_]

N_BINS = 10


def accuracy(decided: Codes, truth: Codes, weights: Weights) -> float:
    """Give the share of verbatims whose label is right; NaN without any."""
    return _share(float(np.sum(weights * (decided == truth))), float(weights.sum()))


def confusion(decided: Codes, truth: Codes, weights: Weights, n_values: int) -> NDArray[np.float64]:
    """Count verbatims by true label (rows) and decided label (columns)."""
    cells = truth.astype(np.int64) * n_values + decided.astype(np.int64)
    counts = np.bincount(cells, weights=weights, minlength=n_values**2)
    return counts.astype(np.float64).reshape(n_values, n_values)


def macro_f1(decided: Codes, truth: Codes, weights: Weights, n_values: int) -> float:
    """Average the F1 of the values that occur in the truth; NaN without any."""
    table = confusion(decided, truth, weights, n_values)
    occurs = table.sum(axis=1) > 0
    if not occurs.any():
        return float("nan")
    scores = 2 * np.diag(table) / np.maximum(table.sum(axis=0) + table.sum(axis=1), 1e-12)
    return float(scores[occurs].mean())


def f1(decided: Flags, truth: Flags, weights: Weights) -> float:
    """Give the F1 of a label that is there or not; NaN when it is neither decided nor true anywhere.

    >>> f1(np.array([True, True, False]), np.array([True, False, False]), np.ones(3))
    0.6666666666666666
    """
    both = float(np.sum(weights * (decided & truth)))
    return _share(2 * both, float(np.sum(weights * decided) + np.sum(weights * truth)))


def average_precision(probability: Floats, truth: Flags, weights: Weights) -> float:
    """Average the precision at each true verbatim, from the most to the least probable; ties count together.

    Returns:
        In [0, 1]; NaN when the label is true nowhere.
    """
    return Ranking(probability, truth).average_precision(weights)


class Ranking:
    """Verbatims ranked once by a probability, to be measured under many weights."""

    def __init__(self, probability: Floats, truth: Flags) -> None:
        """Rank verbatims; `truth` says of which the label is true."""
        self._order = np.argsort(-probability, kind="stable")
        self._truth = truth[self._order]
        self._last_of_tie = np.append(np.diff(probability[self._order]) != 0, True)

    def average_precision(self, weights: Weights) -> float:
        """Give the average precision under the weights; NaN when the label is true nowhere."""
        drawn = weights[self._order]
        right = drawn * self._truth
        total = right.sum()
        if total <= 0:
            return float("nan")
        found, seen = np.cumsum(right)[self._last_of_tie], np.cumsum(drawn)[self._last_of_tie]
        precision = found / np.maximum(seen, 1e-12)
        return float(np.sum(precision * np.diff(found, prepend=0.0)) / total)


class Bins:
    """Verbatims put once in bins of about equal numbers by a probability, measured under many weights."""

    def __init__(self, probability: Floats, truth: Flags) -> None:
        """Fill the bins; `truth` says of which verbatims the label is true."""
        order = np.argsort(probability, kind="stable")
        self._bins = np.zeros(len(probability), dtype=np.int64)
        self._bins[order] = np.arange(len(probability)) * N_BINS // max(len(probability), 1)
        self._probability, self._truth = probability.astype(np.float64), truth

    def reliability(self, weights: Weights) -> NDArray[np.float64]:
        """Compare the probabilities given with the frequencies met.

        Returns:
            Shape (bins, 3): mean probability, frequency, weight of the bin; bins without weight left out.
        """
        mass = np.bincount(self._bins, weights=weights, minlength=N_BINS)
        stated = np.bincount(self._bins, weights=weights * self._probability, minlength=N_BINS)
        met = np.bincount(self._bins, weights=weights * self._truth, minlength=N_BINS)
        used = mass > 0
        return np.column_stack([stated[used] / mass[used], met[used] / mass[used], mass[used]])

    def calibration_error(self, weights: Weights) -> float:
        """Give the expected calibration error under the weights."""
        table = self.reliability(weights)
        return _share(
            float(np.sum(table[:, 2] * np.abs(table[:, 0] - table[:, 1]))), float(table[:, 2].sum())
        )


def reliability(probability: Floats, truth: Flags, weights: Weights) -> NDArray[np.float64]:
    """Compare the probabilities given with the frequencies met: see `Bins.reliability`."""
    return Bins(probability, truth).reliability(weights)


def calibration_error(probability: Floats, truth: Flags, weights: Weights) -> float:
    """Give the expected calibration error: mean distance between probability and frequency over the bins.

    Source: Naeini, Cooper and Hauskrecht (2015), with bins of equal numbers.
    """
    return Bins(probability, truth).calibration_error(weights)


def _share(part: float, whole: float) -> float:
    return part / whole if whole > 0 else float("nan")
