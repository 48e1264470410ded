"""Log in, log out, make the first account, change the language."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import urlsplit

from fastapi import APIRouter, Form, Request
from fastapi.responses import RedirectResponse, Response

from pipeline.review.accounts import SESSION_SECONDS, add_reviewer, log_in, log_out, same_token
from pipeline.review.web.messages import LANGUAGES
from pipeline.review.web.pages import show
from pipeline.review.web.security import COOKIE, LANGUAGE_COOKIE, DeskHere, FormChecked

router = APIRouter()

# Pages that only a form opens, and where one goes back to.
FORM_PAGES = {"/verbatims/preview": "/verbatims", "/verbatims/apply": "/verbatims"}


@router.get("/")
def home() -> Response:
    """Go to work."""
    return RedirectResponse("/queue", 303)


@router.get("/login")
def login_page(request: Request, desk: DeskHere, ended: str = "") -> Response:
    """Ask for login and password, or for the first account; say so where a session has ended."""
    if desk.needs_first_account():
        return RedirectResponse("/first-account", 303)
    return show(request, "login.html", problem="ended" if ended else "")


@router.post("/login")
def login(
    request: Request, desk: DeskHere, login: Annotated[str, Form()], password: Annotated[str, Form()]
) -> Response:
    """Open a session."""
    address = request.client.host if request.client else ""
    if not desk.guard.admit(login, address):
        return show(request, "login.html", status=429, problem="too_many")
    opened = log_in(desk.store, login, password)
    if opened is None:
        return show(request, "login.html", status=401, problem="wrong")
    desk.guard.forgive(login)
    return _with_session(request, opened[1])


@router.get("/first-account")
def first_account_page(request: Request, desk: DeskHere) -> Response:
    """Ask for the first account, a lead's."""
    if not desk.needs_first_account():
        return RedirectResponse("/login", 303)
    return show(request, "first_account.html", problem="")


@router.post("/first-account")
def first_account(
    request: Request,
    desk: DeskHere,
    token: Annotated[str, Form()],
    login: Annotated[str, Form()],
    name: Annotated[str, Form()],
    password: Annotated[str, Form()],
) -> Response:
    """Make the first account, for who holds the token that the terminal shows."""
    if not desk.needs_first_account():
        return RedirectResponse("/login", 303)
    address = request.client.host if request.client else ""
    if not desk.guard.admit("first-account", address):
        return show(request, "first_account.html", status=429, problem="too_many")
    if not same_token(token.strip(), desk.setup_token):
        return show(request, "first_account.html", status=403, problem="token")
    add_reviewer(desk.store, login.strip().lower(), name, password, "lead")
    opened = log_in(desk.store, login, password)
    return _with_session(request, opened[1]) if opened else RedirectResponse("/login", 303)


@router.post("/logout")
def logout(request: Request, desk: DeskHere, _session: FormChecked) -> Response:
    """End the session."""
    log_out(desk.store, request.cookies.get(COOKIE, ""))
    response = RedirectResponse("/login", 303)
    response.delete_cookie(COOKIE)
    return response


@router.get("/language/{code}")
def change_language(request: Request, code: str) -> Response:
    """Switch between French and English, and stay on the page."""
    back = urlsplit(request.headers.get("referer", ""))
    here = back.path if back.netloc == request.headers.get("host") and back.path.startswith("/") else "/"
    here = FORM_PAGES.get(here, here)
    query = f"?{back.query}" if here != "/" and back.query else ""
    response = RedirectResponse(f"{here}{query}" if not here.startswith("//") else "/", 303)
    if code in LANGUAGES:
        response.set_cookie(LANGUAGE_COOKIE, code, max_age=31_536_000, samesite="lax", httponly=True)
    return response


def _with_session(request: Request, token: str) -> Response:
    response = RedirectResponse("/queue", 303)
    response.set_cookie(
        COOKIE,
        token,
        max_age=SESSION_SECONDS,
        httponly=True,
        samesite="strict",
        secure=request.url.scheme == "https",
    )
    return response
