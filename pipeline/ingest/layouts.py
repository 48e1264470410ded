"""Where the header of an export is, and what its rows are: names, wordings, technical lines."""

from __future__ import annotations

import unicodedata
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Literal

Layout = Literal["auto", "plain", "qualtrics", "surveymonkey"]

PEEK_ROWS = 15
_OPEN_ENDED = {
    "open-ended response",
    "response",
    "réponse",
    "réponse libre",
    "réponse ouverte",
    "réponse à développement",
}


@dataclass(frozen=True, slots=True)
class Header:
    """The header of a table.

    Attributes:
        layout: Shape that was declared or recognised.
        names: One name a column, unique.
        wordings: Column → wording of its question, where the header has both.
        n_rows: Rows before the first data row.
    """

    layout: Layout
    names: tuple[str, ...]
    wordings: dict[str, str]
    n_rows: int


def plain_key(name: str) -> str:
    """Bring a column's name to a form in which two spellings of it meet.

    >>> plain_key(" Date\u00a0de  réponse ")
    'date de réponse'
    """
    return " ".join(unicodedata.normalize("NFKC", name).casefold().split())


def find_columns(names: Sequence[str], declared: Collection[str]) -> dict[str, int]:
    """Find the declared columns in a header; an exact name wins over another spelling of it.

    Args:
        names: Names in the header.
        declared: Names that the source gives.

    Returns:
        Declared name → index, for those that are there.
    """
    exact = {name: i for i, name in enumerate(names) if name in set(declared)}
    spelt = {plain_key(name): i for i, name in reversed(list(enumerate(names)))}
    loose = {name: spelt[plain_key(name)] for name in declared if plain_key(name) in spelt}
    return {**loose, **exact}


def read_header(first_rows: Sequence[Sequence[str]], declared: Collection[str], layout: Layout) -> Header:
    """Find the header in the first rows.

    Args:
        first_rows: Up to `PEEK_ROWS` rows as texts, blank cells empty.
        declared: Columns that the source names; the row that holds most of them is the header. Without
            any, the first row that fills most of the columns.
        layout: Declared shape; `auto` recognises it.

    Returns:
        The header; without names when there is no row.
    """
    if not first_rows:
        return Header("plain", (), {}, 0)
    at = _find_names(first_rows, declared)
    if layout == "auto":
        layout = recognise_layout(first_rows, at)
    names = [_cell(first_rows[at], i) for i in range(len(first_rows[at]))]
    if layout == "qualtrics":
        questions = first_rows[at + 1] if at + 1 < len(first_rows) else []
        unique = _make_unique(names)
        wordings = {
            name: " ".join(_cell(questions, i).split())
            for i, name in enumerate(unique)
            if _cell(questions, i)
        }
        n_technical = 2 if at + 2 < len(first_rows) and _is_import_row(first_rows[at + 2]) else 1
        return Header(layout, unique, wordings, at + 1 + n_technical)
    if layout == "surveymonkey":
        answers = first_rows[at + 1] if at + 1 < len(first_rows) else []
        return Header(layout, _make_unique(_join_two_rows(names, answers)), {}, at + 2)
    return Header("plain", _make_unique(names), {}, at + 1)


def recognise_layout(first_rows: Sequence[Sequence[str]], at: int = 0) -> Layout:
    """Recognise the shape of an export by the rows under its names.

    Args:
        first_rows: The first rows.
        at: Index of the row of names.

    Returns:
        `qualtrics` (a row of `{"ImportId": …}`), `surveymonkey` (a second row with « Réponse libre »
        and the like), or `plain`.
    """
    if any(_is_import_row(row) for row in first_rows[at + 1 : at + 3]):
        return "qualtrics"
    if at + 1 < len(first_rows) and any(plain_key(cell) in _OPEN_ENDED for cell in first_rows[at + 1]):
        return "surveymonkey"
    return "plain"


def _is_import_row(row: Sequence[str]) -> bool:
    return any(cell.lstrip().startswith('{"ImportId"') for cell in row)


def _find_names(rows: Sequence[Sequence[str]], declared: Collection[str]) -> int:
    wanted = {plain_key(name) for name in declared}
    if wanted:
        hits = [len(wanted & {plain_key(cell) for cell in row}) for row in rows]
        if max(hits):
            return hits.index(max(hits))
    filled = [sum(bool(cell.strip()) for cell in row) for row in rows]
    enough = max(1, 0.6 * max(filled))
    return next(i for i, n in enumerate(filled) if n >= enough)


def _join_two_rows(names: Sequence[str], answers: Sequence[str]) -> list[str]:
    joined, question = [], ""
    for i in range(max(len(names), len(answers))):
        question = _cell(names, i) or question
        answer = _cell(answers, i)
        alone = not answer or plain_key(answer) in _OPEN_ENDED
        joined.append(question if alone else f"{question} | {answer}")
    return joined


def _cell(row: Sequence[str], i: int) -> str:
    return " ".join(row[i].split()) if i < len(row) else ""


def _make_unique(names: Sequence[str]) -> tuple[str, ...]:
    unique: list[str] = []
    taken: set[str] = set()
    for i, name in enumerate(names):
        candidate, n = name or f"colonne {i + 1}", 1
        while candidate in taken:
            n += 1
            candidate = f"{name or f'colonne {i + 1}'} ({n})"
        taken.add(candidate)
        unique.append(candidate)
    return tuple(unique)
