"""Keep what reviewers decide, in an append-only history, and give the flow the reviewed labels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, insert, select, update

from models.labels import LabelSpace
from pipeline.errors import ReviewError
from pipeline.review.accounts import Reviewer
from pipeline.review.codebooks import note_codebook
from pipeline.review.labels import VerbatimLabels
from pipeline.review.refusals import refusal
from pipeline.review.reviewed import reviewed_labels
from pipeline.review.standing import in_force, settle
from pipeline.review.store import ReviewStore
from pipeline.review.tables import assignment, content, decision, item

__all__ = [
    "KINDS",
    "Ballot",
    "CodebookStamp",
    "record",
    "reviewed_labels",
    "stamp_of",
    "times_undone",
    "undo",
]

KINDS = ("review", "list", "bulk", "import", "adjudication", "undo")
MAX_NOTE_CHARS = 1_000


@dataclass(frozen=True, slots=True)
class Ballot:
    """What a reviewer says of one verbatim.

    Attributes:
        verbatim_id: Which verbatim.
        labels: The four labels.
        kind: How it came: `review` from a queue, `list`, `bulk`, `import`, `adjudication`.
        request_key: Chosen by the sender; the same key sent twice is kept once.
        campaign_id: The queue it came from, for kind `review`.
        note: A remark of the reviewer.
        doubt: Whether the reviewer is unsure.
        seconds: Time spent.
    """

    verbatim_id: str
    labels: VerbatimLabels
    kind: str
    request_key: str
    campaign_id: int | None = None
    note: str = ""
    doubt: bool = False
    seconds: float | None = None


@dataclass(frozen=True, slots=True)
class CodebookStamp:
    """The codebook under which a decision was made."""

    version: int
    hash: str
    themes: tuple[str, ...]


def record(store: ReviewStore, reviewer: Reviewer, ballots: Sequence[Ballot], stamp: CodebookStamp) -> int:
    """Keep decisions: all of them, or none.

    Args:
        store: The review database.
        reviewer: Who decides.
        ballots: What is decided; a ballot whose key was seen before is left out.
        stamp: Codebook in use.

    Returns:
        How many were new.

    Raises:
        ReviewError: The reviewer may not, the verbatim is unknown, or it was handed to somebody else.
    """
    if not reviewer.may_review:
        raise refusal(
            "reviewer_only",
            "this decision cannot be kept",
            expected="a reviewer or a lead",
            got=reviewer.role,
            where=f"account «{reviewer.login}»",
            do="Ask a lead for the role",
        )
    with store.writing() as connection:
        keys = [ballot.request_key for ballot in ballots]
        seen = _seen_keys(connection, keys)
        fresh = [ballot for ballot in ballots if ballot.request_key not in seen]
        note_codebook(connection, stamp.hash, stamp.themes)
        for ballot in fresh:
            _append(connection, store.now(), reviewer, ballot, stamp)
    return len(fresh)


def _seen_keys(connection: Connection, keys: Sequence[str]) -> set[str]:
    seen: set[str] = set()
    for start in range(0, len(keys), 500):
        chunk = keys[start : start + 500]
        query = select(decision.c.request_key).where(decision.c.request_key.in_(chunk))
        seen |= set(connection.scalars(query))
    return seen


def _append(
    connection: Connection, now: float, reviewer: Reviewer, ballot: Ballot, stamp: CodebookStamp
) -> None:
    lock = (
        select(item.c.codes, item.c.model_id, content.c.tagged)
        .join(content, content.c.verbatim_id == item.c.verbatim_id)
        .where(item.c.verbatim_id == ballot.verbatim_id)
        .with_for_update(of=item)
    )
    row = connection.execute(lock).one_or_none()
    if row is None:
        raise _conflict("a verbatim of this workspace", "an unknown one")
    slot = _finish_assignment(connection, reviewer, ballot) if ballot.kind == "review" else None
    before = in_force(connection, ballot.verbatim_id, row.tagged)
    connection.execute(
        insert(decision).values(
            verbatim_id=ballot.verbatim_id,
            user_id=reviewer.id,
            at=now,
            kind=ballot.kind,
            campaign_id=ballot.campaign_id,
            slot=slot,
            labels_from=before.to_json() if before else None,
            labels_to=ballot.labels.to_json(),
            note=ballot.note.strip()[:MAX_NOTE_CHARS] or None,
            doubt=ballot.doubt,
            seconds=ballot.seconds,
            codebook_version=stamp.version,
            codebook_hash=stamp.hash,
            model_id=row.model_id,
            request_key=ballot.request_key,
        )
    )
    settle(connection, ballot.verbatim_id)


def _finish_assignment(connection: Connection, reviewer: Reviewer, ballot: Ballot) -> int:
    query = select(assignment).where(
        assignment.c.campaign_id == ballot.campaign_id,
        assignment.c.verbatim_id == ballot.verbatim_id,
        assignment.c.user_id == reviewer.id,
        assignment.c.done.is_(False),
    )
    row = connection.execute(query.with_for_update()).first()
    if row is None:
        raise _conflict("a verbatim that this reviewer was handed", "one handed to somebody else or done")
    connection.execute(update(assignment).where(assignment.c.id == row.id).values(done=True))
    return int(row.slot)


def undo(
    store: ReviewStore,
    reviewer: Reviewer,
    request_key: str,
    stamp: CodebookStamp,
    campaign_id: int | None = None,
) -> list[str]:
    """Take back the reviewer's last decision: of a queue, or the whole of the last bulk action or import.

    The history keeps both the decision and its undoing; a verbatim of a queue is handed to the reviewer
    again.

    Args:
        store: The review database.
        reviewer: Who takes back.
        request_key: Chosen by the sender; the same key sent twice undoes once.
        stamp: Codebook in use.
        campaign_id: Only a review of this queue; None: whatever was decided last.

    Returns:
        The verbatims concerned; empty when there is nothing left to undo, or the key was seen before.
    """
    with store.writing() as connection:
        if _seen_keys(connection, [f"{request_key}:0"]):
            return []
        undone = select(decision.c.undoes).where(decision.c.undoes.is_not(None))
        mine = (
            select(decision)
            .where(decision.c.user_id == reviewer.id, decision.c.kind != "undo", decision.c.id.not_in(undone))
            .order_by(decision.c.id.desc())
        )
        if campaign_id is not None:
            mine = mine.where(decision.c.campaign_id == campaign_id, decision.c.kind == "review")
        last = connection.execute(mine.limit(1)).one_or_none()
        if last is None:
            return []
        rows = [last]
        if last.kind in ("bulk", "import"):
            group = f"{last.request_key.rsplit(':', 1)[0]}:"
            same_action = decision.c.request_key.startswith(group, autoescape=True)
            rows = list(connection.execute(mine.where(same_action)))
        for number, row in enumerate(rows):
            _append_undo(connection, store.now(), reviewer, row, f"{request_key}:{number}", stamp)
    return [row.verbatim_id for row in rows]


def times_undone(store: ReviewStore, action: str) -> int:
    """Count how often a bulk action or an import was taken back.

    Args:
        store: The review database.
        action: What the request keys of its decisions begin with, the reviewer's number first.
    """
    undone = select(decision.c.undoes).where(decision.c.undoes.is_not(None))
    query = select(decision.c.request_key).where(
        decision.c.request_key.startswith(action, autoescape=True), decision.c.id.in_(undone)
    )
    with store.reading() as connection:
        return len({key.rsplit(":", 1)[0] for key in connection.scalars(query)})


def _append_undo(
    connection: Connection, now: float, reviewer: Reviewer, row: Row[Any], key: str, stamp: CodebookStamp
) -> None:
    connection.execute(
        insert(decision).values(
            verbatim_id=row.verbatim_id,
            user_id=reviewer.id,
            at=now,
            kind="undo",
            campaign_id=row.campaign_id,
            slot=row.slot,
            labels_from=row.labels_to,
            undoes=row.id,
            doubt=False,
            codebook_version=stamp.version,
            codebook_hash=stamp.hash,
            model_id=row.model_id,
            request_key=key,
        )
    )
    if row.kind == "review":
        again = update(assignment).where(
            assignment.c.campaign_id == row.campaign_id,
            assignment.c.verbatim_id == row.verbatim_id,
            assignment.c.slot == row.slot,
        )
        connection.execute(again.values(done=False, user_id=reviewer.id, lease_expires_at=now + 600))
    settle(connection, row.verbatim_id)


def stamp_of(version: int, space: LabelSpace) -> CodebookStamp:
    """Stamp decisions with the codebook in use."""
    return CodebookStamp(version, space.codebook_hash, space.themes)


def _conflict(expected: str, got: str) -> ReviewError:
    return refusal(
        "queue_conflict",
        "this decision cannot be kept",
        expected=expected,
        got=got,
        where="queue",
        do="Go on with the next verbatim",
    )
