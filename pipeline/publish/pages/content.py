"""What each page says: its panels, trends and lists."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import polars as pl

from pipeline.publish.pages.charts import nice_scale
from pipeline.publish.pages.figures import Figure
from pipeline.publish.pages.movements import alerts, changes, no_alert_text
from pipeline.publish.pages.panels import (
    NET_SCALE,
    audience_panel,
    drivers,
    links,
    member_panel,
    perception,
    ratings,
    sentiment_panel,
    symmetry,
    tiles,
    trend,
)
from pipeline.publish.pages.view import AUDIENCES, MirrorRow, Panel, Row, View, map_points, mirror_rows

INCIVILITIES = ("incivility_abusive", "incivility_reported")
N_CHANGES = 6
N_QUOTES = 6
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


def enchantment(view: View) -> Content:
    """How often people are delighted, by whom, where on the journey, and in their words."""
    titles = {
        "enchantment_rate": view.words("rate_by_audience"),
        "enchantment_relational_share": view.words("relational_share"),
    }
    panels = [audience_panel(view, measure, title) for measure, title in titles.items()]
    dimension = view.journey or view.unit_dimension
    if dimension:
        panels += [member_panel(view, dimension, name, "customer", title) for name, title in titles.items()]
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


def incivility(view: View) -> Content:
    """Insults written, and incivility told, on both sides."""
    panels = [audience_panel(view, measure, view.words.measure(measure)) for measure in INCIVILITIES]
    dimension = view.unit_dimension
    if dimension:
        title = view.words.measure("incivility_reported")
        panels.append(member_panel(view, dimension, "incivility_reported", "employee", title, at_most=20))
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
