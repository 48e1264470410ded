"""Whether the verbatims at hand look like those that the model learnt from."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from sqlalchemy import select

from models.labels import ABSENT, LabelSpace
from pipeline.review.agreement import label_names, value_of
from pipeline.review.labels import VerbatimLabels
from pipeline.review.store import ReviewStore
from pipeline.review.tables import content, item
from pipeline.schema import theme_column

MIN_VERBATIMS = 100
SLIGHT, STRONG = 0.1, 0.25  # the customary thresholds of the population stability index

Shares = Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Drift:
    """How far a group's labels lie from those of a reference.

    Attributes:
        audience: Audience of the group.
        source: Source of the group.
        n: Verbatims of the group.
        index: Population stability index of the label that moved most; None with too few verbatims.
        label: That label.
        n_missing: Verbatims missing for a figure.
    """

    audience: str
    source: str
    n: int
    index: float | None
    label: str
    n_missing: int

    @property
    def level(self) -> str:
        """`none`, `slight`, `strong`, or `unknown`."""
        if self.index is None:
            return "unknown"
        return "strong" if self.index >= STRONG else "slight" if self.index >= SLIGHT else "none"


def shares_of_gold(gold: pa.Table, labels: LabelSpace) -> dict[str, dict[str, dict[str, float]]]:
    """Read from a model's out-of-fold table how often each gold label was met in its training data.

    Args:
        gold: `audience` and the gold labels: values by name (`sentiment`, `theme_means`, null absent), or by
            position (`gold_sentiment`, `gold_theme_means`, 0 absent).
        labels: The codebook's label space.

    Returns:
        Audience → label → value → share in [0, 1].
    """
    audiences = gold["audience"].to_pylist()
    shares: dict[str, dict[str, dict[str, float]]] = {audience: {} for audience in sorted(set(audiences))}
    for name in label_names(labels):
        values = _gold_values(gold, name, labels)
        if values is None:
            continue
        for audience, by_label in shares.items():
            given = [value for value, who in zip(values, audiences, strict=True) if who == audience]
            by_label[name] = {value: n / len(given) for value, n in Counter(given).items()}
    return shares


def _gold_values(gold: pa.Table, name: str, labels: LabelSpace) -> list[str] | None:
    column = theme_column(name.removeprefix("theme:")) if name.startswith("theme:") else name
    if f"gold_{column}" in gold.column_names:
        known = labels.theme_values if name.startswith("theme:") else getattr(labels, name)
        return [known[position] for position in gold[f"gold_{column}"].to_pylist()]
    if column in gold.column_names:
        return [value or ABSENT for value in gold[column].to_pylist()]
    return None


def stability_index(reference: Shares, observed: Shares, floor: float = 0.005) -> float:
    """Compare two distributions: under 0.1 the same, over 0.25 another population.

    >>> stability_index({"a": 0.5, "b": 0.5}, {"a": 0.5, "b": 0.5})
    0.0
    """
    values = sorted({*reference, *observed})
    p = np.maximum([reference.get(value, 0.0) for value in values], floor)
    q = np.maximum([observed.get(value, 0.0) for value in values], floor)
    return float(((q - p) * np.log(q / p)).sum())


def drift_by_source(
    store: ReviewStore, labels: LabelSpace, reference: Mapping[str, Mapping[str, Shares]]
) -> list[Drift]:
    """Compare what the model says of each source with the labels it was trained on.

    Args:
        store: The review database.
        labels: The codebook's label space.
        reference: Audience → label → value → share, as `shares_of_gold` gives it.
    """
    query = select(item.c.audience, item.c.source, content.c.tagged).join(
        content, content.c.verbatim_id == item.c.verbatim_id
    )
    groups: dict[tuple[str, str], Counter[str]] = {}
    with store.reading() as connection:
        for row in connection.execute(query.where(content.c.tagged.is_not(None))):
            # Whole sets of labels repeat a lot: counting them first saves reading most of the JSON.
            groups.setdefault((row.audience, row.source), Counter())[row.tagged] += 1
    return [
        _drift(audience, source, counts, labels, reference.get(audience, {}))
        for (audience, source), counts in sorted(groups.items())
    ]


def _drift(
    audience: str,
    source: str,
    counts: Counter[str],
    labels: LabelSpace,
    reference: Mapping[str, Shares],
) -> Drift:
    n = counts.total()
    if n < MIN_VERBATIMS or not reference:
        return Drift(audience, source, n, None, "", max(0, MIN_VERBATIMS - n))
    observed: dict[str, Counter[str]] = {name: Counter() for name in reference}
    for text, times in counts.items():
        given = VerbatimLabels.from_json(text)
        for name in reference:
            observed[name][value_of(given, name)] += times
    scores = {
        name: stability_index(shares, {value: k / n for value, k in observed[name].items()})
        for name, shares in reference.items()
    }
    worst = max(scores, key=lambda name: scores[name])
    return Drift(audience, source, n, scores[worst], worst, 0)
