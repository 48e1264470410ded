"""The codebook at hand: meanings, rules, examples, and what analysts propose."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Form, Request
from fastapi.responses import RedirectResponse, Response

from pipeline.review.proposals import decide, preview, proposals, propose, targets
from pipeline.review.web.pages import show
from pipeline.review.web.security import DeskHere, Forbidden, FormChecked, LeadingForm, SignedIn

router = APIRouter()


@router.get("/codebook")
def codebook_page(request: Request, desk: DeskHere, session: SignedIn) -> Response:
    """Show the codebook and the proposals."""
    known = proposals(desk.store)
    previews = {
        entry.id: preview(desk.codebook_path, entry)
        for entry in known
        if entry.state == "open" and session.reviewer.leads
    }
    codes = ["sentiment", "enchantment", *(f"theme:{theme}" for theme in desk.labels.themes), "incivility"]
    return show(
        request,
        "codebook.html",
        codes=codes,
        proposals=known,
        previews=previews,
        example_targets=targets(desk.codebook, "example"),
        rule_targets=targets(desk.codebook, "rule"),
    )


@router.post("/codebook/proposals")
def new_proposal(
    desk: DeskHere,
    session: FormChecked,
    kind: Annotated[str, Form()],
    fr: Annotated[str, Form()],
    labels: Annotated[list[str] | None, Form()] = None,
    en: Annotated[str, Form()] = "",
) -> Response:
    """Keep a proposal."""
    if not session.reviewer.may_review:
        raise Forbidden
    propose(desk.store, session.reviewer, desk.codebook, kind=kind, labels=tuple(labels or ()), fr=fr, en=en)
    return RedirectResponse("/codebook#proposals", 303)


@router.post("/codebook/proposals/{proposal_id}")
def decide_proposal(
    desk: DeskHere, session: LeadingForm, proposal_id: int, accept: Annotated[bool, Form()]
) -> Response:
    """Write a proposal into the codebook, or refuse it."""
    decide(desk.store, session.reviewer, desk.codebook_path, proposal_id, accept=accept)
    desk.reread_codebook()
    return RedirectResponse("/codebook#proposals", 303)
