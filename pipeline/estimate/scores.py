"""What is measured: scores of one verbatim, linear in its labels, and measures made of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np
import numpy.typing as npt

from models.labels import LabelSpace
from pipeline import schema

Floats = npt.NDArray[np.float64]
Kind = Literal["scores", "themes"]

NONE = "none"
POSITIVE, NEGATIVE, MIXED = "positive", "negative", "mixed"


@dataclass(frozen=True, slots=True)
class Score:
    """A number that one verbatim has, a sum over its labels: 1 when it is so, or -1, 0, 1, 2.

    Attributes:
        name: Column of the score.
        terms: Probability column of a label value → what that value counts for.
        low: Lowest value that a verbatim can have.
        high: Highest value that a verbatim can have.
        within: Score that must be 1 for this one not to be 0, which bounds its variance.
    """

    name: str
    terms: tuple[tuple[str, float], ...]
    low: float = 0.0
    high: float = 1.0
    within: str | None = None

    @property
    def is_binary(self) -> bool:
        """Whether a verbatim has it or not."""
        return (self.low, self.high) == (0.0, 1.0)


@dataclass(frozen=True, slots=True)
class Measure:
    """A published figure: the mean of a score, or the ratio of two means.

    Attributes:
        name: Name in the column `measure`.
        numerator: Score above the line.
        denominator: Score below the line; null for a plain mean.
        both: Score that is the sum of the two, from which their covariance follows.
        theme: Theme, where there is one.
        group: Whom the figure is about: `all`, or a group of `ScoreBook.groups`.
        counted: Whose n is shown: `all` or the group.
        kind: Which threshold protects it.
        low: Lowest value that the figure can have; its highest is 1.
    """

    name: str
    numerator: str
    denominator: str | None = None
    both: str | None = None
    theme: str | None = None
    group: str = "all"
    counted: str = "all"
    kind: Kind = "scores"
    low: float = 0.0


@dataclass(frozen=True)
class ScoreBook:
    """Every score and measure of a codebook, in a fixed order."""

    labels: LabelSpace
    scores: tuple[Score, ...]
    measures: tuple[Measure, ...]

    @cached_property
    def index(self) -> dict[str, int]:
        """Score name → its position."""
        return {score.name: position for position, score in enumerate(self.scores)}

    @cached_property
    def columns(self) -> list[str]:
        """Probability columns that scores are made of."""
        return schema.probability_columns(self.labels)

    @cached_property
    def matrix(self) -> Floats:
        """Columns × scores: probabilities or indicators of gold labels, times this, are scores."""
        rows = {name: position for position, name in enumerate(self.columns)}
        matrix = np.zeros((len(rows), len(self.scores)))
        for position, score in enumerate(self.scores):
            for column, weight in score.terms:
                matrix[rows[column], position] = weight
        return matrix

    @cached_property
    def groups(self) -> dict[str, str]:
        """Group of verbatims → SQL condition on the decided labels of an annotation."""
        themed = {
            theme_group(theme): f"{schema.theme_column(theme)} IS NOT NULL" for theme in self.labels.themes
        }
        return {"all": "TRUE", "enchanted": f"enchantment <> '{NONE}'", **themed}


def theme_group(theme: str) -> str:
    """Name the group of verbatims that speak of a theme."""
    return f"theme_{theme}"


def score_book(labels: LabelSpace) -> ScoreBook:
    """Derive scores and measures from the codebook's labels.

    Args:
        labels: Label space. A theme that a user added is measured like the others; a measure whose labels
            were renamed away (`positive`, `relational`…) is left out.

    Returns:
        Scores and measures, in the codebook's order.
    """
    scores: list[Score] = []
    measures: list[Measure] = []
    _add_sentiment(labels, scores, measures)
    _add_enchantment(labels, scores, measures)
    for value in labels.incivility:
        if value != NONE:
            name = f"incivility_{value}"
            scores.append(Score(name, ((schema.incivility_column(value), 1.0),)))
            measures.append(Measure(name, name))
    for theme in labels.themes:
        _add_theme(labels, theme, scores, measures)
    return ScoreBook(labels, tuple(scores), tuple(measures))


def _add_sentiment(labels: LabelSpace, scores: list[Score], measures: list[Measure]) -> None:
    for value in labels.sentiment:
        name = f"sentiment_{value}"
        scores.append(Score(name, ((schema.sentiment_column(value), 1.0),)))
        measures.append(Measure(name, name))
    if _has(labels.sentiment, POSITIVE, NEGATIVE):
        terms = ((schema.sentiment_column(POSITIVE), 1.0), (schema.sentiment_column(NEGATIVE), -1.0))
        scores.append(Score("sentiment_net", terms, low=-1.0))
        measures.append(Measure("sentiment_net", "sentiment_net", low=-1.0))


def _add_enchantment(labels: LabelSpace, scores: list[Score], measures: list[Measure]) -> None:
    delighted = tuple((schema.enchantment_column(v), 1.0) for v in labels.enchantment if v != NONE)
    scores.append(Score("enchanted", delighted))
    measures.append(Measure("enchantment_rate", "enchanted"))
    if _has(labels.enchantment, "relational"):
        relational = ((schema.enchantment_column("relational"), 1.0),)
        scores.append(Score("relational", relational))
        scores.append(Score("enchanted_relational", _sum(delighted, relational), high=2.0))
        measures.append(
            Measure(
                "enchantment_relational_share",
                "relational",
                "enchanted",
                "enchanted_relational",
                group="enchanted",
                counted="enchanted",
            )
        )
    if _has(labels.sentiment, POSITIVE, MIXED):
        satisfied = tuple((schema.sentiment_column(v), 1.0) for v in (POSITIVE, MIXED))
        scores.append(Score("satisfied", satisfied))
        scores.append(Score("satisfied_enchanted", _sum(satisfied, delighted), high=2.0))
        measures.append(Measure("enchantment_intensity", "enchanted", "satisfied", "satisfied_enchanted"))


def _add_theme(labels: LabelSpace, theme: str, scores: list[Score], measures: list[Measure]) -> None:
    def column(value: str) -> str:
        return schema.theme_probability_column(theme, value)

    present = tuple((column(value), 1.0) for value in labels.polarities)
    group = theme_group(theme)
    share = f"{theme}_present"
    scores.append(Score(share, present))
    measures.append(Measure("theme_share", share, theme=theme, group=group, kind="themes"))
    if _has(labels.polarities, POSITIVE, NEGATIVE):
        balance = ((column(POSITIVE), 1.0), (column(NEGATIVE), -1.0))
        net, both = f"{theme}_balance", f"{theme}_both"
        scores.append(Score(net, balance, low=-1.0, within=share))
        scores.append(Score(both, _sum(present, balance), high=2.0, within=share))
        measures.append(
            Measure(
                "theme_net",
                net,
                share,
                both,
                theme=theme,
                group=group,
                counted=group,
                kind="themes",
                low=-1.0,
            )
        )


def _has(values: Sequence[str], *wanted: str) -> bool:
    return all(value in values for value in wanted)


def _sum(*parts: tuple[tuple[str, float], ...]) -> tuple[tuple[str, float], ...]:
    total: dict[str, float] = {}
    for part in parts:
        for column, weight in part:
            total[column] = total.get(column, 0.0) + weight
    return tuple((column, weight) for column, weight in total.items() if weight)
