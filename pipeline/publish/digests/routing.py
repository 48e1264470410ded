"""Choose what concerns a department, and write its page and its CSV. Nothing hidden is in either."""

from __future__ import annotations

import io
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

import polars as pl

from pipeline.codebook import Codebook
from pipeline.config import DigestConfig
from pipeline.errors import SinkError
from pipeline.publish.csv_twin import write_csv_twin
from pipeline.publish.pages import movements
from pipeline.publish.pages.charts import nice_scale
from pipeline.publish.pages.figures import ALL, members
from pipeline.publish.pages.render import render, style_sheet
from pipeline.publish.pages.view import AUDIENCES, Panel, Quote, Row, View
from pipeline.publish.reading import Snapshot

N_QUOTES = 6
MAX_NAMED = 12  # known names that an error lists


@dataclass(frozen=True, slots=True)
class Digest:
    """What one department receives.

    Attributes:
        department: Its name.
        stem: Name of its files, without extension.
        release_id: Release that it tells of.
        period: Period that it tells of.
        html: Its page, one file.
        csv: Its figures.
        n_figures: Rows of the CSV; 0 when nothing can be shown.
    """

    department: str
    stem: str
    release_id: str
    period: str
    html: str
    csv: bytes
    n_figures: int


def make_digest(snapshot: Snapshot, config: DigestConfig, codebook: Codebook) -> Digest:
    """Write what concerns a department in the last period.

    Args:
        snapshot: The release.
        config: Themes and cells that concern it.
        codebook: Names of themes.

    Returns:
        Its page and its CSV: suppressed figures are left out of both.

    Raises:
        SinkError: It names a theme, dimension or member that the release does not know: it would receive the
            figures of others, or nothing ever.
    """
    _refuse_unknown(snapshot, config, codebook)
    rows = concerned(snapshot, config)
    period = str(rows.get_column("period").max()) if rows.height else ALL
    stream = io.BytesIO()
    write_csv_twin(rows.to_arrow(), stream)
    views = [View(snapshot, "fr", cell, period, True, codebook) for cell in cells_of(config)]
    sections = [section for section in (_section(view, config) for view in views) if section["panels"]]
    html = render(
        "digest",
        views[0],
        style=style_sheet(),
        department=config.department,
        period=period,
        sections=sections,
    )
    return Digest(
        config.department, config.stem, snapshot.release.release_id, period, html,
        stream.getvalue(), rows.height,
    )  # fmt: skip


def _refuse_unknown(snapshot: Snapshot, config: DigestConfig, codebook: Codebook) -> None:
    if snapshot.table("measures") is None:
        return
    _refuse(config, "themes", "themes of the codebook", config.themes, codebook.themes)
    _refuse(config, "cells", "declared dimensions", config.cells, snapshot.dimensions)
    for name, wanted in config.cells.items():
        _refuse(config, f"cells.{name}", f"members of `{name}`", wanted, members(snapshot, name))


def _refuse(config: DigestConfig, key: str, kind: str, wanted: Iterable[str], known: Collection[str]) -> None:
    unknown = [name for name in wanted if name not in known]
    if unknown:
        named = [*list(known)[:MAX_NAMED], *(["…"] if len(known) > MAX_NAMED else [])]
        raise SinkError.because(
            f"the digest of «{config.department}» cannot be made",
            expected=f"{kind}: {', '.join(named) or 'there are none'}",
            got=", ".join(f"«{name}»" for name in unknown),
            where=f"publish.digests, `{key}`",
            do="Mend it and run `miroir digests`",
        )


def concerned(snapshot: Snapshot, config: DigestConfig) -> pl.DataFrame:
    """Keep the shown figures of the last period that concern a department."""
    frame = snapshot.table("measures")
    if frame is None:
        return pl.DataFrame({"period": []}, {"period": pl.String})
    last = frame.filter(pl.col("period") != ALL).get_column("period").max() or ALL
    kept = frame.filter(pl.col("period") == last, ~pl.col("suppressed"), pl.col("value").is_not_null())
    if config.themes:
        kept = kept.filter(pl.col("theme").is_in(list(config.themes)))
    return kept.filter(pl.any_horizontal([_is_cell(snapshot, cell) for cell in cells_of(config)]))


def _is_cell(snapshot: Snapshot, cell: Mapping[str, str]) -> pl.Expr:
    conditions = [
        pl.col(name) == cell[name] if name in cell else pl.col(name).is_null() for name in snapshot.dimensions
    ]
    return pl.all_horizontal([pl.lit(True), *conditions])


def cells_of(config: DigestConfig) -> list[dict[str, str]]:
    """List the cells of a department, each of one dimension; the whole company when it names none."""
    cells = [{name: member} for name, wanted in config.cells.items() for member in wanted]
    return cells or [{}]


def _section(view: View, config: DigestConfig) -> dict[str, object]:
    themes = [theme for theme in view.themes if not config.themes or theme in config.themes]
    panels = []
    for audience in AUDIENCES:
        rows = [
            Row(view.words.theme(theme), view.figure("theme_net", audience, theme), audience)
            for theme in themes
        ]
        rows = [row for row in rows if row.figure.is_known]
        if rows:
            scale = nice_scale([row.figure for row in rows], floor=-1, ceiling=1, centred=True)
            title = f"{view.words.audience(audience)} : {view.words('net_of_theme')}"
            panels.append(Panel(title, rows, scale))
    alerts = [
        each for each in movements.alerts(view) if not config.themes or each["figure"].theme in config.themes
    ]
    return {
        "name": " · ".join(view.cell.values()),
        "panels": panels,
        "alerts": alerts,
        "quotes": _quotes(view, themes),
    }


def _quotes(view: View, themes: list[str]) -> list[Quote]:
    return [quote for theme in themes for quote in view.quotes(theme=theme)][:N_QUOTES]
