"""Take a respondent's verbatims out of the review desk's store."""

from __future__ import annotations

from collections.abc import Sequence

from pipeline.review.forget import forget_verbatims
from pipeline.review.store import database_url, open_store
from pipeline.workspace import Workspace


def forget_reviews(workspace: Workspace, database: str | None, verbatim_ids: Sequence[str]) -> int:
    """Delete what the review desk holds of verbatims: texts, places in queues, decisions.

    Args:
        workspace: Where the default store is.
        database: URL of the store, from the configuration.
        verbatim_ids: Verbatims of the respondent.

    Returns:
        Rows deleted, of all kinds.
    """
    store = open_store(database_url(workspace, database))
    try:
        return forget_verbatims(store, verbatim_ids)
    finally:
        store.engine.dispose()
