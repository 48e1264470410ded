"""Rows become answers: one a row and open question, with what is known about it, or why it is left out."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date

import polars as pl

from pipeline.config import RATING_SCALES, SourceConfig
from pipeline.errors import SourceError
from pipeline.ingest.chunks import Chunk
from pipeline.ingest.cleaning import blank_nothing, clean_texts, join_titles
from pipeline.ingest.dates import DateReader
from pipeline.ingest.dimensions import read_dimension
from pipeline.ingest.identity import (
    SeenKeys,
    hash_together,
    join_identity,
    key_respondents,
    key_rows,
    verbatim_ids,
)
from pipeline.ingest.judging import Judge, rejects_of
from pipeline.ingest.layouts import plain_key
from pipeline.ingest.ratings import read_ratings

_MIN_TO_JUDGE = 20  # given values from which a column without one sound value is a mistake of the mapping
DIMENSION = "dimension:"
_JUDGED = ("order", "key", "record", "respondent", "wrong_date", "off_scale", "other_row", "reason")


@dataclass(frozen=True, slots=True)
class Answers:
    """The answers of a chunk.

    Attributes:
        kept: `verbatim_id row respondent date question raw rating` and a column `dimension:<name>` a
            dimension, in the order of the source. `raw` is not masked: it must not leave the process.
        rejects: `row question reason detail`.
        n_rows: Rows read, those that could not be read included.
        n_answers: Kept and rejected.
    """

    kept: pl.DataFrame
    rejects: pl.DataFrame
    n_rows: int
    n_answers: int


def declared_columns(source: SourceConfig) -> tuple[str, ...]:
    """List the columns that a source names, each once."""
    named = [
        *_questions(source),
        source.title,
        source.question_column,
        source.record_id,
        source.respondent,
        source.date,
        source.rating.column if source.rating else None,
        *source.dimensions.values(),
        *source.only_rows,
    ]
    return tuple(dict.fromkeys(name for name in named if name is not None))


def _questions(source: SourceConfig) -> dict[str, str | None]:
    """Give the columns of answers and the wordings of their questions, filtered."""
    if source.text is not None:
        return {source.text: None}
    only = {plain_key(name) for name in source.only_questions}
    kept: dict[str, str | None] = {
        column: wording or column
        for column, wording in source.questions.items()
        if not only or {plain_key(column), plain_key(wording)} & only
    }
    if not kept:
        raise SourceError.because(
            f"no question of source «{source.name}» is left",
            expected="in `only_questions`, columns or wordings of `questions`",
            got="none of them",
            where=f"source «{source.name}»",
            do="Mend `only_questions`",
        )
    return kept


class AnswerBuilder:
    """Turns the chunks of one input into answers; remembers what it has seen of the input."""

    def __init__(
        self,
        source: SourceConfig,
        secret: bytes,
        where: str,
        *,
        today: date | None = None,
        withdrawn: Collection[str] = (),
    ) -> None:
        """Prepare for one input.

        Args:
            source: The declared source.
            secret: Key of the pseudonyms.
            where: File name, for errors.
            today: The day from which a date is in the future; null is the day of the call.
            withdrawn: Keyed hashes of the persons who withdrew: their answers are left out.
        """
        self._source = source
        self._secret = secret
        self._where = where
        self._questions = _questions(source)
        self._dates = DateReader(source.date_format, today=today)
        self._judge = Judge(source, where, withdrawn)
        self._identities = SeenKeys()
        self._rows = SeenKeys()
        self._found: set[str] = set()

    def build(self, chunk: Chunk) -> Answers:
        """Build the answers of a chunk.

        Raises:
            SourceError: A column cannot be what the source says it is.
        """
        self._found.update(chunk.frame.columns)
        shared = self._read_shared(chunk)
        shared = shared.with_columns(person=self._key_persons(chunk, shared))
        answers = pl.concat(
            [self._read_question(chunk, shared, column, i) for i, column in enumerate(self._questions)]
        )
        if len(self._questions) > 1:
            answers = answers.sort("row", "order", maintain_order=True)
        answers = self._judge.judge(answers)
        kept = self._identify(answers.filter(pl.col("reason").is_null()))
        return Answers(
            kept=kept.drop(*_JUDGED).rename({"person": "respondent"}),
            rejects=rejects_of(answers, chunk.broken, self._source),
            n_rows=len(chunk.rows) + len(chunk.broken),
            n_answers=len(answers) + len(chunk.broken),
        )

    def check_columns(self) -> None:
        """Check that every declared column was met: after the first chunk, or the last one of JSON lines.

        Raises:
            SourceError: A column is missing.
        """
        missing = [name for name in declared_columns(self._source) if name not in self._found]
        if missing:
            raise SourceError.because(
                f"columns of source «{self._source.name}» are missing",
                expected=", ".join(f"«{name}»" for name in missing),
                got=f"a table with {len(self._found)} of the columns declared",
                where=self._where,
                do="Compare the names with the file's header, or let `miroir inspect` propose them",
            )

    def _column(self, chunk: Chunk, name: str | None) -> pl.Series:
        if name is None or name not in chunk.frame.columns:
            return pl.Series(name or "", [None] * len(chunk.rows), dtype=pl.String)
        return chunk.frame[name]

    def _values(self, chunk: Chunk, name: str | None) -> pl.Series:
        """Give a column of anything but answers, which `clean_texts` sees to."""
        return blank_nothing(self._column(chunk, name))

    def _read_shared(self, chunk: Chunk) -> pl.DataFrame:
        source = self._source
        dates, wrong = self._dates.read(self._values(chunk, source.date))
        self._check_column(source.date, dates, wrong, "dates; `date_format` names an unusual form")
        scale = source.rating.scale if source.rating else "stars"
        ratings, off = read_ratings(
            self._values(chunk, source.rating.column if source.rating else None), RATING_SCALES[scale]
        )
        if source.rating:
            self._check_column(source.rating.column, ratings, off, f"ratings on the scale «{scale}»")
        record = self._values(chunk, source.record_id).cast(pl.String, strict=False).str.strip_chars()
        columns = {
            "row": chunk.rows,
            "respondent": key_respondents(
                self._secret, source.register_of_persons, self._values(chunk, source.respondent)
            ),
            "date": dates,
            "wrong_date": wrong,
            "rating": ratings,
            "off_scale": off,
            "other_row": self._find_other_rows(chunk),
            "record": record.set((record == "").fill_null(False), None),
        }
        for name, column in sorted(source.dimensions.items()):
            values = self._values(chunk, column)
            columns[DIMENSION + name] = read_dimension(values, name, column, self._where)
        return pl.DataFrame(columns)

    def _find_other_rows(self, chunk: Chunk) -> pl.Series:
        other = pl.repeat(False, len(chunk.rows), dtype=pl.Boolean, eager=True)
        for column, wanted in self._source.only_rows.items():
            values = self._values(chunk, column).cast(pl.String, strict=False)
            keys = {plain_key(each) for each in wanted}
            ours = [each for each in values.unique().drop_nulls().to_list() if plain_key(each) in keys]
            other |= ~values.is_in(pl.Series(ours, dtype=pl.String)).fill_null(False)
        return other

    def _check_column(self, column: str | None, read: pl.Series, wrong: pl.Series, expected: str) -> None:
        n_wrong = int(wrong.sum())
        if n_wrong >= _MIN_TO_JUDGE and read.null_count() == len(read):
            raise SourceError.because(
                f"a column of source «{self._source.name}» is not what it is declared to be",
                expected=expected,
                got=f"none in the first {n_wrong} values",
                where=f"{self._where}, column «{column}»",
                do="Mend the mapping, or take the column out",
            )

    def _read_question(self, chunk: Chunk, shared: pl.DataFrame, column: str, order: int) -> pl.DataFrame:
        source = self._source
        texts = clean_texts(self._column(chunk, column))
        if source.title is not None:
            texts = join_titles(clean_texts(self._column(chunk, source.title)), texts)
        if source.question_column is not None:
            asked = read_dimension(
                self._values(chunk, source.question_column), "question", source.question_column, self._where
            )
            question, key = asked, asked
        else:
            question = pl.Series([self._questions[column]] * len(shared), dtype=pl.String)
            key = pl.Series([None if source.text else column] * len(shared), dtype=pl.String)
        return shared.with_columns(raw=texts, question=question, key=key, order=pl.lit(order, dtype=pl.Int32))

    def _key_persons(self, chunk: Chunk, shared: pl.DataFrame) -> pl.Series:
        """Give a row without a respondent a key of its own: its answers are one person's, and count once."""
        texts = [self._column(chunk, column) for column in self._questions]
        content = join_identity(shared["date"], *texts)
        nth = pl.Series(self._rows.count_before(hash_together(content)))
        rows = shared["record"].fill_null(content).set(shared["respondent"].is_not_null(), None)
        nth = nth.set(shared["record"].is_not_null(), 0)
        return shared["respondent"].fill_null(key_rows(self._secret, self._source.name, rows, nth))

    def _identify(self, kept: pl.DataFrame) -> pl.DataFrame:
        source = self._source
        by_content = join_identity(kept["respondent"], kept["date"], kept["key"], kept["raw"])
        by_record = join_identity(kept["record"], kept["key"])
        has_record = kept["record"].is_not_null()
        # The n-th answer that looks the same, so that anonymous twins (« RAS ») keep apart.
        nth = pl.Series(self._identities.count_before(hash_together(by_content)))
        content = join_identity(pl.Series(["content"] * len(kept), dtype=pl.String), by_content, nth)
        record = join_identity(pl.Series(["record"] * len(kept), dtype=pl.String), by_record)
        identities = record.zip_with(has_record, content).to_list()
        return kept.with_columns(
            verbatim_id=pl.Series(verbatim_ids(self._secret, source.name, identities), dtype=pl.String)
        )
