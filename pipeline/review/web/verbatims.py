"""The list: filter, sort, look closer, change many at once."""

from __future__ import annotations

import secrets
from dataclasses import replace
from typing import Annotated

from fastapi import APIRouter, Form, Request
from fastapi.responses import RedirectResponse, Response

from pipeline.review.accounts import reviewers
from pipeline.review.bulk import CONFIRM, MAX_AT_ONCE, apply_bulk, parse_action, plan_bulk
from pipeline.review.decisions import Ballot, record, undo
from pipeline.review.desk import Desk
from pipeline.review.labels import VerbatimLabels
from pipeline.review.queue import blind_for, blind_query, items_by_id
from pipeline.review.search import SORTS, STATES, blinded, find, find_ids, rows_by_id
from pipeline.review.standing import history
from pipeline.review.web.filters import filter_query, read_filter
from pipeline.review.web.pages import show
from pipeline.review.web.queue import with_evidence
from pipeline.review.web.security import DeskHere, Forbidden, FormChecked, SignedIn

router = APIRouter()

N_PREVIEWED = 12


@router.get("/verbatims")
def list_page(
    request: Request, desk: DeskHere, session: SignedIn, kept: int = 0, undone: int = 0
) -> Response:
    """Show one page of the list."""
    desk.keep_up()
    wanted = read_filter(dict(request.query_params))
    audiences = desk.audiences_for(session.reviewer)
    found = find(desk.store, wanted, audiences, blind_query(session.reviewer))
    return show(
        request,
        "verbatims.html",
        wanted=wanted,
        query=filter_query(wanted),
        found=replace(found, rows=blinded(found.rows, blind_for(desk.store, session.reviewer))),
        choices=desk.choices,
        people=reviewers(desk.store) if session.reviewer.leads else [session.reviewer],
        audiences=audiences,
        states=STATES,
        sorts=SORTS,
        actions=_actions(desk),
        link=lambda **changes: f"/verbatims?{filter_query(wanted, **changes)}",
        kept=kept,
        undone=undone,
        max_at_once=MAX_AT_ONCE,
    )


def _actions(desk: Desk) -> list[tuple[str, list[tuple[str, str]]]]:
    """List the bulk actions by label: (group, [(action, label code)])."""
    space = desk.labels
    singles = [
        (label, [(f"{label}={value}", f"{label}:{value}") for value in values])
        for label, values in (
            ("sentiment", space.sentiment),
            ("enchantment", space.enchantment),
            ("incivility", space.incivility),
        )
    ]
    themes = [
        (
            f"theme:{theme}",
            [
                *((f"theme:{theme}={value}", f"theme:{theme}:{value}") for value in space.polarities),
                (f"theme:{theme}=", f"theme:{theme}"),
            ],
        )
        for theme in space.themes
    ]
    return [(CONFIRM, [(f"{CONFIRM}=", CONFIRM)]), *singles, *themes]


@router.post("/verbatims/preview")
async def preview(request: Request, desk: DeskHere, session: FormChecked) -> Response:
    """Show what a bulk action would change, before it does."""
    if not session.reviewer.may_review:
        raise Forbidden
    form = await request.form()
    wanted = read_filter({name: str(value) for name, value in form.items()})
    audiences = desk.audiences_for(session.reviewer)
    action = parse_action(str(form.get("action", "")), desk.labels)
    if form.get("which") == "all":
        ids = find_ids(desk.store, wanted, audiences, MAX_AT_ONCE + 1, blind_query(session.reviewer))
    else:
        ids = [str(value) for value in form.getlist("id")]
    blind = blind_for(desk.store, session.reviewer)
    changes = plan_bulk(desk.store, ids, action, audiences, blind)
    return show(
        request,
        "preview.html",
        action=action,
        action_text=f"{action.label}={action.value}",
        changes=changes,
        shown=changes[:N_PREVIEWED],
        n_changed=sum(change.before != change.after for change in changes),
        n_blind=len(blind.intersection(ids)),
        query=filter_query(wanted),
        key=secrets.token_hex(12),
    )


@router.post("/verbatims/apply")
def apply(
    desk: DeskHere,
    session: FormChecked,
    action: Annotated[str, Form()],
    key: Annotated[str, Form(min_length=8, max_length=40, pattern="^[0-9a-f]+$")],
    ids: Annotated[str, Form()],
    query: Annotated[str, Form()] = "",
) -> Response:
    """Do what was previewed, on the verbatims previewed."""
    parsed = parse_action(action, desk.labels)
    audiences = desk.audiences_for(session.reviewer)
    blind = blind_for(desk.store, session.reviewer)
    changes = plan_bulk(desk.store, ids.split(), parsed, audiences, blind)
    n_kept = apply_bulk(desk.store, session.reviewer, changes, desk.stamp, key)
    return RedirectResponse(f"/verbatims?{query}&kept={n_kept}", 303)


@router.post("/verbatims/undo")
def undo_last(desk: DeskHere, session: FormChecked, query: Annotated[str, Form()] = "") -> Response:
    """Take back the reviewer's last decision or bulk action."""
    ids = undo(desk.store, session.reviewer, f"{session.reviewer.id}:{secrets.token_hex(12)}", desk.stamp)
    return RedirectResponse(f"/verbatims?{query}&undone={len(ids)}", 303)


@router.get("/verbatims/{verbatim_id}")
def one_page(request: Request, desk: DeskHere, session: SignedIn, verbatim_id: str) -> Response:
    """Show a verbatim, its labels and its whole history."""
    audiences = desk.audiences_for(session.reviewer)
    with desk.store.reading() as connection:
        rows = rows_by_id(connection, [verbatim_id])
        items = list(items_by_id(connection, [verbatim_id]).values())
    if not rows or rows[0].audience not in audiences:
        raise Forbidden
    entries = history(desk.store, verbatim_id)
    blind = verbatim_id in blind_for(desk.store, session.reviewer)
    return show(
        request,
        "verbatim.html",
        query=filter_query(read_filter(dict(request.query_params))),
        row=rows[0],
        item=with_evidence(desk, items)[0],
        entries=[] if blind else entries,
        blind=blind,
        key=secrets.token_hex(12),
    )


@router.post("/verbatims/{verbatim_id}")
async def change_one(request: Request, desk: DeskHere, session: FormChecked, verbatim_id: str) -> Response:
    """Keep labels chosen on a verbatim's own page."""
    form = await request.form()
    audiences = desk.audiences_for(session.reviewer)
    with desk.store.reading() as connection:
        rows = rows_by_id(connection, [verbatim_id])
    if not rows or rows[0].audience not in audiences:
        raise Forbidden
    themes = {theme: str(form.get(f"theme:{theme}", "")) for theme in desk.labels.themes}
    given = {
        "sentiment": form.get("sentiment"),
        "enchantment": form.get("enchantment"),
        "incivility": form.get("incivility"),
        "themes": {theme: value for theme, value in themes.items() if value},
    }
    ballot = Ballot(
        verbatim_id=verbatim_id,
        labels=VerbatimLabels.checked(given, desk.labels),
        kind="list",
        request_key=f"{session.reviewer.id}:{str(form.get('key', ''))[:40] or secrets.token_hex(12)}",
        note=str(form.get("note", "")),
        doubt=form.get("doubt") == "on",
    )
    record(desk.store, session.reviewer, [ballot], desk.stamp)
    query = filter_query(read_filter(dict(request.query_params)))
    return RedirectResponse(f"/verbatims/{verbatim_id}?{query}", 303)
