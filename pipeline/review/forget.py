"""Take a person's verbatims out of the desk for good."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection, Table, delete, select, text, update

from pipeline.review.store import ReviewStore
from pipeline.review.tables import (
    REFUSE_CHANGES,
    absent,
    assignment,
    content,
    decision,
    drawn,
    item,
    searchable,
)

ROWS_AT_ONCE = 500

# Rows that point at others first.
HOLDERS: tuple[Table, ...] = (decision, assignment, drawn, searchable, absent, content, item)


def forget_verbatims(store: ReviewStore, verbatim_ids: Sequence[str]) -> int:
    """Delete everything that the desk holds of verbatims: texts, places in queues, decisions and notes.

    This is the one exception to the history that nobody may change: it serves a person's right to withdraw.
    The triggers that guard the history are away only inside this transaction.

    Args:
        store: The review database.
        verbatim_ids: Verbatims of the person; unknown ones are left out.

    Returns:
        Rows deleted, of all kinds.
    """
    n_rows = 0
    with store.writing() as connection:
        _unguard(connection)
        for start in range(0, len(verbatim_ids), ROWS_AT_ONCE):
            ids = list(verbatim_ids[start : start + ROWS_AT_ONCE])
            own = select(decision.c.id).where(decision.c.verbatim_id.in_(ids))
            # An undo points at what it undoes, always of the same verbatim: loosen it, then delete both.
            connection.execute(update(decision).where(decision.c.undoes.in_(own)).values(undoes=None))
            for table in HOLDERS:
                chosen = delete(table).where(table.c.verbatim_id.in_(ids))
                n_rows += connection.execute(chosen).rowcount
        _guard(connection)
    return n_rows


def _unguard(connection: Connection) -> None:
    suffix = " ON decision" if connection.dialect.name == "postgresql" else ""
    for name in ("decision_no_update", "decision_no_delete"):
        connection.execute(text(f"DROP TRIGGER {name}{suffix}"))


def _guard(connection: Connection) -> None:
    for statement in REFUSE_CHANGES[connection.dialect.name]:
        if statement.startswith("CREATE TRIGGER"):
            connection.execute(text(statement))
