"""Configuration: a YAML file becomes frozen, checked values; each step takes its own section only."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from pipeline.reserved_names import RESERVED_DIMENSIONS, RESERVED_NAMES

Audience = Literal["customer", "employee"]


@dataclass(frozen=True, slots=True)
class RatingScale:
    """The bounds of a rating, both included."""

    low: float
    high: float


RATING_SCALES = {
    "nps": RatingScale(0, 10),
    "enps": RatingScale(0, 10),
    "csat": RatingScale(1, 5),
    "stars": RatingScale(1, 5),
    "ten": RatingScale(1, 10),
}


def _is_plain_name(name: str) -> str:
    if not re.fullmatch(r"[a-z][a-z0-9_]{0,40}", name) or name in RESERVED_NAMES:
        raise ValueError(f"«{name}» must be lower-case letters, digits and _ and not a column of the tables")
    return name


def _is_free_dimension(name: str) -> str:
    if name in RESERVED_DIMENSIONS:
        raise ValueError(f"«{name}» is a column of the tables or a word of SQL; name the dimension «{name}_»")
    return name


Name = Annotated[str, AfterValidator(_is_plain_name)]
Dimension = Annotated[Name, AfterValidator(_is_free_dimension)]


def _given_twice(names: Iterable[str]) -> list[str]:
    return sorted(name for name, count in Counter(names).items() if count > 1)


class Section(BaseModel):
    """A part of the configuration: frozen, and nothing unknown in it."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class SqlQuery(Section):
    """A query through SQLAlchemy.

    Attributes:
        url: SQLAlchemy URL; `env:NAME` takes it from the environment, so that no password is stored.
        query: One SELECT.
    """

    url: str
    query: str


class RatingColumn(Section):
    """A rating and the scale it is given on."""

    column: str
    scale: Literal["nps", "enps", "csat", "stars", "ten"]


class SourceConfig(Section):
    """Where verbatims come from and what their columns mean.

    Attributes:
        name: Name of the source, part of every identity.
        audience: Who wrote.
        path: File, folder, glob or fsspec URL; or
        sql: a query.
        layout: Shape of the export; `auto` looks at the first rows.
        sheet: Sheet of a workbook; `*` reads all that hold answers, one after the other; null takes the one
            that does.
        encoding: Encoding of a text file; null finds it out.
        delimiter: Separator of a delimited file; null finds it out.
        text: Column of the verbatim, or
        questions: column → wording of the open question; each answer becomes its own verbatim.
        question_column: Column that holds the question, where each row is one answer.
        title: Column put before the text (reviews).
        record_id: Column that identifies a row.
        respondent: Column that identifies a person; stored as a keyed hash only.
        persons: Name of the register that the identifiers come from; sources that share it know the same
            persons, who then count once. Null: one register an audience. A register too many could show a
            group of four people in two sources as eight, so sharing is the default.
        date: Column of the date; `date_format` is a strptime pattern, or null to let the reader find out.
        rating: Rating and its scale.
        dimensions: Dimension → column.
        constants: Dimension → one value for the whole source.
        only_questions: Keep only these questions (wordings or columns); empty keeps all.
        only_rows: Column → values; keep only rows that hold one of them in each (`Type: [Collaborateur]`), so
            that a file of customers and employees is two sources.
        max_chars: A longer text is rejected.
        check_language: Reject texts that a detector is sure are not French.
    """

    name: Name
    audience: Audience
    path: str | None = None
    sql: SqlQuery | None = None
    layout: Literal["auto", "plain", "qualtrics", "surveymonkey"] = "auto"
    sheet: str | None = None
    encoding: str | None = None
    delimiter: str | None = Field(default=None, min_length=1, max_length=1)
    text: str | None = None
    questions: dict[str, str] = Field(default_factory=dict)
    question_column: str | None = None
    title: str | None = None
    record_id: str | None = None
    respondent: str | None = None
    persons: str | None = None
    date: str | None = None
    date_format: str | None = None
    rating: RatingColumn | None = None
    dimensions: dict[Dimension, str] = Field(default_factory=dict)
    constants: dict[Dimension, str] = Field(default_factory=dict)
    only_questions: tuple[str, ...] = ()
    only_rows: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    max_chars: int = Field(default=10_000, ge=1)
    check_language: bool = True

    @property
    def register_of_persons(self) -> str:
        """The register in which `respondent` identifies a person."""
        return self.persons or self.audience

    @model_validator(mode="after")
    def _one_origin_one_text(self) -> Self:
        if (self.path is None) == (self.sql is None):
            raise ValueError(f"source «{self.name}» needs either `path` or `sql`")
        if (self.text is None) == (not self.questions):
            raise ValueError(f"source «{self.name}» needs either `text` or `questions`")
        if self.questions and (self.question_column or self.title):
            raise ValueError(f"source «{self.name}»: `question_column` and `title` go with `text` only")
        both = sorted(self.dimensions.keys() & self.constants.keys())
        if both:
            raise ValueError(f"source «{self.name}»: dimension given twice: {', '.join(both)}")
        return self


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


class FilesSink(Section):
    """A copy of the release in a folder or at an fsspec URL, pointer moved last.

    Attributes:
        options: What fsspec needs to open it (`endpoint_url`…); `env:NAME`: from the environment.
    """

    kind: Literal["files"]
    name: Name
    url: str
    options: dict[str, str] = Field(default_factory=dict)


class PostgresqlSink(Section):
    """The tables in a PostgreSQL schema, swapped in one transaction.

    Attributes:
        url: `postgresql://…`; `env:NAME` takes it from the environment, so that no password is stored.
        db_schema: Schema that readers use, one of its own: one that holds other tables is refused.
        readers: Roles that may read it.
    """

    kind: Literal["postgresql"]
    name: Name
    url: str
    db_schema: Name = "miroir"
    readers: tuple[Name, ...] = ()


class DuckdbSink(Section):
    """The tables in a DuckDB file, swapped whole."""

    kind: Literal["duckdb"]
    name: Name
    path: str


class DeltaSink(Section):
    """Each table as a Delta table under a URL, for Spark or Databricks readers."""

    kind: Literal["delta"]
    name: Name
    url: str
    options: dict[str, str] = Field(default_factory=dict)


SinkConfig = Annotated[FilesSink | PostgresqlSink | DuckdbSink | DeltaSink, Field(discriminator="kind")]


class DigestConfig(Section):
    """What one department receives, and how.

    Attributes:
        department: Its name.
        themes: Themes that concern it; empty: all.
        cells: Dimension → members that concern it (`journey_step: [Sinistre]`); empty: the whole company.
        folder: Folder or fsspec URL where its page and CSV are put.
        emails: Addresses that receive them.
        webhook: Address that they are posted to; `env:NAME` takes it from the environment, `block:NAME`
            from a Prefect block.
    """

    department: str = Field(min_length=1)
    themes: tuple[str, ...] = ()
    cells: dict[Name, tuple[str, ...]] = Field(default_factory=dict)
    folder: str | None = None
    emails: tuple[str, ...] = ()
    webhook: str | None = None

    @property
    def stem(self) -> str:
        """Name of its files, without extension.

        >>> DigestConfig(department="Réclamations & S.A.V.").stem
        'reclamations-s-a-v'
        """
        plain = unicodedata.normalize("NFKD", self.department).encode("ascii", "ignore").decode().lower()
        return re.sub(r"[^a-z0-9]+", "-", plain).strip("-") or "service"


class SmtpConfig(Section):
    """The server that sends the digests.

    Attributes:
        password: `env:NAME` of the variable that holds it.
    """

    host: str = "127.0.0.1"
    port: int = Field(default=25, ge=1, le=65535)
    sender: str = "miroir@localhost"
    username: str | None = None
    password: str | None = None
    starttls: bool = False


class PublishConfig(Section):
    """What a release holds, and where else it goes.

    Attributes:
        title: Title of the release, shown to people.
        journey: Dimension of the customer's journey, shown on the page of enchantment; null: a usual name.
        units: Dimension of the units, shown on maps; null: a usual name, or the first one.
        expected_every_hours: A release older than this is late; null: never.
        owner: Who answers for the data, named in the contract.
        dimension_names: Dimension → its name on the pages (`unit: Agence`).
        poster_blocklist: Words that keep a verbatim off the affiche.
        sinks: Where else each release goes, once readers of the workspace have it.
        digests: What each department receives.
        smtp: The server that sends them.
    """

    title: str = "Miroir"
    journey: Name | None = None
    units: Name | None = None
    expected_every_hours: float | None = Field(default=None, gt=0)
    owner: str = "CX"
    dimension_names: dict[str, str] = Field(default_factory=dict)
    poster_blocklist: tuple[str, ...] = ()
    sinks: tuple[SinkConfig, ...] = ()
    digests: tuple[DigestConfig, ...] = ()
    smtp: SmtpConfig = SmtpConfig()

    @model_validator(mode="after")
    def _unique_targets(self) -> Self:
        # What was delivered is remembered by these names: of two, the second would never be served.
        if twice := _given_twice(sink.name for sink in self.sinks):
            raise ValueError(f"sinks need different names; given twice: {', '.join(twice)}")
        twice = _given_twice(digest.stem for digest in self.digests)
        if alike := [digest.department for digest in self.digests if digest.stem in twice]:
            raise ValueError(
                "digests need departments of different file names (as «Réclamations Nord»); alike: "
                + ", ".join(alike)
            )
        return self


class ServeConfig(Section):
    """How the dashboard and the read API are opened.

    Attributes:
        host: Address to listen on; the default answers this machine only. Another one needs a key.
        port: Port to listen on.
        public_hosts: Host names that readers may use besides this machine's own.
        api_keys: Name → `sha256:<hex>` of a key, or `env:NAME` of the variable that holds it. Programs send
            the key as `Authorization: Bearer` or `X-API-Key`; browsers ask for it as a password.
    """

    host: str = "127.0.0.1"
    port: int = Field(default=8322, ge=0, le=65535)
    public_hosts: tuple[str, ...] = ()
    api_keys: dict[str, str] = Field(default_factory=dict)


class ReviewConfig(Section):
    """How the review desk is opened.

    Attributes:
        database: SQLAlchemy URL of the reviews; null: `<workspace>/reviews/review.sqlite` when local;
            `env:NAME` takes it from the environment, so that no password is stored.
        host: Address to listen on; the default answers this machine only.
        port: Port to listen on.
        public_hosts: Host names that browsers may use besides this machine's own.
        employee_roles: Roles that may read employees' verbatims.
        lease_minutes: How long a verbatim handed to a reviewer is kept from the others.
        double_share: Share of a campaign that two people review blind.
    """

    database: str | None = None
    host: str = "127.0.0.1"
    port: int = Field(default=8321, ge=0, le=65535)
    public_hosts: tuple[str, ...] = ()
    employee_roles: tuple[Literal["reviewer", "lead", "reader"], ...] = ("reviewer", "lead")
    lease_minutes: int = Field(default=30, ge=1)
    double_share: float = Field(default=0.1, ge=0, le=1)


class RunConfig(Section):
    """Everything a run needs.

    Attributes:
        workspace: Local folder or fsspec URL; a relative path is taken from the current folder.
        secret_file: Key of the respondents' pseudonyms, made on first use; null: `<workspace>/secret.key`
            when local. The environment's `MIROIR_SECRET` wins.
        codebook: Another codebook than the shipped one; a relative path is taken from the folder of the
            configuration, else from the current one.
    """

    workspace: str = "workspace"
    secret_file: str | None = None
    codebook: str | None = None
    sources: tuple[SourceConfig, ...] = Field(min_length=1)
    annotate: AnnotateConfig = AnnotateConfig()
    estimate: EstimateConfig = EstimateConfig()
    protect: ProtectConfig = ProtectConfig()
    publish: PublishConfig = PublishConfig()
    review: ReviewConfig = ReviewConfig()
    serve: ServeConfig = ServeConfig()

    @model_validator(mode="after")
    def _unique_sources(self) -> Self:
        if twice := _given_twice(source.name for source in self.sources):
            raise ValueError(f"sources need different names; given twice: {', '.join(twice)}")
        return self

    @model_validator(mode="after")
    def _known_dimensions(self) -> Self:
        # A misspelt name would leave figures out, or a nesting unprotected, without a word.
        perception = self.estimate.perception
        named: dict[str, Iterable[str | None]] = {
            "estimate.cells": [name for cell in self.estimate.cells or () for name in cell],
            "estimate.perception": [perception.customer_dimension if perception else None],
            "protect.hierarchies": [name for names in self.protect.hierarchies for name in names],
            "publish.journey": [self.publish.journey],
            "publish.units": [self.publish.units],
            "publish.digests": [name for digest in self.publish.digests for name in digest.cells],
        }
        for key, names in named.items():
            if unknown := sorted({name for name in names if name} - set(self.dimensions)):
                given = ", ".join(self.dimensions) or "none"
                raise ValueError(
                    f"in `{key}`, dimensions that a source gives ({given}), not {', '.join(unknown)}"
                )
        return self

    @property
    def dimensions(self) -> tuple[str, ...]:
        """Names of all declared dimensions, sorted."""
        names = {name for source in self.sources for name in (*source.dimensions, *source.constants)}
        return tuple(sorted(names))
