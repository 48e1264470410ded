"""What keeps the desk safe: headers, hosts, sessions, forgery checks, and a log without texts."""

from __future__ import annotations

import logging
import time
from collections.abc import Awaitable, Callable
from typing import Annotated
from urllib.parse import urlsplit

from fastapi import Depends, Form, Header, Request, Response
from starlette.responses import PlainTextResponse

from pipeline.review.accounts import OpenSession, find_session, same_token
from pipeline.review.desk import Desk

ACCESS = logging.getLogger("pipeline.review.access")
COOKIE = "miroir_session"
LANGUAGE_COOKIE = "miroir_language"
MAX_BODY_BYTES = 25_000_000
LOCAL_HOSTS = ("127.0.0.1", "localhost", "[::1]", "testserver")

HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
        "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
}


class LoginNeeded(Exception):
    """The page is for people who are logged in."""


class Forbidden(Exception):
    """The page is not for this role, or the request does not come from the desk's own pages."""


Next = Callable[[Request], Awaitable[Response]]


def guard_requests(desk: Desk) -> Callable[[Request, Next], Awaitable[Response]]:
    """Build the middleware that checks every request and dresses every answer."""
    hosts = {*LOCAL_HOSTS, *desk.config.public_hosts}

    async def guard(request: Request, call_next: Next) -> Response:
        started = time.perf_counter()
        response = _refuse(request, hosts) or await call_next(request)
        response.headers.update(HEADERS)
        if not request.url.path.startswith("/static/"):
            response.headers["Cache-Control"] = "no-store"
        # The path only: a query may hold what somebody searched for in the texts.
        ACCESS.info(
            "%s %s %d %.0f ms reviewer=%s",
            request.method,
            request.url.path,
            response.status_code,
            1000 * (time.perf_counter() - started),
            getattr(request.state, "reviewer_id", "-"),
        )
        return response

    return guard


def _refuse(request: Request, hosts: set[str]) -> Response | None:
    host = request.headers.get("host", "")
    if host.rsplit(":", 1)[0] not in hosts and host not in hosts:
        return PlainTextResponse("Hôte inconnu / Unknown host", 400)
    if request.method in ("GET", "HEAD"):
        return None
    origin = request.headers.get("origin")
    if origin is not None and urlsplit(origin).netloc != host:
        return PlainTextResponse("Origine refusée / Origin refused", 403)
    if request.headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
        return PlainTextResponse("Origine refusée / Origin refused", 403)
    length = request.headers.get("content-length", "")
    if not length.isdigit() or int(length) > MAX_BODY_BYTES:
        return PlainTextResponse("Trop volumineux / Too large", 413)
    return None


def desk_of(request: Request) -> Desk:
    """Give the desk that the application was built for."""
    desk: Desk = request.app.state.desk
    return desk


DeskHere = Annotated[Desk, Depends(desk_of)]


def signed_in(request: Request, desk: DeskHere) -> OpenSession:
    """Require a session."""
    token = request.cookies.get(COOKIE)
    found = find_session(desk.store, token) if token else None
    if found is None:
        raise LoginNeeded
    request.state.reviewer_id = found.reviewer.id
    request.state.session = found
    return found


SignedIn = Annotated[OpenSession, Depends(signed_in)]


def form_checked(session: SignedIn, csrf: Annotated[str, Form()] = "") -> OpenSession:
    """Require a session and the form's token."""
    if not same_token(csrf, session.csrf):
        raise Forbidden
    return session


def api_checked(session: SignedIn, x_csrf_token: Annotated[str, Header()] = "") -> OpenSession:
    """Require a session and the header's token."""
    if not same_token(x_csrf_token, session.csrf):
        raise Forbidden
    return session


def leading(session: SignedIn) -> OpenSession:
    """Require a lead."""
    if not session.reviewer.leads:
        raise Forbidden
    return session


FormChecked = Annotated[OpenSession, Depends(form_checked)]
ApiChecked = Annotated[OpenSession, Depends(api_checked)]
Leading = Annotated[OpenSession, Depends(leading)]


def leading_form(session: FormChecked) -> OpenSession:
    """Require a lead and the form's token."""
    return leading(session)


LeadingForm = Annotated[OpenSession, Depends(leading_form)]
