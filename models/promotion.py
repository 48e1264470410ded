"""The gate between a champion and a challenger: a new model takes over only where it is found no worse.

Both have read the same verbatims, none of which they had learnt from. Verbatims are drawn again and again,
the same for both, and each figure's difference gets an interval. The workspace's own verbatims judge apart
from those that come with Miroir: authored texts are many, and would hide what is lost on one's own. A
challenger that is worse beyond chance, on any figure, for either audience, on either kind, is refused; so is
one that too few own verbatims judge. Chance is that of all figures together: of dozens of intervals at 95 %,
one or two miss a difference of nought, and half of all challengers just as good would be refused for them.

Source: Efron and Tibshirani (1993), the paired bootstrap; Dunn (1961), Bonferroni's bound on several means.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from models.decisions import DecidedPositions
from models.evaluation import LEVEL, _measurements
from models.evaluation_report import HEADLINES
from models.gold import AUTHORED, UNKNOWN, GoldSet
from models.predictions import Predictions

AUDIENCES = ("customer", "employee")
OWN, REAL = "own", "real"
KINDS = (OWN, REAL, AUTHORED)
"""Whose verbatims judge: the workspace's own, real ones of other sources, authored ones."""
MIN_JUDGED = 50
N_RESAMPLES = 500


@dataclass(frozen=True, slots=True)
class Comparison:
    """One figure for one audience, on one kind of verbatims.

    Attributes:
        kind: `own`, `real` or `authored`.
        audience: Who wrote them.
        measure: A headline figure: `sentiment.macro_f1` …
        champion: Figure of the model in use.
        challenger: Figure of the new model.
        low: Lower end of the interval of challenger minus champion, at 95 % for this figure alone.
        high: Upper end.
        error: Standard error of challenger minus champion.
        n_together: Figures compared in all: the margin is 95 % for all of them together.
    """

    kind: str
    audience: str
    measure: str
    champion: float
    challenger: float
    low: float
    high: float
    error: float
    n_together: int = 1

    @property
    def gap(self) -> float:
        """Challenger minus champion."""
        return self.challenger - self.champion

    @property
    def margin(self) -> float:
        """Largest gap that chance explains, among so many figures."""
        return NormalDist().inv_cdf(1 - (1 - LEVEL) / 2 / self.n_together) * self.error

    @property
    def is_worse(self) -> bool:
        """Whether the challenger is worse beyond chance."""
        return self.gap < -self.margin

    @property
    def is_better(self) -> bool:
        """Whether the challenger is better beyond chance."""
        return self.gap > self.margin


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the gate says.

    Attributes:
        comparisons: Each headline figure for each kind and audience, where both models have one; on themes,
            those that both know.
        n_judged: By kind, then audience: verbatims that judged, their sentiment being known.
        unjudged: Audiences that too few own verbatims judge.
        untrained: Themes that the champion knows and the challenger does not.
        new_themes: Themes that the challenger alone knows: nothing to compare them with.
    """

    comparisons: tuple[Comparison, ...]
    n_judged: dict[str, dict[str, int]]
    unjudged: tuple[str, ...] = ()
    untrained: tuple[str, ...] = ()
    new_themes: tuple[str, ...] = ()

    @property
    def worse(self) -> tuple[Comparison, ...]:
        """List the figures on which the challenger is worse beyond chance."""
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
    kinds: NDArray[np.str_] | None = None,
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
        kinds: Which of `KINDS` each verbatim is; all `own` where it is not given.
        audiences: Each must be judged by own verbatims.
        n_resamples: Draws for the intervals.
        min_judged: Fewest verbatims of a kind and audience; with fewer, no figure of theirs is compared.
        seed: Of the draws.
    """
    kinds = np.full(len(gold), OWN) if kinds is None else kinds
    known, learnt = (
        {theme for theme in gold.labels.themes if theme in each.decided.themes}
        for each in (champion, challenger)
    )
    # A theme that one of the two does not know would count as missed everywhere, or as an error of the other.
    before, after = (_with_themes(each, known & learnt) for each in (champion, challenger))
    n_judged: dict[str, dict[str, int]] = {}
    comparisons: list[Comparison] = []
    for kind in KINDS:
        if kind != OWN and not (kinds == kind).any():
            continue
        n_judged[kind] = {}
        for audience in AUDIENCES:
            rows = np.flatnonzero((kinds == kind) & (gold.audiences == audience))
            n_known = int((gold.sentiment[rows] != UNKNOWN).sum())
            n_judged[kind][audience] = n_known
            if n_known >= min_judged:
                part = (gold.take(rows), take_predictions(before, rows), take_predictions(after, rows))
                comparisons += _compare_part(kind, audience, *part, n_resamples, seed)
    judged = {each.audience for each in comparisons if each.kind == OWN}
    return Verdict(
        comparisons=tuple(replace(each, n_together=len(comparisons)) for each in comparisons),
        n_judged=n_judged,
        unjudged=tuple(audience for audience in audiences if audience not in judged),
        untrained=tuple(sorted(known - learnt)),
        new_themes=tuple(sorted(learnt - known)),
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
        probabilities=None if probabilities is None else probabilities.take(rows),
    )


def _with_themes(predictions: Predictions, themes: Iterable[str]) -> Predictions:
    decided, probabilities = predictions.decided, predictions.probabilities
    return Predictions(
        decided=replace(decided, themes={theme: decided.themes[theme] for theme in themes}),
        probabilities=None
        if probabilities is None
        else replace(probabilities, themes={theme: probabilities.themes[theme] for theme in themes}),
    )


def _compare_part(
    kind: str,
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
        low, high, error = _spread(after[1:] - before[1:])
        if not np.isnan([before[0], after[0], low]).any():
            found.append(
                Comparison(kind, audience, name, float(before[0]), float(after[0]), low, high, error)
            )
    return found


def _spread(differences: NDArray[np.float64]) -> tuple[float, float, float]:
    """Give both ends of the interval, and the standard error."""
    known = differences[~np.isnan(differences)]
    if not len(known):
        return float("nan"), float("nan"), float("nan")
    low, high = np.quantile(known, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return float(low), float(high), float(known.std())
