"""The gate between a champion and a challenger: a new model takes over only where it is found no worse.

Both have read the same verbatims, none of which they had learnt from. Verbatims are drawn again and again,
the same for both, and each figure's difference gets an interval. A challenger that is worse beyond the
interval, on any figure and for either audience, is refused; so is one that too few verbatims judge.

Source: Efron and Tibshirani (1993), the paired bootstrap.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.decisions import DecidedPositions
from models.evaluation import LEVEL, _measurements
from models.evaluation_report import HEADLINES
from models.gold import GoldSet
from models.predictions import Predictions
from models.tagger import TagProbabilities

AUDIENCES = ("customer", "employee")
MIN_JUDGED = 50
N_RESAMPLES = 500


@dataclass(frozen=True, slots=True)
class Comparison:
    """One figure for one audience.

    Attributes:
        audience: Whose verbatims.
        measure: A headline figure: `sentiment.macro_f1` …
        champion: Figure of the model in use.
        challenger: Figure of the new model.
        low: Lower end of the interval of challenger minus champion, at 95 %.
        high: Upper end.
    """

    audience: str
    measure: str
    champion: float
    challenger: float
    low: float
    high: float

    @property
    def is_worse(self) -> bool:
        """Whether the challenger is worse beyond the interval."""
        return self.high < 0

    @property
    def is_better(self) -> bool:
        """Whether the challenger is better beyond the interval."""
        return self.low > 0


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the gate says.

    Attributes:
        comparisons: Each headline figure for each audience, where both models have one.
        n_judged: Verbatims that judged, by audience.
        unjudged: Audiences that too few verbatims judge.
        untrained: Themes that the champion knows and the challenger does not.
    """

    comparisons: tuple[Comparison, ...]
    n_judged: dict[str, int]
    unjudged: tuple[str, ...] = ()
    untrained: tuple[str, ...] = ()

    @property
    def worse(self) -> tuple[Comparison, ...]:
        """List the figures on which the challenger is worse beyond the interval."""
        return tuple(each for each in self.comparisons if each.is_worse)

    @property
    def is_promoted(self) -> bool:
        """Whether the challenger takes over."""
        return not (self.worse or self.unjudged or self.untrained)


def compare(
    gold: GoldSet,
    champion: Predictions,
    challenger: Predictions,
    *,
    audiences: Sequence[str] = AUDIENCES,
    n_resamples: int = N_RESAMPLES,
    min_judged: int = MIN_JUDGED,
    seed: int = 0,
) -> Verdict:
    """Hold a challenger up to the champion.

    Args:
        gold: Labelled verbatims that neither had learnt from when it read them.
        champion: What the model in use says of them, in their order.
        challenger: What the new one says.
        audiences: Each must be judged.
        n_resamples: Draws for the intervals.
        min_judged: Fewest verbatims of an audience.
        seed: Of the draws.
    """
    rows = {audience: np.flatnonzero(gold.audiences == audience) for audience in audiences}
    comparisons = [
        comparison
        for audience, mine in rows.items()
        if len(mine)
        for comparison in _compare_audience(
            audience,
            gold.take(mine),
            take_predictions(champion, mine),
            take_predictions(challenger, mine),
            n_resamples,
            seed,
        )
    ]
    known, learnt = (
        {theme for theme in gold.labels.themes if theme in each.decided.themes}
        for each in (champion, challenger)
    )
    return Verdict(
        comparisons=tuple(comparisons),
        n_judged={audience: len(mine) for audience, mine in rows.items()},
        unjudged=tuple(audience for audience, mine in rows.items() if len(mine) < min_judged),
        untrained=tuple(sorted(known - learnt)),
    )


def take_predictions(predictions: Predictions, rows: NDArray[np.intp]) -> Predictions:
    """Give the predictions of some verbatims, in the order of the rows."""
    decided, probabilities = predictions.decided, predictions.probabilities
    return Predictions(
        decided=DecidedPositions(
            sentiment=decided.sentiment[rows],
            enchantment=decided.enchantment[rows],
            incivility=decided.incivility[rows],
            themes={theme: positions[rows] for theme, positions in decided.themes.items()},
            confidence=decided.confidence[rows],
        ),
        probabilities=None
        if probabilities is None
        else TagProbabilities(
            sentiment=probabilities.sentiment[rows],
            enchantment=probabilities.enchantment[rows],
            incivility=probabilities.incivility[rows],
            themes={theme: columns[rows] for theme, columns in probabilities.themes.items()},
        ),
    )


def _compare_audience(
    audience: str,
    gold: GoldSet,
    champion: Predictions,
    challenger: Predictions,
    n_resamples: int,
    seed: int,
) -> list[Comparison]:
    everything = np.ones(len(gold), dtype=np.bool_)
    mine, theirs = (
        dict(_measurements(gold, each.decided, each.probabilities, everything))
        for each in (champion, challenger)
    )
    draws = np.random.default_rng(seed).multinomial(len(gold), np.full(len(gold), 1 / len(gold)), n_resamples)
    weights = [np.ones(len(gold)), *draws.astype(np.float64)]
    found = []
    for name, _ in HEADLINES:
        if name not in mine or name not in theirs:
            continue
        before, after = (
            np.array([measure(drawn) for drawn in weights]) for measure in (mine[name], theirs[name])
        )
        low, high = _interval(after[1:] - before[1:])
        if not np.isnan([before[0], after[0], low]).any():
            found.append(Comparison(audience, name, float(before[0]), float(after[0]), low, high))
    return found


def _interval(differences: NDArray[np.float64]) -> tuple[float, float]:
    known = differences[~np.isnan(differences)]
    if not len(known):
        return float("nan"), float("nan")
    low, high = np.quantile(known, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return float(low), float(high)
