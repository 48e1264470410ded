"""How nets of themes that the tagger finds stand to true nets, learnt over all themes and sources at once.

A theme's net is a ratio: read through two calibration lines, it is unsure twice. But over themes and
sources the predicted net Σ(positive − negative) / Σ(present) follows the true one along one line, so a
theme that few sources speak of borrows from the others. How far a source lies from the line of the other
sources is how wrong the net of a new source may be. The fewer of the predicted mentions are true ones, the
less their net says: the false ones are not of the theme, and their polarities stay in the sum.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pipeline.estimate.calibration import GoldScores
from pipeline.estimate.scores import Floats, ScoreBook

MIN_MENTIONS = 15
MIN_POINTS = 8
# Variance of one mention around what is predicted of it, at most: its polarity is −1, 0 or 1.
MENTION_NOISE = 1.0
# Where fewer of the predicted mentions are true ones, the line tells nothing.
LEAST_TRUE = 1e-3


@dataclass(frozen=True, slots=True)
class NetLine:
    """True net = `start` + `rise` · predicted net, for one audience.

    Attributes:
        start: Intercept.
        rise: Slope.
        variance: Variance of a new source and theme around the line, were all predicted mentions true ones.
        freedom: Degrees of freedom of the variance: by sources, whose themes err together.
    """

    start: float
    rise: float
    variance: float
    freedom: float

    def variance_at(self, truly: Floats) -> Floats:
        """Give the variance where true mentions are that part of the predicted ones, at most all of them."""
        parts: Floats = self.variance / np.clip(truly, LEAST_TRUE, 1.0) ** 2
        return parts


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
                    said = scores.predicted[here, top].sum() / expected
                    true = scores.true[here, top].sum() / mentions
                    points.append(_Point(name, said, true, mentions / expected))
        if len(points) >= MIN_POINTS and len({point.source for point in points}) > 1:
            found[audience] = _fit(points)
    return found


@dataclass(frozen=True, slots=True)
class _Point:
    """A theme in a source: its predicted and true net, and true mentions as a part of the predicted ones."""

    source: str
    predicted: float
    true: float
    truly: float


def _fit(points: list[_Point]) -> NetLine:
    start, rise = _least_squares(points)
    sources = list(dict.fromkeys(point.source for point in points))
    squares = 0.0
    for source in sources:
        # A source is judged by the line of the others: its own themes would draw the line to themselves.
        start_of, rise_of = _least_squares([point for point in points if point.source != source])
        for point in points:
            if point.source == source:
                off = point.true - np.clip(start_of + rise_of * point.predicted, -1.0, 1.0)
                squares += float((off * min(point.truly, 1.0)) ** 2)
    return NetLine(start, rise, squares / len(points), float(max(len(sources) - 1, 2)))


def _least_squares(points: list[_Point]) -> tuple[float, float]:
    design = np.stack([np.ones(len(points)), [point.predicted for point in points]], axis=1)
    start, rise = np.linalg.lstsq(design, np.array([point.true for point in points]), rcond=None)[0]
    return float(start), float(rise)
