"""Join verbatims with their annotations and sum scores over cells, in DuckDB with bounded memory."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import duckdb
import fsspec
import pyarrow as pa

from models.labels import LabelSpace
from pipeline import schema
from pipeline.errors import EstimateError
from pipeline.estimate.scores import ScoreBook, score_book

THREADS = 2
MEMORY_LIMIT = "1200MB"

# Scores are summed as whole numbers of 1/4,096: their sums and sums of squares stay exact in a double, so
# they do not depend on the order of threads.
UNIT = 4_096

_PERIODS = {
    "month": "strftime(date, '%Y-%m')",
    "quarter": "year(date) || '-T' || quarter(date)",
    "year": "CAST(year(date) AS VARCHAR)",
    "all": "NULL",
}


@dataclass(frozen=True, slots=True)
class BatchFiles:
    """The Parquet parts of one batch.

    Attributes:
        batch_id: Identity of the batch.
        verbatims: Paths of its verbatims, with their protocol when not on this machine.
        annotations: Paths of their annotations by one model, in the same form.
    """

    batch_id: str
    verbatims: tuple[str, ...]
    annotations: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class EstimateInputs:
    """What figures are computed from.

    Attributes:
        batches: Oldest first: a verbatim that comes again in a later batch is read there.
        dimensions: Declared dimensions, each a column of every table.
        reviews: Labels that people decided (`schema.reviewed_schema`), or null.
        calibration: The model's out-of-fold predictions (`models/shipped/<model>/oof.parquet`), or null.
        withdrawn: Respondents (keyed hashes) who withdrew; nothing of them is read.
        filesystem: Where the paths lie, when not on this machine.
    """

    batches: tuple[BatchFiles, ...]
    dimensions: tuple[str, ...]
    reviews: pa.Table | None = None
    calibration: pa.Table | None = None
    withdrawn: tuple[str, ...] = ()
    filesystem: fsspec.AbstractFileSystem | None = None


@dataclass(frozen=True, slots=True)
class Frame:
    """An open database with the table `frame`: one row a verbatim, in no particular order.

    Columns: `verbatim_id, audience, period, person, respondent, source, question, rating, rating_scale,
    sentiment, enchantment, is_learnt`,
    `f_i` score i in units of 1/4,096, `g_j` whether the verbatim is in group j, `t_k` how it speaks of
    theme k (0 not, 1 positive, 2 negative, 3 otherwise), `d_i` dimension i.
    """

    connection: duckdb.DuckDBPyConnection
    book: ScoreBook
    dimensions: tuple[str, ...]

    def dimension(self, name: str) -> str:
        """Name the column of a dimension."""
        return f"d_{self.dimensions.index(name)}"

    def group(self, name: str) -> str:
        """Name the column of a group."""
        return f"g_{list(self.book.groups).index(name)}"

    def table(self, sql: str) -> pa.Table:
        """Run a query."""
        return self.connection.sql(sql).to_arrow_table()


@contextmanager
def open_frame(inputs: EstimateInputs, period: str, labels: LabelSpace) -> Iterator[Frame]:
    """Build the table `frame` from the Parquet parts.

    Args:
        inputs: Where the parts are.
        period: `month`, `quarter`, `year` or `all`.
        labels: The codebook's label space.

    Yields:
        The open frame; its temporary files disappear at the end.

    Raises:
        EstimateError: A part is missing or has no such column.
    """
    book = score_book(labels)
    with tempfile.TemporaryDirectory(prefix="miroir-estimate-") as folder:
        connection = duckdb.connect(
            config={
                "threads": THREADS,
                "memory_limit": MEMORY_LIMIT,
                "temp_directory": folder,
                "preserve_insertion_order": False,
            }
        )
        try:
            if inputs.filesystem is not None:
                connection.register_filesystem(inputs.filesystem)
            _build(connection, inputs, period, book)
            yield Frame(connection, book, inputs.dimensions)
        except duckdb.Error as error:
            raise EstimateError.because(
                "figures cannot be computed",
                expected="verbatims and annotations as pipeline/schema.py describes them",
                got=str(error).splitlines()[0],
                where=f"{len(inputs.batches)} batch(es)",
                do="Run the steps before it again",
            ) from error
        finally:
            connection.close()


def _build(
    connection: duckdb.DuckDBPyConnection, inputs: EstimateInputs, period: str, book: ScoreBook
) -> None:
    connection.register("withdrawn", pa.table({"respondent": pa.array(inputs.withdrawn, pa.string())}))
    connection.register("verbatim_files", _ranks(inputs.batches, [b.verbatims for b in inputs.batches]))
    connection.register("annotation_files", _ranks(inputs.batches, [b.annotations for b in inputs.batches]))
    scores = ", ".join(
        f"CAST(round(({_sum_of(score.terms)}) * {UNIT}) AS INTEGER) AS f_{i}"
        for i, score in enumerate(book.scores)
    )
    groups = ", ".join(f"({condition}) AS g_{j}" for j, condition in enumerate(book.groups.values()))
    told = ", ".join(
        f"{theme_code(schema.theme_column(theme))} AS t_{k}" for k, theme in enumerate(book.labels.themes)
    )
    dimensions = "".join(f", dimensions['{name}'] AS d_{i}" for i, name in enumerate(inputs.dimensions))
    verbatims = paths_of(inputs)
    annotations = _paths([path for b in inputs.batches for path in b.annotations])
    # An anonymous answer stands for one person a row of its file; the smallest id names that person, so that
    # the name stays the same when the row comes again in a longer export.
    connection.execute(f"""
        CREATE TEMP TABLE people AS
        SELECT verbatim_id, rank, any_value(respondent) AS respondent,
               any_value(audience) AS audience, any_value({_PERIODS[period]}) AS period,
               any_value(rating) AS rating, any_value(rating_scale) AS rating_scale,
               any_value(source) AS source, any_value(row) AS row, any_value(question) AS question
               {"".join(f", any_value(d_{i}) AS d_{i}" for i in range(len(inputs.dimensions)))}
        FROM (SELECT * {dimensions}
              FROM read_parquet({verbatims}, filename = true) JOIN verbatim_files USING (filename))
        GROUP BY verbatim_id, rank
        """)
    connection.execute(f"""
        CREATE TEMP TABLE frame AS
        WITH latest AS (
            SELECT * FROM people
            WHERE (verbatim_id, rank) IN (SELECT (verbatim_id, max(rank)) FROM people GROUP BY verbatim_id)
              AND (respondent IS NULL OR respondent NOT IN (SELECT respondent FROM withdrawn))
        ), anonymous AS (
            SELECT source, rank, row, min(verbatim_id) AS first_id FROM latest
            WHERE respondent IS NULL GROUP BY ALL
        ), tagged AS (
            SELECT verbatim_id, rank, sentiment, enchantment, is_learnt, {scores}, {groups}, {told}
            FROM read_parquet({annotations}, filename = true) JOIN annotation_files USING (filename)
        )
        SELECT latest.* EXCLUDE (rank, row),
               md5_number_lower(coalesce(respondent, first_id)) AS person,
               tagged.* EXCLUDE (verbatim_id, rank)
        FROM latest
        JOIN (SELECT DISTINCT ON (verbatim_id, rank) * FROM tagged) AS tagged USING (verbatim_id, rank)
        LEFT JOIN anonymous ON latest.respondent IS NULL AND latest.source = anonymous.source
             AND latest.rank = anonymous.rank AND latest.row = anonymous.row
        """)
    connection.execute("DROP TABLE people")


def theme_code(column: str) -> str:
    """Write in SQL how a verbatim speaks of a theme, as the columns `t_k` of the frame say it."""
    return (
        f"CAST(CASE {column} WHEN 'positive' THEN 1 WHEN 'negative' THEN 2"
        f" ELSE if({column} IS NULL, 0, 3) END AS TINYINT)"
    )


def _sum_of(terms: Sequence[tuple[str, float]]) -> str:
    return " + ".join(f"{weight} * {column}" for column, weight in terms)


def _ranks(batches: Sequence[BatchFiles], files: Sequence[Sequence[str]]) -> pa.Table:
    pairs = [(path, rank) for rank, paths in enumerate(files) for path in paths]
    return pa.table(
        {
            "filename": pa.array([path for path, _ in pairs], pa.string()),
            "rank": pa.array([rank for _, rank in pairs], pa.int32()),
        }
    )


def paths_of(inputs: EstimateInputs) -> str:
    """Write the paths of all verbatims as an SQL list."""
    return _paths([path for batch in inputs.batches for path in batch.verbatims])


def _paths(paths: Sequence[str]) -> str:
    if not paths:
        raise EstimateError.because(
            "figures cannot be computed",
            expected="at least one batch with verbatims and annotations",
            got="none",
            where="the workspace's batches",
            do="Run `miroir run` with a source that has rows",
        )
    return "[" + ", ".join("'" + path.replace("'", "''") + "'" for path in paths) + "]"
