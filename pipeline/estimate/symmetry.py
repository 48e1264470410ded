"""The symmetry index: how alike customers' and employees' nets are, over all themes.

With c_k and e_k the nets of theme k for customers and employees, in [−1, 1], over the K
themes that enough people on both sides speak of:

    S = 100 · (1 − (1/K) · Σ_k |c_k − e_k| / 2)

which is Gower's coefficient of similarity of the two sides, in hundredths: 100 where both live the same, 0
where all is well on one side and badly on the other, on every theme. It does not change when the sides are
swapped. Chance alone makes |c_k − e_k| larger, by what the mean of a folded normal law says: the distance
taken is the one for which that mean is the distance seen. The nets of all themes are read through the same
sources: the variances of the gaps are off together, and their sum has no more degrees of freedom than one of
them. With one audience missing, or fewer than `MIN_THEMES` themes, there is no index and the reason says so.

Sources:
    Gower (1971), A General Coefficient of Similarity and Some of Its Properties, Biometrics 27.
    Leone, Nelson, Nottingham (1961), The Folded Normal Distribution, Technometrics 3.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.stats import foldnorm

from pipeline.estimate.scores import Floats

MIN_THEMES = 3
_DISTANCES = np.linspace(0.0, 6.0, 601)  # in standard errors; beyond, chance makes nothing larger
_FOLDED_MEANS = foldnorm.mean(_DISTANCES)


@dataclass(frozen=True, slots=True)
class Symmetry:
    """The symmetry index, NaN with fewer than `MIN_THEMES` themes.

    Attributes:
        index: In [0, 100].
        error: Its standard error.
        least: From the distances as they are seen: nothing is taken off for chance.
        most: From the roots of the squared distances less their variances, which is too much on average.
    """

    index: Floats
    error: Floats
    least: Floats
    most: Floats


def symmetry(gaps: Floats, variances: Floats) -> Symmetry:
    """Compute the symmetry index, its standard error, and from where its interval's ends are counted.

    Args:
        gaps: Cells × themes: customers' net minus employees' net, NaN where a side says too little.
        variances: Variances of the gaps; NaN where they are not known, which leaves the error unknown.

    >>> symmetry(np.array([[0.2, -0.4, 0.6]]), np.zeros((1, 3))).index.round(6).tolist()
    [80.0]
    """
    there = ~np.isnan(gaps)
    n_themes = there.sum(axis=1)
    seen = np.where(there, np.abs(gaps), 0.0)
    known = np.where(there, variances, 0.0)
    noise = np.nan_to_num(known)

    def index_of(apart: Floats) -> Floats:
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.where(n_themes >= MIN_THEMES, 100 * (1 - apart.sum(axis=1) / n_themes / 2), np.nan)

    with np.errstate(invalid="ignore", divide="ignore"):
        error = 100 * np.sqrt(known.sum(axis=1)) / n_themes / 2
    return Symmetry(
        index=index_of(_without_chance(seen, np.sqrt(noise))),
        error=np.where(n_themes >= MIN_THEMES, error, np.nan),
        least=index_of(seen),
        most=index_of(np.sqrt(np.maximum(seen**2 - noise, 0.0))),
    )


def _without_chance(seen: Floats, error: Floats) -> Floats:
    """Give the distances whose mean, with normal errors of this size, is the distance that is seen."""
    with np.errstate(invalid="ignore", divide="ignore"):
        ratio = seen / error
        apart = error * np.interp(ratio, _FOLDED_MEANS, _DISTANCES)
    return np.where(ratio < _DISTANCES[-1], apart, seen)
