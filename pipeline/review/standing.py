"""From a verbatim's decisions to the labels in force, and its history."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, select, update

from pipeline.review.codebooks import ThemesRead, themes_read
from pipeline.review.labels import VerbatimLabels
from pipeline.review.store import ReviewStore
from pipeline.review.tables import content, decision, item, user


@dataclass(frozen=True, slots=True)
class HistoryEntry:
    """One line of a verbatim's history."""

    id: int
    at: float
    reviewer: str
    kind: str
    labels_from: VerbatimLabels | None
    labels_to: VerbatimLabels | None
    undone: bool
    note: str
    doubt: bool
    codebook_version: int


def standing(connection: Connection, verbatim_id: str) -> list[Row[Any]]:
    """Give a verbatim's decisions that nobody took back, oldest first."""
    rows = connection.execute(
        select(decision).where(decision.c.verbatim_id == verbatim_id).order_by(decision.c.id)
    ).all()
    undone = {row.undoes for row in rows if row.undoes is not None}
    return [row for row in rows if row.kind != "undo" and row.id not in undone]


def votes(rows: Iterable[Row[Any]]) -> dict[int, Row[Any]]:
    """Keep the last own decision of each reviewer, in the order of their first one; adjudications apart."""
    last: dict[int, Row[Any]] = {}
    for row in rows:
        if row.kind != "adjudication":
            last[row.user_id] = row
    return last


def asked_about(rows: Sequence[Row[Any]], read: ThemesRead, themes: Sequence[str]) -> list[str] | None:
    """List the themes that those whose labels are in force were asked about.

    Args:
        rows: Standing decisions of one verbatim, oldest first.
        read: Themes of each codebook, by its hash.
        themes: Themes of the codebook in use.

    Returns:
        Some of the themes, in their order; None for all of them.
    """
    rulings = [row for row in rows if row.kind == "adjudication"]
    hashes = {row.codebook_hash for row in rulings[-1:] or votes(rows).values()}
    asked = [theme for theme in themes if any(theme in read.get(each, themes) for each in hashes)]
    return None if len(asked) == len(themes) else asked


def agreed_labels(rows: Sequence[Row[Any]], read: ThemesRead) -> VerbatimLabels | None:
    """Decide which labels are in force.

    The last adjudication wins. Otherwise each label takes the value that most reviewers gave, and where they
    are even, the first reviewer's. Of a theme, only those decide whose codebook had it.

    Args:
        rows: Standing decisions of one verbatim, oldest first.
        read: Themes of each codebook, by its hash; whoever decided under another was asked about all.

    Returns:
        The labels in force; None when nobody decided.
    """
    rulings = [row for row in rows if row.kind == "adjudication"]
    if rulings:
        return VerbatimLabels.from_json(rulings[-1].labels_to)
    own = list(votes(rows).values())
    given = [VerbatimLabels.from_json(row.labels_to) for row in own]
    if not given:
        return None
    named = {theme for labels in given for theme in labels.themes}
    themes = {
        theme: _most(
            [
                labels.themes.get(theme)
                for row, labels in zip(own, given, strict=True)
                if theme in labels.themes or theme in read.get(row.codebook_hash, named)
            ]
        )
        for theme in sorted(named)
    }
    return VerbatimLabels(
        sentiment=str(_most([labels.sentiment for labels in given])),
        enchantment=str(_most([labels.enchantment for labels in given])),
        incivility=str(_most([labels.incivility for labels in given])),
        themes={theme: polarity for theme, polarity in themes.items() if polarity is not None},
    )


def _most(values: Sequence[str | None]) -> str | None:
    # Counter keeps the order of arrival, and most_common is stable: even votes go to the first reviewer.
    return Counter(values).most_common(1)[0][0]


def in_force(connection: Connection, verbatim_id: str, tagged: str | None) -> VerbatimLabels | None:
    """Give the labels in force: those of the reviewers, else the tagger's (JSON), else None."""
    labels = agreed_labels(standing(connection, verbatim_id), themes_read(connection))
    return labels or (VerbatimLabels.from_json(tagged) if tagged else None)


def settle(connection: Connection, verbatim_id: str) -> None:
    """Write the labels in force, and what the list filters on, into the index."""
    rows = standing(connection, verbatim_id)
    own = votes(rows)
    labels = agreed_labels(rows, themes_read(connection))
    adjudicated = any(row.kind == "adjudication" for row in rows)
    tagged_json = connection.scalar(select(content.c.tagged).where(content.c.verbatim_id == verbatim_id))
    tagged = VerbatimLabels.from_json(tagged_json) if tagged_json else None
    labels = labels or tagged
    connection.execute(
        update(item)
        .where(item.c.verbatim_id == verbatim_id)
        .values(
            codes=labels.codes if labels else " ",
            n_reviewers=len(own) or int(adjudicated),
            contested=not adjudicated and len({row.labels_to for row in own.values()}) > 1,
            doubted=not adjudicated and any(row.doubt for row in own.values()),
            adjudicated=adjudicated,
            corrected=bool(rows) and labels is not None and labels != tagged,
            reviewed_at=rows[-1].at if rows else None,
        )
    )


def history(store: ReviewStore, verbatim_id: str) -> list[HistoryEntry]:
    """Tell everything that was decided about a verbatim, oldest first, what was undone included."""
    query = (
        select(decision, user.c.name)
        .join(user, user.c.id == decision.c.user_id)
        .where(decision.c.verbatim_id == verbatim_id)
        .order_by(decision.c.id)
    )
    with store.reading() as connection:
        rows = connection.execute(query).all()
    undone = {row.undoes for row in rows if row.undoes is not None}
    return [
        HistoryEntry(
            id=row.id,
            at=row.at,
            reviewer=row.name,
            kind=row.kind,
            labels_from=VerbatimLabels.from_json(row.labels_from) if row.labels_from else None,
            labels_to=VerbatimLabels.from_json(row.labels_to) if row.labels_to else None,
            undone=row.id in undone,
            note=row.note or "",
            doubt=row.doubt,
            codebook_version=row.codebook_version,
        )
        for row in rows
    ]
