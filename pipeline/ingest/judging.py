"""Which answers are used, and why the others are not."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence

import polars as pl

from pipeline.config import RATING_SCALES, SourceConfig
from pipeline.errors import SourceError
from pipeline.ingest.chunks import BrokenRow
from pipeline.ingest.cleaning import same_text_key
from pipeline.ingest.encoding import UNDECODABLE
from pipeline.ingest.identity import SeenKeys, hash_together
from pipeline.ingest.language import find_not_french
from pipeline.ingest.layouts import plain_key

_MIN_TO_JUDGE = 20
_MAX_REPEATED = 0.5
_REJECT_COLUMNS = {"row": pl.Int64, "question": pl.String, "reason": pl.String, "detail": pl.String}


class Judge:
    """Gives each answer its reason to be left out, or none; remembers the answers of one input."""

    def __init__(self, source: SourceConfig, where: str, withdrawn: Collection[str] = ()) -> None:
        """Prepare for one input.

        Args:
            source: The declared source.
            where: File name, for errors.
            withdrawn: Keyed hashes of the persons who withdrew.
        """
        self._withdrawn = list(withdrawn)
        self._source = source
        self._where = where
        self._records = SeenKeys()
        self._answers = SeenKeys()

    def judge(self, answers: pl.DataFrame) -> pl.DataFrame:
        """Add the column `reason`: a code of `pipeline.ingest.rejects`, null for an answer that is kept.

        Args:
            answers: `row question key raw respondent record date wrong_date off_scale other_row` and more,
                in the order of the source.

        Returns:
            The same rows with their reason.

        Raises:
            SourceError: The column of record identifiers does not tell rows apart.
        """
        raw = pl.col("raw")
        answers = answers.with_columns(
            reason=pl.when(pl.col("respondent").is_in(self._withdrawn))
            .then(pl.lit("withdrawn"))
            .when("other_row")
            .then(pl.lit("other_row"))
            .when(raw.str.contains(UNDECODABLE, literal=True))
            .then(pl.lit("undecodable"))
            .when(self._is_other_question(answers))
            .then(pl.lit("other_question"))
            .when(raw.is_null())
            .then(pl.lit("empty"))
            .when(~raw.str.contains(r"\p{L}"))
            .then(pl.lit("no_letters"))
            .when(raw.str.len_chars() > self._source.max_chars)
            .then(pl.lit("too_long"))
            .when("wrong_date")
            .then(pl.lit("wrong_date"))
            .when("off_scale")
            .then(pl.lit("rating_off_scale"))
        )
        if self._source.check_language:
            answers = _reject(answers, "not_french", lambda some: find_not_french(some["raw"]))
        if self._source.respondent is not None or self._source.record_id is not None:
            answers = _reject(answers, "duplicate", self._find_duplicates)
        if self._source.record_id is not None:
            answers = _reject(answers, "repeated_record", self._find_repeated)
        return answers

    def _is_other_question(self, answers: pl.DataFrame) -> pl.Expr:
        if not self._source.question_column or not self._source.only_questions:
            return pl.lit(False)
        only = {plain_key(name) for name in self._source.only_questions}
        asked = answers["question"].unique().drop_nulls().to_list()
        return ~pl.col("question").is_in([name for name in asked if plain_key(name) in only]).fill_null(False)

    def _find_duplicates(self, some: pl.DataFrame) -> pl.Series:
        # The same words on another day are another answer (« RAS » in each month's survey).
        person = some["respondent"].fill_null(some["record"])
        keys = hash_together(person, some["key"], same_text_key(some["raw"]), some["date"])
        known = person.is_not_null()
        before = pl.Series(self._answers.count_before(keys[known.to_numpy()]) > 0)
        return pl.Series([False] * len(some), dtype=pl.Boolean).scatter(known.arg_true(), before)

    def _find_repeated(self, some: pl.DataFrame) -> pl.Series:
        known = some["record"].is_not_null()
        keys = hash_together(some["record"], some["key"])[known.to_numpy()]
        repeated = pl.Series(self._records.count_before(keys) > 0, dtype=pl.Boolean)
        if len(repeated) >= _MIN_TO_JUDGE and int(repeated.sum()) > _MAX_REPEATED * len(repeated):
            raise SourceError.because(
                f"the record identifiers of source «{self._source.name}» do not tell rows apart",
                expected="a different value on every row",
                got=f"{int(repeated.sum())} values of {len(repeated)} that were already read",
                where=f"{self._where}, column «{self._source.record_id}»",
                do="Take `record_id` out, or name the column that numbers the answers",
            )
        return pl.Series([False] * len(some), dtype=pl.Boolean).scatter(known.arg_true(), repeated)


def rejects_of(answers: pl.DataFrame, broken: Sequence[BrokenRow], source: SourceConfig) -> pl.DataFrame:
    """List what is left out: answers with a reason, and rows that could not be read.

    Args:
        answers: What `Judge.judge` returned.
        broken: Rows that could not be read.
        source: The declared source, whose limits the details quote.

    Returns:
        `row question reason detail`, by row. A detail never quotes what was written.
    """
    details = {"too_long": f"at most {source.max_chars} characters expected"}
    if source.rating is not None:
        scale = RATING_SCALES[source.rating.scale]
        details["rating_off_scale"] = f"{scale.low:g} to {scale.high:g} expected ({source.rating.scale})"
    if source.date is not None:
        details["wrong_date"] = f"{source.date_format or 'a day, day first,'} not in the future expected"
    left_out = answers.filter(pl.col("reason").is_not_null()).select(
        "row",
        "question",
        "reason",
        detail=pl.col("reason").replace_strict(details, default=None, return_dtype=pl.String),
    )
    rows = [(item.row, None, item.reason, item.detail) for item in broken]
    unread = pl.DataFrame(rows, schema=_REJECT_COLUMNS, orient="row")
    return pl.concat([left_out, unread]).sort("row", maintain_order=True)


def _reject(answers: pl.DataFrame, code: str, find: Callable[[pl.DataFrame], pl.Series]) -> pl.DataFrame:
    """Give a reason to those of the answers still kept that `find` points out."""
    kept = answers["reason"].is_null().arg_true()
    hit = find(answers[kept])
    return answers.with_columns(reason=answers["reason"].scatter(kept.filter(hit), code))
