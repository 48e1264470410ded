"""JSON lines, Parquet and SQL: formats that name their columns, streamed in chunks."""

from __future__ import annotations

import io
import itertools
import json
import os
from collections.abc import Collection, Iterator
from typing import IO, Any

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import sqlalchemy

from models.json_lines import drop_half_characters
from pipeline.config import SqlQuery
from pipeline.errors import SourceError
from pipeline.ingest.chunks import CHUNK_ROWS, BrokenRow, Chunk, make_chunk
from pipeline.ingest.encoding import decoding, error_handler
from pipeline.ingest.layouts import find_columns, plain_key


def read_jsonl(stream: IO[bytes], *, encoding: str, declared: Collection[str]) -> Iterator[Chunk]:
    """Read JSON lines; the fields of an inner object are named `outer.inner`.

    Args:
        stream: The bytes, from their start.
        encoding: Encoding of the file.
        declared: Fields to read.

    Yields:
        Chunks of text columns, one for each declared field that some line of the file has had so far.
    """
    wanted = {plain_key(name): name for name in declared}
    seen: dict[str, None] = {}
    row = 0
    with decoding(stream, encoding) as text_stream:
        for lines in _batched(text_stream, CHUNK_ROWS):
            rows: list[int] = []
            records: list[dict[str, str | None]] = []
            broken: list[BrokenRow] = []
            for line in lines:
                text = line.strip().lstrip("\ufeff")
                if not text:
                    continue
                row += 1
                record = _parse_object(text, wanted)
                if record is None:
                    broken.append(
                        BrokenRow(row, "bad_json", f"one JSON object expected, {len(text)} characters found")
                    )
                    continue
                rows.append(row)
                records.append(record)
                seen.update(dict.fromkeys(record))
            yield make_chunk({name: [record.get(name) for record in records] for name in seen}, rows, broken)


def _batched(stream: io.TextIOWrapper, size: int) -> Iterator[list[str]]:
    lines = iter(stream)
    while batch := list(itertools.islice(lines, size)):
        yield batch


def _parse_object(text: str, wanted: dict[str, str]) -> dict[str, str | None] | None:
    try:
        content = json.loads(text)
    except (ValueError, RecursionError):
        return None
    if not isinstance(content, dict):
        return None
    return {wanted[plain_key(name)]: value for name, value in flatten(content) if plain_key(name) in wanted}


def flatten(content: dict[str, Any], prefix: str = "") -> Iterator[tuple[str, str | None]]:
    """Go through the fields of an object, inner objects included.

    Args:
        content: A JSON object.
        prefix: Put before the names.

    Yields:
        Name and value as text; a list is joined with commas.
    """
    for name, value in content.items():
        if isinstance(value, dict):
            yield from flatten(value, f"{prefix}{name}.")
        else:
            yield prefix + name, _as_text(value)


def _as_text(value: object) -> str | None:
    if isinstance(value, str):
        return drop_half_characters(value)
    if value is None:
        return None
    if isinstance(value, list):
        items = (item if isinstance(item, str) else json.dumps(item, default=str) for item in value)
        return drop_half_characters(", ".join(items))
    return json.dumps(value, ensure_ascii=False, default=str)


def read_parquet(stream: IO[bytes], *, declared: Collection[str], where: str) -> Iterator[Chunk]:
    """Read a Parquet file, its declared columns only.

    Args:
        stream: A seekable stream.
        declared: Columns to read.
        where: File name, for errors.

    Yields:
        Chunks of typed columns.

    Raises:
        SourceError: The file is no Parquet.
    """
    try:
        # Read in this thread: Arrow's own threads may still hold the Python stream when the process ends,
        # and then abort it.
        file = pq.ParquetFile(stream, pre_buffer=False)
        picks = {
            name: file.schema_arrow.names[i]
            for name, i in find_columns(file.schema_arrow.names, declared).items()
        }
        start = 1
        for batch in file.iter_batches(
            batch_size=CHUNK_ROWS, columns=list(set(picks.values())), use_threads=False
        ):
            columns = [_as_series(name, batch.column(column)) for name, column in picks.items()]
            rows = pl.int_range(start, start + batch.num_rows, dtype=pl.Int64, eager=True).alias("row")
            start += batch.num_rows
            yield Chunk(pl.DataFrame(columns), rows, [])
        if start == 1:
            yield make_chunk({name: [] for name in picks}, [], [])
    except (pa.ArrowInvalid, OSError) as error:
        raise SourceError.because(
            "a Parquet file cannot be read",
            expected="a whole Parquet file",
            got=f"bytes that are none ({type(error).__name__})",
            where=where,
            do="Write the file again",
        ) from None


def _as_series(name: str, column: pa.Array) -> pl.Series:
    series = pl.Series(name, pl.from_arrow(column))
    if series.dtype.is_nested():
        return pl.Series(name, [_as_text(value) for value in column.to_pylist()], dtype=pl.String)
    if series.dtype == pl.Binary:
        texts = [
            None if value is None else value.decode("utf-8", error_handler()) for value in series.to_list()
        ]
        return pl.Series(name, texts, dtype=pl.String)
    if not (series.dtype.is_numeric() or series.dtype.is_temporal()):
        return series.cast(pl.String, strict=False)
    return series


def read_sql(query: SqlQuery, *, declared: Collection[str], where: str) -> Iterator[Chunk]:
    """Read the rows of a query, streamed by the server where its driver can.

    Args:
        query: URL and SELECT.
        declared: Columns to read.
        where: Name of the source, for errors.

    Yields:
        Chunks of text columns: dates in ISO form.

    Raises:
        SourceError: No connection, or the query fails.
    """
    try:
        engine = sqlalchemy.create_engine(_resolve_url(query.url, where), hide_parameters=True)
    except (sqlalchemy.exc.ArgumentError, ImportError) as error:
        raise _sql_error(type(error).__name__, where) from None
    try:
        with engine.connect() as connection:
            streaming = connection.execution_options(stream_results=True, yield_per=CHUNK_ROWS)
            result = streaming.execute(sqlalchemy.text(query.query))
            picks = find_columns(list(result.keys()), declared)
            start = 1
            for records in result.partitions(CHUNK_ROWS):
                columns = {name: [_sql_text(record[i]) for record in records] for name, i in picks.items()}
                yield make_chunk(columns, list(range(start, start + len(records))), [])
                start += len(records)
            if start == 1:
                yield make_chunk({name: [] for name in picks}, [], [])
    except sqlalchemy.exc.SQLAlchemyError as error:
        # The driver's own words may quote values, so only its class is told.
        driver = type(getattr(error, "orig", None) or error).__name__
        raise _sql_error(driver, where) from None
    finally:
        engine.dispose()


def _sql_text(value: object) -> str | None:
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bytes | memoryview):
        return bytes(value).decode("utf-8", error_handler())
    if isinstance(value, float) and value.is_integer():
        return str(int(value))  # a driver reads a column of numbers with nulls as floats: the person is 42
    isoformat = getattr(value, "isoformat", None)
    return str(isoformat()) if isoformat else str(value)


def _resolve_url(url: str, where: str) -> str:
    if not url.startswith("env:"):
        return url
    name = url.removeprefix("env:")
    if not os.environ.get(name):
        raise SourceError.because(
            "the URL of a database is missing",
            expected=f"an SQLAlchemy URL in the environment variable {name}",
            got="no such variable, or an empty one",
            where=where,
            do=f"Set {name} before the run",
        )
    return os.environ[name]


def _sql_error(got: str, where: str) -> SourceError:
    return SourceError.because(
        "a query cannot be read",
        expected="a database that answers and a SELECT that it accepts",
        got=got,
        where=where,
        do="Try the query in the database's own client, and check the URL, its driver and the rights",
    )
