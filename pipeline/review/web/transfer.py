"""Take labels out and bring them back: CSV, XLSX, JSON lines, Label Studio, Argilla."""

from __future__ import annotations

import codecs
import hashlib
from collections.abc import Callable
from dataclasses import replace
from typing import Annotated

from fastapi import APIRouter, File, Request, UploadFile
from fastapi.responses import Response

from pipeline.codebook import Language
from pipeline.review.accounts import Reviewer
from pipeline.review.corrected import read_corrected
from pipeline.review.decisions import Ballot, record, times_undone
from pipeline.review.desk import Desk
from pipeline.review.exchange import (
    argilla_settings,
    label_studio_interface,
    read_exchange,
    to_argilla,
    to_label_studio,
)
from pipeline.review.exports import MAX_ROWS, to_csv, to_xlsx, training_lines
from pipeline.review.queue import blind_for, blind_query
from pipeline.review.refusals import refusal
from pipeline.review.reviewed import incomplete_reviews
from pipeline.review.search import ListFilter, ListRow, blinded, find_ids, rows_by_id
from pipeline.review.web.filters import read_filter
from pipeline.review.web.pages import dimension_name, language_of, show
from pipeline.review.web.security import DeskHere, Forbidden, FormChecked, SignedIn

router = APIRouter()

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
JSON = "application/json"

Writer = Callable[[Desk, list[ListRow], Language], bytes]

# Format → file name, media type, how it is written.
FORMATS: dict[str, tuple[str, str, Writer]] = {
    "csv": (
        "verbatims.csv",
        "text/csv; charset=utf-8",
        lambda d, r, lang: to_csv(r, d.codebook, lang, _dimensions(d, lang)),
    ),
    "xlsx": ("verbatims.xlsx", XLSX, lambda d, r, lang: to_xlsx(r, d.codebook, lang, _dimensions(d, lang))),
    "training": (
        "corrections.jsonl",
        "application/x-ndjson",
        lambda d, r, lang: "".join(
            f"{line}\n" for line in training_lines(r, d.labels, incomplete_reviews(d.store, d.labels))
        ).encode(),
    ),
    "label-studio": ("label-studio.json", JSON, lambda d, r, lang: to_label_studio(r).encode()),
    "label-studio-interface": (
        "label-studio.xml",
        "application/xml",
        lambda d, r, lang: label_studio_interface(d.codebook).encode(),
    ),
    "argilla": ("argilla.json", JSON, lambda d, r, lang: to_argilla(r).encode()),
    "argilla-settings": (
        "argilla-settings.json",
        JSON,
        lambda d, r, lang: argilla_settings(d.codebook).encode(),
    ),
}
# Formats that describe the labels and hold no verbatim.
WITHOUT_ROWS = ("label-studio-interface", "argilla-settings")


@router.post("/export")
async def export(request: Request, desk: DeskHere, session: FormChecked) -> Response:
    """Write the filtered list in the format asked for."""
    form = await request.form()
    chosen = str(form.get("format", ""))
    if chosen not in FORMATS:
        raise Forbidden
    name, media_type, write = FORMATS[chosen]
    wanted = read_filter({key: str(value) for key, value in form.items()})
    if chosen == "training" and not wanted.state:
        wanted = replace(wanted, state="reviewed")
    ids = [] if chosen in WITHOUT_ROWS else _exported(desk, wanted, session.reviewer)
    with desk.store.reading() as connection:
        rows = blinded(rows_by_id(connection, ids), blind_for(desk.store, session.reviewer))
    content = write(desk, rows, language_of(request))
    return Response(
        content, media_type=media_type, headers={"Content-Disposition": f'attachment; filename="{name}"'}
    )


def _dimensions(desk: Desk, language: Language) -> dict[str, str]:
    """Name the dimensions that verbatims have, as the pages do."""
    return {name: dimension_name(language, name) for name in desk.choices.dimensions}


def _exported(desk: Desk, wanted: ListFilter, reviewer: Reviewer) -> list[str]:
    """List the verbatims of a file: all that was looked for, never a part of it."""
    audiences = desk.audiences_for(reviewer)
    ids = find_ids(desk.store, wanted, audiences, MAX_ROWS + 1, blind_query(reviewer))
    if len(ids) > MAX_ROWS:
        raise refusal(
            "export_too_many",
            "so many verbatims cannot be written into one file",
            expected=f"at most {MAX_ROWS}",
            got="more",
            where="export",
            do="Narrow the filter",
        )
    return ids


@router.get("/import")
def import_page(request: Request, session: SignedIn) -> Response:
    """Explain what may be brought back."""
    if not session.reviewer.may_review:
        raise Forbidden
    return show(request, "import.html", n_kept=None, n_known=0, n_unknown=0, rejected={}, wrong=())


@router.post("/import")
def import_labels(
    request: Request, desk: DeskHere, session: FormChecked, file: Annotated[UploadFile, File()]
) -> Response:
    """Keep the labels of a file, once however often it is sent; count what is unknown or unreadable.

    What was unknown is kept when the file is sent again, and so is everything once the import was undone.
    """
    if not session.reviewer.may_review:
        raise Forbidden
    content = file.file.read()
    is_json = content.removeprefix(codecs.BOM_UTF8).lstrip()[:1] in (b"[", b"{")
    read = (read_exchange if is_json else read_corrected)(content, desk.codebook)
    audiences = desk.audiences_for(session.reviewer)
    with desk.store.reading() as connection:
        known = [row for row in rows_by_id(connection, list(read.labels)) if row.audience in audiences]
    action = f"{session.reviewer.id}:{_short_hash(content)}"
    attempt = f"{action}.{times_undone(desk.store, action)}"
    ballots = [
        Ballot(
            row.verbatim_id,
            read.labels[row.verbatim_id],
            "import",
            f"{attempt}:{_short_hash(row.verbatim_id.encode())}",
        )
        for row in known
    ]
    n_kept = record(desk.store, session.reviewer, ballots, desk.stamp)
    return show(
        request,
        "import.html",
        n_kept=n_kept,
        n_known=len(known),
        n_unknown=len(read.labels) - len(known),
        rejected=read.rejected,
        wrong=read.wrong,
    )


def _short_hash(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:24]
