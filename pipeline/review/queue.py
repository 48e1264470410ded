"""Hand the verbatims of a campaign to reviewers, each to one at a time: leases that expire."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Select, exists, func, or_, select, update

from pipeline.review.accounts import Reviewer
from pipeline.review.labels import VerbatimLabels
from pipeline.review.search import in_use
from pipeline.review.store import ReviewStore
from pipeline.review.tables import assignment, campaign, content, decision, item


@dataclass(frozen=True, slots=True)
class QueueItem:
    """A verbatim to review, with the tagger's labels: what others decided is never shown."""

    verbatim_id: str
    audience: str
    source: str
    text: str
    question: str | None
    date: str | None
    rating: float | None
    rating_scale: str | None
    dimensions: dict[str, str]
    tagged: VerbatimLabels | None
    probabilities: dict[str, float]
    confidence: float | None


@dataclass(frozen=True, slots=True)
class QueueProgress:
    """How far a campaign is: reviews wanted, done by all, done by one."""

    n_wanted: int
    n_done: int
    n_mine: int


def claim(
    store: ReviewStore,
    reviewer: Reviewer,
    campaign_id: int,
    *,
    n_items: int,
    audiences: tuple[str, ...],
    lease_minutes: int,
) -> list[QueueItem]:
    """Hand verbatims to a reviewer: first those already held, then the next free ones.

    Args:
        store: The review database.
        reviewer: Who reviews.
        campaign_id: Which queue; a closed one gives nothing.
        n_items: How many the reviewer shall hold.
        audiences: Whose verbatims the reviewer may read.
        lease_minutes: How long they are kept for the reviewer.

    Returns:
        Up to `n_items`, in the queue's order.
    """
    now = store.now()
    with store.writing() as connection:
        if not connection.scalar(select(campaign.c.open).where(campaign.c.id == campaign_id)):
            return []
        undone = (
            assignment.c.campaign_id == campaign_id,
            assignment.c.done.is_(False),
            assignment.c.audience.in_(audiences),
            in_use(assignment.c.verbatim_id),
        )
        held = select(assignment.c.id, assignment.c.verbatim_id).where(
            *undone, assignment.c.user_id == reviewer.id
        )
        rows = list(connection.execute(held.order_by(assignment.c.position).limit(n_items)))
        mine = select(assignment.c.verbatim_id).where(
            assignment.c.campaign_id == campaign_id, assignment.c.user_id == reviewer.id
        )
        while len(rows) < n_items:
            free = (
                select(assignment.c.id, assignment.c.verbatim_id)
                .where(
                    *undone,
                    or_(assignment.c.user_id.is_(None), assignment.c.lease_expires_at < now),
                    assignment.c.verbatim_id.not_in(mine),
                )
                .order_by(assignment.c.position, assignment.c.slot)
                .limit(1)
                .with_for_update(skip_locked=True)
            )
            row = connection.execute(free).one_or_none()
            if row is None:
                break
            _lease(connection, [row.id], reviewer, now, lease_minutes)
            rows.append(row)
        _lease(connection, [row.id for row in rows], reviewer, now, lease_minutes)
        found = items_by_id(connection, [row.verbatim_id for row in rows])
    return [found[row.verbatim_id] for row in rows]


def _lease(connection: Connection, ids: list[int], reviewer: Reviewer, now: float, minutes: int) -> None:
    lease = update(assignment).where(assignment.c.id.in_(ids))
    connection.execute(lease.values(user_id=reviewer.id, lease_expires_at=now + 60 * minutes))


def progress(store: ReviewStore, campaign_id: int, reviewer: Reviewer) -> QueueProgress:
    """Count the reviews of a campaign, and a reviewer's own."""
    still_asked = or_(assignment.c.done, in_use(assignment.c.verbatim_id))
    query = select(
        func.count(),
        func.count().filter(assignment.c.done),
        func.count().filter(assignment.c.done, assignment.c.user_id == reviewer.id),
    ).where(assignment.c.campaign_id == campaign_id, still_asked)
    with store.reading() as connection:
        n_wanted, n_done, n_mine = connection.execute(query).one()
    return QueueProgress(n_wanted, n_done, n_mine)


@dataclass(frozen=True, slots=True)
class TakenBack:
    """What a reviewer had said of a verbatim before taking it back."""

    labels: VerbatimLabels | None
    note: str
    doubt: bool


def last_ballot(store: ReviewStore, reviewer: Reviewer, verbatim_id: str) -> TakenBack:
    """Give what a reviewer last said of a verbatim, so that the page shows it again after an undo."""
    query = (
        select(decision)
        .where(
            decision.c.user_id == reviewer.id,
            decision.c.verbatim_id == verbatim_id,
            decision.c.kind != "undo",
        )
        .order_by(decision.c.id.desc())
        .limit(1)
    )
    with store.reading() as connection:
        row = connection.execute(query).one_or_none()
    if row is None:
        return TakenBack(None, "", False)
    return TakenBack(VerbatimLabels.from_json(row.labels_to), row.note or "", row.doubt)


def blind_query(reviewer: Reviewer) -> Select[tuple[str]] | None:
    """Select what others decided on, and a queue may still ask this reviewer to read blind.

    Returns:
        Nothing for leads, who see everything since they adjudicate, and for readers, whom no queue asks.
    """
    if reviewer.leads or not reviewer.may_review:
        return None
    theirs = assignment.alias()
    done_by_them = exists().where(
        theirs.c.campaign_id == assignment.c.campaign_id,
        theirs.c.verbatim_id == assignment.c.verbatim_id,
        theirs.c.user_id == reviewer.id,
        theirs.c.done,
    )
    decided_by_others = exists().where(
        decision.c.verbatim_id == assignment.c.verbatim_id, decision.c.user_id != reviewer.id
    )
    return (
        select(assignment.c.verbatim_id)
        .join(campaign, campaign.c.id == assignment.c.campaign_id)
        .where(campaign.c.open, assignment.c.done.is_(False), ~done_by_them, decided_by_others)
    )


def blind_for(store: ReviewStore, reviewer: Reviewer) -> set[str]:
    """List the verbatims that `blind_query` selects."""
    query = blind_query(reviewer)
    if query is None:
        return set()
    with store.reading() as connection:
        return set(connection.scalars(query))


def items_by_id(connection: Connection, verbatim_ids: list[str]) -> dict[str, QueueItem]:
    """Read verbatims with what the tagger said of them; unknown ones are left out."""
    query = (
        select(item, *(column for column in content.c if column.name != "verbatim_id"))
        .join(content, content.c.verbatim_id == item.c.verbatim_id)
        .where(item.c.verbatim_id.in_(verbatim_ids))
    )
    return {row["verbatim_id"]: _queue_item(dict(row)) for row in connection.execute(query).mappings()}


def _queue_item(row: dict[str, Any]) -> QueueItem:
    return QueueItem(
        verbatim_id=row["verbatim_id"],
        audience=row["audience"],
        source=row["source"],
        text=row["text"],
        question=row["question"],
        date=row["date"],
        rating=row["rating"],
        rating_scale=row["rating_scale"],
        dimensions=json.loads(row["context"]),
        tagged=VerbatimLabels.from_json(row["tagged"]) if row["tagged"] else None,
        probabilities=json.loads(row["probabilities"]) if row["probabilities"] else {},
        confidence=row["confidence"],
    )
