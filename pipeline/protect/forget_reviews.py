"""Take a respondent's verbatims out of the review desk's store."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import delete, inspect

from pipeline.review import tables
from pipeline.review.store import database_url, open_store
from pipeline.workspace import Workspace

CHUNK = 500


def forget_reviews(workspace: Workspace, database: str | None, verbatim_ids: Sequence[str]) -> int:
    """Delete what the review desk holds of verbatims: texts, places in queues, decisions.

    Args:
        workspace: Where the default store is.
        database: URL of the store, from the configuration.
        verbatim_ids: Verbatims of the respondent.

    Returns:
        Rows deleted, of all kinds.
    """
    url = database_url(workspace, database)
    store = open_store(url)
    n_rows = 0
    with store.engine.begin() as connection:
        there = set(inspect(connection).get_table_names())
        for table in reversed(tables.metadata.sorted_tables):
            if table.name in there and "verbatim_id" in table.c:
                for start in range(0, len(verbatim_ids), CHUNK):
                    chosen = table.c.verbatim_id.in_(verbatim_ids[start : start + CHUNK])
                    n_rows += connection.execute(delete(table).where(chosen)).rowcount
    return n_rows
