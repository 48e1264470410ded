"""Judge any tagger, or predictions made elsewhere, by the same measures with the same intervals."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.decisions import DecidedPositions
from models.gold import AUTHORED, UNKNOWN, GoldSet
from models.metrics import (
    Bins,
    Flags,
    Ranking,
    Weights,
    accuracy,
    confusion,
    f1,
    macro_f1,
    reliability,
)
from models.tagger import TagProbabilities

SINGLE_LABELS = ("sentiment", "enchantment", "incivility")
LENGTHS = (("1-10 words", 0, 10), ("11-40 words", 11, 40), ("41 words and more", 41, 10**9))
N_RESAMPLES = 200
LEVEL = 0.95

Measurement = Callable[[Weights], float]


@dataclass(frozen=True, slots=True)
class Measure:
    """One figure with its bootstrap interval at 95 %.

    Attributes:
        name: `sentiment.macro_f1`, `themes.micro_f1`, `means.average_precision` …
        value: The figure; NaN where it has no meaning.
        low: Lower end of the interval.
        high: Upper end.
    """

    name: str
    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Slice:
    """The measures on a part of the verbatims.

    Attributes:
        name: `all`, `real customer` (authored ones left out), `audience=…`, `source=…`, `length=…` …
        n: Number of verbatims.
        measures: The figures.
    """

    name: str
    n: int
    measures: tuple[Measure, ...]

    def value(self, name: str) -> float:
        """Give one figure, NaN where it was not measured."""
        return next((measure.value for measure in self.measures if measure.name == name), float("nan"))


@dataclass(frozen=True, slots=True)
class Evaluation:
    """Everything a report shows.

    Attributes:
        slices: The whole, then its parts.
        confusions: For each single label, true (rows) by decided (columns) counts.
        reliability: For each label or theme, rows of (stated, met, weight).
        values: Names of the rows and columns of the confusions.
        not_trained: Themes of the codebook that nothing was decided of; no figure counts them.
    """

    slices: tuple[Slice, ...]
    confusions: Mapping[str, NDArray[np.float64]]
    reliability: Mapping[str, NDArray[np.float64]]
    values: Mapping[str, tuple[str, ...]]
    not_trained: tuple[str, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """Give plain values for a JSON file; figures without meaning are null."""
        return {
            "level": LEVEL,
            "not_trained": list(self.not_trained),
            "slices": [
                {
                    "name": part.name,
                    "n": part.n,
                    "measures": {
                        m.name: {"value": _plain(m.value), "low": _plain(m.low), "high": _plain(m.high)}
                        for m in part.measures
                    },
                }
                for part in self.slices
            ],
            "confusions": {
                name: {"values": list(self.values[name]), "true_by_decided": table.tolist()}
                for name, table in self.confusions.items()
            },
            "reliability": {name: np.round(table, 4).tolist() for name, table in self.reliability.items()},
        }


def evaluate(
    gold: GoldSet,
    decided: DecidedPositions,
    probabilities: TagProbabilities | None = None,
    *,
    n_words: NDArray[np.integer] | None = None,
    n_resamples: int = N_RESAMPLES,
    seed: int = 0,
) -> Evaluation:
    """Measure decided labels, and probabilities where they are given, against gold labels.

    Args:
        gold: The labels that count as true.
        decided: Decided labels of the same verbatims.
        probabilities: Their probabilities; without them, what needs them is left out.
        n_words: Length of each verbatim in words; counted in the texts where it is not given.
        n_resamples: Bootstrap samples of verbatims for the intervals.
        seed: Of the bootstrap.

    Returns:
        Measures over all verbatims and by audience, source, stratum and length.
    """
    lengths = np.array([len(text.split()) for text in gold.batch.texts]) if n_words is None else n_words
    slices = tuple(
        _measure_slice(name, gold, decided, probabilities, rows, n_resamples, seed)
        for name, rows in _parts(gold, lengths)
    )
    everyone = np.ones(len(gold))
    return Evaluation(
        slices=slices,
        confusions={
            name: confusion(
                getattr(decided, name)[known := getattr(gold, name) != UNKNOWN],
                getattr(gold, name)[known],
                everyone[known],
                len(getattr(gold.labels, name)),
            )
            for name in SINGLE_LABELS
        },
        reliability={} if probabilities is None else _reliability_tables(gold, probabilities),
        values={name: getattr(gold.labels, name) for name in SINGLE_LABELS},
        not_trained=tuple(theme for theme in gold.labels.themes if theme not in decided.themes),
    )


def _parts(gold: GoldSet, n_words: NDArray[np.integer]) -> Iterator[tuple[str, Flags]]:
    yield "all", np.ones(len(gold), dtype=np.bool_)
    real = gold.sources != AUTHORED
    if real.any() and not real.all():
        for audience in sorted(set(gold.audiences[real].tolist())):
            yield f"real {audience}", real & (gold.audiences == audience)
    for name, column in (("audience", gold.audiences), ("source", gold.sources), ("stratum", gold.strata)):
        for value in sorted(set(column.tolist())):
            yield f"{name}={value}", column == value
    for name, low, high in LENGTHS:
        rows = (n_words >= low) & (n_words <= high)
        if rows.any():
            yield f"length={name}", rows


def _measure_slice(
    name: str,
    gold: GoldSet,
    decided: DecidedPositions,
    probabilities: TagProbabilities | None,
    rows: Flags,
    n_resamples: int,
    seed: int,
) -> Slice:
    n = int(rows.sum())
    draws = np.random.default_rng(seed).multinomial(n, np.full(n, 1 / n), size=n_resamples).astype(np.float64)
    measures = []
    for label, measure in _measurements(gold, decided, probabilities, rows):
        value = measure(np.ones(n))
        resampled = np.array([measure(draw) for draw in draws])
        resampled = resampled[~np.isnan(resampled)]
        low, high = (
            np.quantile(resampled, [(1 - LEVEL) / 2, (1 + LEVEL) / 2]) if len(resampled) else (np.nan, np.nan)
        )
        measures.append(Measure(label, value, float(low), float(high)))
    return Slice(name, n, tuple(measures))


def _measurements(
    gold: GoldSet, decided: DecidedPositions, probabilities: TagProbabilities | None, rows: Flags
) -> Iterator[tuple[str, Measurement]]:
    for name in SINGLE_LABELS:
        values: tuple[str, ...] = getattr(gold.labels, name)
        codes, chosen = getattr(gold, name)[rows], getattr(decided, name)[rows]
        known = codes != UNKNOWN
        codes, chosen = np.where(known, codes, 0), np.where(known, chosen, 0)
        yield f"{name}.accuracy", partial(_known, partial(accuracy, chosen, codes), known)
        yield (
            f"{name}.macro_f1",
            partial(_known, partial(macro_f1, chosen, codes, n_values=len(values)), known),
        )
        for k, value in enumerate(values):
            yield f"{name}.{value}.f1", partial(_known, partial(f1, chosen == k, codes == k), known)
            if probabilities is not None:
                column = getattr(probabilities, name)[rows, k]
                yield (
                    f"{name}.{value}.average_precision",
                    partial(_known, Ranking(column, codes == k).average_precision, known),
                )
                yield (
                    f"{name}.{value}.calibration_error",
                    partial(_known, Bins(column, codes == k).calibration_error, known),
                )
    if "none" in gold.labels.incivility:
        none = gold.labels.incivility.index("none")
        truth, chosen = gold.incivility[rows], decided.incivility[rows]
        any_truth = (truth != none) & (truth != UNKNOWN)
        yield "incivility.any.f1", partial(_known, partial(f1, chosen != none, any_truth), truth != UNKNOWN)
    yield from _theme_measurements(gold, decided, probabilities, rows)


def _theme_measurements(
    gold: GoldSet, decided: DecidedPositions, probabilities: TagProbabilities | None, rows: Flags
) -> Iterator[tuple[str, Measurement]]:
    all_decided, all_true, all_known, same = [], [], [], []
    for k, theme in enumerate(gold.labels.themes):
        if theme not in decided.themes:
            continue
        codes, chosen = gold.themes[rows, k], decided.themes[theme][rows]
        known = codes != UNKNOWN
        all_decided.append((chosen > 0) & known)
        all_true.append((codes > 0) & known)
        all_known.append(known)
        same.append((codes == chosen) & (codes > 0))
        yield f"{theme}.f1", partial(f1, all_decided[-1], all_true[-1])
        if probabilities is not None and theme in probabilities.themes:
            present = 1 - probabilities.themes[theme][rows, 0]
            yield (
                f"{theme}.average_precision",
                partial(_known, Ranking(present, all_true[-1]).average_precision, known),
            )
            yield (
                f"{theme}.calibration_error",
                partial(_known, Bins(present, all_true[-1]).calibration_error, known),
            )
    decided_table, true_table, same_table = np.array(all_decided), np.array(all_true), np.array(same)
    yield "themes.micro_f1", partial(_table_f1, decided_table, true_table)
    yield "themes.macro_f1", partial(_table_macro_f1, decided_table, true_table)
    yield "themes.polarity_accuracy", partial(_table_share, same_table, decided_table & true_table)
    yield "themes.micro_f1_with_polarity", partial(_table_strict_f1, same_table, decided_table, true_table)


def _known(measure: Measurement, known: Flags, weights: Weights) -> float:
    return measure(weights=weights * known)  # type: ignore[call-arg]


def _table_f1(decided: Flags, truth: Flags, weights: Weights) -> float:
    return f1(decided.ravel(), truth.ravel(), np.tile(weights, len(decided)))


def _table_macro_f1(decided: Flags, truth: Flags, weights: Weights) -> float:
    scores = [f1(d, t, weights) for d, t in zip(decided, truth, strict=True) if np.sum(weights * t) > 0]
    return float(np.mean(scores)) if scores else float("nan")


def _table_share(part: Flags, whole: Flags, weights: Weights) -> float:
    total = float(np.sum(weights * whole))
    return float(np.sum(weights * part)) / total if total > 0 else float("nan")


def _table_strict_f1(same: Flags, decided: Flags, truth: Flags, weights: Weights) -> float:
    total = float(np.sum(weights * decided) + np.sum(weights * truth))
    return 2 * float(np.sum(weights * same)) / total if total > 0 else float("nan")


def _reliability_tables(gold: GoldSet, probabilities: TagProbabilities) -> dict[str, NDArray[np.float64]]:
    tables = {}
    for name in SINGLE_LABELS:
        codes = getattr(gold, name)
        known = np.flatnonzero(codes != UNKNOWN)
        for k, value in enumerate(getattr(gold.labels, name)):
            column = getattr(probabilities, name)[known, k]
            tables[f"{name}.{value}"] = reliability(column, codes[known] == k, np.ones(len(known)))
    for k, theme in enumerate(gold.labels.themes):
        if theme in probabilities.themes:
            known = np.flatnonzero(gold.themes[:, k] != UNKNOWN)
            present = 1 - probabilities.themes[theme][known, 0]
            tables[theme] = reliability(present, gold.themes[known, k] > 0, np.ones(len(known)))
    return tables


def _plain(value: float) -> float | None:
    return None if np.isnan(value) else round(value, 4)
