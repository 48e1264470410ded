"""What each page says: panels, trends and lists, made of the figures of one view."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import polars as pl

from pipeline.publish.pages.charts import Scale, nice_scale
from pipeline.publish.pages.figures import Figure, table_figures
from pipeline.publish.pages.movements import alerts, changes, no_alert_text
from pipeline.publish.pages.view import AUDIENCES, MirrorRow, Panel, Row, Trend, View, map_points, mirror_rows

SENTIMENTS = ("positive", "mixed", "neutral", "negative")
INCIVILITIES = ("incivility_abusive", "incivility_reported")
N_CHANGES = 6
N_QUOTES = 6
NET_SCALE = Scale(-1, 1)

Content = dict[str, Any]


def overview(view: View) -> Content:
    """How many spoke, how they feel, how far apart the two sides are, what changed."""
    return {
        "tiles": tiles(view),
        "trends": [trend(view, "sentiment_net", view.words("sentiment_net"))],
        "sentiments": sentiment_panel(view),
        "ratings": ratings(view),
        "mirror": mirror(view),
        "changes": changes(view)[:N_CHANGES],
        "has_changes": view.snapshot.table("changes") is not None,
        "alerts": alerts(view)[:3],
        "no_alert": no_alert_text(view),
    }


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


def mirror(view: View) -> Content:
    """Customers left, employees right, the gap between."""
    rows = mirror_rows(view)
    gaps = [row.gap for row in rows]
    return {
        "rows": rows,
        "scale": NET_SCALE,
        "gap_scale": nice_scale(gaps, floor=-2, ceiling=2, centred=True),
        "has_gaps": any(each.is_known for each in gaps),
        "csv": view.csv_link("mirror"),
        "leads": mirror_leads(rows, view),
    }


def mirror_leads(rows: Sequence[MirrorRow], view: View) -> list[str]:
    """Say in a sentence each gap that its interval allows to tell, the widest first."""
    told = [row for row in rows if row.is_told]
    told.sort(key=lambda row: -abs(row.gap.value or 0))
    french = view.language == "fr"
    sentences = []
    for row in told[:3]:
        higher = (row.gap.value or 0) > 0
        if french:
            side = (
                "les clients en parlent mieux que les collaborateurs"
                if higher
                else "les collaborateurs en parlent mieux que les clients"
            )
        else:
            side = (
                "customers speak better of it than employees"
                if higher
                else "employees speak better of it than customers"
            )
        sentences.append(f"{row.name} : {side}" if french else f"{row.name}: {side}")
    return sentences


def mirror_page(view: View) -> Content:
    """The mirror, its index, and the map of units."""
    dimension = next(
        (name for name in (view.unit_dimension, *view.dimensions) if name and name not in view.cell), None
    )
    return {
        "mirror": mirror(view),
        "symmetry": symmetry(view),
        "trends": [trend(view, "symmetry_index", view.words("symmetry_index"))],
        "dimension": dimension,
        "points": map_points(view, dimension) if dimension else [],
        "links": links(view),
        "perception": perception(view),
    }


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


def enchantment(view: View) -> Content:
    """How often people are delighted, by whom, where on the journey, and in their words."""
    titles = {
        "enchantment_rate": view.words("rate_by_audience"),
        "enchantment_relational_share": view.words("relational_share"),
    }
    panels = [_audience_panel(view, measure, title) for measure, title in titles.items()]
    dimension = view.journey or view.unit_dimension
    if dimension:
        panels += [_member_panel(view, dimension, name, "customer", title) for name, title in titles.items()]
    moments = [*view.quotes(enchantment="relational"), *view.quotes(enchantment="other")]
    return {
        "panels": panels,
        "trends": [trend(view, "enchantment_rate", view.words("rate_by_audience"))],
        "moments": moments[:N_QUOTES],
    }


def themes(view: View) -> Content:
    """How much each theme is spoken of, how, and what goes with the rating."""
    panels = []
    for audience in AUDIENCES:
        shares = [Row(view.words.theme(theme), view.figure("theme_share", audience, theme), audience,
                      hint=view.words.theme_reading(theme, audience)) for theme in view.themes]  # fmt: skip
        nets = [
            Row(view.words.theme(theme), view.figure("theme_net", audience, theme), audience)
            for theme in view.themes
        ]
        scale = nice_scale([row.figure for row in shares], floor=0, ceiling=1)
        name = view.words.audience(audience)
        csv = view.csv_link("measures", audience=audience, measure="theme_share")
        panels.append(Panel(f"{name} : {view.words('share_of_theme')}", shares, scale, bar=True, csv=csv))
        csv = view.csv_link("measures", audience=audience, measure="theme_net")
        panels.append(
            Panel(
                f"{name} : {view.words('net_of_theme')}",
                nets,
                NET_SCALE,
                note=view.words("net_explained"),
                csv=csv,
            )
        )
    trends = [trend(view, "theme_net", view.words.theme(theme), theme) for theme in view.themes]
    return {"panels": panels, "trends": trends, "drivers": drivers(view)}


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


def incivility(view: View) -> Content:
    """Insults written, and incivility told, on both sides."""
    panels = [_audience_panel(view, measure, view.words.measure(measure)) for measure in INCIVILITIES]
    dimension = view.unit_dimension
    if dimension:
        title = view.words.measure("incivility_reported")
        panels.append(_member_panel(view, dimension, "incivility_reported", "employee", title, at_most=20))
    return {
        "panels": panels,
        "trends": [trend(view, measure, view.words.measure(measure)) for measure in INCIVILITIES],
    }


def units(view: View, dimension: str | None, sort: str) -> Content:
    """Every member of a dimension, with its main figures."""
    dimension = dimension if dimension in view.dimensions else view.unit_dimension
    if dimension is None:
        return {"dimension": None, "rows": []}
    mirrors = view.members(dimension, "symmetry_index", table="mirror")
    rows: list[dict[str, Any]] = []
    for name, each in view.members(dimension, "sentiment_net", "enchantment_rate").items():
        index = mirrors[name].get("symmetry_index", "both", None, view.period) if name in mirrors else None
        rows.append(
            {
                "name": name,
                "link": view.link("overview", **{dimension: name}),
                **{
                    audience: each.get("sentiment_net", audience, None, view.period) for audience in AUDIENCES
                },
                "index": index or Figure("symmetry_index", "index"),
                "enchantment": each.get("enchantment_rate", "customer", None, view.period),
            }
        )
    if sort in {"customer", "employee", "index", "enchantment"}:
        rows.sort(key=lambda row: (row[sort].value is None, row[sort].value or 0))
    scale = nice_scale([row[a] for row in rows for a in AUDIENCES], floor=-1, ceiling=1, centred=True)
    return {"dimension": dimension, "rows": rows, "sort": sort, "scale": scale,
            "csv": view.csv_link("measures", measure="sentiment_net")}  # fmt: skip


def quality(view: View) -> Content:
    """How sure the figures are, how many were reviewed, how many are hidden, and from what they were made."""
    frame = view.snapshot.table("measures")
    if frame is None:
        return {"methods": [], "hidden": [], "shown": 0}
    shown = frame.filter(pl.col("value").is_not_null())
    methods = (
        shown.group_by("audience", "method")
        .agg(
            pl.len().alias("n_figures"),
            (pl.col("high") - pl.col("low")).median().alias("width"),
            pl.col("n_reviewed").median().cast(pl.Int64).alias("n_reviewed"),
        )
        .sort("audience", "method", nulls_last=True)
    )
    hidden = (
        frame.filter(pl.col("suppressed"))
        .group_by("audience", "reason")
        .len("n_figures")
        .sort("audience", "reason")
    )
    return {
        "methods": list(methods.iter_rows(named=True)),
        "hidden": list(hidden.iter_rows(named=True)),
        "shown": shown.height,
        "earlier": shown.filter(pl.col("reason") == "held_back").height,
        "total": frame.height,
        "lineage": view.snapshot.release.manifest.get("lineage", {}),
    }


def _audience_panel(view: View, measure: str, title: str) -> Panel:
    rows = [
        Row(view.words.audience(audience), view.figure(measure, audience), audience) for audience in AUDIENCES
    ]
    scale = nice_scale([row.figure for row in rows], floor=0, ceiling=1)
    return Panel(title, rows, scale, bar=True, csv=view.csv_link("measures", measure=measure))


def _member_panel(
    view: View, dimension: str, measure: str, audience: str, title: str, at_most: int = 30
) -> Panel:
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
