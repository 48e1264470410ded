"""Differences of two figures: intervals and p-values by Student's law, on Welch's degrees of freedom.

The variance of a figure is itself estimated, from as few sources or people as there are: a normal quantile
would make a difference surer than its two sides.

Sources: Satterthwaite (1946), Biometrics Bulletin 2; Welch (1947), Biometrika 34.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import stats

from pipeline.estimate.scores import Floats

# From here on Student's law is the normal one.
MOST_FREEDOM = 1e6


@dataclass(frozen=True, slots=True)
class Difference:
    """Differences with how sure they are; arrays of one shape, NaN where not known.

    Attributes:
        value: Estimate.
        variance: Its variance.
        freedom: Degrees of freedom of the variance.
    """

    value: Floats
    variance: Floats
    freedom: Floats

    def half_width(self, level: float) -> Floats:
        """Give half of the width of the interval."""
        quantile = stats.t.ppf(0.5 + level / 2, np.minimum(self.freedom, MOST_FREEDOM))
        half: Floats = quantile * np.sqrt(self.variance)
        return half

    def columns(self, level: float, widest: float) -> dict[str, object]:
        """Lay out the interval, cut at the largest difference there can be, and the raw p-value.

        Args:
            level: Confidence level.
            widest: Largest difference that the scale allows.

        Returns:
            Columns for `tables.fill`.
        """
        half = self.half_width(level)
        with np.errstate(invalid="ignore", divide="ignore"):
            errors = np.abs(self.value) / np.sqrt(self.variance)
        return {
            "low": np.maximum(self.value - half, -widest),
            "high": np.minimum(self.value + half, widest),
            "level": np.where(np.isnan(half) | np.isnan(self.value), np.nan, level),
            "p_adjusted": 2 * stats.t.sf(errors, np.minimum(self.freedom, MOST_FREEDOM)),
        }


def welch(*parts: tuple[Floats, Floats]) -> Floats:
    """Compute Welch–Satterthwaite degrees of freedom of a sum of independent variances.

    Args:
        parts: Variances, and the degrees of freedom of each.

    Returns:
        At least 1; infinite where nothing varies.

    >>> welch((np.array([1.0]), np.array([4.0])), (np.array([1.0]), np.array([4.0]))).tolist()
    [8.0]
    """
    whole = np.sum([variance for variance, _ in parts], axis=0)
    # A freedom that is not known is the least there is.
    squares = np.sum([variance**2 / np.fmax(freedom, 1.0) for variance, freedom in parts], axis=0)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(squares > 0, np.maximum(whole**2 / squares, 1.0), np.inf)


def shared_freedom(variances: Floats, freedom: Floats) -> Floats:
    """Give the degrees of freedom of sums of variances that are over- and underestimated together.

    Args:
        variances: Sums × parts.
        freedom: Degrees of freedom of each.

    Returns:
        One a sum, between those of its parts; infinite where nothing varies.

    >>> shared_freedom(np.array([[0.1, 0.1, 0.2]]), np.array([[4.0, 4.0, 4.0]])).round(6).tolist()
    [4.0]
    """
    with np.errstate(invalid="ignore", divide="ignore"):
        spread = np.where(variances > 0, variances / np.sqrt(freedom), 0.0).sum(axis=1)
        return np.where(spread > 0, (variances.sum(axis=1) / spread) ** 2, np.inf)
