"""The engine: a mean over every cell at once, from predictions of all its verbatims and labels of some.

Three things are known of a cell's mean θ, and they are weighed by how sure they are:

* the predictions of all N verbatims, read through the calibration (adjusted count): θ_c, wide, because a new
  source may differ from those that the tagger was judged on;
* the labels that people gave to a random part, with inclusion probabilities π: the prediction-powered
  estimate θ_p = λ f̄ + Σ w (y − λ f) / Σ w, w = 1 / π, λ tuned for the least variance (PPI++);
* labels that are certain (chosen by hand, or π = 1): these verbatims are known and are taken out of the rest.

θ = weight · θ_p + (1 − weight) · θ_c, each weighed by the other's variance (partial pooling). What is
estimated is the mean over the verbatims received; the variance of having received these and not others is
kept apart (`sampling`).

Sources:
    Angelopoulos, Bates, Fannjiang, Jordan, Zrnic (2023), Prediction-powered inference, Science 382.
    Angelopoulos, Duchi, Zrnic (2023), PPI++: Efficient Prediction-Powered Inference.
    Särndal, Swensson, Wretman (1992), Model Assisted Survey Sampling (difference estimator, Hájek weights).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from pipeline.estimate.calibration import Calibration
from pipeline.estimate.cells import Cells, Ints
from pipeline.estimate.curves import Curve
from pipeline.estimate.differences import welch
from pipeline.estimate.lines import Lines, Witness, lines_of, sharpen
from pipeline.estimate.prediction_powered import PRIOR_LABELS, ChanceSums, rectify
from pipeline.estimate.sampling import free_people, sampling_variance
from pipeline.estimate.scores import Floats, Score

METHODS = ("count", "calibrated", "partial", "ppi", "exact")
COUNT, CALIBRATED, PARTIAL, PPI, EXACT = range(5)

# From this weight of the reviewed part on, the estimate is called prediction-powered, below it partial.
PPI_WEIGHT = 0.8
# A respondent's errors of tagging resemble each other this much.
TAGGING_CORRELATION = 0.5
# A line whose rise is not this many of its standard errors tells nothing.
MIN_SLOPE_ERRORS = 2.0


@dataclass(frozen=True, slots=True)
class ReviewedCells:
    """Reviewed verbatims, each once for every cell that it lies in.

    Attributes:
        cell: Position of the cell.
        row: Position in `predicted` and `true`.
        probability: Inclusion probability of each row, NaN where it was chosen by hand.
        predicted: Reviewed verbatims × scores.
        true: Reviewed verbatims × scores; NaN where the reviewer was not asked.
        learnt: Which rows the model learnt from; null: none. People's labels of these count, the model's
            errors on them do not. Told the answers, it would show none; and what it said of them out of fold
            does not do beside what it says of the others after learning: there it follows the chance of the
            sample, and intervals that believed it held the truth in 78 to 82 % of simulated cases.
    """

    cell: Ints
    row: Ints
    probability: Floats
    predicted: Floats
    true: Floats
    learnt: npt.NDArray[np.bool_] | None = None

    def asked(self, k: int) -> ReviewedCells:
        """Keep the verbatims whose reviewer was asked about a score.

        A theme that was added to the codebook during a campaign was asked about from then on. The queue is in
        random order, so these verbatims are a sample too, and each was as much less likely to be in it.
        """
        known = ~np.isnan(self.true[:, k])
        if known.all():
            return self
        by_chance = ~np.isnan(self.probability)
        share = (known & by_chance).sum() / max(int(by_chance.sum()), 1)
        kept = known[self.row]
        return replace(self, cell=self.cell[kept], row=self.row[kept], probability=self.probability * share)


@dataclass(frozen=True, slots=True)
class Means:
    """Estimated means of every score over every cell; arrays are cells × scores.

    Attributes:
        value: Estimate; NaN when nothing can be said.
        error: Variance of the estimate of the verbatims received: tagging, calibration, review.
        sampling: Variance of having received these verbatims and not others, people taken as wholes.
        freedom: Degrees of freedom of `error`.
        method: Position in `METHODS`.
        reviewed: Reviewed verbatims, one entry a cell.
        curves: Variance of the estimate as a function of the truth; `error` is its value at the estimate.
        free: Independent verbatims that a cell is worth for a score.
        noise: What of `error` is the cell's own; the rest, doubt about the calibration line, is the same for
            all cells read through one line. All of it where people reviewed in the cell.
    """

    value: Floats
    error: Floats
    sampling: Floats
    freedom: Floats
    method: npt.NDArray[np.int8]
    reviewed: Ints
    curves: Curve
    free: Floats
    noise: Floats


def no_reviews(n_scores: int) -> ReviewedCells:
    """Give the reviewed verbatims of a run where nobody reviewed."""
    nothing = np.zeros(0, dtype=np.int64)
    return ReviewedCells(nothing, nothing, np.zeros(0), np.zeros((0, n_scores)), np.zeros((0, n_scores)))


def estimate_means(
    cells: Cells,
    scores: tuple[Score, ...],
    calibrations: dict[str, Calibration],
    reviewed: ReviewedCells,
) -> Means:
    """Estimate the mean of every score over every cell.

    Args:
        cells: Sums over cells.
        scores: Scores, in the order of the sums' columns.
        calibrations: Audience → calibration; an audience without one is counted, without interval.
        reviewed: Reviewed verbatims by cell.

    Returns:
        Estimates with their variances.
    """
    audience = np.asarray(cells.keys["audience"].to_pylist(), dtype=object)
    shape = (len(cells), len(scores))
    value, sampling, freedom, free, noise = (np.empty(shape) for _ in range(5))
    curves = Curve(*(np.empty(shape) for _ in range(3)))
    method = np.empty(shape, dtype=np.int8)
    group = np.unique(audience.astype(str), return_inverse=True)[1].astype(np.int64)
    for k, score in enumerate(scores):
        lines = lines_of(calibrations, audience, k)
        column = _estimate_score(cells, score, k, lines, reviewed, group)
        value[:, k], curve, freedom[:, k], method[:, k], noise[:, k] = column
        curves.a[:, k], curves.b[:, k], curves.c[:, k] = curve.a, curve.b, curve.c
        free[:, k] = free_people(cells, k)
    names = {score.name: k for k, score in enumerate(scores)}
    for k, score in enumerate(scores):
        within = None if score.within is None else value[:, names[score.within]]
        sampling[:, k] = sampling_variance(cells, score, k, value[:, k], within)
    counts = np.bincount(reviewed.cell, minlength=len(cells)).astype(np.int64)
    error = curves.variance(value)
    noise = np.where(method == CALIBRATED, noise, error)
    return Means(value, error, sampling, freedom, method, counts, curves, free, noise)


def _estimate_score(
    cells: Cells, score: Score, k: int, line: Lines, reviewed: ReviewedCells, group: Ints
) -> tuple[Floats, Curve, Floats, npt.NDArray[np.int8], Floats]:
    width = score.high - score.low
    reviewed = reviewed.asked(k)
    probability = reviewed.probability[reviewed.row]
    certain = np.isnan(probability) | (probability >= 1.0)
    true, predicted = reviewed.true[reviewed.row, k], reviewed.predicted[reviewed.row, k]
    known = _total(reviewed.cell, certain, np.ones_like(true), len(cells))
    known_true = _total(reviewed.cell, certain, true, len(cells))
    rest = np.maximum(cells.n - known, 0.0)
    safe_rest = np.maximum(rest, 1.0)
    mean = (cells.sums[:, k] - _total(reviewed.cell, certain, predicted, len(cells))) / safe_rest
    clusters = 1.0 + TAGGING_CORRELATION * np.maximum(cells.sum_n2 / np.maximum(cells.n, 1) - 1.0, 0.0)
    learnt = np.zeros(len(certain), dtype=np.bool_)
    if reviewed.learnt is not None:
        learnt = reviewed.learnt[reviewed.row] & ~certain
    fresh = ~certain & ~learnt
    by_chance = Witness(
        cell=reviewed.cell[fresh],
        row=reviewed.row[fresh],
        weight=1.0 / probability[fresh],
        t=(true[fresh] - score.low) / width,
        predicted=predicted[fresh],
        group=group,
    )
    line = sharpen(line, by_chance)
    read, read_curve = _read_back(mean, safe_rest / clusters, line)
    read_error = read_curve.variance(np.clip(read, 0.0, 1.0))
    chance = ChanceSums.of(
        reviewed.cell[~certain], probability[~certain], true[~certain], predicted[~certain], len(cells)
    )
    told = _total(reviewed.cell, learnt, np.ones_like(true), len(cells)) > 0
    seen, seen_curve = rectify(chance, score, mean, read, read_error, line, told)
    seen_error = np.where(chance.n > 0, seen_curve.variance(np.clip(seen, 0.0, 1.0)), np.inf)
    weight = _weight(read_error, seen_error)
    curve = _weighed(read_curve, (1 - weight) ** 2).plus(_weighed(seen_curve, weight**2))
    t = _weighed_value(read, 1 - weight) + _weighed_value(seen, weight)
    parts = _weighed_value(read_error, (1 - weight) ** 2), _weighed_value(seen_error, weight**2)
    # What labels are drawn to is known by the line alone: without one, they are as few as they are.
    borrowed = np.where(np.isfinite(read_error), PRIOR_LABELS, 0.0)
    freedom = welch((parts[0], line.freedom), (parts[1], np.maximum(chance.n + borrowed - 1, 1.0)))
    nothing = ~np.isfinite(read_error) & ~np.isfinite(seen_error)
    counted = nothing & (rest > 0) & (chance.n == 0) & np.isnan(line.slope)
    share = rest / np.maximum(cells.n, 1)
    base = known_true / np.maximum(cells.n, 1)
    body = score.low + width * np.clip(np.where(nothing, np.nan, t), 0.0, 1.0)
    body = np.where(counted, mean, body)
    value = np.where(rest > 0, share * body, 0.0) + base
    # A verbatim that is known does not move: the curve is that of the rest, laid where the rest lies.
    curve = curve.mapped(base + share * score.low, share * width)
    missing = (rest > 0) & nothing
    curve = Curve(*(np.where(missing, np.nan, part) for part in (curve.a, curve.b, curve.c)))
    method = np.full(len(cells), CALIBRATED, dtype=np.int8)
    method[weight > 0] = PARTIAL
    method[weight >= PPI_WEIGHT] = PPI
    method[counted] = COUNT
    method[rest <= 0] = EXACT
    noise = (share * width) ** 2 * _noise_read(read, safe_rest / clusters, line)
    return value, curve, np.where(rest > 0, freedom, np.inf), method, noise


def _weighed(curve: Curve, weight: Floats) -> Curve:
    """Multiply a variance, one without weight being none at all."""
    return Curve(*(_weighed_value(part, weight) for part in (curve.a, curve.b, curve.c)))


def _weighed_value(value: Floats, weight: Floats) -> Floats:
    with np.errstate(invalid="ignore"):
        return np.where(weight > 0, np.nan_to_num(value, posinf=0.0, neginf=0.0) * weight, 0.0)


def _total(cell: Ints, rows: npt.NDArray[np.bool_], values: Floats, n_cells: int) -> Floats:
    return np.bincount(cell[rows], weights=values[rows], minlength=n_cells).astype(np.float64)


def _read_back(mean: Floats, n_free: Floats, line: Lines) -> tuple[Floats, Curve]:
    """Read t off the calibration line, with its variance; NaN where the line is too flat to be read."""
    slope = line.slope
    with np.errstate(invalid="ignore", divide="ignore"):
        t = (mean - line.low) / slope
        steep = slope > MIN_SLOPE_ERRORS * np.sqrt(line.shift_low + line.shift_high)
        # In t: noise of the verbatims, linear, and doubt about the two ends of the line, quadratic.
        a = line.noise_low / n_free + line.shift_low
        b = (line.noise_high - line.noise_low) / n_free - 2 * line.shift_low
        c = line.shift_low + line.shift_high
        usable = np.where(steep & ~np.isnan(t), 1 / slope**2, np.nan)
    return t, Curve(a * usable, b * usable, c * usable)


def _noise_read(read: Floats, n_free: Floats, line: Lines) -> Floats:
    """Variance of what is read off a line that is known: the noise of the verbatims alone."""
    t = np.clip(read, 0.0, 1.0)
    with np.errstate(invalid="ignore", divide="ignore"):
        noise: Floats = ((1 - t) * line.noise_low + t * line.noise_high) / n_free / line.slope**2
    return noise


def _weight(read_error: Floats, seen_error: Floats) -> Floats:
    with np.errstate(invalid="ignore", divide="ignore"):
        weight = read_error / (read_error + seen_error)
    weight = np.where(~np.isfinite(seen_error), 0.0, np.where(~np.isfinite(read_error), 1.0, weight))
    return np.nan_to_num(weight)
