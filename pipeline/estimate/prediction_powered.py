"""The prediction-powered estimate of a cell: what labels drawn by chance say, sharpened by the predictions.

Sources:
    Angelopoulos, Duchi, Zrnic (2023), PPI++: Efficient Prediction-Powered Inference.
    Särndal, Swensson, Wretman (1992), Model Assisted Survey Sampling (difference estimator, Hájek weights).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from pipeline.estimate.cells import Ints
from pipeline.estimate.curves import Curve
from pipeline.estimate.lines import Lines
from pipeline.estimate.scores import Floats, Score

# Variances seen on few labels are drawn to the expected one, with the weight of this many labels.
PRIOR_LABELS = 10.0
# What labels leave unexplained is taken for so many times what the calibration lets expect, never for
# less: that few labels show no error does not make the tagger better.
MIN_RATIO, MAX_RATIO = 1.0, 3.0


@dataclass(frozen=True, slots=True)
class ChanceSums:
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
    def of(cls, cell: Ints, probability: Floats, y: Floats, f: Floats, n_cells: int) -> ChanceSums:
        """Sum over the labels of each cell.

        Args:
            cell: Position of each label's cell.
            probability: Inclusion probability of each label, in (0, 1).
            y: What people said.
            f: What was predicted.
            n_cells: How many cells there are.
        """
        w = 1.0 / probability
        q = w**2 * (1.0 - probability)
        products = (np.ones_like(w), w, q, w * y, w * f, q * y, q * f, q * y * y, q * y * f, q * f * f)
        return cls(*(np.bincount(cell, weights=p, minlength=n_cells).astype(np.float64) for p in products))


def rectify(
    chance: ChanceSums,
    score: Score,
    mean: Floats,
    read: Floats,
    read_error: Floats,
    line: Lines,
    told: npt.NDArray[np.bool_],
) -> tuple[Floats, Curve]:
    """Estimate t from labels drawn by chance, the predictions making them sharper (PPI++).

    Args:
        chance: Weighted sums over the labels of each cell.
        score: What is estimated; its range is taken to [0, 1].
        mean: Mean prediction of each cell.
        read: t as the calibration line reads it; NaN where it cannot.
        read_error: Variance of `read`; infinite where it cannot be read.
        line: Calibration lines of the cells.
        told: Cells where the model has learnt from some of these labels: there, λ is 0 and people's labels
            stand alone.

    Returns:
        t, and its variance as a function of the truth; both mean nothing where a cell has no label.
    """
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
        # Without a line that can be read, a few labels alone would tune λ: one who has it among predictions
        # that are all near nothing would make it as large as one likes. PPI++ keeps it in [0, 1].
        most = np.where(np.isfinite(read_error), np.inf, 1.0)
        tuned = np.clip(np.nan_to_num(yf / np.where(ff > 0, ff, np.nan)), 0.0, most)
        tuned = np.where(told, 0.0, tuned)
        rest = np.maximum(yy - 2 * tuned * yf + tuned**2 * ff, 0.0)
        t = tuned * mean + y - tuned * f
        per_label = np.where(chance.n > 0, chance.q / chance.weight**2, 0.0)
        if not score.is_binary:
            return t, Curve(rest * per_label, np.zeros_like(t), np.zeros_like(t))
        shape = _residual_shape(tuned, line)
        middle = np.clip((np.nan_to_num(t) * chance.n + 1.0) / (chance.n + 2.0), 0.0, 1.0)
        expected = shape.a + shape.b * middle + shape.c * middle**2
        # Without a line, the labels alone tell how much the prediction explains.
        least = np.where(np.isnan(line.slope), 0.0, MIN_RATIO)
        factor = np.clip(np.nan_to_num(rest / expected, nan=1.0, posinf=1.0), least, MAX_RATIO)
    return t, shape.times(factor * per_label)


def _residual_shape(tuned: Floats, line: Lines) -> Curve:
    """Variance of what the prediction leaves of a label, as a function of the share of those who have it.

    Within each level the prediction is noisy; between the levels it misses what λ times the slope leaves
    of one. Where there is no line, the shape is that of a share.
    """
    known = ~np.isnan(line.slope)
    left = np.where(known, (1 - tuned * line.slope) ** 2, 1.0)
    low = np.where(known, tuned**2 * line.noise_low, 0.0)
    high = np.where(known, tuned**2 * line.noise_high, 0.0)
    return Curve(low, high - low + left, -left)


def _expected_moments(
    read: Floats, read_error: Floats, y: Floats, n: Floats, line: Lines
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
