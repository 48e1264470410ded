"""Which themes reviewers were asked about: those of the codebook under which each decided.

A theme that was added to the codebook later is not absent from what was reviewed before: nobody looked for
it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import Connection, Row, select
from sqlalchemy.dialects import postgresql, sqlite

from models.labels import LabelSpace
from pipeline.review.labels import VerbatimLabels
from pipeline.review.tables import codebook

ThemesRead = Mapping[str, frozenset[str]]
"""Hash of a codebook → its themes."""


def note_codebook(connection: Connection, codebook_hash: str, themes: Iterable[str]) -> None:
    """Note the themes of a codebook, unless somebody did before or does at this very moment."""
    dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
    statement = dialect.insert(codebook).values(hash=codebook_hash, themes=json.dumps(list(themes)))
    connection.execute(statement.on_conflict_do_nothing())


def themes_read(connection: Connection) -> ThemesRead:
    """Give the themes of every codebook that decisions were made under."""
    rows = connection.execute(select(codebook.c.hash, codebook.c.themes))
    return {row.hash: frozenset(json.loads(row.themes)) for row in rows}


def with_unnoted(noted: ThemesRead, rows: Iterable[Row[Any]], labels: LabelSpace) -> ThemesRead:
    """Complete the themes of codebooks that were not noted yet when decisions were made under them.

    The codebook in use is known. Of another one, the themes that somebody found are known to be in it.

    Args:
        noted: As `themes_read` gives them.
        rows: All decisions.
        labels: The label space of the codebook in use.
    """
    found: dict[str, frozenset[str]] = {}
    for row in rows:
        if row.codebook_hash not in noted and row.labels_to is not None:
            named = frozenset(VerbatimLabels.from_json(row.labels_to).themes)
            found[row.codebook_hash] = found.get(row.codebook_hash, frozenset()) | named
    return {**found, **noted, labels.codebook_hash: frozenset(labels.themes)}
