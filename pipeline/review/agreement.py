"""How far reviewers agree when they read the same verbatim without seeing each other's answer."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import krippendorff
import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import cohen_kappa_score
from sqlalchemy import select

from models.labels import ABSENT, LabelSpace
from pipeline.review.labels import VerbatimLabels
from pipeline.review.store import ReviewStore
from pipeline.review.tables import decision

MIN_PAIRS = 20
N_RESAMPLES = 300
LEVEL = 0.95


@dataclass(frozen=True, slots=True)
class Agreement:
    """Agreement on one label.

    Attributes:
        label: `sentiment`, `enchantment`, `incivility` or `theme:<id>`.
        n_verbatims: Verbatims read by two people or more.
        share_same: Share of first pairs that gave the same value, in [0, 1]; None without any.
        alpha: Krippendorff's alpha (nominal), 1 perfect, 0 chance; None when it cannot be told.
        alpha_interval: Bootstrap interval of alpha over verbatims.
        kappa: Cohen's kappa of the first two readings.
        kappa_interval: Bootstrap interval of kappa.
        n_missing: Double readings still missing before figures are shown.
    """

    label: str
    n_verbatims: int
    share_same: float | None
    alpha: float | None
    alpha_interval: tuple[float, float] | None
    kappa: float | None
    kappa_interval: tuple[float, float] | None
    n_missing: int


def blind_readings(store: ReviewStore) -> dict[str, list[VerbatimLabels]]:
    """Collect the standing queue reviews of verbatims that several people read, in order of arrival.

    Decisions taken from the list, in bulk or by adjudication are not blind and do not count; nor does a
    review by somebody who had taken one on the verbatim before.
    """
    with store.reading() as connection:
        rows = connection.execute(select(decision).order_by(decision.c.id)).all()
    undone = {row.undoes for row in rows if row.undoes is not None}
    by_verbatim: dict[str, dict[int, VerbatimLabels]] = {}
    decided_before: set[tuple[str, int]] = set()
    for row in rows:
        if row.id in undone or row.kind == "undo":
            continue
        if row.kind != "review":
            decided_before.add((row.verbatim_id, row.user_id))
        elif (row.verbatim_id, row.user_id) not in decided_before:
            readers = by_verbatim.setdefault(row.verbatim_id, {})
            readers[row.user_id] = VerbatimLabels.from_json(row.labels_to)
    return {key: list(readers.values()) for key, readers in by_verbatim.items() if len(readers) > 1}


def value_of(labels: VerbatimLabels, label: str) -> str:
    """Give the value of one label; an absent theme is `absent`."""
    if label.startswith("theme:"):
        return labels.themes.get(label.removeprefix("theme:"), ABSENT)
    values = {
        "sentiment": labels.sentiment,
        "enchantment": labels.enchantment,
        "incivility": labels.incivility,
    }
    return values[label]


def label_names(labels: LabelSpace) -> tuple[str, ...]:
    """List the labels that agreement and quality are told for."""
    return ("sentiment", "enchantment", *(f"theme:{theme}" for theme in labels.themes), "incivility")


def agreement(
    readings: Mapping[str, Sequence[VerbatimLabels]], labels: LabelSpace, seed: int = 0
) -> list[Agreement]:
    """Measure agreement label by label.

    Args:
        readings: Verbatim → the readings of several people, as `blind_readings` gives them.
        labels: The codebook's label space.
        seed: Seed of the bootstrap.

    Returns:
        One entry a label, in the codebook's order. Under 20 verbatims no figure is given.

    Source: Krippendorff (2004), Content Analysis, ch. 11; Cohen (1960).
    """
    return [_of_label(list(readings.values()), name, seed) for name in label_names(labels)]


def _of_label(readings: Sequence[Sequence[VerbatimLabels]], label: str, seed: int) -> Agreement:
    n = len(readings)
    if n < MIN_PAIRS:
        return Agreement(label, n, None, None, None, None, None, MIN_PAIRS - n)
    values = [[value_of(labels, label) for labels in given] for given in readings]
    kinds = sorted({value for given in values for value in given})
    counts = np.array([[given.count(kind) for kind in kinds] for given in values])
    pairs = np.array([[kinds.index(given[0]), kinds.index(given[1])] for given in values])
    samples = np.random.default_rng(seed).multinomial(n, np.full(n, 1 / n), size=N_RESAMPLES)
    return Agreement(
        label=label,
        n_verbatims=n,
        share_same=float((pairs[:, 0] == pairs[:, 1]).mean()),
        alpha=_alpha(counts),
        alpha_interval=_interval(alphas(counts, samples), _by_chance(counts), n),
        kappa=_kappa(pairs),
        kappa_interval=_interval(kappas(pairs, samples), _by_chance(counts), n),
        n_missing=0,
    )


def _alpha(counts: NDArray[np.int64]) -> float | None:
    if (counts.sum(axis=0) > 0).sum() < 2:
        return None  # everybody always said the same: there is no chance to compare with
    return float(krippendorff.alpha(value_counts=counts, level_of_measurement="nominal"))


def _kappa(pairs: NDArray[np.int64]) -> float | None:
    if len(np.unique(pairs)) < 2:
        return None
    with warnings.catch_warnings():
        # One reader with one value only: kappa is 0 or undefined, handled here.
        warnings.simplefilter("ignore")
        kappa = float(cohen_kappa_score(pairs[:, 0], pairs[:, 1]))
    return None if np.isnan(kappa) else kappa


def alphas(counts: NDArray[np.int64], samples: NDArray[np.int64]) -> NDArray[np.float64]:
    """Give Krippendorff's alpha (nominal) of many resamples at once; the library takes one at a time.

    Args:
        counts: How many readers gave each value, shape (verbatims, values); two readers or more.
        samples: How often each resample holds each verbatim, shape (resamples, verbatims).

    Returns:
        One alpha a resample, NaN where it holds one value alone.
    """
    n_readers = counts.sum(axis=1)
    differing = (n_readers**2 - (counts**2).sum(axis=1)) / (n_readers - 1)
    by_value = samples @ counts
    total = by_value.sum(axis=1)
    by_chance = (total**2 - (by_value**2).sum(axis=1)) / (total - 1)
    return _one_minus(samples @ differing, by_chance)


def kappas(pairs: NDArray[np.int64], samples: NDArray[np.int64]) -> NDArray[np.float64]:
    """Give Cohen's kappa of many resamples at once; the library takes one at a time.

    Args:
        pairs: Values of the first two readers, shape (verbatims, 2), from 0.
        samples: As for `alphas`.

    Returns:
        One kappa a resample, NaN where both readers gave one same value alone.
    """
    n = samples.sum(axis=1)
    same = samples @ (pairs[:, 0] == pairs[:, 1]) / n
    kinds = np.arange(pairs.max() + 1)
    first, second = (samples @ (pairs[:, [reader]] == kinds) / n[:, None] for reader in (0, 1))
    return _one_minus(1 - same, 1 - (first * second).sum(axis=1))


def _one_minus(seen: NDArray[np.float64], by_chance: NDArray[np.float64]) -> NDArray[np.float64]:
    known = by_chance > 1e-12
    return np.where(known, 1 - seen / np.where(known, by_chance, 1.0), np.nan)


def _by_chance(counts: NDArray[np.int64]) -> float:
    """Tell how often two readings taken at random would differ."""
    shares = counts.sum(axis=0) / counts.sum()
    return float(1.0 - (shares**2).sum())


def _interval(
    resampled: NDArray[np.float64], by_chance: float, n_verbatims: int
) -> tuple[float, float] | None:
    """Give the bootstrap interval of a coefficient `1 - disagreement / disagreement by chance`.

    Where no reading ever differed, every resample says 1; the lower end is then that of the largest
    disagreement that n verbatims without one still allow (Clopper and Pearson, 1934).
    """
    known = resampled[~np.isnan(resampled)]
    if len(known) < len(resampled) / 2:
        return None
    low, high = (float(value) for value in np.quantile(known, [(1 - LEVEL) / 2, (1 + LEVEL) / 2]))
    if low == 1.0 and by_chance > 0:
        low = max(-1.0, 1.0 - (1.0 - ((1 - LEVEL) / 2) ** (1 / n_verbatims)) / by_chance)
    return low, high
