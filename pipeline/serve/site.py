"""The dashboard's pages."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from fastapi import APIRouter, HTTPException, Request
from fastapi.responses import HTMLResponse

from pipeline.codebook import Codebook
from pipeline.publish.pages import content
from pipeline.publish.pages.figures import ALL
from pipeline.publish.pages.french import moment_text
from pipeline.publish.pages.movements import alerts, no_alert_text
from pipeline.publish.pages.render import assets_hash, render
from pipeline.publish.pages.view import PAGES, View
from pipeline.publish.reading import Reader, age_hours

# A page in a file may hold its style within; nothing else, and no script.
FILE_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; frame-ancestors 'none'; "
    "sandbox allow-modals"
)

Content = Callable[[View, Request], dict[str, Any]]

CONTENTS: dict[str, Content] = {
    "overview": lambda view, _: content.overview(view),
    "mirror": lambda view, _: content.mirror_page(view),
    "enchantment": lambda view, _: content.enchantment(view),
    "themes": lambda view, _: content.themes(view),
    "incivility": lambda view, _: content.incivility(view),
    "units": lambda view, request: content.units(
        view, request.query_params.get("dim"), request.query_params.get("sort", "")
    ),
    "alerts": lambda view, _: {"alerts": alerts(view), "no_alert": no_alert_text(view)},
    "quality": lambda view, _: content.quality(view),
}


def dashboard(reader: Reader, codebook: Codebook, expected_every_hours: float | None) -> APIRouter:
    """Build the routes of the pages.

    Args:
        reader: Gives the current release.
        codebook: Names of themes and labels.
        expected_every_hours: How often a release is due.
    """
    router = APIRouter(include_in_schema=False)

    def add(page: str, path: str) -> None:
        def answer(request: Request) -> HTMLResponse:
            return HTMLResponse(render_page(page, path, request, reader, codebook, expected_every_hours))

        router.add_api_route(path, answer, methods=["GET"], response_class=HTMLResponse)

    for page, path in PAGES.items():
        add(page, path)

    @router.get("/rapport")
    def report() -> HTMLResponse:
        return _file(reader, "report.html")

    @router.get("/affiche")
    def poster() -> HTMLResponse:
        return _file(reader, "affiche.html")

    return router


def render_page(
    page: str,
    path: str,
    request: Request,
    reader: Reader,
    codebook: Codebook,
    expected_every_hours: float | None,
) -> str:
    """Render a page of the current release as the address asks."""
    snapshot = reader.current()
    query = request.query_params
    view = View(
        snapshot,
        language="en" if query.get("lang") == "en" else "fr",
        cell={name: query[name] for name in snapshot.dimensions if query.get(name)},
        period=query.get("period") or ALL,
        codebook=codebook,
    )
    is_late = expected_every_hours is not None and age_hours(snapshot) > expected_every_hours
    return render(
        page,
        view,
        page=page,
        page_path=path,
        pages=list(PAGES),
        assets=assets_hash(),
        moment=moment_text(snapshot.created_at, view.language),
        problem=reader.problem,
        late_hours=f"{expected_every_hours:.0f}" if is_late and expected_every_hours is not None else None,
        **CONTENTS[page](view, request),
    )


def _file(reader: Reader, name: str) -> HTMLResponse:
    snapshot = reader.current()
    if name not in snapshot.release.manifest["files"]:
        raise HTTPException(404, f"cette publication n'a pas de {name}")
    return HTMLResponse(snapshot.read_file(name), headers={"Content-Security-Policy": FILE_POLICY})
