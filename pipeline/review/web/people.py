"""Accounts, for leads; and one's own password."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Form, Request
from fastapi.responses import RedirectResponse, Response

from pipeline.review.accounts import ROLES, add_reviewer, change_reviewer, reviewers
from pipeline.review.web.pages import show
from pipeline.review.web.security import DeskHere, Leading, LeadingForm

router = APIRouter()


@router.get("/people")
def people_page(request: Request, desk: DeskHere, _session: Leading) -> Response:
    """List accounts."""
    return show(
        request,
        "people.html",
        people=reviewers(desk.store),
        roles=ROLES,
        employee_roles=desk.config.employee_roles,
    )


@router.post("/people")
def add(
    desk: DeskHere,
    _session: LeadingForm,
    login: Annotated[str, Form()],
    name: Annotated[str, Form()],
    password: Annotated[str, Form()],
    role: Annotated[str, Form()],
) -> Response:
    """Make an account."""
    add_reviewer(desk.store, login.strip().lower(), name, password, role)
    return RedirectResponse("/people", 303)


@router.post("/people/{reviewer_id}")
def change(
    desk: DeskHere,
    _session: LeadingForm,
    reviewer_id: int,
    role: Annotated[str, Form()] = "",
    active: Annotated[str, Form()] = "",
    password: Annotated[str, Form()] = "",
) -> Response:
    """Change a role, close or reopen an account, set a new password."""
    change_reviewer(
        desk.store,
        reviewer_id,
        role=role or None,
        active=None if not active else active == "yes",
        password=password or None,
    )
    return RedirectResponse("/people", 303)
