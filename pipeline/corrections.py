"""The analysts' labels as training data: what was reviewed, with its masked text from the batches."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from sqlalchemy import select

from models.labels import LabelSpace
from pipeline import layout
from pipeline.job import Job
from pipeline.protect.withdrawals import read_withdrawn
from pipeline.review.index import batches_in_use
from pipeline.review.reviewed import reviewed_labels
from pipeline.review.store import database_url, open_store
from pipeline.review.tables import item
from pipeline.schema import theme_column
from pipeline.workspace import Workspace

REVIEWED = "reviewed"
_COLUMNS = ["verbatim_id", "text", "audience", "question", "source", "respondent"]


def corrections(job: Job) -> list[dict[str, Any]]:
    """Give every verbatim that people labelled and agreed on, in the codebook's record format.

    Verbatims in dispute are left out until somebody adjudicates, as at the desk's own export; so are those of
    respondents who withdrew, and those that no batch in use holds. What came again has its last text.

    Args:
        job: Whose workspace and reviews.

    Returns:
        Records sorted by `id`, with `source` and, as `stratum`, `reviewed`.
    """
    reviews = reviewed_labels(job.workspace, job.labels, job.config.review.database)
    if not reviews.num_rows:
        return []
    disputed = _disputed(job)
    labels = {row["verbatim_id"]: row for row in reviews.to_pylist() if row["verbatim_id"] not in disputed}
    withdrawn = set(read_withdrawn(job.workspace))
    records = {
        row["verbatim_id"]: _record(row, labels[row["verbatim_id"]], job.labels)
        for row in _verbatims(job.workspace)
        if row["verbatim_id"] in labels and row["respondent"] not in withdrawn
    }
    return [records[key] for key in sorted(records)]


def _disputed(job: Job) -> set[str]:
    store = open_store(database_url(job.workspace, job.config.review.database))
    try:
        with store.reading() as connection:
            return set(connection.scalars(select(item.c.verbatim_id).where(item.c.contested.is_(True))))
    finally:
        store.engine.dispose()


def _verbatims(workspace: Workspace) -> Iterator[dict[str, Any]]:
    for batch_id in batches_in_use(workspace):
        for part in layout.verbatim_parts(workspace, batch_id):
            with workspace.filesystem.open(
                workspace.path(layout.BATCHES, batch_id, layout.VERBATIMS, part), "rb"
            ) as stream:
                for rows in pq.ParquetFile(stream).iter_batches(columns=_COLUMNS, use_threads=False):
                    yield from pa.Table.from_batches([rows]).to_pylist()


def _record(row: dict[str, Any], labels: dict[str, Any], space: LabelSpace) -> dict[str, Any]:
    themes = {theme: labels[theme_column(theme)] for theme in space.themes}
    return {
        "id": row["verbatim_id"],
        "audience": row["audience"],
        "question": row["question"],
        "text": row["text"],
        "sentiment": labels["sentiment"],
        "enchantment": labels["enchantment"],
        "themes": {theme: polarity for theme, polarity in themes.items() if polarity is not None},
        "incivility": labels["incivility"],
        "themes_read": labels["themes_read"],
        "source": row["source"],
        "stratum": REVIEWED,
    }
