"""The lead's pages: disagreements to settle, and how far reviewers agree."""

from __future__ import annotations

import secrets

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, Response

from pipeline.review.agreement import agreement, blind_readings
from pipeline.review.decisions import Ballot, record
from pipeline.review.labels import VerbatimLabels
from pipeline.review.search import ListFilter, find
from pipeline.review.standing import standing, votes
from pipeline.review.web.pages import show
from pipeline.review.web.security import DeskHere, Leading, LeadingForm

router = APIRouter()


@router.get("/adjudication")
def adjudication_page(request: Request, desk: DeskHere, session: Leading, after: str = "") -> Response:
    """Show the first disagreement, who said what without names, and what a ruling may be."""
    audiences = desk.audiences_for(session.reviewer)
    page = find(desk.store, ListFilter(state="contested", sort="reviewed"), audiences)
    doubted = find(desk.store, ListFilter(state="doubted", sort="reviewed"), audiences)
    rows = page.rows or doubted.rows
    ids = [row.verbatim_id for row in rows]
    place = (ids.index(after) + 1) % len(ids) if after in ids else 0
    row = rows[place] if rows else None
    ballots = []
    if row:
        with desk.store.reading() as connection:
            ballots = list(votes(standing(connection, row.verbatim_id)).values())
    return show(
        request,
        "adjudication.html",
        row=row,
        n_contested=page.n_total,
        n_doubted=doubted.n_total,
        ballots=[(VerbatimLabels.from_json(entry.labels_to), entry.note, entry.doubt) for entry in ballots],
        key=secrets.token_hex(12),
    )


@router.post("/adjudication/{verbatim_id}")
async def rule(request: Request, desk: DeskHere, session: LeadingForm, verbatim_id: str) -> Response:
    """Keep the lead's ruling."""
    form = await request.form()
    themes = {theme: str(form.get(f"theme:{theme}", "")) for theme in desk.labels.themes}
    given = {
        "sentiment": form.get("sentiment"),
        "enchantment": form.get("enchantment"),
        "incivility": form.get("incivility"),
        "themes": {theme: value for theme, value in themes.items() if value},
    }
    ballot = Ballot(
        verbatim_id,
        VerbatimLabels.checked(given, desk.labels),
        "adjudication",
        f"{session.reviewer.id}:{str(form.get('key', ''))[:40] or secrets.token_hex(12)}",
        note=str(form.get("note", "")),
    )
    record(desk.store, session.reviewer, [ballot], desk.stamp)
    return RedirectResponse("/adjudication", 303)


@router.get("/agreement")
def agreement_page(request: Request, desk: DeskHere, _session: Leading) -> Response:
    """Show agreement by label."""
    readings = blind_readings(desk.store)
    return show(request, "agreement.html", rows=agreement(readings, desk.labels), n_read=len(readings))
