"""How nets of themes that the tagger finds stand to true nets, learnt over all themes and sources at once.

A theme's net is a ratio: read through two calibration lines, it is unsure twice. But over themes and
sources the predicted net Σ(positive − negative) / Σ(present) follows the true one along one line, so a
theme that few sources speak of borrows from the others. What a source leaves around the line is how wrong
the net of a new source may be.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pipeline.estimate.calibration import GoldScores
from pipeline.estimate.scores import ScoreBook

MIN_MENTIONS = 15
MIN_POINTS = 8
# Variance of one mention around what is predicted of it, at most: its polarity is −1, 0 or 1.
MENTION_NOISE = 1.0


@dataclass(frozen=True, slots=True)
class NetLine:
    """True net = `start` + `rise` · predicted net, for one audience.

    Attributes:
        start: Intercept.
        rise: Slope.
        variance: Variance of a new source and theme around the line.
        freedom: Degrees of freedom of the variance: by sources, whose themes err together.
    """

    start: float
    rise: float
    variance: float
    freedom: float


def net_lines(gold: dict[str, GoldScores], book: ScoreBook) -> dict[str, NetLine]:
    """Fit every audience's line.

    Args:
        gold: Out-of-fold scores by audience.
        book: Scores.

    Returns:
        Audience → line; none for an audience with fewer than `MIN_POINTS` themes × sources.
    """
    found = {}
    for audience, scores in gold.items():
        source = np.asarray(scores.source, dtype=object)
        points = []
        for measure in book.measures:
            if measure.name != "theme_net" or measure.denominator is None:
                continue
            top, below = book.index[measure.numerator], book.index[measure.denominator]
            for name in dict.fromkeys(scores.source):
                here = (source == name) & scores.known(below) & scores.known(top)
                mentions, expected = scores.true[here, below].sum(), scores.predicted[here, below].sum()
                if mentions >= MIN_MENTIONS and expected > 0:
                    true = scores.true[here, top].sum() / mentions
                    points.append((scores.predicted[here, top].sum() / expected, true, name))
        if len(points) >= MIN_POINTS:
            found[audience] = _fit(points)
    return found


def _fit(points: list[tuple[float, float, str]]) -> NetLine:
    x, y = np.array([p[0] for p in points]), np.array([p[1] for p in points])
    design = np.stack([np.ones(len(x)), x], axis=1)
    coefficients = np.linalg.lstsq(design, y, rcond=None)[0]
    residual = y - design @ coefficients
    n_sources = len({p[2] for p in points})
    variance = float((residual**2).sum() / max(len(x) - 2, 1)) * (1 + 2 / len(x))
    return NetLine(float(coefficients[0]), float(coefficients[1]), variance, float(max(n_sources - 1, 2)))
