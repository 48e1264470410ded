"""How many reviews a table needs, before one starts, and how its intervals shrink as one goes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy.stats import norm

from models.labels import LabelSpace
from pipeline.review.refusals import refusal
from pipeline.schema import (
    enchantment_column,
    incivility_column,
    sentiment_column,
    theme_column,
    theme_probability_column,
)

Floats = NDArray[np.float64]

LEVEL = 0.95
RULE_OF_THREE = 3.0  # what was met in none of n draws is rarer than 3 / n, at 95 %
CAUTION = 1.25  # a model on new texts errs more than its own probabilities say


@dataclass(frozen=True, slots=True)
class CellPlan:
    """What one cell of the table needs.

    Attributes:
        cell: Values of the table's columns.
        n_verbatims: Verbatims in the cell.
        expected: Share that the model expects, in [0, 1].
        n_with_model: Reviews for the half-width wanted, the model's readings used.
        n_people_only: Reviews for it if only people's readings counted.
    """

    cell: tuple[str, ...]
    n_verbatims: int
    expected: float
    n_with_model: int
    n_people_only: int


@dataclass(frozen=True, slots=True)
class Step:
    """The interval after some reviews.

    Attributes:
        n_reviews: Reviews so far.
        estimate: Share, in [0, 1].
        half_width: Half the 95 % interval, the model's readings used.
        half_width_people: The same if only people's readings counted.
    """

    n_reviews: int
    estimate: float
    half_width: float
    half_width_people: float


def measure_names(labels: LabelSpace) -> tuple[str, ...]:
    """List the shares that can be planned: `sentiment:negative`, `theme:means` and so on."""
    return (
        *(f"sentiment:{value}" for value in labels.sentiment),
        *(f"theme:{theme}" for theme in labels.themes),
        *(f"enchantment:{value}" for value in labels.enchantment if value != "none"),
        *(f"incivility:{value}" for value in labels.incivility if value != "none"),
    )


def predicted(population: pl.DataFrame, measure: str, labels: LabelSpace) -> Floats:
    """Give the model's probability that each verbatim counts for a measure.

    Of a theme that the model was not trained for nothing is known: one half, with which a share needs the
    most reviews.
    """
    kind, _, value = measure.partition(":")
    if measure not in measure_names(labels):
        raise refusal(
            "measure",
            "this share cannot be planned",
            expected="a label of the codebook",
            got=measure[:60],
            where="planner",
            do="Choose one of the list",
        )
    columns = {
        "sentiment": [sentiment_column(value)],
        "enchantment": [enchantment_column(value)],
        "incivility": [incivility_column(value)],
        "theme": [theme_probability_column(value, polarity) for polarity in labels.polarities],
    }[kind]
    known = [name for name in columns if name in population.columns]
    if not any(population[name].count() for name in known):
        return np.full(len(population), 0.5)
    total = population.select(pl.sum_horizontal(pl.col(known).fill_null(0.0)))
    shares: Floats = total.to_series().to_numpy().astype(np.float64)
    return np.clip(shares, 0.0, 1.0)


def observed(reviewed: pl.DataFrame, measure: str) -> Floats:
    """Tell for each reviewed verbatim, as 0 or 1, whether people counted it for a measure."""
    kind, _, value = measure.partition(":")
    if kind == "theme":
        return reviewed[theme_column(value)].is_not_null().to_numpy().astype(np.float64)
    return (reviewed[kind] == value).to_numpy().astype(np.float64)


def plan(
    population: pl.DataFrame,
    measure: str,
    labels: LabelSpace,
    *,
    columns: Sequence[str],
    half_width: float,
) -> list[CellPlan]:
    """Tell how many reviews each cell of a table needs.

    With the model, what is left to chance is its error: with calibrated probabilities p its variance is the
    mean of p (1 - p), to which 25 % are added because a model errs more on new texts. Without it, it is the
    share's own variance. Both with the finite population correction, and never fewer than it takes for "none
    was met" to mean "no more than the half-width" (rule of three).

    Args:
        population: As `read_population` gives it.
        measure: One of `measure_names`.
        labels: The codebook's label space.
        columns: Columns that make the table's cells: `audience`, `month`, `dim_unit`; none is one cell.
        half_width: Half the width of the interval wanted, in (0, 0.5): 0.03 for ± 3 points.

    Returns:
        One entry a cell, the largest first.

    Raises:
        ReviewError: The half-width or the measure is not possible.

    Source: Cochran (1977), Sampling Techniques, §4; Angelopoulos et al. (2023), Prediction-powered inference;
    Hanley and Lippman-Hand (1983), If nothing goes wrong, is everything all right?
    """
    if not 0 < half_width < 0.5:
        raise refusal(
            "half_width",
            "this precision cannot be planned",
            expected="more than 0 and less than 50 points",
            got=f"{100 * half_width:g}",
            where="planner",
            do="Ask for 1 to 10 points",
        )
    known = [name for name in columns if name in population.columns]
    p = predicted(population, measure, labels)
    frame = pl.DataFrame({"p": p, "spread": p * (1 - p)}).with_columns(
        *(population[name] for name in known), whole=pl.lit("–")
    )
    keys = known or ["whole"]
    cells = frame.group_by(keys).agg(pl.len().alias("n"), pl.col("p").mean(), pl.col("spread").mean())
    plans = []
    for row in cells.iter_rows(named=True):
        share = row["p"]
        variance_model = min(CAUTION * row["spread"], share * (1 - share))
        plans.append(
            CellPlan(
                cell=tuple(str(row[name]) if row[name] is not None else "–" for name in keys),
                n_verbatims=row["n"],
                expected=share,
                n_with_model=_needed(variance_model, row["n"], half_width),
                n_people_only=_needed(share * (1 - share), row["n"], half_width),
            )
        )
    return sorted(plans, key=lambda entry: (-entry.n_verbatims, entry.cell))


def _needed(variance: float, n_population: int, half_width: float) -> int:
    z = float(norm.ppf((1 + LEVEL) / 2))
    infinite = max(variance * (z / half_width) ** 2, RULE_OF_THREE / half_width)
    return min(n_population, ceil(infinite / (1 + infinite / n_population)))


def shrinking(
    population: pl.DataFrame, reviewed: pl.DataFrame, measure: str, labels: LabelSpace, n_steps: int = 20
) -> list[Step]:
    """Follow an estimate and its interval through a campaign.

    At each step the first reviews, in the queue's order, are a random part of the sample. Errors that are
    rare and large do not show in the variance of a few reviews: no interval is narrower than what "none was
    met" allows (rule of three), as `plan` has it.

    Args:
        population: All that could be drawn.
        reviewed: `verbatim_id`, `probability` (of the design) and people's labels, in the queue's order.
        measure: One of `measure_names`.
        labels: The codebook's label space.
        n_steps: At most so many points.

    Returns:
        Steps from ten reviews on; empty before.
    """
    n = len(reviewed)
    if n < 10:
        return []
    p = pl.DataFrame({"verbatim_id": population["verbatim_id"], "p": predicted(population, measure, labels)})
    joined = reviewed.join(p, on="verbatim_id", how="left").with_columns(pl.col("p").fill_null(0.0))
    y, f = observed(joined, measure), joined["p"].to_numpy()
    chance = joined["probability"].to_numpy()
    mean_f = float(p["p"].mean() or 0.0)  # type: ignore[arg-type]
    steps = []
    for k in np.unique(np.linspace(10, n, min(n_steps, n - 9)).astype(int)):
        pi = np.clip(chance[:k] * k / n, 1e-9, 1.0)
        correction, width = _weighted_total(y[:k] - f[:k], pi, len(population))
        # A ratio estimate is what people alone would allow: residuals from the weighted mean.
        alone = float(np.average(y[:k], weights=1 / pi))
        _, width_people = _weighted_total(y[:k] - alone, pi, len(population))
        unseen = _unseen(pi, len(population))
        estimate = min(max(mean_f + correction, 0.0), 1.0)
        steps.append(Step(int(k), estimate, max(width, unseen), max(width_people, unseen)))
    return steps


def _weighted_total(values: Floats, pi: Floats, n_population: int) -> tuple[float, float]:
    """Estimate a mean over the population by Horvitz and Thompson, with Hájek's variance (1964)."""
    k = len(values)
    expanded = values / pi
    free = 1 - pi
    centre = float((free * expanded).sum() / free.sum()) if free.sum() > 0 else 0.0
    variance = k / (k - 1) * float((free * (expanded - centre) ** 2).sum()) / n_population**2
    z = float(norm.ppf((1 + LEVEL) / 2))
    return float(expanded.sum() / n_population), z * float(np.sqrt(variance))


def _unseen(pi: Floats, n_population: int) -> float:
    """Tell how frequent what no review met may be, by Kish's effective number of reviews (1965)."""
    weights = 1 / pi
    n_effective = weights.sum() ** 2 / (weights**2).sum()
    return RULE_OF_THREE * max(float(1 / n_effective - 1 / n_population), 0.0)
