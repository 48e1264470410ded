"""Figures from estimated means: plain means and ratios, with their variances and intervals."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
import numpy.typing as npt
from scipy import stats

from pipeline.estimate.cells import Cells
from pipeline.estimate.curves import Curve, binomial
from pipeline.estimate.differences import MOST_FREEDOM, welch
from pipeline.estimate.engine import CALIBRATED, COUNT, EXACT, Means
from pipeline.estimate.netlines import MENTION_NOISE, NetLine
from pipeline.estimate.sampling import free_people
from pipeline.estimate.scores import Floats, Measure, ScoreBook

# A ratio whose denominator is not this many standard errors above zero is not given.
MIN_DENOMINATOR_ERRORS = 2.0
# An interval that covers this part of the scale says nothing: the figure is not given.
MAX_WIDTH = 0.9


@dataclass(frozen=True, slots=True)
class Figures:
    """One measure over every cell.

    Attributes:
        value: Estimate, NaN when it cannot be given.
        error: Variance of the estimate of the verbatims received.
        sampling: Variance of having received these verbatims and not others.
        freedom: Degrees of freedom of `error`.
        method: Position in `engine.METHODS`.
        unsure: Whether it was left out because too little is known.
        curve: Variance as a function of the truth, where that is known; else `error` serves everywhere.
        free: Independent verbatims behind a share.
        noise: What of `error` other cells of the same line do not share; null for ratios, where it is not
            known apart.
    """

    value: Floats
    error: Floats
    sampling: Floats
    freedom: Floats
    method: npt.NDArray[np.int8]
    unsure: npt.NDArray[np.bool_]
    curve: Curve | None = None
    free: Floats | None = None
    noise: Floats | None = None

    def interval(self, low: float, level: float, *, with_sampling: bool) -> tuple[Floats, Floats]:
        """Give the interval, cut at the bounds of the scale.

        Args:
            low: Lowest value that the figure can have; the highest is 1.
            level: Confidence level.
            with_sampling: Speak of those who could have answered, not only of the verbatims received.

        Returns:
            Lower and upper bounds; NaN where there is none.
        """
        error, freedom = self.whole() if with_sampling else (self.error, self.freedom)
        z = stats.t.ppf(0.5 + level / 2, np.nan_to_num(np.minimum(freedom, MOST_FREEDOM), nan=MOST_FREEDOM))
        if self.curve is None:
            half = z * np.sqrt(error)
            bounds = self.value - half, self.value + half
        else:
            bounds = self._whole_curve(self.curve, with_sampling).interval(self.value, z)
        return np.maximum(bounds[0], low), np.minimum(bounds[1], 1.0)

    def whole(self) -> tuple[Floats, Floats]:
        """Give the variance with that of having received these verbatims, and its degrees of freedom."""
        variance = self.error + self.sampling
        with np.errstate(invalid="ignore", divide="ignore"):
            freedom = np.where(self.error > 0, self.freedom * (variance / self.error) ** 2, np.inf)
        return variance, freedom

    def _whole_curve(self, curve: Curve, with_sampling: bool) -> Curve:
        if not with_sampling:
            return curve
        if self.free is not None:
            return curve.plus(binomial(self.free))
        nothing = np.zeros_like(self.sampling)
        return curve.plus(Curve(self.sampling, nothing, nothing))


def figures_of(
    measure: Measure,
    book: ScoreBook,
    means: Means,
    cells: Cells,
    level: float,
    nets: Mapping[str, NetLine] = MappingProxyType({}),
) -> Figures:
    """Compute one measure over every cell.

    Args:
        measure: What to compute.
        book: Where its scores are.
        means: Estimated means of all scores.
        cells: Sums over cells.
        level: Confidence level, by which a figure that is too unsure is left out.
        nets: Audience → line of nets, for nets of themes.

    Returns:
        The figures.
    """
    top = book.index[measure.numerator]
    if measure.denominator is None or measure.both is None:
        figures = Figures(
            means.value[:, top],
            means.error[:, top],
            means.sampling[:, top],
            means.freedom[:, top],
            means.method[:, top],
            np.zeros(len(cells), dtype=bool),
            Curve(*(part[:, top] for part in (means.curves.a, means.curves.b, means.curves.c))),
            means.free[:, top] if book.scores[top].is_binary else None,
            means.noise[:, top],
        )
    else:
        figures = _ratio(
            means, cells, top, book.index[measure.denominator], book.index[measure.both], measure.low
        )
        if measure.name == "theme_net" and nets:
            figures = _with_line(figures, means, cells, top, book.index[measure.denominator], nets)
    return leave_out_unsure(figures, measure.low, level)


def _ratio(means: Means, cells: Cells, top: int, below: int, both: int, low: float) -> Figures:
    d, p = means.value[:, top], means.value[:, below]
    var_d, var_p, var_s = (means.error[:, k] for k in (top, below, both))
    with np.errstate(invalid="ignore", divide="ignore"):
        ratio = np.clip(d / p, low, 1.0)
        # The variance of the sum holds the covariance of its two parts.
        limit = np.sqrt(var_d * var_p)
        covariance = np.clip((var_s - var_d - var_p) / 2, -limit, limit)
        error = np.maximum(var_d - 2 * ratio * covariance + ratio**2 * var_p, 0.0) / p**2
        # As many labelled mentions as would leave the denominator so unsure: no ratio is surer than theirs.
        labelled = p**2 * np.clip(1 - p, 0.0, 1.0) / var_p
        curve = binomial(np.maximum(np.nan_to_num(labelled, nan=1e9, posinf=1e9), 1e-9))
        if low == 0.0:
            least = curve.variance(ratio)
            # Half of the variance stays where the truth is 0 or 1, so that neither is ruled out for nothing.
            nothing_more = np.zeros_like(error)
            curve = curve.plus(Curve(error / 2, nothing_more, nothing_more))
            error = np.maximum(error, least)
        mentions = free_people(cells, below) * p
        t = ((ratio - low) / (1 - low) * mentions + 2.0) / (mentions + 4.0)
        sampling = (1 - low) ** 2 * t * (1 - t) / np.maximum(mentions, 1e-9)
        sure = p > np.maximum(MIN_DENOMINATOR_ERRORS * np.sqrt(np.nan_to_num(var_p)), 1e-9)
    method = np.minimum(means.method[:, top], means.method[:, below])
    freedom = np.minimum(means.freedom[:, top], means.freedom[:, below])
    nothing = ~sure & ~np.isnan(p)
    value = np.where(nothing, np.nan, ratio)
    unsure = nothing & (p > 0)
    if low < 0.0:
        return Figures(value, error, sampling, freedom, method, unsure)
    free = np.maximum(mentions, 1e-9)
    return Figures(value, error, sampling, freedom, method, unsure, curve, free)


def _with_line(
    figures: Figures, means: Means, cells: Cells, top: int, below: int, nets: Mapping[str, NetLine]
) -> Figures:
    """Weigh a net with what the predicted net lets expect, each by the other's variance."""
    audience = np.asarray(cells.keys["audience"].to_pylist(), dtype=object)
    expected, variance, freedom = (np.full(len(cells), np.nan) for _ in range(3))
    # A share seen on few reviewed verbatims may well be smaller: what is rare is often seen too often.
    doubt = np.where(figures.method == CALIBRATED, 0.0, np.sqrt(means.error[:, below]))
    true_mentions = (means.value[:, below] - doubt) * cells.n
    for who, line in nets.items():
        here = audience == who
        mentions = cells.sums[here, below]
        with np.errstate(invalid="ignore", divide="ignore"):
            predicted = line.start + line.rise * cells.sums[here, top] / mentions
            expected[here] = np.where(mentions >= 1.0, np.clip(predicted, -1.0, 1.0), np.nan)
            variance[here] = line.variance_at(true_mentions[here] / mentions) + MENTION_NOISE / mentions
        freedom[here] = line.freedom
    certain = figures.error == 0
    with np.errstate(invalid="ignore", divide="ignore"):
        own = np.where(np.isnan(figures.value), np.inf, figures.error)
        weight = np.where(np.isinf(own), 0.0, variance / (variance + own))
        usable = ~np.isnan(expected) & (figures.method != COUNT) & ~certain & (figures.method != EXACT)
        mixed = weight * np.nan_to_num(figures.value) + (1 - weight) * expected
        parts = weight**2 * np.where(np.isinf(own), 0.0, own), (1 - weight) ** 2 * variance
        degrees = welch((parts[0], figures.freedom), (parts[1], freedom))
    return Figures(
        np.where(usable, mixed, figures.value),
        np.where(usable, parts[0] + parts[1], figures.error),
        figures.sampling,
        np.where(usable, degrees, figures.freedom),
        figures.method,
        figures.unsure & ~usable,
    )


def leave_out_unsure(figures: Figures, low: float, level: float) -> Figures:
    """Take away figures whose interval says next to nothing.

    Args:
        figures: One measure over every cell.
        low: Lowest value that the figure can have.
        level: Confidence level of the interval judged.

    Returns:
        The figures, NaN where `unsure`.
    """
    bounds = figures.interval(low, level, with_sampling=False)
    counted = figures.method == COUNT
    with np.errstate(invalid="ignore"):
        wide = (bounds[1] - bounds[0]) > MAX_WIDTH * (1 - low)
    lost = ~counted & (wide | (np.isnan(figures.value) & (figures.method >= CALIBRATED)))
    unsure = figures.unsure | lost
    return Figures(
        np.where(unsure, np.nan, figures.value),
        np.where(unsure | counted, np.nan, figures.error),
        figures.sampling,
        figures.freedom,
        figures.method,
        unsure,
        figures.curve,
        figures.free,
        figures.noise,
    )
