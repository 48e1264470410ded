"""Whether the verbatims at hand look like those that the model learnt from.

Sources differ a lot among themselves: a distance says little alone. Each source is compared with the nearest
one of the training data, and that distance with those of the training sources among themselves.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import select

from models.decisions import DecidedPositions
from models.gold import GoldSet
from pipeline.review.agreement import value_of
from pipeline.review.labels import VerbatimLabels
from pipeline.review.search import in_use
from pipeline.review.store import ReviewStore
from pipeline.review.tables import content, item

MIN_VERBATIMS = 100
RANDOM_STRATUM = "random"

Shares = Mapping[str, float]
LabelShares = Mapping[str, Shares]
"""Label → value → share in [0, 1]."""
TrainingShares = Mapping[str, Mapping[str, LabelShares]]
"""Audience → training source → `LabelShares`."""


@dataclass(frozen=True, slots=True)
class Drift:
    """How far a source lies from what the model learnt from.

    Attributes:
        audience: Audience of the source.
        source: The source.
        n: Its verbatims.
        index: Population stability index of the label that differs most from the nearest training source;
            None with too few verbatims, or no training source to compare with.
        label: That label.
        nearest: That training source.
        yardstick: Largest such index between a training source and the one nearest to it; None where there
            are not two.
        n_missing: Verbatims missing for a figure.
    """

    audience: str
    source: str
    n: int
    index: float | None = None
    label: str = ""
    nearest: str = ""
    yardstick: float | None = None
    n_missing: int = 0

    @property
    def level(self) -> str:
        """`usual` among the training sources, `beyond` them, or `unknown`."""
        if self.index is None or self.yardstick is None:
            return "unknown"
        return "usual" if self.index <= self.yardstick else "beyond"


def shares_by_source(gold: GoldSet, decided: DecidedPositions) -> dict[str, dict[str, dict[str, Shares]]]:
    """Tell how often a model gives each value to each source of its training data.

    Decided labels, as those at hand are decided too: a model gives rare ones less or more often than they are
    met. And only what was drawn at random, as the rest was sought out for its labels.

    Args:
        gold: What the model was judged on.
        decided: What it said of these verbatims without having learnt from them.

    Returns:
        As `TrainingShares` says; sources with fewer than `MIN_VERBATIMS` drawn at random are left out.
    """
    space = gold.labels
    columns = {
        "sentiment": (space.sentiment, decided.sentiment),
        "enchantment": (space.enchantment, decided.enchantment),
        "incivility": (space.incivility, decided.incivility),
        **{f"theme:{theme}": (space.theme_values, codes) for theme, codes in decided.themes.items()},
    }
    shares: dict[str, dict[str, dict[str, Shares]]] = {}
    drawn = gold.strata == RANDOM_STRATUM
    for audience in sorted(set(gold.batch.audiences)):
        for source in np.unique(gold.sources).tolist():
            rows = drawn & (gold.audiences == audience) & (gold.sources == source)
            if rows.sum() >= MIN_VERBATIMS:
                shares.setdefault(audience, {})[source] = {
                    label: _shares(values, codes[rows]) for label, (values, codes) in columns.items()
                }
    return shares


def _shares(values: Sequence[str], codes: NDArray[np.intp]) -> Shares:
    counts = np.bincount(codes, minlength=len(values))
    return dict(zip(values, (counts / len(codes)).tolist(), strict=True))


def stability_index(reference: Shares, observed: Shares, floor: float = 0.005) -> float:
    """Compare two distributions by the population stability index: 0 where they are the same, no upper end.

    >>> stability_index({"a": 0.5, "b": 0.5}, {"a": 0.5, "b": 0.5})
    0.0
    """
    values = sorted({*reference, *observed})
    p = np.maximum([reference.get(value, 0.0) for value in values], floor)
    q = np.maximum([observed.get(value, 0.0) for value in values], floor)
    return float(((q - p) * np.log(q / p)).sum())


def drift_by_source(store: ReviewStore, training: TrainingShares) -> list[Drift]:
    """Compare what the model says of each source with what it says of the sources that it was trained on.

    Args:
        store: The review database.
        training: As `shares_by_source` gives it.
    """
    query = select(item.c.audience, item.c.source, content.c.tagged).join(
        content, content.c.verbatim_id == item.c.verbatim_id
    )
    groups: dict[tuple[str, str], Counter[str]] = {}
    with store.reading() as connection:
        for row in connection.execute(query.where(content.c.tagged.is_not(None), in_use(item.c.verbatim_id))):
            # Whole sets of labels repeat a lot: counting them first saves reading most of the JSON.
            groups.setdefault((row.audience, row.source), Counter())[row.tagged] += 1
    return [
        _drift(audience, source, counts, training.get(audience, {}))
        for (audience, source), counts in sorted(groups.items())
    ]


def _drift(audience: str, source: str, counts: Counter[str], training: Mapping[str, LabelShares]) -> Drift:
    n = counts.total()
    if n < MIN_VERBATIMS or not training:
        return Drift(audience, source, n, n_missing=max(0, MIN_VERBATIMS - n))
    labels = next(iter(training.values()))
    observed: dict[str, Counter[str]] = {name: Counter() for name in labels}
    for text, times in counts.items():
        given = VerbatimLabels.from_json(text)
        for name in labels:
            observed[name][value_of(given, name)] += times
    shares = {name: {value: k / n for value, k in values.items()} for name, values in observed.items()}
    index, label, nearest = _nearest(shares, training)
    return Drift(audience, source, n, index, label, nearest, _yardstick(training))


def _nearest(shares: LabelShares, training: Mapping[str, LabelShares]) -> tuple[float, str, str]:
    """Find the training source that differs least in the label that differs most: index, label, source."""
    return min(
        (*max((stability_index(known[name], shares[name]), name) for name in known), source)
        for source, known in training.items()
    )


def _yardstick(training: Mapping[str, LabelShares]) -> float | None:
    if len(training) < 2:
        return None
    return max(
        _nearest(shares, {other: training[other] for other in training if other != source})[0]
        for source, shares in training.items()
    )
