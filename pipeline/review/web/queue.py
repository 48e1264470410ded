"""The queue: one verbatim at a time, by keyboard."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, Response
from pydantic import BaseModel, ConfigDict, Field

from models.tagger import VerbatimBatch
from pipeline.review.accounts import OpenSession
from pipeline.review.campaigns import campaigns, find_campaign
from pipeline.review.decisions import MAX_NOTE_CHARS, Ballot, record, undo
from pipeline.review.desk import Desk
from pipeline.review.labels import VerbatimLabels
from pipeline.review.queue import QueueItem, claim, last_ballot, progress
from pipeline.review.web.messages import section
from pipeline.review.web.pages import language_of, show
from pipeline.review.web.security import ApiChecked, DeskHere, Forbidden, SignedIn

router = APIRouter()

N_AHEAD = 5  # verbatims that a browser holds, so that the next one is there at once


class DecisionForm(BaseModel):
    """A decision, as the page sends it."""

    model_config = ConfigDict(extra="forbid")

    verbatim_id: str = Field(max_length=64)
    labels: dict[str, Any]
    key: str = Field(min_length=8, max_length=64)
    note: str = Field(default="", max_length=MAX_NOTE_CHARS)
    doubt: bool = False
    seconds: Annotated[float, Field(ge=0, le=86_400)] | None = None


class UndoForm(BaseModel):
    """A wish to take the last decision back."""

    model_config = ConfigDict(extra="forbid")

    key: str = Field(min_length=8, max_length=64)


@router.get("/queue")
def choose_queue(request: Request, desk: DeskHere, session: SignedIn) -> Response:
    """Open the only queue, or let the reviewer choose."""
    desk.keep_up()
    known = [campaign for campaign in campaigns(desk.store) if campaign.open]
    if len(known) == 1 and session.reviewer.may_review:
        return RedirectResponse(f"/queue/{known[0].id}", 303)
    states = [(campaign, progress(desk.store, campaign.id, session.reviewer)) for campaign in known]
    return show(request, "queues.html", states=states)


@router.get("/queue/{campaign_id}")
def queue_page(request: Request, desk: DeskHere, session: SignedIn, campaign_id: int) -> Response:
    """Show the page; its script asks for the verbatims."""
    if not session.reviewer.may_review:
        raise Forbidden
    themes = [f"theme:{name}" for name in desk.labels.themes]
    return show(
        request,
        "queue.html",
        campaign=find_campaign(desk.store, campaign_id),
        guide_codes=["sentiment", "enchantment", *themes, "incivility"],
        words=section("queue", language_of(request)),
        dimensions=section("dimension", language_of(request)),
    )


@router.get("/api/queue/{campaign_id}")
def next_items(desk: DeskHere, session: SignedIn, campaign_id: int) -> dict[str, Any]:
    """Hand out the next verbatims, those already held first."""
    if not session.reviewer.may_review:
        raise Forbidden
    items = claim(
        desk.store,
        session.reviewer,
        campaign_id,
        n_items=N_AHEAD,
        audiences=desk.audiences_for(session.reviewer),
        lease_minutes=desk.config.lease_minutes,
    )
    return {"items": with_evidence(desk, items), "progress": _progress(desk, session, campaign_id)}


@router.post("/api/queue/{campaign_id}/decisions")
def decide(desk: DeskHere, session: ApiChecked, campaign_id: int, form: DecisionForm) -> dict[str, Any]:
    """Keep a decision; once this answers, it is on disk."""
    ballot = Ballot(
        verbatim_id=form.verbatim_id,
        labels=VerbatimLabels.checked(form.labels, desk.labels),
        kind="review",
        request_key=f"{session.reviewer.id}:{form.key}",
        campaign_id=campaign_id,
        note=form.note,
        doubt=form.doubt,
        seconds=form.seconds,
    )
    n_new = record(desk.store, session.reviewer, [ballot], desk.stamp)
    return {"kept": True, "new": n_new, "progress": _progress(desk, session, campaign_id)}


@router.post("/api/queue/{campaign_id}/undo")
def take_back(desk: DeskHere, session: ApiChecked, campaign_id: int, form: UndoForm) -> dict[str, Any]:
    """Take back the reviewer's last decision."""
    key = f"{session.reviewer.id}:{form.key}"
    ids = undo(desk.store, session.reviewer, key, desk.stamp, campaign_id)
    before = last_ballot(desk.store, session.reviewer, ids[0]) if ids else None
    return {
        "verbatim_ids": ids,
        "labels": before.labels.to_dict() if before and before.labels else None,
        "note": before.note if before else "",
        "doubt": before.doubt if before else False,
        "progress": _progress(desk, session, campaign_id),
    }


def _progress(desk: Desk, session: OpenSession, campaign_id: int) -> dict[str, int]:
    state = progress(desk.store, campaign_id, session.reviewer)
    return {"wanted": state.n_wanted, "done": state.n_done, "mine": state.n_mine}


def with_evidence(desk: Desk, items: list[QueueItem]) -> list[dict[str, Any]]:
    """Dress verbatims for the page: masked text, context, the tagger's labels, and the spans behind them."""
    batch = VerbatimBatch(
        [entry.text for entry in items],
        [entry.audience for entry in items],
        [entry.question for entry in items],
    )
    spans = desk.evidence(batch)
    return [
        {
            "verbatim_id": entry.verbatim_id,
            "audience": entry.audience,
            "source": entry.source,
            "text": entry.text,
            "question": entry.question,
            "date": entry.date,
            "rating": entry.rating,
            "rating_scale": entry.rating_scale,
            "dimensions": entry.dimensions,
            "tagged": entry.tagged.to_dict() if entry.tagged else None,
            "probabilities": entry.probabilities,
            "confidence": entry.confidence,
            "spans": [
                {"label": span.label, "start": span.start, "end": span.end, "weight": round(span.weight, 3)}
                for span in found
            ],
        }
        for entry, found in zip(items, spans, strict=True)
    ]
