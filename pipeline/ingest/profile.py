"""What the first rows of a file tell about its columns; counts and shares only, never what was written."""

from __future__ import annotations

import itertools
import json
import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow.parquet as pq

from pipeline.config import RATING_SCALES, SourceConfig
from pipeline.errors import SourceError
from pipeline.ingest.cleaning import NOTHING
from pipeline.ingest.dates import looks_like_dates
from pipeline.ingest.delimited import open_delimited
from pipeline.ingest.dimensions import mask_persons
from pipeline.ingest.encoding import decoding
from pipeline.ingest.files import open_input, read_content
from pipeline.ingest.inputs import Input, kind_of
from pipeline.ingest.layouts import Header
from pipeline.ingest.ratings import read_rating
from pipeline.ingest.spreadsheet import Table, open_tables
from pipeline.ingest.structured import flatten

PROFILED_ROWS = 400
_STRAY = 0.03
_MANY = 20
_FEWEST_TYPED = 5
_TYPED = 0.9  # share of a column's values that are numbers or dates
_ADDRESS = re.compile(r"[^@\s]+@[^@\s]+\.\w+")


@dataclass(frozen=True, slots=True)
class Column:
    """A column as its first values show it.

    Attributes:
        name: Its name.
        wording: Wording of its question where the header has it, else its name.
        n_given: Values that are not blank.
        n_distinct: Distinct ones.
        mean_words: Mean number of words of a value.
        share_text: Share of values of two words or more that are neither a date nor a number.
        share_dates: Share of values that read as dates.
        share_numbers: Share of values that read as a rating from 0 to 10.
        low: Smallest rating, the most extreme 3 % left aside; null without any.
        high: Largest rating, likewise.
        share_addresses: Share of values that are e-mail addresses.
        share_persons: Share of distinct values that are names of persons.
        longest: Characters of the longest value.
    """

    name: str
    wording: str
    n_given: int
    n_distinct: int
    mean_words: float
    share_text: float
    share_dates: float
    share_numbers: float
    low: float | None
    high: float | None
    share_addresses: float
    share_persons: float
    longest: int


@dataclass(frozen=True, slots=True)
class Sheets:
    """The sheets of a workbook that hold data; none of either for other files.

    Attributes:
        alike: The one that was looked at, and those with the same header, in order.
        others: Those with another header.
    """

    alike: tuple[str, ...] = ()
    others: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Profile:
    """A file as its first rows show it.

    Attributes:
        path: The file.
        kind: How it is read.
        layout: Shape recognised: `plain`, `qualtrics` or `surveymonkey`.
        encoding: Encoding of a text file, else empty.
        n_rows: Rows looked at.
        columns: Its columns, in order.
        sheets: Its sheets, when it is a workbook.
    """

    path: Path
    kind: str
    layout: str
    encoding: str
    n_rows: int
    columns: tuple[Column, ...]
    sheets: Sheets


def profile_file(path: Path) -> Profile:
    """Look at the first rows of a file.

    Args:
        path: A local file.

    Returns:
        What its columns look like.

    Raises:
        SourceError: The file cannot be read, holds no row, or has no header; or it is a folder.
    """
    if path.is_dir():
        raise SourceError.because(
            "a folder cannot be inspected",
            expected="one file",
            got="a folder",
            where=path.name,
            do="Inspect one of its files; `path` of the source may then be the folder, or a glob in it",
        )
    item = Input(kind_of(path.name), str(path), path.name)
    content = read_content(item, SourceConfig(name="inspect", audience="customer", path=str(path), text="-"))
    header, rows, sheets = _read_first_rows(item, content.encoding)
    if item.kind in ("delimited", "spreadsheet") and header.layout == "plain" and _begin_with_wordings(rows):
        wordings = {name: " ".join(cell.split()) for name, cell in zip(header.names, rows[0], strict=True)}
        header, rows = Header("qualtrics", header.names, wordings, header.n_rows + 1), rows[1:]
    if not rows:
        raise SourceError.because(
            "a file holds no data",
            expected="a row of column names, then data",
            got="no data row",
            where=path.name,
            do="Inspect a file that holds answers",
        )
    _check_header(header.names, path.name)
    columns = tuple(
        _describe(name, header.wordings.get(name, name), [row[i] for row in rows])
        for i, name in enumerate(header.names)
    )
    return Profile(path, item.kind, header.layout, content.encoding, len(rows), columns, sheets)


def _read_first_rows(item: Input, encoding: str) -> tuple[Header, list[list[str]], Sheets]:
    with open_input(item) as stream:
        if item.kind == "delimited":
            with decoding(stream, encoding, newline="") as text:
                header, records = open_delimited(
                    text, delimiter=None, layout="auto", declared=(), where=item.name
                )
                width = len(header.names)
                sound = (record for record in records if len(record) == width)
                return header, list(itertools.islice(sound, PROFILED_ROWS)), Sheets()
        if item.kind == "spreadsheet":
            tables = open_tables(stream, layout="auto", declared=(), where=item.name)
            filled = [table for table in tables if table.is_filled]
            largest = max(filled or tables, key=lambda table: table.n_cells)
            rows = list(itertools.islice(largest.rows(), PROFILED_ROWS))
            return largest.header, rows, _compare_sheets(filled, largest)
        if item.kind == "jsonl":
            with decoding(stream, encoding) as text:
                return *_tabulate(_objects(itertools.islice(text, PROFILED_ROWS))), Sheets()
        batch = next(
            pq.ParquetFile(stream, pre_buffer=False).iter_batches(PROFILED_ROWS, use_threads=False), None
        )
        return *_tabulate(batch.to_pylist() if batch is not None else []), Sheets()


def _begin_with_wordings(rows: Sequence[Sequence[str]]) -> bool:
    """Tell whether the first row words what the header codes (`q1_nps`, then « Recommanderiez-vous… »).

    Such a row says something once in every column, in words even over numbers and dates.
    """
    if len(rows) <= _FEWEST_TYPED or not all(cell.strip() for cell in rows[0]):
        return False
    typed = []
    for cell, *values in zip(*rows, strict=True):
        if cell in values:
            return False
        if _is_typed([value for value in values if value.strip().lower() not in NOTHING]):
            typed.append(cell)
    return bool(typed) and not any(_is_typed([cell] * _FEWEST_TYPED) for cell in typed)


def _is_typed(values: Sequence[str]) -> bool:
    n_ratings = sum(_read_any_rating(value) is not None for value in values)
    enough = _TYPED * len(values)
    return len(values) >= _FEWEST_TYPED and (
        n_ratings >= enough or looks_like_dates(values) * len(values) >= enough
    )


def _compare_sheets(filled: Sequence[Table], chosen: Table) -> Sheets:
    return Sheets(
        alike=tuple(table.name for table in filled if table.header.names == chosen.header.names),
        others=tuple(table.name for table in filled if table.header.names != chosen.header.names),
    )


def _objects(lines: Iterable[str]) -> list[dict[str, object]]:
    objects = []
    for line in lines:
        try:
            content = json.loads(line)
        except ValueError:
            continue
        if isinstance(content, dict):
            objects.append(content)
    return objects


def _tabulate(objects: Sequence[dict[str, object]]) -> tuple[Header, list[list[str]]]:
    records = [{name: value or "" for name, value in flatten(content)} for content in objects]
    names = tuple(dict.fromkeys(name for record in records for name in record))
    return Header("plain", names, {}, 0), [[record.get(name, "") for name in names] for record in records]


def _check_header(names: Sequence[str], where: str) -> None:
    values = [name for name in names if not name.startswith("colonne ")]
    n_numbers = sum(name.replace(",", ".").replace(".", "").isdigit() for name in values)
    n_dates = sum(looks_like_dates([name]) > 0 for name in values)
    if any(_ADDRESS.search(name) for name in values) or 2 * (n_numbers + n_dates) >= max(1, len(values)):
        raise SourceError.because(
            "a file has no header",
            expected="a first row that names the columns",
            got="a first row that looks like data",
            where=where,
            do="Add a row of column names",
        )


def _describe(name: str, wording: str, values: Sequence[str]) -> Column:
    given = [text for value in values if (text := value.strip()).lower() not in NOTHING]
    n = max(1, len(given))
    distinct = list(dict.fromkeys(given))
    ratings = sorted(rating for value in given if (rating := _read_any_rating(value)) is not None)
    # A stray « 99 » must not stretch the scale.
    n_stray = math.ceil(_STRAY * len(ratings)) if len(ratings) >= _MANY else 0
    usual = ratings[n_stray : len(ratings) - n_stray]
    n_words = [len(value.split()) for value in given]
    share_dates = looks_like_dates(given)
    proses = sum(count >= 2 and not value[:1].isdigit() for count, value in zip(n_words, given, strict=True))
    return Column(
        name=name,
        wording=wording,
        n_given=len(given),
        n_distinct=len(distinct),
        mean_words=sum(n_words) / n,
        share_text=0.0 if share_dates > 0.5 else proses / n,
        share_dates=share_dates,
        share_numbers=len(ratings) / n,
        low=min(usual, default=None),
        high=max(usual, default=None),
        share_addresses=sum(bool(_ADDRESS.search(value)) for value in given) / n,
        share_persons=len(mask_persons(distinct)) / max(1, len(distinct)),
        longest=max(map(len, given), default=0),
    )


def _read_any_rating(value: str) -> float | None:
    for scale in ("nps", "stars"):
        rating = read_rating(value, RATING_SCALES[scale])
        if rating is not None:
            return rating if 0 <= rating <= 10 else None
    return None
