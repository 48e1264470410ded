"""Delimited files, record by record: every row is read or rejected, and a broken quote eats no other row."""

from __future__ import annotations

import csv
import io
import itertools
from collections import deque
from collections.abc import Collection, Iterator
from contextlib import suppress
from typing import IO

from pipeline.errors import SourceError
from pipeline.ingest.chunks import CHUNK_ROWS, BrokenRow, Chunk, make_chunk, pick_columns
from pipeline.ingest.dialect import Dialect, sniff
from pipeline.ingest.encoding import decoding
from pipeline.ingest.layouts import PEEK_ROWS, Header, Layout, find_columns, read_header

_SAMPLE_CHARS = 1 << 16
_MAX_RECORD_LINES = 2_000


class RecordReader:
    """Iterates over the records of a delimited stream; blank lines are none.

    A record whose quotes are broken is taken back line by line, so that an unclosed quote costs its own
    line and not those that follow.
    """

    def __init__(self, lines: Iterator[str], dialect: Dialect) -> None:
        """Prepare to read.

        Args:
            lines: Physical lines with their ends, from the first one.
            dialect: Separator and quoting.
        """
        self._lines = lines
        self._dialect = dialect
        self._again: deque[str] = deque()
        self._taken: list[str] = []
        self._width: int | None = None

    def expect(self, width: int) -> None:
        """Say how many cells a sound record has; a broken line may then be told from a quoted one."""
        self._width = width

    def __iter__(self) -> Iterator[list[str]]:
        reader = self._reader()
        while True:
            self._taken.clear()
            try:
                record = next(reader)
            except StopIteration:
                return
            except csv.Error:
                record = self._recover()
                reader = self._reader()
            if record:
                if self._width is None:
                    self._width = len(record)
                yield record

    def _reader(self) -> Iterator[list[str]]:
        return csv.reader(
            self._next_lines(),
            delimiter=self._dialect.delimiter,
            quotechar=self._dialect.quote,
            escapechar=self._dialect.escape,
            strict=True,
        )

    def _next_lines(self) -> Iterator[str]:
        taken = self._taken
        while line := self._again.popleft() if self._again else next(self._lines, ""):
            taken.append(line)
            if len(taken) > _MAX_RECORD_LINES:
                raise csv.Error("a record of too many lines: its quote is not closed")
            yield line

    def _recover(self) -> list[str]:
        first, *rest = self._taken
        self._again.extendleft(reversed(rest))
        return self._split_alone(first)

    def _split_alone(self, line: str) -> list[str]:
        dialect = self._dialect
        record = [line]
        for quoting in (csv.QUOTE_MINIMAL, csv.QUOTE_NONE):
            reader = csv.reader(
                [line],
                delimiter=dialect.delimiter,
                quotechar=dialect.quote,
                escapechar=dialect.escape,
                quoting=quoting,
            )
            # A cell of more than 131,072 characters is one too many for `csv`: the line is then one cell.
            with suppress(csv.Error):
                record = next(reader)
                if self._width is None or len(record) == self._width:
                    break
        return [cell.strip(dialect.quote + "\r\n") for cell in record]


def read_delimited(
    stream: IO[bytes],
    *,
    encoding: str,
    delimiter: str | None,
    layout: Layout,
    declared: Collection[str],
    where: str,
) -> Iterator[Chunk]:
    """Read a delimited file in chunks.

    Args:
        stream: The bytes, from their start.
        encoding: What `pipeline.ingest.encoding.scan` found.
        delimiter: Declared separator; null finds it out.
        layout: Declared shape of the header.
        declared: Columns to read.
        where: File name, for errors.

    Yields:
        Chunks of at most `CHUNK_ROWS` rows; a cell with a broken byte holds `UNDECODABLE`.

    Raises:
        SourceError: The file is empty.
    """
    with decoding(stream, encoding, newline="") as text:
        header, records = open_delimited(
            text, delimiter=delimiter, layout=layout, declared=declared, where=where
        )
        picks = find_columns(header.names, declared)
        width = len(header.names)
        rows: list[int] = []
        kept: list[list[str]] = []
        broken: list[BrokenRow] = []
        for row, record in enumerate(records, start=1):
            if len(record) != width and (len(record) < width or any(record[width:])):
                broken.append(BrokenRow(row, "ragged_row", f"{width} cells expected, {len(record)} found"))
            else:
                rows.append(row)
                kept.append(record)
            if len(rows) + len(broken) >= CHUNK_ROWS:
                yield make_chunk(pick_columns(kept, picks), rows, broken)
                rows, kept, broken = [], [], []
        yield make_chunk(pick_columns(kept, picks), rows, broken)


def open_delimited(
    text: io.TextIOWrapper,
    *,
    delimiter: str | None,
    layout: Layout,
    declared: Collection[str],
    where: str,
) -> tuple[Header, Iterator[list[str]]]:
    """Open a delimited file: find its dialect and its header, and stand at its first data record.

    Args:
        text: The decoded file, from its start, with its own line ends.
        delimiter: As for `read_delimited`.
        layout: As for `read_delimited`.
        declared: As for `read_delimited`.
        where: As for `read_delimited`.

    Returns:
        The header, and the data records, still to be read.

    Raises:
        SourceError: The file is empty.
    """
    sample = text.read(_SAMPLE_CHARS) + text.readline()
    dialect = sniff(sample)
    if delimiter is not None:
        dialect = Dialect(delimiter, dialect.quote, dialect.escape, dialect.has_hint)
    lines = itertools.chain(io.StringIO(sample, newline=""), text)
    if dialect.has_hint:
        next(lines)
    reader = RecordReader(lines, dialect)
    records = iter(reader)
    first = list(itertools.islice(records, PEEK_ROWS))
    if not first:
        raise SourceError.because(
            "a delimited file holds nothing",
            expected="a row of column names, then data",
            got="no row",
            where=where,
            do="Export the file again",
        )
    header = read_header(first, declared, layout)
    reader.expect(len(header.names))
    return header, itertools.chain(first[header.n_rows :], records)
