"""Campaigns: draw a queue with known probabilities, keep its design, follow it, close it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import polars as pl
from sqlalchemy import Connection, Row, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from models.labels import LabelSpace
from pipeline import layout
from pipeline.errors import ReviewError
from pipeline.review.accounts import Reviewer
from pipeline.review.index import batches_in_use
from pipeline.review.population import Scope, find_population, read_population
from pipeline.review.refusals import refusal
from pipeline.review.sampling import Design, Mix, draw, inclusion_probabilities
from pipeline.review.store import ReviewStore
from pipeline.review.tables import assignment, campaign, drawn, item
from pipeline.workspace import Workspace


@dataclass(frozen=True, slots=True)
class Campaign:
    """A queue and how it was drawn.

    Attributes:
        id: Number in the database.
        name: What reviewers see.
        open: Whether verbatims are still handed out.
        design: How it was drawn.
        model_id: The tagger whose probabilities the design used.
        n_population: Verbatims that could be drawn.
        n_drawn: Verbatims drawn.
        n_reviewed: Verbatims of it with at least one review.
    """

    id: int
    name: str
    open: bool
    created_at: float
    design: Design
    model_id: str
    n_population: int
    n_drawn: int
    n_reviewed: int


def design_path(campaign_id: int) -> tuple[str, ...]:
    """Name the workspace file that holds every verbatim's probability in a campaign."""
    return ("reviews", "designs", f"campaign-{campaign_id}.parquet")


def create_campaign(
    store: ReviewStore,
    workspace: Workspace,
    labels: LabelSpace,
    reviewer: Reviewer,
    *,
    name: str,
    model_id: str,
    design: Design,
) -> int:
    """Draw a campaign and make its queue, all of it or nothing.

    Verbatims that somebody reviewed before need no second review: they count as done when the queue reaches
    them, and the draw stays what chance made it.

    Args:
        store: The review database, its index up to date.
        workspace: Where the population lies; the design is kept there too.
        labels: The codebook's label space.
        reviewer: A lead.
        name: A name that no other campaign has.
        model_id: The tagger whose probabilities guide the design.
        design: What to draw.

    Returns:
        The campaign's number.

    Raises:
        ReviewError: Not a lead, the name is taken, or the design cannot be drawn.
    """
    if not reviewer.leads:
        raise _refused("lead_only", "a lead", reviewer.role, f"account «{reviewer.login}»")
    if not name.strip():
        raise _refused("campaign_name", "a name", "none", "campaign")
    population = read_population(workspace, model_id, design.scope)
    other = other_reading(workspace, model_id, design.scope) if design.mix.disagreement else None
    probabilities = inclusion_probabilities(population, design, labels, other)
    sample = draw(probabilities, design.seed)
    try:
        with store.writing() as connection:
            known = _indexed(connection, sample["verbatim_id"].to_list())
            if len(known) < len(sample):
                raise _refused(
                    "campaign_stale",
                    "verbatims that the desk has indexed",
                    f"{len(sample) - len(known)} unknown",
                    name,
                )
            key = connection.execute(
                insert(campaign).values(
                    name=name.strip()[:120],
                    created_by=reviewer.id,
                    created_at=store.now(),
                    open=True,
                    design=json.dumps(asdict(design), ensure_ascii=False),
                    model_id=model_id,
                    n_population=len(population),
                    n_drawn=len(sample),
                )
            ).inserted_primary_key
            number = int(key[0]) if key else 0
            _make_queue(connection, number, sample, design)
            workspace.write_table(probabilities.to_arrow(), *design_path(number))
    except IntegrityError as error:
        raise _refused(
            "campaign_name", "a name that no campaign has", "one that is taken", "campaign"
        ) from error
    return number


def other_reading(workspace: Workspace, model_id: str, scope: Scope) -> pl.DataFrame | None:
    """Read the population as another tagger saw it; None when no other saw any of it."""
    others = sorted(
        {
            model
            for batch in batches_in_use(workspace)
            for model in workspace.names(layout.ANNOTATIONS, batch)
            if model != model_id
        }
    )
    readings = (find_population(workspace, model, scope) for model in reversed(others))
    return next((reading for reading in readings if reading is not None), None)


def _indexed(connection: Connection, ids: Sequence[str]) -> set[str]:
    known: set[str] = set()
    for start in range(0, len(ids), 500):
        query = select(item.c.verbatim_id).where(item.c.verbatim_id.in_(ids[start : start + 500]))
        known |= set(connection.scalars(query))
    return known


def _make_queue(connection: Connection, number: int, sample: pl.DataFrame, design: Design) -> None:
    generator = np.random.default_rng([design.seed, 2])
    twice = generator.random(len(sample)) < design.double_share
    reviewed = set(connection.scalars(select(item.c.verbatim_id).where(item.c.n_reviewers > 0)))
    queue: list[dict[str, Any]] = []
    chosen: list[dict[str, Any]] = []
    for position, row in enumerate(sample.iter_rows(named=True)):
        key = {"campaign_id": number, "verbatim_id": row["verbatim_id"], "position": position}
        chosen.append({**key, "stratum": row["stratum"], "probability": row["probability"]})
        for slot in (1, 2) if twice[position] else (1,):
            done = slot == 1 and row["verbatim_id"] in reviewed
            queue.append({**key, "slot": slot, "audience": row["audience"], "done": done})
    connection.execute(insert(drawn), chosen)
    connection.execute(insert(assignment), queue)


def campaigns(store: ReviewStore) -> list[Campaign]:
    """List all campaigns, the newest first."""
    reviewed = (
        select(drawn.c.campaign_id, func.count().label("n"))
        .join(item, item.c.verbatim_id == drawn.c.verbatim_id)
        .where(item.c.n_reviewers > 0)
        .group_by(drawn.c.campaign_id)
        .subquery()
    )
    query = (
        select(campaign, func.coalesce(reviewed.c.n, 0).label("n_reviewed"))
        .outerjoin(reviewed, reviewed.c.campaign_id == campaign.c.id)
        .order_by(campaign.c.id.desc())
    )
    with store.reading() as connection:
        return [_campaign(row) for row in connection.execute(query)]


def find_campaign(store: ReviewStore, campaign_id: int) -> Campaign:
    """Give one campaign.

    Raises:
        ReviewError: There is none with this number.
    """
    for known in campaigns(store):
        if known.id == campaign_id:
            return known
    raise _refused("campaign_unknown", "a campaign that exists", f"number {campaign_id}", "campaign")


def set_open(store: ReviewStore, campaign_id: int, is_open: bool) -> None:
    """Open or close a campaign's queue; what was reviewed stays."""
    with store.writing() as connection:
        connection.execute(update(campaign).where(campaign.c.id == campaign_id).values(open=is_open))


def _campaign(row: Row[Any]) -> Campaign:
    content = json.loads(row.design)
    scope = {**content["scope"], "audiences": tuple(content["scope"]["audiences"])}
    design = Design(
        **{
            **content,
            "mix": Mix(**content["mix"]),
            "scope": Scope(**scope),
            "strata": tuple(content["strata"]),
        }
    )
    return Campaign(
        id=row.id,
        name=row.name,
        open=row.open,
        created_at=row.created_at,
        design=design,
        model_id=row.model_id,
        n_population=row.n_population,
        n_drawn=row.n_drawn,
        n_reviewed=row.n_reviewed,
    )


def _refused(code: str, expected: str, got: str, where: str = "campaign") -> ReviewError:
    return refusal(
        code,
        "the campaign cannot be made",
        expected=expected,
        got=got,
        where=where,
        do="Change it and try again",
    )
