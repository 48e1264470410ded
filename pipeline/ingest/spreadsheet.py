"""Spreadsheets (XLSX, XLS, XLSB, ODS), read in memory: no converter, no temporary file."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from itertools import islice
from typing import IO

from python_calamine import CalamineError, CalamineSheet, CalamineWorkbook, PasswordError

from pipeline.errors import SourceError
from pipeline.ingest.chunks import CHUNK_ROWS, Chunk, make_chunk, pick_columns
from pipeline.ingest.layouts import PEEK_ROWS, Header, Layout, plain_key, read_header

EVERY_SHEET = "*"  # no spreadsheet program lets a sheet be called so
_MAX_UNPACKED_BYTES = 4 << 30
Cell = int | float | str | bool | time | date | datetime | timedelta


@dataclass(frozen=True, slots=True)
class Table:
    """A sheet and its header.

    Attributes:
        name: Name of the sheet.
        header: Its header; without names when the sheet is empty.
        n_cells: Its size.
        sheet: Its cells.
    """

    name: str
    header: Header
    n_cells: int
    sheet: CalamineSheet

    def rows(self, answers: Collection[str] = ()) -> Iterator[list[str]]:
        """Go through the data rows as texts; blank rows are no rows.

        A cell merged over several rows is said of each of them, an answer once.

        Args:
            answers: Columns that hold answers.
        """
        width = len(self.header.names)
        once = set(_pick(self.header, answers).values())
        for texts in islice(_filled_rows(self.sheet, once), self.header.n_rows, None):
            yield texts + [""] * (width - len(texts))

    @property
    def is_filled(self) -> bool:
        """Whether it has a data row."""
        return next(self.rows(), None) is not None

    def holds(self, columns: Collection[str]) -> set[str]:
        """Give those of some columns that the header names, in their plain form."""
        return set(map(plain_key, columns)) & set(map(plain_key, self.header.names))


def read_spreadsheet(
    stream: IO[bytes],
    *,
    sheet: str | None,
    layout: Layout,
    declared: Collection[str],
    answers: Collection[str],
    where: str,
) -> Iterator[Chunk]:
    """Read a sheet of a workbook, or several of the same columns, in chunks.

    Args:
        stream: The bytes, from their start.
        sheet: Name of the sheet; `*` reads all that hold answers, one after the other; null takes the one
            that does.
        layout: Declared shape of the header.
        declared: Columns to read.
        answers: Those of them that hold answers.
        where: File name, for errors.

    Yields:
        Chunks of text columns: dates in ISO form, numbers as they are; row numbers run on from one sheet to
        the next.

    Raises:
        SourceError: The file is no workbook, is locked by a password, has no such sheet, or several sheets
            hold answers and none is named.
    """
    tables = open_tables(stream, layout=layout, declared=declared, where=where)
    tables = _choose_tables(tables, sheet, declared, answers, where)
    start = 1
    for table in tables:
        picks, data = _pick(table.header, declared), table.rows(answers)
        while records := list(islice(data, CHUNK_ROWS)):
            yield make_chunk(pick_columns(records, picks), list(range(start, start + len(records))), [])
            start += len(records)
    if start == 1:
        yield make_chunk(pick_columns([], _pick(tables[0].header, declared)), [], [])


def _pick(header: Header, declared: Collection[str]) -> dict[str, int]:
    wanted = {plain_key(name): name for name in declared}
    return {wanted[plain_key(name)]: i for i, name in enumerate(header.names) if plain_key(name) in wanted}


def open_tables(stream: IO[bytes], *, layout: Layout, declared: Collection[str], where: str) -> list[Table]:
    """Open a workbook and find the header of each of its sheets.

    Args:
        stream: As for `read_spreadsheet`.
        layout: As for `read_spreadsheet`.
        declared: As for `read_spreadsheet`.
        where: As for `read_spreadsheet`.

    Returns:
        Every sheet, in order, empty ones included; at least one holds something.

    Raises:
        SourceError: The file is no workbook, is locked by a password, or holds nothing.
    """
    workbook = _open_workbook(stream, where)
    sheets = [workbook.get_sheet_by_name(name) for name in workbook.sheet_names]
    if not any(sheet.height for sheet in sheets):
        raise SourceError.because(
            "a workbook holds nothing",
            expected="a sheet with a row of column names, then data",
            got=f"{len(sheets)} empty sheet(s)",
            where=where,
            do="Export the file again",
        )
    return [
        Table(
            sheet.name, read_header(_first_rows(sheet), declared, layout), sheet.height * sheet.width, sheet
        )
        for sheet in sheets
    ]


def _open_workbook(stream: IO[bytes], where: str) -> CalamineWorkbook:
    content = stream.read()
    problem = _unpacks_too_large(content)
    if not problem:
        try:
            return CalamineWorkbook.from_filelike(io.BytesIO(content))
        except PasswordError:
            problem = "a workbook locked by a password"
        except (CalamineError, OSError, ValueError) as error:
            problem = f"bytes that are none ({type(error).__name__})"
    raise SourceError.because(
        "a workbook cannot be read",
        expected="an XLSX, XLS, XLSB or ODS workbook",
        got=problem,
        where=where,
        do="Open it in a spreadsheet program and save it again, without a password, or export it as CSV",
    )


def _unpacks_too_large(content: bytes) -> str:
    if not zipfile.is_zipfile(io.BytesIO(content)):
        return ""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            unpacked = sum(entry.file_size for entry in archive.infolist())
    except zipfile.BadZipFile:
        return "a damaged archive"
    return f"{unpacked >> 20} MB once unpacked" if unpacked > _MAX_UNPACKED_BYTES else ""


def _choose_tables(
    tables: Sequence[Table],
    name: str | None,
    declared: Collection[str],
    answers: Collection[str],
    where: str,
) -> list[Table]:
    if name is not None and name != EVERY_SHEET:
        return [_find_named(tables, name, where)]
    telling = [table for table in tables if table.holds(answers) and table.is_filled]
    if not telling:
        # Whoever counts the columns says which ones are missing.
        return [max(tables, key=lambda table: (len(table.holds(declared)), table.n_cells))]
    if len(telling) > 1 and name is None:
        raise SourceError.because(
            "several sheets hold answers",
            expected="one",
            got=_quoted(telling),
            where=where,
            do=f'Name one in `sheet`, or write `sheet: "{EVERY_SHEET}"` to read them one after the other',
        )
    uneven = [table for table in telling if table.holds(declared) != telling[0].holds(declared)]
    if uneven:
        raise SourceError.because(
            "the sheets of a workbook differ",
            expected=f"the columns of «{telling[0].name}»",
            got=f"more or fewer of those declared in {_quoted(uneven)}",
            where=where,
            do="Give these sheets the same columns, or name one in `sheet`",
        )
    return telling


def _find_named(tables: Sequence[Table], name: str, where: str) -> Table:
    found = [table for table in tables if plain_key(table.name) == plain_key(name)]
    if not found:
        raise SourceError.because(
            "a sheet is not in the workbook",
            expected=f"«{name}»",
            got=_quoted(tables),
            where=where,
            do="Mend `sheet` in the source",
        )
    return found[0]


def _quoted(tables: Sequence[Table]) -> str:
    return ", ".join(f"«{table.name}»" for table in tables)


def _first_rows(sheet: CalamineSheet) -> list[list[str]]:
    rows: list[list[str]] = []
    for texts in _texts(sheet):
        if any(texts):
            rows.append(texts)
        if len(rows) >= PEEK_ROWS:
            break
    return rows


def _filled_rows(sheet: CalamineSheet, once: Collection[int]) -> Iterator[list[str]]:
    """Go through the rows that hold something, merged cells repeated downwards but in the columns `once`."""
    left = (sheet.start or (0, 0))[1]
    merged: dict[int, list[int]] = {}
    for (top, column), (bottom, _) in sheet.merged_cell_ranges or ():
        for row in range(top + 1, bottom + 1) if column - left not in once else ():
            merged.setdefault(row, []).append(column - left)
    above: list[str] = []
    for row, texts in enumerate(_texts(sheet)):
        is_filled = any(texts)
        for column in merged.get(row, ()):
            texts[column] = above[column]
        above = texts
        if is_filled:
            yield texts


def _texts(sheet: CalamineSheet) -> Iterator[list[str]]:
    for cells in sheet.iter_rows():
        yield [_text(cell) for cell in cells]


def _text(cell: Cell) -> str:
    if isinstance(cell, str):
        return cell
    if isinstance(cell, bool):
        return "oui" if cell else "non"
    if isinstance(cell, float):
        return str(int(cell)) if cell.is_integer() and abs(cell) < 1e15 else repr(cell)
    if isinstance(cell, datetime | date):
        return cell.isoformat()
    return str(cell)
