"""Spreadsheets (XLSX, XLS, XLSB, ODS), read in memory: no converter, no temporary file."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Collection, Iterator
from datetime import date, datetime, time, timedelta
from typing import IO

from python_calamine import CalamineError, CalamineSheet, CalamineWorkbook, PasswordError

from pipeline.errors import SourceError
from pipeline.ingest.chunks import CHUNK_ROWS, Chunk, make_chunk, pick_columns
from pipeline.ingest.layouts import PEEK_ROWS, Header, Layout, plain_key, read_header

_MAX_UNPACKED_BYTES = 4 << 30
Cell = int | float | str | bool | time | date | datetime | timedelta


def read_spreadsheet(
    stream: IO[bytes], *, sheet: str | None, layout: Layout, declared: Collection[str], where: str
) -> Iterator[Chunk]:
    """Read a sheet of a workbook in chunks.

    Args:
        stream: The bytes, from their start.
        sheet: Name of the sheet; null takes the first one that holds most of the declared columns,
            or without any the largest one.
        layout: Declared shape of the header.
        declared: Columns to read.
        where: File name, for errors.

    Yields:
        Chunks of text columns: dates in ISO form, numbers as they are; blank rows are no rows.

    Raises:
        SourceError: The file is no workbook, is locked by a password, or has no such sheet.
    """
    header, data = open_spreadsheet(stream, sheet=sheet, layout=layout, declared=declared, where=where)
    wanted = {plain_key(name): name for name in declared}
    picks = {wanted[plain_key(name)]: i for i, name in enumerate(header.names) if plain_key(name) in wanted}
    rows: list[int] = []
    kept: list[list[str]] = []
    for row, cells in enumerate(data, start=1):
        rows.append(row)
        kept.append(cells)
        if len(rows) >= CHUNK_ROWS:
            yield make_chunk(pick_columns(kept, picks), rows, [])
            rows, kept = [], []
    yield make_chunk(pick_columns(kept, picks), rows, [])


def open_spreadsheet(
    stream: IO[bytes], *, sheet: str | None, layout: Layout, declared: Collection[str], where: str
) -> tuple[Header, Iterator[list[str]]]:
    """Open a workbook: choose the sheet, find its header, and stand at its first data row.

    Args:
        stream: As for `read_spreadsheet`.
        sheet: As for `read_spreadsheet`.
        layout: As for `read_spreadsheet`.
        declared: As for `read_spreadsheet`.
        where: As for `read_spreadsheet`.

    Returns:
        The header, and the data rows as texts.

    Raises:
        SourceError: As for `read_spreadsheet`.
    """
    chosen = _choose_sheet(_open_workbook(stream, where), sheet, declared, where)
    header = read_header(_first_rows(chosen), declared, layout)
    width = len(header.names)

    def data() -> Iterator[list[str]]:
        filled = (texts for texts in _texts(chosen) if any(texts))
        for i, texts in enumerate(filled):
            if i >= header.n_rows:
                yield texts + [""] * (width - len(texts))

    return header, data()


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


def _choose_sheet(
    workbook: CalamineWorkbook, name: str | None, declared: Collection[str], where: str
) -> CalamineSheet:
    names = workbook.sheet_names
    if name is not None:
        found = [candidate for candidate in names if plain_key(candidate) == plain_key(name)]
        if not found:
            raise SourceError.because(
                "a sheet is not in the workbook",
                expected=f"«{name}»",
                got=", ".join(f"«{candidate}»" for candidate in names),
                where=where,
                do="Mend `sheet` in the source",
            )
        return workbook.get_sheet_by_name(found[0])
    sheets = [workbook.get_sheet_by_name(candidate) for candidate in names]
    wanted = {plain_key(column) for column in declared}
    hits = [
        max((len(wanted & set(map(plain_key, row))) for row in _first_rows(sheet)), default=0)
        for sheet in sheets
    ]
    if wanted and hits and max(hits):
        return sheets[hits.index(max(hits))]
    filled = [sheet for sheet in sheets if sheet.height]
    if not filled:
        raise SourceError.because(
            "a workbook holds nothing",
            expected="a sheet with a row of column names, then data",
            got=f"{len(names)} empty sheet(s)",
            where=where,
            do="Export the file again",
        )
    return max(filled, key=lambda candidate: candidate.height * candidate.width)


def _first_rows(sheet: CalamineSheet) -> list[list[str]]:
    rows: list[list[str]] = []
    for texts in _texts(sheet):
        if any(texts):
            rows.append(texts)
        if len(rows) >= PEEK_ROWS:
            break
    return rows


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
