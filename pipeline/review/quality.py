"""How good the model in use is, measured on verbatims that chance chose and people read."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import ceil

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import select

from models.labels import ABSENT, LabelSpace
from pipeline.review.agreement import label_names, value_of
from pipeline.review.labels import VerbatimLabels
from pipeline.review.reviewed import reviewed_table
from pipeline.review.store import ReviewStore
from pipeline.review.tables import content, item
from pipeline.schema import (
    enchantment_column,
    incivility_column,
    sentiment_column,
    theme_probability_column,
)
from pipeline.workspace import Workspace

Floats = NDArray[np.float64]

MIN_REVIEWED = 50  # under it, nothing is shown
MIN_BEARING = 10  # reviewed verbatims that bear a value, by a person or by the model
N_RESAMPLES = 400
LEVEL = 0.95
BIN_EDGES = (0.0, 0.2, 0.4, 0.6, 0.8, 0.9, 1.0)


@dataclass(frozen=True, slots=True)
class Measured:
    """A reviewed verbatim beside what the model says of it."""

    verbatim_id: str
    audience: str
    source: str
    person: VerbatimLabels
    model: VerbatimLabels
    probabilities: dict[str, float | None]
    weight: float  # inverse inclusion probability: how many verbatims it stands for
    themes_read: Sequence[str] | None = None  # themes that the person was asked about; None: all

    def was_asked(self, label: str) -> bool:
        """Tell whether the person was asked about a label: the theme may be newer than the review."""
        if self.themes_read is None or not label.startswith("theme:"):
            return True
        return label.removeprefix("theme:") in self.themes_read


@dataclass(frozen=True, slots=True)
class Score:
    """A figure in [0, 1] with its interval, or how many reviews are missing for it.

    Attributes:
        name: Label and value: `sentiment:mixed`, `theme:means`; or a group: `audience:customer`.
        n: Reviewed verbatims behind it.
        value: The figure; None when reviews are missing.
        low: Lower end of the 95 % bootstrap interval.
        high: Upper end.
        n_missing: About how many more reviews are needed.
    """

    name: str
    n: int
    value: float | None
    low: float | None
    high: float | None
    n_missing: int


@dataclass(frozen=True, slots=True)
class CalibrationBin:
    """Predictions of about the same probability, and how often they were right."""

    low: float
    high: float
    mean_predicted: float
    share_right: float
    n: int


def measured(store: ReviewStore, workspace: Workspace, labels: LabelSpace) -> list[Measured]:
    """Collect the reviewed verbatims that chance chose, with the model's reading of each."""
    reviewed = [
        row
        for row in reviewed_table(store, workspace, labels).to_pylist()
        if row["inclusion_probability"] is not None
    ]
    query = select(
        item.c.verbatim_id, item.c.audience, item.c.source, content.c.tagged, content.c.probabilities
    ).join(content, content.c.verbatim_id == item.c.verbatim_id)
    with store.reading() as connection:
        rows = connection.execute(query.where(item.c.n_reviewers > 0)).all()
    tagged = {row.verbatim_id: row for row in rows if row.tagged}
    return [
        Measured(
            verbatim_id=row["verbatim_id"],
            audience=tagged[row["verbatim_id"]].audience,
            source=tagged[row["verbatim_id"]].source,
            person=VerbatimLabels.from_annotation(row, labels),
            model=VerbatimLabels.from_json(tagged[row["verbatim_id"]].tagged),
            probabilities=json.loads(tagged[row["verbatim_id"]].probabilities or "{}"),
            weight=1.0 / row["inclusion_probability"],
            themes_read=row["themes_read"],
        )
        for row in reviewed
        if row["verbatim_id"] in tagged
    ]


def f1_by_label(entries: Sequence[Measured], labels: LabelSpace, seed: int = 0) -> list[Score]:
    """Measure F1 of each value of sentiment, enchantment and incivility, and of each theme's presence.

    Weighted by the inverse inclusion probabilities, so that it is the F1 on all verbatims and not on those
    that reviewers preferred to see. A theme that the model was not trained for has none.
    """
    resampled = _resampled_weights(entries, seed)
    weights = np.array([entry.weight for entry in entries])
    scores = []
    for name, truth, said in _binary_questions(entries, labels):
        n_bearing = int((truth | said).sum())
        missing = _missing(len(entries), n_bearing)
        if missing:
            scores.append(Score(name, n_bearing, None, None, None, missing))
            continue
        samples = _f1(resampled, truth, said)
        value = float(_f1(weights[None, :], truth, said)[0])
        scores.append(Score(name, n_bearing, value, *_interval(samples, n_bearing), 0))
    return scores


def _binary_questions(
    entries: Sequence[Measured], labels: LabelSpace
) -> list[tuple[str, NDArray[np.bool_], NDArray[np.bool_]]]:
    asked = [
        *(("sentiment", value) for value in labels.sentiment),
        *(("enchantment", value) for value in labels.enchantment if value != "none"),
        *((f"theme:{theme}", "") for theme in labels.themes if _is_trained(entries, theme, labels)),
        *(("incivility", value) for value in labels.incivility if value != "none"),
    ]
    return [
        (
            f"{label}:{value}" if value else label,
            np.array([e.was_asked(label) and _bears(e.person, label, value) for e in entries], dtype=bool),
            np.array([e.was_asked(label) and _bears(e.model, label, value) for e in entries], dtype=bool),
        )
        for label, value in asked
    ]


def _is_trained(entries: Sequence[Measured], theme: str, labels: LabelSpace) -> bool:
    columns = [theme_probability_column(theme, value) for value in labels.polarities]
    return not entries or any(e.probabilities.get(name) is not None for e in entries for name in columns)


def _bears(given: VerbatimLabels, label: str, value: str) -> bool:
    """Tell whether a label has a value; a theme without a value asked: whether it is present."""
    found = value_of(given, label)
    return found == value if value else found != ABSENT


def accuracy_by_group(entries: Sequence[Measured], label: str, seed: int = 0) -> list[Score]:
    """Measure how often the model is right on a label: over all, by audience, by source."""
    entries = [entry for entry in entries if entry.was_asked(label)]
    right = np.array([value_of(e.person, label) == value_of(e.model, label) for e in entries], dtype=float)
    weights = np.array([entry.weight for entry in entries])
    groups = [("all", np.ones(len(entries), dtype=bool))]
    for kind in ("audience", "source"):
        values = [getattr(entry, kind) for entry in entries]
        groups += [
            (f"{kind}:{value}", np.array([v == value for v in values])) for value in sorted(set(values))
        ]
    resampled = _resampled_weights(entries, seed)
    scores = []
    for name, chosen in groups:
        n = int(chosen.sum())
        if n < MIN_REVIEWED:
            scores.append(Score(name, n, None, None, None, MIN_REVIEWED - n))
            continue
        total = resampled[:, chosen].sum(axis=1)
        samples = (resampled[:, chosen] @ right[chosen]) / np.where(total > 0, total, 1.0)
        value = float(np.average(right[chosen], weights=weights[chosen]))
        scores.append(Score(name, n, value, *_interval(samples, n), 0))
    return scores


def confusion(entries: Sequence[Measured], label: str, values: Sequence[str]) -> Floats | None:
    """Cross what people say (rows) with what the model says (columns), as weighted shares of each row.

    Returns:
        Shape (values, values), rows sum to 1, or to 0 where nobody gave the value; None with too few reviews.
    """
    entries = [entry for entry in entries if entry.was_asked(label)]
    if len(entries) < MIN_REVIEWED:
        return None
    table = np.zeros((len(values), len(values)))
    place = {value: number for number, value in enumerate(values)}
    for entry in entries:
        table[place[value_of(entry.person, label)], place[value_of(entry.model, label)]] += entry.weight
    totals = table.sum(axis=1, keepdims=True)
    return np.asarray(np.divide(table, totals, out=np.zeros_like(table), where=totals > 0))


def theme_values(labels: LabelSpace) -> tuple[str, ...]:
    """List the values of a theme, absence first."""
    return (ABSENT, *labels.polarities)


def calibration(entries: Sequence[Measured], labels: LabelSpace, label: str) -> list[CalibrationBin]:
    """Compare predicted probabilities with how often they came true.

    Args:
        entries: Reviewed verbatims.
        labels: The codebook's label space.
        label: `sentiment`, `enchantment`, `incivility` (each value's probability is a prediction) or
            `themes` (each theme's presence is one).

    Returns:
        Bins that hold at least ten predictions; none with too few reviews.
    """
    if len(entries) < MIN_REVIEWED:
        return []
    predicted, came_true, weights = [], [], []
    for entry in entries:
        for probability, truth in _predictions(entry, labels, label):
            predicted.append(min(max(probability, 0.0), 1.0))
            came_true.append(truth)
            weights.append(entry.weight)
    p, y, w = np.array(predicted), np.array(came_true, dtype=float), np.array(weights)
    bins = []
    for low, high in pairwise(BIN_EDGES):
        inside = (p >= low) & ((p < high) | (high == 1.0))
        if inside.sum() >= MIN_BEARING:
            mean = float(np.average(p[inside], weights=w[inside]))
            share = float(np.average(y[inside], weights=w[inside]))
            bins.append(CalibrationBin(low, high, mean, share, int(inside.sum())))
    return bins


def _predictions(entry: Measured, labels: LabelSpace, label: str) -> list[tuple[float, bool]]:
    if label == "themes":
        found = []
        for theme in labels.themes:
            shares = [
                entry.probabilities.get(theme_probability_column(theme, value)) for value in labels.polarities
            ]
            if entry.was_asked(f"theme:{theme}") and all(share is not None for share in shares):
                found.append(
                    (sum(share for share in shares if share is not None), theme in entry.person.themes)
                )
        return found
    columns = {
        "sentiment": (sentiment_column, labels.sentiment),
        "enchantment": (enchantment_column, labels.enchantment),
        "incivility": (incivility_column, labels.incivility),
    }
    name, values = columns[label]
    return [
        (share, value_of(entry.person, label) == value)
        for value in values
        if (share := entry.probabilities.get(name(value))) is not None
    ]


def _missing(n_reviewed: int, n_bearing: int) -> int:
    """Guess how many more reviews a figure needs: at the rate at which the value was met so far."""
    by_total = max(0, MIN_REVIEWED - n_reviewed)
    if n_bearing >= MIN_BEARING:
        return by_total
    rate = max(n_bearing, 0.5) / max(n_reviewed, 1) if n_reviewed >= MIN_REVIEWED else 0.1
    return max(by_total, ceil((MIN_BEARING - n_bearing) / rate))


def _resampled_weights(entries: Sequence[Measured], seed: int) -> Floats:
    n = len(entries)
    if not n:
        return np.zeros((N_RESAMPLES, 0))
    counts = np.random.default_rng(seed).multinomial(n, np.full(n, 1 / n), size=N_RESAMPLES)
    return np.asarray(counts * np.array([entry.weight for entry in entries]))


def _f1(weights: Floats, truth: NDArray[np.bool_], said: NDArray[np.bool_]) -> Floats:
    both = weights @ (truth & said)
    either = weights @ truth.astype(float) + weights @ said.astype(float)
    return np.asarray(np.divide(2 * both, either, out=np.zeros_like(both), where=either > 0))


def _interval(samples: Floats, n: int) -> tuple[float, float]:
    """Give the bootstrap interval; where every resample says 0 or 1, the exact one of n trials instead.

    Resampling reviews that all agree never shows an error, which is no proof that there is none.
    """
    low, high = (float(value) for value in np.quantile(samples, [(1 - LEVEL) / 2, (1 + LEVEL) / 2]))
    reach = 1.0 - ((1 - LEVEL) / 2) ** (1 / n)
    if low == 1.0:
        low = 1.0 - reach
    if high == 0.0:
        high = reach
    return low, high


__all__ = [
    "MIN_REVIEWED",
    "CalibrationBin",
    "Measured",
    "Score",
    "accuracy_by_group",
    "calibration",
    "confusion",
    "f1_by_label",
    "label_names",
    "measured",
    "theme_values",
]
