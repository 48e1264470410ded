"""Whether the verbatims at hand look like those that the model learnt from."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from sqlalchemy import select

from models.labels import LabelSpace
from pipeline.review.agreement import label_names, value_of
from pipeline.review.labels import VerbatimLabels
from pipeline.review.store import ReviewStore
from pipeline.review.tables import content, item

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


def label_shares(readings: Iterable[VerbatimLabels], labels: LabelSpace) -> dict[str, dict[str, float]]:
    """Tell how often each value of each label is met.

    Returns:
        Label → value → share in [0, 1]; empty without readings.
    """
    given = list(readings)
    return {
        name: {value: n / len(given) for value, n in Counter(value_of(one, name) for one in given).items()}
        for name in label_names(labels)
        if given
    }


def training_shares(gold_files: Iterable[Path], labels: LabelSpace) -> dict[str, dict[str, dict[str, float]]]:
    """Read how often each label was met in labelled verbatims.

    Args:
        gold_files: JSONL files in the codebook's record format.
        labels: The codebook's label space.

    Returns:
        Audience → label → value → share.
    """
    by_audience: dict[str, list[VerbatimLabels]] = {}
    for path in gold_files:
        for line in path.read_text(encoding="utf-8").splitlines():
            row: dict[str, Any] = json.loads(line)
            by_audience.setdefault(row["audience"], []).append(VerbatimLabels.checked(row, labels))
    return {audience: label_shares(given, labels) for audience, given in by_audience.items()}


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
        reference: Audience → label → value → share, as `training_shares` gives it.
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
