"""How verbatims are tagged, what is estimated of them, and how people are protected."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import Field, model_validator

from pipeline.config.section import RATING_SCALES, Name, RatingScale, Section


class AnnotateConfig(Section):
    """How verbatims are tagged.

    Attributes:
        model: A shipped model's name, or a model folder, found as the codebook is; `default` is the one that
            this workspace's training promoted, or else the shipped default.
        part_rows: Verbatims a part, the unit of work and of restart.
    """

    model: str = "default"
    part_rows: int = Field(default=50_000, ge=1)


class PerceptionConfig(Section):
    """Which ratings of employees are their estimate of what customers would say.

    Attributes:
        question: Wording of the question whose verbatims carry the estimate as rating; or
        source: name of the source that does.
        scale: Scale on which both audiences rate.
        customer_dimension: Dimension that says whether an employee is a customer too.
        yes: Its member for those who are.
    """

    question: str | None = None
    source: str | None = None
    scale: Literal["nps", "enps", "csat", "stars", "ten"] = "ten"
    customer_dimension: Name | None = None
    yes: str = "oui"

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        if (self.question is None) == (self.source is None):
            raise ValueError("the perception gap needs either `question` or `source`")
        return self

    @property
    def bounds(self) -> RatingScale:
        """The bounds of the scale."""
        return RATING_SCALES[self.scale]


class EstimateConfig(Section):
    """What is estimated, and over which cells.

    Attributes:
        period: Length of a period.
        cells: Sets of dimensions crossed with audience and period; null takes each dimension alone.
        level: Confidence level of the intervals.
        target: Whom an interval speaks of: the verbatims `received`, where only tagging is unsure; or the
            `process` behind them, where others could have answered. Comparisons always take the latter.
        false_discoveries: Share of false findings accepted among gaps, changes and alerts that are called so.
        symmetry_people: Fewest respondents on either side for a theme to enter the symmetry index.
        perception: Which ratings of employees estimate customers' satisfaction; null when nobody was asked.
    """

    period: Literal["month", "quarter", "year", "all"] = "month"
    cells: tuple[tuple[Name, ...], ...] | None = None
    level: float = Field(default=0.95, gt=0.5, lt=1)
    target: Literal["received", "process"] = "received"
    false_discoveries: float = Field(default=0.05, gt=0, lt=0.5)
    symmetry_people: int = Field(default=10, ge=1)
    perception: PerceptionConfig | None = None


class AudienceThresholds(Section):
    """How people of one audience are protected; counted in distinct respondents, never in verbatims.

    Attributes:
        scores: Fewest respondents for a figure.
        themes: Fewest respondents who speak of a theme for a figure on it.
        quotes: Fewest respondents in a group of which a verbatim is quoted.
        changes: A figure whose people changed by fewer than this since it was shown is shown as it was.
        weight_of: No figure is told more finely than so many respondents weigh; 0 does not round.
    """

    scores: int = Field(ge=1)
    themes: int = Field(ge=1)
    quotes: int = Field(ge=1)
    changes: int = Field(default=5, ge=0, le=12)
    weight_of: int = Field(default=2, ge=0)


class ProtectConfig(Section):
    """How small groups are protected.

    Attributes:
        customer: For customers.
        employee: For employees.
        hierarchies: Each from the finest to the coarsest dimension: `[unit, region]`. Nesting that the data
            show is protected without being named here; what is named is also where some rows are misplaced.
        round_counts: Counts are told to the nearest multiple of this; 1 tells them exactly.
        after_withdrawal: What becomes of a figure that counted a person who withdrew, until `changes` people
            changed: `hide` it, or `keep` the one that was shown.
    """

    customer: AudienceThresholds = AudienceThresholds(scores=5, themes=5, quotes=1, weight_of=1)
    employee: AudienceThresholds = AudienceThresholds(scores=5, themes=10, quotes=10)
    hierarchies: tuple[tuple[Name, ...], ...] = ()
    round_counts: int = Field(default=5, ge=1)
    after_withdrawal: Literal["hide", "keep"] = "hide"
