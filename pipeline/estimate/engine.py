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

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from pipeline.estimate.calibration import Calibration
from pipeline.estimate.cells import Cells, Ints
from pipeline.estimate.scores import Floats, Score

METHODS = ("count", "calibrated", "partial", "ppi", "exact")
COUNT, CALIBRATED, PARTIAL, PPI, EXACT = range(5)

# Variances seen on few labels are drawn to the expected one, with the weight of this many labels.
PRIOR_LABELS = 10.0
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
        true: Reviewed verbatims × scores.
    """

    cell: Ints
    row: Ints
    probability: Floats
    predicted: Floats
    true: Floats


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
    """

    value: Floats
    error: Floats
    sampling: Floats
    freedom: Floats
    method: npt.NDArray[np.int8]
    reviewed: Ints


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
    value, error, sampling = np.empty(shape), np.empty(shape), np.empty(shape)
    freedom, method = np.empty(shape), np.empty(shape, dtype=np.int8)
    for k, score in enumerate(scores):
        lines = _Line.of_cells(calibrations, audience, k)
        column = _estimate_score(cells, score, k, lines, reviewed)
        value[:, k], error[:, k], freedom[:, k], method[:, k] = column
    names = {score.name: k for k, score in enumerate(scores)}
    for k, score in enumerate(scores):
        within = None if score.within is None else value[:, names[score.within]]
        sampling[:, k] = _sampling_variance(cells, score, k, value[:, k], within)
    counts = np.bincount(reviewed.cell, minlength=len(cells)).astype(np.int64)
    return Means(value, error, sampling, freedom, method, counts)


@dataclass(frozen=True, slots=True)
class _Line:
    """One score's calibration, one entry a cell."""

    low: Floats
    high: Floats
    noise_low: Floats
    noise_high: Floats
    shift_low: Floats
    shift_high: Floats
    freedom: Floats

    @classmethod
    def of_cells(cls, calibrations: dict[str, Calibration], audience: np.ndarray, k: int) -> _Line:
        names = ("mean_low", "mean_high", "noise_low", "noise_high", "shift_low", "shift_high", "freedom")
        columns = []
        for name in names:
            column = np.full(len(audience), np.nan)
            for who, calibration in calibrations.items():
                column[audience == who] = getattr(calibration, name)[k]
            columns.append(column)
        return cls(*columns)

    @property
    def slope(self) -> Floats:
        return self.high - self.low


def _estimate_score(
    cells: Cells, score: Score, k: int, line: _Line, reviewed: ReviewedCells
) -> tuple[Floats, Floats, Floats, npt.NDArray[np.int8]]:
    width = score.high - score.low
    probability = reviewed.probability[reviewed.row]
    certain = np.isnan(probability) | (probability >= 1.0)
    true, predicted = reviewed.true[reviewed.row, k], reviewed.predicted[reviewed.row, k]
    known = _total(reviewed.cell, certain, np.ones_like(true), len(cells))
    known_true = _total(reviewed.cell, certain, true, len(cells))
    rest = np.maximum(cells.n - known, 0.0)
    safe_rest = np.maximum(rest, 1.0)
    mean = (cells.sums[:, k] - _total(reviewed.cell, certain, predicted, len(cells))) / safe_rest
    clusters = 1.0 + TAGGING_CORRELATION * np.maximum(cells.sum_n2 / np.maximum(cells.n, 1) - 1.0, 0.0)
    read, read_error = _read_back(mean, safe_rest / clusters, line)
    chance = _Chance.of(
        reviewed.cell[~certain], probability[~certain], true[~certain], predicted[~certain], len(cells)
    )
    seen, seen_error, seen_freedom = _rectify(chance, score, mean, read, read_error, line)
    weight = _weight(read_error, seen_error)
    t = np.where(weight < 1, (1 - weight) * np.nan_to_num(read), 0.0) + np.where(
        weight > 0, weight * np.nan_to_num(seen), 0.0
    )
    variance = np.where(
        weight < 1, (1 - weight) ** 2 * np.nan_to_num(read_error, posinf=0.0), 0.0
    ) + np.where(weight > 0, weight**2 * np.nan_to_num(seen_error, posinf=0.0), 0.0)
    with np.errstate(invalid="ignore"):
        parts = (1 - weight) ** 2 * read_error, weight**2 * seen_error
    freedom = _freedom(variance, parts[0], line.freedom, parts[1], seen_freedom)
    nothing = np.isinf(read_error) & np.isinf(seen_error)
    counted = nothing & (rest > 0) & (chance.n == 0) & np.isnan(line.slope)
    share = rest / np.maximum(cells.n, 1)
    body = score.low + width * np.clip(np.where(nothing, np.nan, t), 0.0, 1.0)
    body = np.where(counted, mean, body)
    value = np.where(rest > 0, share * body, 0.0) + known_true / np.maximum(cells.n, 1)
    variance = np.where(rest > 0, share**2 * width**2 * variance, 0.0)
    variance = np.where((rest > 0) & nothing, np.nan, variance)
    method = np.full(len(cells), CALIBRATED, dtype=np.int8)
    method[weight > 0] = PARTIAL
    method[weight >= PPI_WEIGHT] = PPI
    method[counted] = COUNT
    method[rest <= 0] = EXACT
    return value, variance, np.where(rest > 0, freedom, np.inf), method


def _total(cell: Ints, rows: npt.NDArray[np.bool_], values: Floats, n_cells: int) -> Floats:
    return np.bincount(cell[rows], weights=values[rows], minlength=n_cells).astype(np.float64)


def _read_back(mean: Floats, n_free: Floats, line: _Line) -> tuple[Floats, Floats]:
    """Read t off the calibration line, with its variance; infinite where the line is too flat."""
    slope = line.slope
    with np.errstate(invalid="ignore", divide="ignore"):
        t = (mean - line.low) / slope
        inside = np.clip(t, 0.0, 1.0)
        noise = ((1 - inside) * line.noise_low + inside * line.noise_high) / n_free
        shift = (1 - inside) ** 2 * line.shift_low + inside**2 * line.shift_high
        error = (noise + shift) / slope**2
        steep = slope > MIN_SLOPE_ERRORS * np.sqrt(line.shift_low + line.shift_high)
    return t, np.where(steep & ~np.isnan(t), error, np.inf)


@dataclass(frozen=True, slots=True)
class _Chance:
    """Weighted moments of the verbatims reviewed by chance, one entry a cell."""

    n: Floats
    weight: Floats
    q: Floats
    y: Floats
    f: Floats
    qy: Floats
    qf: Floats
    qyy: Floats
    qyf: Floats
    qff: Floats

    @classmethod
    def of(cls, cell: Ints, probability: Floats, y: Floats, f: Floats, n_cells: int) -> _Chance:
        w = 1.0 / probability
        q = w**2 * (1.0 - probability)
        products = (np.ones_like(w), w, q, w * y, w * f, q * y, q * f, q * y * y, q * y * f, q * f * f)
        return cls(*(np.bincount(cell, weights=p, minlength=n_cells).astype(np.float64) for p in products))


def _rectify(
    chance: _Chance, score: Score, mean: Floats, read: Floats, read_error: Floats, line: _Line
) -> tuple[Floats, Floats, Floats]:
    """Prediction-powered estimate of t, its variance and degrees of freedom; infinite without labels."""
    width = score.high - score.low
    with np.errstate(invalid="ignore", divide="ignore"):
        y = (chance.y / chance.weight - score.low) / width
        f = chance.f / chance.weight
        # Moments around the weighted means, by the weights that the design variance uses.
        raw_y = (chance.qy / chance.q - score.low) / width
        raw_f = chance.qf / chance.q
        yy = (chance.qyy - 2 * score.low * chance.qy + score.low**2 * chance.q) / chance.q / width**2
        yf = (chance.qyf - score.low * chance.qf) / chance.q / width
        moment_yy = yy - 2 * y * raw_y + y**2
        moment_yf = yf - y * raw_f - f * raw_y + y * f
        moment_ff = chance.qff / chance.q - 2 * f * raw_f + f**2
        bessel = chance.n / np.maximum(chance.n - 1, 1)
        prior_yy, prior_yf, prior_ff = _expected_moments(read, read_error, y, chance.n, line)
        a, b = chance.n / (chance.n + PRIOR_LABELS), PRIOR_LABELS / (chance.n + PRIOR_LABELS)
        yy = a * moment_yy * bessel + b * prior_yy
        yf = a * moment_yf * bessel + b * prior_yf
        ff = a * moment_ff * bessel + b * prior_ff
        tuned = np.clip(np.nan_to_num(yf / np.where(ff > 0, ff, np.nan)), 0.0, None)
        rest = np.maximum(yy - 2 * tuned * yf + tuned**2 * ff, 0.0)
        t = tuned * mean + y - tuned * f
        error = rest * chance.q / chance.weight**2
    there = chance.n > 0
    return t, np.where(there, error, np.inf), chance.n + PRIOR_LABELS - 1


def _expected_moments(
    read: Floats, read_error: Floats, y: Floats, n: Floats, line: _Line
) -> tuple[Floats, Floats, Floats]:
    """Expect moments of truth and prediction from the calibration, or from the labels alone without one."""
    smoothed = (np.nan_to_num(y) * n + 1.0) / (n + 2.0)
    usable = np.isfinite(read_error)
    from_line = np.clip(read, 0.0, 1.0) + np.sqrt(np.where(usable, read_error, 0.0))
    t = np.clip(np.where(usable, np.minimum(from_line, 0.5 + 0.5 * np.clip(read, 0, 1)), smoothed), 0.0, 1.0)
    t = np.where(usable, (t * PRIOR_LABELS + smoothed * n) / (PRIOR_LABELS + n), t)
    spread = t * (1 - t)
    slope = np.where(usable, line.slope, 0.0)
    noise = np.where(usable, (1 - t) * line.noise_low + t * line.noise_high, 0.0)
    return spread, slope * spread, slope**2 * spread + noise


def _weight(read_error: Floats, seen_error: Floats) -> Floats:
    with np.errstate(invalid="ignore", divide="ignore"):
        weight = read_error / (read_error + seen_error)
    weight = np.where(np.isinf(seen_error), 0.0, np.where(np.isinf(read_error), 1.0, weight))
    return np.nan_to_num(weight)


def _freedom(
    total: Floats, first: Floats, first_freedom: Floats, second: Floats, second_freedom: Floats
) -> Floats:
    """Welch–Satterthwaite degrees of freedom of a sum of two variances."""
    first = np.nan_to_num(first, posinf=0.0)
    second = np.nan_to_num(second, posinf=0.0)
    parts = first**2 / np.maximum(np.nan_to_num(first_freedom, nan=1.0), 1.0) + second**2 / np.maximum(
        second_freedom, 1.0
    )
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(parts > 0, np.maximum(total**2 / parts, 1.0), np.inf)


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


def _sampling_variance(cells: Cells, score: Score, k: int, value: Floats, within: Floats | None) -> Floats:
    """Variance of a mean of people's answers, had others answered."""
    free = free_people(cells, k)
    width = score.high - score.low
    t = (np.clip((value - score.low) / width, 0.0, 1.0) * free + 2.0) / (free + 4.0)
    widest = width**2 * t * (1 - t)  # Agresti–Coull: a share of 0 has a variance too
    if within is not None:
        smoothed = (np.clip(within, 0.0, 1.0) * free + 2.0) / (free + 4.0)
        widest = np.minimum(widest, np.maximum(abs(score.low), abs(score.high)) * smoothed)
    variance: Floats = widest / free
    return variance
