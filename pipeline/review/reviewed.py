"""The reviewed labels of a workspace, each with its probability of having been reviewed by chance."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa
from sqlalchemy import func, select
from sqlalchemy.engine import make_url

from models.labels import LabelSpace
from pipeline.review.campaigns import design_path
from pipeline.review.codebooks import themes_read, with_unnoted
from pipeline.review.standing import agreed_labels, asked_about, votes
from pipeline.review.store import ReviewStore, database_url, open_store
from pipeline.review.tables import assignment, decision, drawn, item
from pipeline.schema import reviewed_schema, theme_column
from pipeline.workspace import Workspace


def reviewed_labels(workspace: Workspace, labels: LabelSpace, database: str | None = None) -> pa.Table:
    """Give all labels that people decided, as the flow and the estimates take them.

    Args:
        workspace: Whose reviews.
        labels: The codebook's label space.
        database: `review.database` of the configuration.

    Returns:
        A table of `pipeline.schema.reviewed_schema`, one row a reviewed verbatim; empty when there is no
        review yet.

    Raises:
        ReviewError: The database is named and cannot be opened.
    """
    if database is None and not workspace.is_local:
        return reviewed_schema(labels).empty_table()
    url = database_url(workspace, database)
    if url.startswith("sqlite") and not Path(make_url(url).database or "").exists():
        return reviewed_schema(labels).empty_table()
    store = open_store(url)
    try:
        return reviewed_table(store, workspace, labels)
    finally:
        store.engine.dispose()


def reviewed_table(store: ReviewStore, workspace: Workspace, labels: LabelSpace) -> pa.Table:
    """Do the same with an open database."""
    rows = _labels_in_force(store, labels)
    sample = _sampled(store, workspace, {row["verbatim_id"] for row in rows})
    nothing = {"campaign": None, "stratum": None, "inclusion_probability": None}
    merged = [{**row, **sample.get(row["verbatim_id"], nothing)} for row in rows]
    return pa.Table.from_pylist(merged, schema=reviewed_schema(labels))


def incomplete_reviews(store: ReviewStore, labels: LabelSpace) -> dict[str, list[str]]:
    """Give the themes that were read in each verbatim reviewed before the codebook had the others."""
    return {
        row["verbatim_id"]: row["themes_read"]
        for row in _labels_in_force(store, labels)
        if row["themes_read"] is not None
    }


def _labels_in_force(store: ReviewStore, labels: LabelSpace) -> list[dict[str, Any]]:
    query = select(decision).order_by(decision.c.verbatim_id, decision.c.id)
    by_verbatim: dict[str, list[Any]] = {}
    with store.reading() as connection:
        rows = connection.execute(query).all()
        read = with_unnoted(themes_read(connection), rows, labels)
    undone = {row.undoes for row in rows if row.undoes is not None}
    for row in rows:
        if row.kind != "undo" and row.id not in undone:
            by_verbatim.setdefault(row.verbatim_id, []).append(row)
    result = []
    for verbatim_id, standing_rows in by_verbatim.items():
        decided = agreed_labels(standing_rows, read)
        if decided is None:
            continue
        adjudicated = any(row.kind == "adjudication" for row in standing_rows)
        result.append(
            {
                "verbatim_id": verbatim_id,
                "sentiment": decided.sentiment,
                "enchantment": decided.enchantment,
                "incivility": decided.incivility,
                **{theme_column(theme): decided.themes.get(theme) for theme in labels.themes},
                "n_reviewers": max(len(votes(standing_rows)), 1),
                "adjudicated": adjudicated,
                "themes_read": asked_about(standing_rows, read, labels.themes),
            }
        )
    return result


def _sampled(store: ReviewStore, workspace: Workspace, reviewed: set[str]) -> dict[str, dict[str, Any]]:
    """Find which reviewed verbatims chance chose, and with what probability.

    A queue is in random order, so the part of it that was reached is a sample of its own: probabilities are
    multiplied by the share of the queue that was reviewed so far, by audience, because a reviewer may be
    kept from one. A verbatim reviewed from the list before the queue reached it was not chosen by chance.
    Several campaigns draw independently, so that the probability of being in any is `1 - Π (1 - πₖ)`.
    """
    chosen: dict[str, dict[str, Any]] = {}
    missed: dict[str, float] = {}
    with store.reading() as connection:
        known = select(item.c.verbatim_id, item.c.audience).where(item.c.n_reviewers > 0)
        audience_now = {row.verbatim_id: row.audience for row in connection.execute(known)}
    for campaign_id, factor, members in _reached(store, reviewed):
        for verbatim_id, stratum in members:
            chosen.setdefault(verbatim_id, {"campaign": str(campaign_id), "stratum": stratum})
        design = pl.DataFrame(pl.from_arrow(workspace.read_table(*design_path(campaign_id))))
        for verbatim_id, probability in (
            design.select("verbatim_id", "probability")
            .filter(pl.col("verbatim_id").is_in(list(reviewed)))
            .iter_rows()
        ):
            # The source's audience may have been corrected since the draw.
            drawn_here = probability * factor.get(audience_now[verbatim_id], 0.0)
            missed[verbatim_id] = missed.get(verbatim_id, 1.0) * (1.0 - drawn_here)
    return {
        verbatim_id: {**entry, "inclusion_probability": 1.0 - missed[verbatim_id]}
        for verbatim_id, entry in chosen.items()
    }


def _reached(
    store: ReviewStore, reviewed: set[str]
) -> list[tuple[int, dict[str, float], list[tuple[str, str]]]]:
    front_query = (
        select(assignment.c.campaign_id, assignment.c.audience, func.max(assignment.c.position))
        .where(assignment.c.user_id.is_not(None))
        .group_by(assignment.c.campaign_id, assignment.c.audience)
    )
    drawn_query = select(drawn, item.c.audience).join(item, item.c.verbatim_id == drawn.c.verbatim_id)
    with store.reading() as connection:
        front = {(row[0], row[1]): row[2] for row in connection.execute(front_query)}
        rows = connection.execute(drawn_query.order_by(drawn.c.campaign_id, drawn.c.position)).all()
    totals: dict[int, dict[str, list[int]]] = {}
    members: dict[int, list[tuple[str, str]]] = {}
    for row in rows:
        count = totals.setdefault(row.campaign_id, {}).setdefault(row.audience, [0, 0])
        count[0] += 1
        reached = row.position <= front.get((row.campaign_id, row.audience), -1)
        if reached and row.verbatim_id in reviewed:
            count[1] += 1
            members.setdefault(row.campaign_id, []).append((row.verbatim_id, row.stratum))
    return [
        (number, {audience: n[1] / n[0] for audience, n in by_audience.items()}, members.get(number, []))
        for number, by_audience in totals.items()
    ]
