"""Where verbatims come from."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import Field, model_validator

from pipeline.config.section import Audience, Dimension, Name, Section


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
