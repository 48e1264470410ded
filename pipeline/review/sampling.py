"""Draw what is reviewed, so that each verbatim's probability of being drawn is known.

A campaign mixes purposes: a stratified random part for estimation, and parts that lean towards uncertain
verbatims, rare labels and disagreement between taggers. Each part gives every verbatim an expected number of
draws; their sum, capped at one, is the inclusion probability. A systematic sample with these probabilities
has a fixed size and keeps them exactly, so weighting each review by the inverse of its probability (Horvitz
and Thompson, 1952) undoes the leaning.

Source: Särndal, Swensson, Wretman (1992), Model Assisted Survey Sampling, §3.6; Bankier (1988) for the
allocation between strata.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import polars as pl
from numpy.typing import NDArray

from models.labels import LabelSpace
from pipeline.review.population import Scope
from pipeline.review.refusals import refusal
from pipeline.schema import (
    enchantment_column,
    incivility_column,
    theme_probability_column,
)

Floats = NDArray[np.float64]

MIN_RANDOM_SHARE = 0.2
RARE_BELOW = 0.15  # a label that fewer verbatims than this are expected to bear is rare
ALLOCATION_POWER = 0.5  # between equal strata (0) and proportional ones (1)


@dataclass(frozen=True, slots=True)
class Mix:
    """Shares of a campaign's draws, summing to 1.

    Attributes:
        random: Stratified random: what makes the estimates hold; at least 0.2.
        uncertainty: Leaning towards low confidence.
        rare: Leaning towards labels that few verbatims bear.
        disagreement: Leaning towards verbatims that two taggers read differently.
    """

    random: float = 0.6
    uncertainty: float = 0.15
    rare: float = 0.2
    disagreement: float = 0.05


@dataclass(frozen=True, slots=True)
class Design:
    """How a campaign is drawn; kept with it.

    Attributes:
        n_items: Verbatims to draw.
        mix: Purposes.
        strata: Columns whose crossing makes the strata: `audience`, `month`, `source`, `dim_<name>`.
        scope: Population.
        double_share: Share reviewed twice, blind.
        seed: Seed of the draw.
    """

    n_items: int
    mix: Mix = field(default_factory=Mix)
    strata: tuple[str, ...] = ("audience",)
    scope: Scope = field(default_factory=Scope)
    double_share: float = 0.1
    seed: int = 0


def inclusion_probabilities(
    population: pl.DataFrame, design: Design, labels: LabelSpace, other: pl.DataFrame | None = None
) -> pl.DataFrame:
    """Compute the probability with which each verbatim of the population is drawn.

    Args:
        population: As `read_population` gives it.
        design: What is wanted.
        labels: The codebook's label space.
        other: The same verbatims as read by another tagger; without it the share for disagreement goes to
            the random part.

    Returns:
        `verbatim_id`, `audience`, `stratum`, `probability` in (0, 1]; probabilities sum to the number drawn.

    Raises:
        ReviewError: The shares do not sum to 1, leave too little to chance, or nothing is asked for.
    """
    _check(design)
    stratum = _strata(population, design.strata)
    mix = design.mix
    parts = [(mix.uncertainty, 1.0 - population["confidence"].to_numpy().astype(np.float64))]
    parts.append((mix.rare, rarity(population, labels)))
    if other is not None:
        parts.append((mix.disagreement, _disagreement(population, other, labels)))
    leaning = [(share, weight) for share, weight in parts if share > 0 and weight.sum() > 0]
    random_share = 1.0 - sum(share for share, _ in leaning)
    size = random_share * _allocation(stratum)
    for share, weight in leaning:
        size = size + share * weight / weight.sum()
    n_items = min(design.n_items, len(population))
    return population.select("verbatim_id", "audience").with_columns(
        stratum=stratum, probability=pl.Series(capped(size, n_items))
    )


def draw(probabilities: pl.DataFrame, seed: int) -> pl.DataFrame:
    """Draw a systematic sample with the probabilities given.

    Strata lie one behind the other, each in random order, so every stratum gets its expected number, give or
    take one. The sample's own order is random: whatever part of it is reviewed first is a random part.

    Args:
        probabilities: As `inclusion_probabilities` gives them.
        seed: The same seed draws the same sample.

    Returns:
        The rows drawn, in the order in which they are to be reviewed.
    """
    generator = np.random.default_rng(seed)
    shuffled = (
        probabilities.with_columns(chance=pl.Series(generator.random(len(probabilities))))
        .sort("stratum", "chance")
        .drop("chance")
    )
    start = generator.random()
    steps = np.floor(np.cumsum(shuffled["probability"].to_numpy()) - start)
    drawn = shuffled.filter(pl.Series(np.diff(steps, prepend=np.floor(-start)) > 0))
    order = pl.Series(generator.permutation(len(drawn)))
    return drawn.with_columns(order=order).sort("order").drop("order")


def capped(size: Floats, n_items: int) -> Floats:
    """Scale sizes to probabilities that sum to `n_items`, none above one.

    >>> capped(np.array([1.0, 1.0, 8.0]), 2).tolist()
    [0.5, 0.5, 1.0]
    """
    probability = np.zeros(len(size))
    sure = np.zeros(len(size), dtype=bool)
    while True:
        rest = n_items - int(sure.sum())
        free = size * ~sure
        total = free.sum()
        probability = np.where(sure, 1.0, free * rest / total if total > 0 else 0.0)
        above = (probability > 1.0) & ~sure
        if not above.any():
            return np.asarray(np.clip(probability, 0.0, 1.0))
        sure |= above


def rarity(population: pl.DataFrame, labels: LabelSpace) -> Floats:
    """Weigh verbatims by how likely they bear a rare label, each rare label counting the same.

    Rare are the enchantments and incivilities other than `none`, and the themes, that the tagger expects on
    fewer than 15 % of the population.

    Returns:
        Non-negative weights; zeros when no label is rare.
    """
    candidates: list[Sequence[str]] = [
        *([enchantment_column(value)] for value in labels.enchantment if value != "none"),
        *([incivility_column(value)] for value in labels.incivility if value != "none"),
        *(
            [theme_probability_column(theme, polarity) for polarity in labels.polarities]
            for theme in labels.themes
        ),
    ]
    weight = np.zeros(len(population))
    for columns in candidates:
        known = [name for name in columns if name in population.columns]
        if not known:
            continue
        chance = population.select(pl.sum_horizontal(pl.col(known).fill_null(0.0))).to_series()
        expected = chance.to_numpy().astype(np.float64)
        if 0 < expected.mean() < RARE_BELOW:
            weight += expected / expected.sum()
    return weight


def _disagreement(population: pl.DataFrame, other: pl.DataFrame, labels: LabelSpace) -> Floats:
    names = [name for name in population.columns if name.startswith("p_") and name in other.columns]
    both = population.select("verbatim_id", *names).join(
        other.select("verbatim_id", *names), on="verbatim_id", how="left", suffix="_other"
    )
    gap = both.select(
        pl.sum_horizontal((pl.col(name) - pl.col(f"{name}_other")).abs().fill_null(0.0) for name in names)
    )
    return gap.to_series().to_numpy().astype(np.float64)


def _allocation(stratum: pl.Series) -> Floats:
    counts = pl.DataFrame({"stratum": stratum}).with_columns(n=pl.len().over("stratum"))
    n = counts["n"].to_numpy().astype(np.float64)
    weight: Floats = n**ALLOCATION_POWER / n
    return np.asarray(weight / weight.sum())


def _strata(population: pl.DataFrame, columns: Sequence[str]) -> pl.Series:
    known = [name for name in columns if name in population.columns]
    if not known:
        return pl.Series("stratum", ["all"] * len(population))
    joined = pl.concat_str([pl.col(name).cast(pl.String).fill_null("–") for name in known], separator=" · ")
    return population.select(joined.alias("stratum")).to_series()


def _check(design: Design) -> None:
    mix = design.mix
    shares = (mix.random, mix.uncertainty, mix.rare, mix.disagreement)
    if min(shares) < 0 or abs(sum(shares) - 1) > 1e-6 or mix.random < MIN_RANDOM_SHARE:
        raise refusal(
            "campaign_shares",
            "this sample cannot be drawn",
            expected=f"shares that sum to 1, at least {MIN_RANDOM_SHARE} of them random",
            got=", ".join(f"{share:g}" for share in shares),
            where="campaign",
            do="Raise the random share: it is what the intervals stand on",
        )
    if design.n_items < 1 or not 0 <= design.double_share <= 1:
        raise refusal(
            "campaign_size",
            "this sample cannot be drawn",
            expected="at least one verbatim, and a double share between 0 and 1",
            got=f"{design.n_items} and {design.double_share:g}",
            where="campaign",
            do="Ask for more",
        )
