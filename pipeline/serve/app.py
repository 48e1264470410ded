"""The application: the read API and the dashboard, behind keys, with a strict content policy."""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping
from contextlib import suppress

from fastapi import FastAPI, Request, Response
from fastapi.responses import HTMLResponse, JSONResponse
from fastapi.staticfiles import StaticFiles
from starlette.exceptions import HTTPException
from starlette.middleware.base import RequestResponseEndpoint
from starlette.middleware.gzip import GZipMiddleware
from starlette.middleware.trustedhost import TrustedHostMiddleware

from pipeline.codebook import DEFAULT_CODEBOOK, Codebook, Language, read_codebook
from pipeline.config import PublishConfig, ServeConfig
from pipeline.errors import MiroirError
from pipeline.publish.pages.render import STATIC, render_notice
from pipeline.publish.pages.words import Words
from pipeline.publish.reading import Reader
from pipeline.serve.access import LOOPBACK, is_allowed, read_keys
from pipeline.serve.api import describe_error, read_api
from pipeline.serve.site import dashboard
from pipeline.workspace import Workspace

logger = logging.getLogger(__name__)

POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "X-Frame-Options": "DENY",
}
# What answers without a key: programs that watch over the service have none.
OPEN_PATHS = ("/api/v1/health", "/static/")
# What programs read: they are refused in JSON, people on a page.
FOR_PROGRAMS = ("/api/", "/static/", "/openapi.json")


def create_app(
    workspace: Workspace,
    serve: ServeConfig | None = None,
    publish: PublishConfig | None = None,
    codebook: Codebook | None = None,
) -> FastAPI:
    """Build the application of a workspace.

    Args:
        workspace: Where releases lie; nothing is ever written there.
        serve: Keys and host names.
        publish: How often a release is due.
        codebook: Names of themes; the shipped one when None.

    Raises:
        ConfigError: A key cannot be read, or pages would be open to others without one.
    """
    serve, publish = serve or ServeConfig(), publish or PublishConfig()
    keys = read_keys(serve)
    reader = Reader(workspace)
    with suppress(MiroirError):  # before the first release, pages say so themselves
        reader.current()
    names = codebook or read_codebook(DEFAULT_CODEBOOK)
    # The interactive documentation would fetch its script from outside; /openapi.json says the same.
    app = FastAPI(title="Miroir", version="1", docs_url=None, redoc_url=None)
    app.include_router(read_api(reader, publish.expected_every_hours))
    app.include_router(dashboard(reader, names, publish.expected_every_hours))
    app.mount("/static", StaticFiles(directory=STATIC), name="static")

    def refuse(
        request: Request, status: int, notice: str, said: str, headers: Mapping[str, str] | None = None
    ) -> Response:
        if request.url.path.startswith(FOR_PROGRAMS):
            return JSONResponse(describe_error(said), status, headers)
        language: Language = "en" if request.query_params.get("lang") == "en" else "fr"
        details = said if notice == "no_release" else ""
        return HTMLResponse(render_notice(notice, Words(language, names), details), status, headers)

    @app.exception_handler(MiroirError)
    def no_release(request: Request, error: MiroirError) -> Response:
        return refuse(request, 503, "no_release", str(error), {"Retry-After": "60"})

    @app.exception_handler(HTTPException)
    def no_page(request: Request, error: HTTPException) -> Response:
        return refuse(request, error.status_code, "no_page", str(error.detail), error.headers)

    @app.middleware("http")
    async def guard(request: Request, call_next: RequestResponseEndpoint) -> Response:
        started = time.perf_counter()
        request.state.may_read = is_allowed(keys, request.headers)
        if request.state.may_read or request.url.path.startswith(OPEN_PATHS):
            response = await call_next(request)
        else:
            challenge = {"WWW-Authenticate": 'Basic realm="Miroir", charset="UTF-8"'}
            response = refuse(request, 401, "no_key", "a key is needed", challenge)
        for name, value in HEADERS.items():
            response.headers.setdefault(name, value)
        response.headers.setdefault("Content-Security-Policy", POLICY)
        milliseconds = (time.perf_counter() - started) * 1000
        response.headers["Server-Timing"] = f"app;dur={milliseconds:.1f}"
        logger.info("%s %s %d %.0f ms", request.method, request.url.path, response.status_code, milliseconds)
        return response

    app.add_middleware(GZipMiddleware, minimum_size=1024, compresslevel=5)
    app.add_middleware(TrustedHostMiddleware, allowed_hosts=[*LOOPBACK, "testserver", *serve.public_hosts])
    return app
