"""Read labels back from a table that the desk exported and somebody corrected in a spreadsheet.

What the machine said and nobody looked at stands in the same cells as what a person judged. So a line counts
only where its labels differ from those that it was exported with, or where it is marked as read.
"""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping

from pipeline.codebook import Codebook, Language
from pipeline.errors import SourceError
from pipeline.ingest.delimited import open_delimited
from pipeline.ingest.encoding import decoding, scan
from pipeline.ingest.layouts import plain_key
from pipeline.ingest.spreadsheet import open_tables
from pipeline.review.exchange import Imported, WrongCell, unreadable
from pipeline.review.exports import ID_COLUMN, READ_COLUMN, WAS_COLUMN, label_columns
from pipeline.review.labels import VerbatimLabels

PLACE = "import"
MAX_WRONG_CELLS = 20
NOT_READ = {"", "non", "no", "0", "faux", "false"}
_WORKBOOKS = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0")

Line = Mapping[str, str]


def read_corrected(content: bytes, codebook: Codebook) -> Imported:
    """Read a CSV or a workbook that was exported here, in French or English.

    Args:
        content: The file, as a spreadsheet program saved it.
        codebook: The codebook in use.

    Returns:
        The labels by verbatim; how many lines were left out and why (`unchanged`, `no_id`, `unanswered`,
        `not_codebook`, `twice`); the first cells that are not of the codebook.

    Raises:
        ReviewError: The file cannot be read, or has not the columns of an export.
    """
    try:
        names, records = _open(content, codebook)
    except SourceError as error:
        raise unreadable(str(error)) from error
    languages: tuple[Language, ...] = ("fr", "en")
    language = next((each for each in languages if plain_key(ID_COLUMN[each]) in names), None)
    if language is None:
        raise unreadable("a table without the column of identifiers")
    needed = [ID_COLUMN[language], WAS_COLUMN[language], READ_COLUMN[language]]
    columns = label_columns(codebook, language)
    missing = [name for name in (*needed, *columns) if plain_key(name) not in names]
    if missing:
        raise unreadable(f"a table without {', '.join(f'«{name}»' for name in missing)}")
    place = {name: names.index(plain_key(name)) for name in (*needed, *columns)}
    lines = ({name: record[at].strip() for name, at in place.items()} for record in records)
    return _Reading(codebook, language).read(lines)


def _open(content: bytes, codebook: Codebook) -> tuple[list[str], Iterator[list[str]]]:
    """Give the names of the columns, in their plain form, and the lines, as wide as they are."""
    declared = {*ID_COLUMN.values(), *WAS_COLUMN.values(), *label_columns(codebook, "fr")}
    if content.startswith(_WORKBOOKS):
        tables = open_tables(io.BytesIO(content), layout="plain", declared=declared, where=PLACE)
        table = max(tables, key=lambda each: len(each.holds(declared)))
        return [plain_key(name) for name in table.header.names], table.rows(declared)
    encoding = scan(io.BytesIO(content), PLACE).encoding
    with decoding(io.BytesIO(content), encoding, newline="") as text:
        header, records = open_delimited(text, delimiter=None, layout="plain", declared=declared, where=PLACE)
        width = len(header.names)
        kept = [(record + [""] * width)[:width] for record in records]
    return [plain_key(name) for name in header.names], iter(kept)


class _Reading:
    """Goes through the lines of one file."""

    def __init__(self, codebook: Codebook, language: Language) -> None:
        self.language = language
        self.columns = label_columns(codebook, language)
        self.found: dict[str, VerbatimLabels] = {}
        self.twice: set[str] = set()
        self.rejected: dict[str, int] = {}
        self.wrong: list[WrongCell] = []

    def read(self, lines: Iterator[Line]) -> Imported:
        for number, line in enumerate(lines, start=2):
            reason = self._read_line(number, line)
            if reason:
                self.rejected[reason] = self.rejected.get(reason, 0) + 1
        for key in self.twice:
            del self.found[key]
        if self.twice:
            self.rejected["twice"] = len(self.twice)
        return Imported(self.found, self.rejected, tuple(self.wrong[:MAX_WRONG_CELLS]))

    def _read_line(self, number: int, line: Line) -> str | None:
        key = line[ID_COLUMN[self.language]]
        if not key:
            return "no_id"
        if not any(line[name] for name in self.columns):
            return "unanswered"
        chosen: dict[str, str] = {}
        n_wrong = len(self.wrong)
        for name, column in self.columns.items():
            value = column.values.get(plain_key(line[name]))
            if value is not None:
                chosen[column.label] = value
            elif line[name] or not column.theme:
                self.wrong.append(WrongCell(number, name, line[name]))
        if len(self.wrong) > n_wrong:
            return "not_codebook"
        themes = {c.theme: chosen[c.label] for c in self.columns.values() if c.theme and c.label in chosen}
        labels = VerbatimLabels(chosen["sentiment"], chosen["enchantment"], chosen["incivility"], themes)
        is_read = plain_key(line[READ_COLUMN[self.language]]) not in NOT_READ
        if not is_read and labels.codes.split() == line[WAS_COLUMN[self.language]].split():
            return "unchanged"
        if self.found.setdefault(key, labels) != labels:
            self.twice.add(key)
        return None
