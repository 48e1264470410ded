"""Put the desk's pages together."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, RedirectResponse, Response
from fastapi.staticfiles import StaticFiles
from starlette.exceptions import HTTPException

from pipeline.errors import MiroirError
from pipeline.review.desk import Desk
from pipeline.review.web import (
    adjudicate,
    campaign,
    entrance,
    guide,
    people,
    quality,
    queue,
    transfer,
    verbatims,
)
from pipeline.review.web.messages import catalogue, message
from pipeline.review.web.pages import language_of, show
from pipeline.review.web.security import Forbidden, LoginNeeded, guard_requests


def create_app(desk: Desk) -> FastAPI:
    """Build the web application of a desk."""
    app = FastAPI(title="Miroir", docs_url=None, redoc_url=None, openapi_url=None)
    app.state.desk = desk
    app.middleware("http")(guard_requests(desk))
    app.mount("/static", StaticFiles(directory=Path(str(files("pipeline.review.web") / "static"))))
    for module in (entrance, queue, verbatims, transfer, adjudicate, quality, campaign, guide, people):
        app.include_router(module.router)
    app.add_exception_handler(LoginNeeded, _to_login)
    app.add_exception_handler(Forbidden, _forbidden)
    app.add_exception_handler(MiroirError, _refused)
    app.add_exception_handler(RequestValidationError, _misread)
    app.add_exception_handler(HTTPException, _misread)
    return app


def _wants_json(request: Request) -> bool:
    return request.url.path.startswith("/api/")


def _to_login(request: Request, _error: Exception) -> Response:
    if _wants_json(request):
        return JSONResponse({"error": message("refusal.login_needed", language_of(request))}, 401)
    return RedirectResponse("/login", 303)


def _forbidden(request: Request, _error: Exception) -> Response:
    text = message("refusal.forbidden", language_of(request))
    if _wants_json(request):
        return JSONResponse({"error": text}, 403)
    return show(request, "refused.html", status=403, reason=text, details="")


def _misread(request: Request, error: Exception) -> Response:
    """Answer what no page takes: an address that does not exist, or a form that cannot be read."""
    status = error.status_code if isinstance(error, HTTPException) else 422
    code = "refusal.no_page" if status in (404, 405) else "refusal.form"
    text = message(code, language_of(request))
    if _wants_json(request):
        return JSONResponse({"error": text}, status)
    return show(request, "refused.html", status=status, reason=text, details="")


def _refused(request: Request, error: Exception) -> Response:
    code = f"refusal.{getattr(error, 'code', 'other')}"
    text = message(code if code in catalogue() else "refusal.other", language_of(request))
    if _wants_json(request):
        status = 409 if code == "refusal.queue_conflict" else 400
        return JSONResponse({"error": text}, status)
    return show(request, "refused.html", status=400, reason=text, details=str(error))
