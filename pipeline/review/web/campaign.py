"""Campaigns: draw one, plan how many reviews it takes, watch its intervals shrink."""

from __future__ import annotations

import secrets
from typing import Annotated, Any

import polars as pl
from fastapi import APIRouter, Form, Request
from fastapi.responses import RedirectResponse, Response

from pipeline.review.campaigns import Campaign, campaigns, create_campaign, find_campaign, set_open
from pipeline.review.desk import Desk
from pipeline.review.pace import seconds_a_review, sequence
from pipeline.review.planner import Step, measure_names, plan, shrinking
from pipeline.review.population import Scope, dimension_names, find_population, read_population
from pipeline.review.queue import progress
from pipeline.review.sampling import Design, Mix
from pipeline.review.web.charts import Chart, line_chart
from pipeline.review.web.pages import show
from pipeline.review.web.security import DeskHere, Forbidden, Leading, LeadingForm, SignedIn
from pipeline.schema import AUDIENCES

router = APIRouter()

N_CELLS_SHOWN = 60


@router.get("/campaigns")
def campaigns_page(request: Request, desk: DeskHere, session: SignedIn) -> Response:
    """List campaigns and offer a new one to a lead."""
    desk.keep_up()
    states = [(entry, progress(desk.store, entry.id, session.reviewer)) for entry in campaigns(desk.store)]
    return show(
        request,
        "campaigns.html",
        states=states,
        choices=desk.choices,
        double_share=desk.config.double_share,
        model_id=desk.model_id,
    )


@router.post("/campaigns")
def new_campaign(
    desk: DeskHere,
    session: LeadingForm,
    name: Annotated[str, Form(max_length=120)],
    n_items: Annotated[int, Form(ge=1, le=100_000)],
    random: Annotated[float, Form(ge=0, le=100)],
    uncertainty: Annotated[float, Form(ge=0, le=100)] = 0,
    rare: Annotated[float, Form(ge=0, le=100)] = 0,
    disagreement: Annotated[float, Form(ge=0, le=100)] = 0,
    double: Annotated[float, Form(ge=0, le=100)] = 10,
    strata: Annotated[list[str] | None, Form()] = None,
    audience: Annotated[str, Form()] = "",
    month_from: Annotated[str, Form()] = "",
    month_to: Annotated[str, Form()] = "",
    dimension: Annotated[str, Form()] = "",
) -> Response:
    """Draw a campaign."""
    column, _, value = dimension.partition("=")
    scope = Scope((audience,) if audience else (), month_from, month_to, column, value)
    design = Design(
        n_items=n_items,
        mix=Mix(random / 100, uncertainty / 100, rare / 100, disagreement / 100),
        strata=tuple(strata or ()),
        scope=scope,
        double_share=double / 100,
        seed=secrets.randbits(32),
    )
    desk.refresh()
    number = create_campaign(
        desk.store,
        desk.workspace,
        desk.labels,
        session.reviewer,
        name=name,
        model_id=desk.model_id or "",
        design=design,
    )
    return RedirectResponse(f"/campaigns/{number}", 303)


@router.get("/campaigns/{campaign_id}")
def campaign_page(
    request: Request,
    desk: DeskHere,
    session: SignedIn,
    campaign_id: int,
    measure: str = "sentiment:negative",
) -> Response:
    """Show how far a campaign is and how sure its figures are by now; these are exact, and of few people."""
    campaign = find_campaign(desk.store, campaign_id)
    if not set(campaign.design.scope.audiences or AUDIENCES) <= set(desk.audiences_for(session.reviewer)):
        raise Forbidden
    population = find_population(desk.workspace, campaign.model_id, campaign.design.scope)
    steps = [] if population is None else _steps(desk, campaign, population, measure)
    return show(
        request,
        "campaign.html",
        campaign=campaign,
        is_gone=population is None,
        state=progress(desk.store, campaign_id, session.reviewer),
        measures=measure_names(desk.labels),
        measure=measure,
        steps=steps,
        chart=_chart(steps),
        seconds=seconds_a_review(desk.store),
    )


def _steps(desk: Desk, campaign: Campaign, population: pl.DataFrame, measure: str) -> list[Step]:
    reviewed = sequence(desk.store, campaign.id, desk.labels)
    return shrinking(population, reviewed, measure, desk.labels)


def _chart(steps: list[Step]) -> Chart | None:
    if len(steps) < 2:
        return None
    return line_chart(
        [step.n_reviews for step in steps],
        {
            "people": [100 * step.half_width_people for step in steps],
            "model": [100 * step.half_width for step in steps],
        },
    )


@router.post("/campaigns/{campaign_id}/open")
def open_or_close(
    desk: DeskHere, session: LeadingForm, campaign_id: int, is_open: Annotated[bool, Form()]
) -> Response:
    """Open or close a campaign's queue."""
    set_open(desk.store, campaign_id, is_open)
    return RedirectResponse(f"/campaigns/{campaign_id}", 303)


@router.get("/planner")
def planner_page(
    request: Request,
    desk: DeskHere,
    _session: Leading,
    measure: str = "sentiment:negative",
    points: float = 3.0,
    audience: str = "",
    columns: str = "audience",
) -> Response:
    """Answer how many reviews a table takes."""
    desk.keep_up()
    scope = Scope((audience,) if audience else ())
    population = read_population(desk.workspace, desk.model_id or "", scope)
    chosen = [name for name in columns.split(",") if name]
    cells = plan(population, measure, desk.labels, columns=chosen, half_width=points / 100)
    whole = plan(population, measure, desk.labels, columns=[], half_width=points / 100)[0]
    seconds = seconds_a_review(desk.store)
    return show(
        request,
        "planner.html",
        cells=cells[:N_CELLS_SHOWN],
        n_cells=len(cells),
        whole=whole,
        total_model=sum(cell.n_with_model for cell in cells),
        total_people=sum(cell.n_people_only for cell in cells),
        seconds=seconds,
        measures=measure_names(desk.labels),
        measure=measure,
        points=points,
        audience=audience,
        columns=chosen,
        tables=_tables(population),
    )


def _tables(population: pl.DataFrame) -> list[tuple[str, list[str]]]:
    dimensions = [f"dim_{name}" for name in dimension_names(population)]
    shapes: list[Any] = [["audience"], ["audience", "month"]]
    shapes += [["audience", name] for name in dimensions]
    shapes += [["audience", "month", name] for name in dimensions]
    return [(",".join(shape), shape) for shape in shapes]
