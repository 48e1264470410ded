"""Look for planted strings in every file under a folder, also inside compressed tables and databases.

A run is given verbatims that hold *canaries*, strings found nowhere else. If one of them turns up in a
file that the run left, personal data leaked. A plain search of bytes would miss Parquet pages, gzip and zip
members and values that SQLite split over pages; here they are opened.
"""

from __future__ import annotations

import gzip
import sqlite3
import unicodedata
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pyarrow as pa
import pyarrow.parquet as pq
from pyarrow import ipc

_PARQUET: Final = b"PAR1"
_SQLITE: Final = b"SQLite format 3\x00"
_GZIP: Final = b"\x1f\x8b"
_ZIP: Final = b"PK\x03\x04"
_ARROW: Final = b"ARROW1"
_OPENING: Final = 16


@dataclass(frozen=True, slots=True)
class Leak:
    """A planted string that was found.

    Attributes:
        path: The file that holds it.
        needle: Which planted string.
        where: `name`, `bytes`, or the table and column inside the file.
    """

    path: Path
    needle: str
    where: str


def grep_files_for(root: Path, needles: Sequence[str]) -> list[Leak]:
    """Look for planted strings in every file under a folder.

    Strings are found in UTF-8, UTF-16 and JSON escapes, whatever their letter case and Unicode composition,
    in file names, plain files, Parquet, Arrow, SQLite, gzip and zip members.

    Args:
        root: A folder, or one file.
        needles: Planted strings, each at least four characters.

    Returns:
        What was found, by file; empty where nothing leaked.

    Raises:
        ValueError: A planted string is too short to be told from chance.
    """
    if any(len(needle) < 4 for needle in needles):
        raise ValueError("a planted string needs at least 4 characters")
    found: dict[Leak, None] = {}
    for path in [root] if root.is_file() else sorted(root.rglob("*")):
        for where, content in (("name", str(path.name)), *(_contents(path) if path.is_file() else ())):
            found.update(dict.fromkeys(Leak(path, needle, where) for needle in _which(content, needles)))
    return list(found)


def _which(content: str | bytes, needles: Sequence[str]) -> Iterator[str]:
    haystack = _plain(content) if isinstance(content, str) else content.lower()
    for needle in needles:
        plain = _plain(needle)
        if isinstance(haystack, str):
            if plain in haystack:
                yield needle
        elif any(form in haystack for form in _forms(needle)):
            yield needle


def _plain(text: str) -> str:
    return unicodedata.normalize("NFC", text).lower()


def _forms(needle: str) -> set[bytes]:
    """The byte strings, in lower case, as which a file may hold a text."""
    forms: set[bytes] = set()
    for case in {needle, needle.lower(), needle.upper()}:
        for composed in (unicodedata.normalize("NFC", case), unicodedata.normalize("NFD", case)):
            forms |= {composed.encode(), composed.encode("utf-16-le"), composed.encode("utf-16-be")}
            forms.add(composed.encode("ascii", "backslashreplace").replace(b"\\x", b"\\u00"))
            forms.add(composed.encode("cp1252", "ignore"))
    return {form.lower() for form in forms}


def _contents(path: Path) -> Iterator[tuple[str, str | bytes]]:
    raw = path.read_bytes()
    yield "bytes", raw
    opening = raw[:_OPENING]
    if opening.startswith(_SQLITE):
        yield from _sqlite_values(path)
    else:
        yield from _opened(raw, "")


def _opened(raw: bytes, prefix: str) -> Iterator[tuple[str, str | bytes]]:
    try:
        if raw.startswith(_PARQUET):
            yield from _table_values(pq.read_table(pa.BufferReader(raw)), prefix)
        elif raw.startswith(_ARROW):
            yield from _table_values(ipc.open_file(pa.BufferReader(raw)).read_all(), prefix)
        elif raw.startswith(_GZIP):
            inner = gzip.decompress(raw)
            yield f"{prefix}gzip", inner
            yield from _opened(inner, f"{prefix}gzip/")
        elif raw.startswith(_ZIP):
            yield from _members(raw, prefix)
    except (pa.ArrowException, OSError, EOFError, zlib.error, zipfile.BadZipFile):
        # A half-written file: its plain bytes were searched.
        return


def _members(raw: bytes, prefix: str) -> Iterator[tuple[str, str | bytes]]:
    with zipfile.ZipFile(pa.BufferReader(raw)) as archive:
        for name in archive.namelist():
            inner = archive.read(name)
            yield f"{prefix}{name}", inner
            yield from _opened(inner, f"{prefix}{name}/")


def _table_values(table: pa.Table, prefix: str) -> Iterator[tuple[str, str]]:
    yield f"{prefix}schema", str(table.schema) + str(table.schema.metadata)
    for name in table.column_names:
        for chunk in table.column(name).chunks:
            yield f"{prefix}{name}", "\n".join(map(str, chunk.to_pylist()))


def _sqlite_values(path: Path) -> Iterator[tuple[str, str]]:
    # Not immutable: what still stands in the write-ahead log is to be seen too.
    connection = sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)
    try:
        tables = [row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        for table in tables:
            quoted = table.replace('"', '""')
            for row in connection.execute(f'SELECT * FROM "{quoted}"'):
                yield table, "\n".join(_value(value) for value in row)
    except sqlite3.DatabaseError:
        return
    finally:
        connection.close()


def _value(value: object) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)
