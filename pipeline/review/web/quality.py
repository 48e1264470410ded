"""The quality page: the model in use, measured on what chance chose and people read."""

from __future__ import annotations

from fastapi import APIRouter, Request
from fastapi.responses import Response

from pipeline.review.quality import (
    MIN_REVIEWED,
    accuracy_by_group,
    calibration,
    confusion,
    f1_by_label,
    measured,
)
from pipeline.review.web.pages import show
from pipeline.review.web.security import DeskHere, SignedIn

router = APIRouter()

CALIBRATED = ("sentiment", "themes", "enchantment", "incivility")


@router.get("/quality")
def quality_page(request: Request, desk: DeskHere, _session: SignedIn) -> Response:
    """Show F1, confusion, calibration and drift, each only where there are enough reviews."""
    desk.keep_up()
    entries = measured(desk.store, desk.workspace, desk.labels)
    space = desk.labels
    tables = [
        (label, values, confusion(entries, label, values))
        for label, values in (("sentiment", space.sentiment), ("enchantment", space.enchantment))
    ]
    return show(
        request,
        "quality.html",
        model_id=desk.model_id,
        n_reviewed=len(entries),
        n_needed=MIN_REVIEWED,
        scores=f1_by_label(entries, space),
        groups=accuracy_by_group(entries, "sentiment"),
        tables=tables,
        curves=[(label, calibration(entries, space, label)) for label in CALIBRATED],
        drifts=desk.drifts,
    )
