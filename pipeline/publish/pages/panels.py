"""Panels, tiles and trends that pages are put together from, made of the figures of one view."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import polars as pl

from pipeline.publish.pages.charts import Scale, nice_scale
from pipeline.publish.pages.figures import Figure, table_figures
from pipeline.publish.pages.view import AUDIENCES, Panel, Row, Trend, View

SENTIMENTS = ("positive", "mixed", "neutral", "negative")
NET_SCALE = Scale(-1, 1)


def tiles(view: View) -> list[Row]:
    """The handful of figures that a page opens with."""
    rows = [
        Row(view.words.audience(a), view.figure("sentiment_net", a), a, hint=view.words("sentiment_net"))
        for a in AUDIENCES
    ]
    rows.append(
        Row(view.words("symmetry_index"), symmetry(view), "both", hint=view.words("symmetry_explained"))
    )
    rows.append(
        Row(view.words("enchantment_rate"), view.figure("enchantment_rate", "customer"), "customer",
            hint=f"{view.words('rate_by_audience')}, {view.words('customers').lower()}")
    )  # fmt: skip
    return rows


def symmetry(view: View) -> Figure:
    """The symmetry index of the cell in the period."""
    return view.mirror.get("symmetry_index", "both", None, view.period)


def trend(view: View, measure: str, title: str, theme: str | None = None) -> Trend:
    """A measure over time on both sides."""
    if measure == "symmetry_index":
        series: list[tuple[str, Sequence[Figure]]] = [
            ("both", [view.mirror.get(measure, "both", None, period) for period in view.period_columns])
        ]
    else:
        series = [(audience, view.series(measure, audience, theme)) for audience in AUDIENCES]
    filters = {"period": "", "measure": measure} | ({"theme": theme} if theme else {})
    table = "mirror" if measure == "symmetry_index" else "measures"
    return Trend(title, view.period_columns, series, csv=view.csv_link(table, **filters))


def sentiment_panel(view: View) -> list[Panel]:
    """Shares of the four sentiments, a panel for each side."""
    panels = []
    for audience in AUDIENCES:
        rows = [
            Row(view.words.sentiment(value), view.figure(f"sentiment_{value}", audience), value)
            for value in SENTIMENTS
        ]
        csv = view.csv_link("measures", audience=audience)
        panels.append(Panel(view.words.audience(audience), rows, Scale(0, 1), bar=True, csv=csv))
    return panels


def ratings(view: View) -> Panel | None:
    """Promoters minus detractors on both sides; None without such ratings."""
    sides = (("nps", "customer"), ("enps", "employee"))
    rows = [Row(view.words.measure(name), view.figure(name, side), side) for name, side in sides]
    rows = [row for row in rows if row.figure.is_known or row.figure.suppressed]
    if not rows:
        return None
    return Panel(
        view.words("recommendation"), rows, NET_SCALE, csv=view.csv_link("measures", measure="nps,enps")
    )


def links(view: View) -> Panel | None:
    """How the two sides go together across members of each dimension; None where too few are compared."""
    found = [
        (figure, row)
        for figure, row in _rows_of(view, "links", lambda row: row.get("period") == view.period)
        if figure.is_known and figure.theme is None
    ]
    if not found:
        return None
    rows = []
    for figure, row in found:
        name = view.dimension_name(str(row["dimension"]))
        lag = view.words("lagged") if row.get("lag") else view.words("same_period")
        rows.append(Row(f"{name}, {lag} ({row.get('n_units')})", figure, "both"))
    return Panel(
        view.words("links"), rows, NET_SCALE, note=view.words("links_explained"), csv=view.csv_link("links")
    )


def perception(view: View) -> Panel | None:
    """What employees believe of customers against what customers say; None where nobody was asked."""
    names = [name for name in view.mirror.measures() if name.startswith("perception_")]
    figures = [view.mirror.get(name, "both", None, view.period) for name in names]
    rows = [Row(view.words.measure(each.measure), each, "both") for each in figures if each.is_known]
    if not rows:
        return None
    scale = nice_scale([row.figure for row in rows], floor=-100, ceiling=100, centred=True)
    return Panel(view.words("perception"), rows, scale, csv=view.csv_link("mirror"))


def drivers(view: View) -> Panel | None:
    """What goes with the rating, theme by theme; None without ratings."""
    found = [
        figure
        for figure, _ in _rows_of(view, "drivers", lambda row: row.get("period") in {view.period, None})
        if figure.theme and figure.measure == "rating_effect" and figure.is_known
    ]
    if not found:
        return None
    rows = [
        Row(" · ".join([view.words.theme(f.theme), *_polarity(view, f)]), f, f.audience)
        for f in sorted(found, key=lambda f: f.value or 0)
    ]
    scale = nice_scale(found, floor=-10, ceiling=10, centred=True)
    return Panel(
        view.words("drivers"), rows, scale, note=view.words("drivers_explained"), csv=view.csv_link("drivers")
    )


def _polarity(view: View, figure: Figure) -> list[str]:
    """Name the polarity of a driver and who gave the rating."""
    named = view.codebook.polarities.get(str((figure.extra or {}).get("polarity")))
    return [*([named.name.get(view.language)] if named else []), view.words.audience(figure.audience).lower()]


def audience_panel(view: View, measure: str, title: str) -> Panel:
    """A measure on both sides."""
    rows = [
        Row(view.words.audience(audience), view.figure(measure, audience), audience) for audience in AUDIENCES
    ]
    scale = nice_scale([row.figure for row in rows], floor=0, ceiling=1)
    return Panel(title, rows, scale, bar=True, csv=view.csv_link("measures", measure=measure))


def member_panel(
    view: View, dimension: str, measure: str, audience: str, title: str, at_most: int = 30
) -> Panel:
    """A measure over the members of a dimension, the highest first."""
    title = f"{title} {view.words('by_dimension', name=view.dimension_name(dimension).lower())}"
    rows = [
        Row(
            name,
            each.get(measure, audience, None, view.period),
            audience,
            link=view.link("overview", **{dimension: name}),
        )
        for name, each in view.members(dimension, measure).items()
    ]
    rows.sort(key=lambda row: -(row.figure.value if row.figure.value is not None else -9))
    scale = nice_scale([row.figure for row in rows[:at_most]], floor=0, ceiling=1)
    csv = view.csv_link("measures", measure=measure, audience=audience)
    return Panel(title, rows[:at_most], scale, bar=True, csv=csv, note=view.words.audience(audience))


def _rows_of(
    view: View, table: str, keep: Callable[[dict[str, Any]], bool]
) -> list[tuple[Figure, dict[str, Any]]]:
    frame = view.snapshot.table(table)
    if frame is None:
        return []
    held = [
        pl.col(n) == view.cell[n] if n in view.cell else pl.col(n).is_null()
        for n in view.dimensions
        if n in frame.columns
    ]
    return [
        (figure, row) for figure, row in table_figures(frame.filter(*held) if held else frame) if keep(row)
    ]
