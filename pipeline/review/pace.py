"""How fast reviews go, and in which order a campaign's came."""

from __future__ import annotations

import polars as pl
from sqlalchemy import select

from models.labels import LabelSpace
from pipeline.review.labels import VerbatimLabels
from pipeline.review.store import ReviewStore
from pipeline.review.tables import decision, drawn, item
from pipeline.schema import theme_column

USUAL_SECONDS = 15.0  # until the desk has seen enough reviews
MIN_TIMED = 20


def seconds_a_review(store: ReviewStore) -> float:
    """Give the median time of the last thousand queue reviews, in seconds."""
    query = (
        select(decision.c.seconds)
        .where(decision.c.kind == "review", decision.c.seconds.is_not(None))
        .order_by(decision.c.id.desc())
        .limit(1000)
    )
    with store.reading() as connection:
        seconds = sorted(connection.scalars(query))
    return float(seconds[len(seconds) // 2]) if len(seconds) >= MIN_TIMED else USUAL_SECONDS


def sequence(store: ReviewStore, campaign_id: int, labels: LabelSpace) -> pl.DataFrame:
    """Give the reviewed verbatims of a campaign in the queue's order, with their design probabilities.

    Returns:
        `verbatim_id`, `probability`, `sentiment`, `enchantment`, `incivility` and a column a theme, null
        where it is absent.
    """
    query = (
        select(drawn.c.verbatim_id, drawn.c.probability, item.c.codes)
        .join(item, item.c.verbatim_id == drawn.c.verbatim_id)
        .where(drawn.c.campaign_id == campaign_id, item.c.n_reviewers > 0)
        .order_by(drawn.c.position)
    )
    with store.reading() as connection:
        rows = connection.execute(query).all()
    n_drawn = _n_drawn(store, campaign_id)
    schema = {
        "verbatim_id": pl.String,
        "probability": pl.Float64,
        **dict.fromkeys(("sentiment", "enchantment", "incivility"), pl.String),
        **{theme_column(theme): pl.String for theme in labels.themes},
    }
    records = []
    for row in rows:
        given = VerbatimLabels.from_codes(row.codes)
        if given is None:
            continue
        records.append(
            {
                "verbatim_id": row.verbatim_id,
                "probability": min(1.0, row.probability * len(rows) / n_drawn),
                "sentiment": given.sentiment,
                "enchantment": given.enchantment,
                "incivility": given.incivility,
                **{theme_column(theme): given.themes.get(theme) for theme in labels.themes},
            }
        )
    return pl.DataFrame(records, schema=schema)


def _n_drawn(store: ReviewStore, campaign_id: int) -> int:
    with store.reading() as connection:
        query = select(drawn.c.verbatim_id).where(drawn.c.campaign_id == campaign_id)
        return len(connection.execute(query).all()) or 1
