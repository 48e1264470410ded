"""How the tagger's probabilities stand to the truth, and how much that differs from one source to the next.

For a score with values from `low` to `high`, let t = (y − low) / (high − low). Within a source, the mean
of the prediction f given y is taken as m0 + (m1 − m0)·t, exact for a label that one has or has not. A
cell's prevalence is read back through that line (adjusted count), which holds when prevalence changes. m0
and m1 differ between sources; a company's verbatims are a new source, so the spread between sources is
part of every interval.

Sources:
    Bella, Ferri, Hernández-Orallo, Ramírez-Quintana (2010), Quantification via Probability Estimators.
    DerSimonian, Laird (1986), Meta-analysis in clinical trials (variance between sources).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from pipeline import schema
from pipeline.errors import EstimateError
from pipeline.estimate.scores import Floats, ScoreBook

# A source says something about a level of a score only with this many verbatims at it.
MIN_AT_LEVEL = 5
# Spreads between few sources are drawn to the spread that scores have on average, with this weight.
POOLING_WEIGHT = 4.0
POOLED_FREEDOM = 2.0
# Spread at the lowest and at the highest, in squared widths of a score, of a model that was judged on one
# source alone: that of the shipped `linear` over its seven real sources and the authored verbatims.
USUAL_SPREAD = (0.0026, 0.0155)
LEAST_NOISE = 1e-9
GOLD = "gold_"
THEMES_READ = "themes_read"
RANDOM_STRATUM = "random"
MIN_RANDOM_ROWS = 30


@dataclass(frozen=True, slots=True)
class Calibration:
    """What is known of the tagger for one audience; arrays have one entry a score.

    Attributes:
        mean_low: m0, mean prediction where the score is at its lowest.
        mean_high: m1, mean prediction where it is at its highest.
        noise_low: Variance of the prediction within a source, at the lowest.
        noise_high: The same at the highest.
        shift_low: Variance of a new source's m0 around `mean_low`, what is not known of `mean_low` included.
        shift_high: The same for m1.
        freedom: Degrees of freedom of the two variances.
    """

    mean_low: Floats
    mean_high: Floats
    noise_low: Floats
    noise_high: Floats
    shift_low: Floats
    shift_high: Floats
    freedom: Floats

    @property
    def slope(self) -> Floats:
        """Change of the mean prediction from the lowest to the highest, in [−1, 1] of the score's width."""
        return self.mean_high - self.mean_low


@dataclass(frozen=True, slots=True)
class GoldScores:
    """Predicted and true scores of verbatims with gold labels.

    Attributes:
        predicted: Verbatims × scores; NaN for a theme that the model was not trained for.
        true: Verbatims × scores; NaN where the reader was not asked.
        source: Source of each verbatim.
    """

    predicted: Floats
    true: Floats
    source: Sequence[str]

    def known(self, k: int) -> npt.NDArray[np.bool_]:
        """Tell which verbatims have both a prediction and a gold label for a score."""
        return ~np.isnan(self.predicted[:, k]) & ~np.isnan(self.true[:, k])


def gold_indicators(table: pa.Table, book: ScoreBook) -> Floats:
    """Turn decided labels into 0 and 1 in the place of their probabilities.

    Args:
        table: Columns `sentiment`, `enchantment`, `incivility` and `theme_…` (null: absent). `themes_read`
            may list the only themes that a verbatim was read for (null: all).
        book: Scores.

    Returns:
        Verbatims × probability columns; NaN for a theme that a verbatim was not read for, or that was no
        theme yet when the table was written, and for another label that is null.

    Raises:
        EstimateError: A column is missing.
    """
    labels = book.labels
    parts: list[Floats] = []
    for column, values in (
        ("sentiment", labels.sentiment),
        ("enchantment", labels.enchantment),
        ("incivility", labels.incivility),
    ):
        if column not in table.column_names:
            raise EstimateError.because(
                "labels cannot be read",
                expected=f"a column «{column}»",
                got=f"{len(table.column_names)} columns without it",
                where="reviewed or out-of-fold labels",
                do="Write the table as schema.reviewed_schema says",
            )
        told = _indicators(table, column, values)
        told[table[column].is_null().to_numpy()] = np.nan
        parts.append(told)
    asked = table[THEMES_READ].to_pylist() if THEMES_READ in table.column_names else [None] * len(table)
    for theme in labels.themes:
        column = schema.theme_column(theme)
        if column in table.column_names:
            told = _indicators(table, column, labels.polarities)
            told[[read is not None and theme not in read for read in asked]] = np.nan
        else:
            told = np.full((len(table), len(labels.polarities)), np.nan)
        parts.append(told)
    return np.concatenate(parts, axis=1)


def _indicators(table: pa.Table, column: str, values: Sequence[str]) -> Floats:
    given = np.asarray(table[column].to_pylist(), dtype=object)
    return np.stack([(given == value).astype(np.float64) for value in values], axis=1)


def scores_of(columns: Floats, book: ScoreBook) -> Floats:
    """Turn probabilities or indicators into scores.

    Args:
        columns: Verbatims × probability columns; NaN where nothing is known.
        book: Scores.

    Returns:
        Verbatims × scores; NaN for a score that is made of something unknown, and for no other.
    """
    scores: Floats = np.nan_to_num(columns) @ book.matrix
    unknown = np.isnan(columns).astype(np.float64) @ (book.matrix != 0).astype(np.float64) > 0
    return np.where(unknown, np.nan, scores)


def read_out_of_fold(table: pa.Table, book: ScoreBook) -> dict[str, GoldScores]:
    """Read out-of-fold predictions by audience.

    Args:
        table: `audience`, `source`, probability columns, gold labels; with `stratum`,
            sources that have enough verbatims drawn at random are judged on these alone, since an enriched
            sample is not like the rest.
        book: Scores.

    Returns:
        Audience → its scores.
    """
    table = _named_labels(table, book)
    audience = np.asarray(table["audience"].to_pylist(), dtype=object)
    source = np.asarray(table["source"].to_pylist(), dtype=object)
    true = scores_of(gold_indicators(table, book), book)
    predicted = scores_of(np.stack([_probabilities(table, name) for name in book.columns], axis=1), book)
    kept = _representative(table, source)
    found = {}
    for name in dict.fromkeys(audience.tolist()):
        rows = kept & (audience == name)
        found[name] = GoldScores(predicted[rows], true[rows], source[rows].tolist())
    return found


def _probabilities(table: pa.Table, name: str) -> Floats:
    """Give a probability column; a theme that the model was not trained for has none."""
    if name not in table.column_names:
        return np.full(len(table), np.nan)
    return np.asarray(table[name].cast(pa.float64()).to_numpy(zero_copy_only=False), dtype=np.float64)


def _named_labels(table: pa.Table, book: ScoreBook) -> pa.Table:
    """Name the true labels that a model's file holds as positions in the label space, absent themes as 0."""
    labels = book.labels
    values: dict[str, tuple[str | None, ...]] = {
        "sentiment": labels.sentiment,
        "enchantment": labels.enchantment,
        "incivility": labels.incivility,
    }
    values |= {schema.theme_column(theme): (None, *labels.polarities) for theme in labels.themes}
    for name, told in values.items():
        if GOLD + name in table.column_names:
            column = table[GOLD + name].to_pylist()
            named = [told[value] if isinstance(value, int) else value for value in column]
            table = table.append_column(name, pa.array(named, pa.string()))
    return table


def _representative(table: pa.Table, source: np.ndarray) -> np.ndarray:
    kept = np.ones(len(source), dtype=bool)
    if "stratum" not in table.column_names:
        return kept
    random = np.asarray(table["stratum"].to_pylist(), dtype=object) == RANDOM_STRATUM
    for name in dict.fromkeys(source.tolist()):
        here = source == name
        if (here & random).sum() >= MIN_RANDOM_ROWS:
            kept &= ~here | random
    return kept


def calibrate(gold: dict[str, GoldScores], book: ScoreBook) -> dict[str, Calibration]:
    """Estimate every audience's calibration.

    Args:
        gold: Out-of-fold scores by audience.
        book: Scores.

    Returns:
        Audience → calibration; NaN for a score that too few gold labels say anything about.
    """
    lines = {audience: _lines(scores, book) for audience, scores in gold.items()}
    # Scores of different widths are averaged as parts of their width.
    square = np.array([(score.high - score.low) ** 2 for score in book.scores])[:, None]
    parts = [line.spread / square for line in lines.values()]
    known = np.concatenate([part[~np.isnan(part).any(axis=1)] for part in [np.zeros((0, 2)), *parts]])
    typical = (known.mean(axis=0) if len(known) else np.array(USUAL_SPREAD)) * square
    return {audience: _pool(line, typical) for audience, line in lines.items()}


@dataclass(frozen=True, slots=True)
class _Lines:
    """Per-source lines: sources × scores × (low, high), and what they say together."""

    mean: Floats
    error: Floats
    noise: Floats  # scores × 2
    spread: Floats  # scores × 2, between sources


def _lines(gold: GoldScores, book: ScoreBook) -> _Lines:
    names = list(dict.fromkeys(gold.source))
    source = np.asarray(gold.source, dtype=object)
    shape = (len(names), len(book.scores), 2)
    mean, error = np.full(shape, np.nan), np.full(shape, np.nan)
    noise = np.full((len(book.scores), 2), np.nan)
    for k, score in enumerate(book.scores):
        known = gold.known(k)
        t = (gold.true[:, k] - score.low) / (score.high - score.low)
        noise[k] = _noise(gold.predicted[known, k], t[known], source[known])
        for s, name in enumerate(names):
            here = known & (source == name)
            mean[s, k], error[s, k] = _line(gold.predicted[here, k], t[here], noise[k])
    return _Lines(mean, error, noise, _between(mean, error))


def _noise(predicted: Floats, t: Floats, source: np.ndarray) -> Floats:
    """Variance of the prediction within source and level, at t = 0 and t = 1."""
    levels = {}
    for level in (0.0, 0.5, 1.0):
        squares, freedom = 0.0, 0
        for name in dict.fromkeys(source.tolist()):
            values = predicted[(source == name) & (t == level)]
            if len(values) > 1:
                squares += float(((values - values.mean()) ** 2).sum())
                freedom += len(values) - 1
        levels[level] = (squares, freedom)
    pooled = sum(s for s, _ in levels.values()) / max(1, sum(f for _, f in levels.values()))
    # Few at a level: near the pooled one. A prediction without any spread is never certain.
    ends = [(s + 5 * pooled) / (f + 5) for s, f in (levels[0.0], levels[1.0])]
    floored: Floats = np.maximum(np.array(ends), LEAST_NOISE)
    return floored


def _line(predicted: Floats, t: Floats, noise: Floats) -> tuple[Floats, Floats]:
    """Intercepts at t = 0 and t = 1 with their sampling variances; NaN where a level is hardly there."""
    found, errors = np.full(2, np.nan), np.full(2, np.nan)
    at = [t == 0.0, t == 1.0]
    if not (t == 0.5).any():
        for level, rows in enumerate(at):
            if rows.sum() >= MIN_AT_LEVEL:
                found[level], errors[level] = predicted[rows].mean(), noise[level] / rows.sum()
        return found, errors
    if len(t) >= 3 * MIN_AT_LEVEL and t.std() > 0.05:
        design = np.stack([1 - t, t], axis=1)
        inverse = np.linalg.inv(design.T @ design)
        return inverse @ design.T @ predicted, np.diag(inverse) * noise.mean()
    return found, errors


def _between(mean: Floats, error: Floats) -> Floats:
    """DerSimonian–Laird variance between sources: scores × 2; NaN with fewer than two sources."""
    weight = np.where(np.isnan(mean), 0.0, 1.0 / np.where(np.isnan(error), 1.0, error))
    total = weight.sum(axis=0)
    n_sources = (~np.isnan(mean)).sum(axis=0)
    with np.errstate(invalid="ignore", divide="ignore"):
        centre = np.nansum(weight * np.nan_to_num(mean), axis=0) / total
        q = (weight * np.nan_to_num(mean - centre) ** 2).sum(axis=0)
        scale = total - (weight**2).sum(axis=0) / total
        tau = np.maximum(0.0, (q - (n_sources - 1)) / scale)
    return np.where(n_sources >= 2, tau, np.nan)


def _pool(line: _Lines, typical: Floats) -> Calibration:
    n_sources = (~np.isnan(line.mean)).sum(axis=0)
    own = np.maximum(n_sources - 1, 0)
    spread = (own * np.nan_to_num(line.spread) + POOLING_WEIGHT * typical) / (own + POOLING_WEIGHT)
    with np.errstate(invalid="ignore", divide="ignore"):
        weight = np.where(np.isnan(line.mean), 0.0, 1.0 / (spread + line.error))
        total = weight.sum(axis=0)
        centre = np.where(total > 0, np.nansum(weight * np.nan_to_num(line.mean), axis=0) / total, np.nan)
        shift = spread + 1.0 / total
    shift = np.where(total > 0, shift, np.nan)
    freedom = (own + POOLED_FREEDOM).min(axis=1)
    return Calibration(
        mean_low=centre[:, 0],
        mean_high=centre[:, 1],
        noise_low=line.noise[:, 0],
        noise_high=line.noise[:, 1],
        shift_low=shift[:, 0],
        shift_high=shift[:, 1],
        freedom=freedom,
    )
