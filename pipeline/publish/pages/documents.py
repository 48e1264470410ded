"""Pages that are one file: the report and the affiche of a release, without script, request or clock.

They hold no moment of publication, so that the same lineage gives the same bytes.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

import polars as pl
import pyarrow as pa

from pipeline.codebook import Codebook
from pipeline.config import PublishConfig
from pipeline.publish.pages import content
from pipeline.publish.pages.french import period_text
from pipeline.publish.pages.levers import levers
from pipeline.publish.pages.poster import NEGATIVE, POSITIVE, poster_quotes
from pipeline.publish.pages.render import render, style_sheet
from pipeline.publish.pages.view import View
from pipeline.publish.reading import Snapshot
from pipeline.publish.release import Release
from pipeline.workspace import Workspace

REPORT_FILE = "report.html"
POSTER_FILE = "affiche.html"
N_LATEST = 2


def document_files(
    tables: Mapping[str, pa.Table],
    config: PublishConfig,
    codebook: Codebook,
    workspace: Workspace,
    approved: Collection[str] = (),
) -> dict[str, bytes]:
    """Write the report and the affiche of a release that is about to be written.

    Args:
        tables: Protected tables.
        config: Title, names, blocklist of the affiche.
        codebook: Names of labels and themes.
        workspace: Of the release.
        approved: Keys of the quotes that an analyst approved for the affiche.

    Returns:
        File name → content.
    """
    manifest = {"lineage": {"config": {"publish": config.model_dump(mode="json")}}, "tables": {}}
    frames = {name: pl.DataFrame(pl.from_arrow(table)) for name, table in tables.items()}
    view = View(Snapshot(Release("", manifest), frames, workspace), codebook=codebook, standalone=True)
    return {
        REPORT_FILE: report_page(view).encode(),
        POSTER_FILE: poster_page(view, config, approved).encode(),
    }


def report_page(view: View) -> str:
    """Write the page that a manager reads."""
    return render(
        "report",
        view,
        style=style_sheet(),
        covered=covered(view),
        enchantment=content.enchantment(view),
        incivility=content.incivility(view)["panels"][:2],
        themes=content.themes(view),
        quality=content.quality(view),
        levers=levers(view),
        **content.overview(view),
    )


def poster_page(view: View, config: PublishConfig, approved: Collection[str]) -> str:
    """Write the affiche: the latest verbatims, what delights on one side, what to improve on the other."""
    latest = view.periods[-N_LATEST:]
    quotes = [each for each in view.quotes() if not latest or each.period in {*latest, "all"}]
    sides = {
        side: poster_quotes(quotes, side, config.poster_blocklist, approved) for side in (POSITIVE, NEGATIVE)
    }
    return render("poster", view, style=style_sheet(), covered=covered(view), sides=sides)


def covered(view: View) -> str:
    """Say which periods the figures cover."""
    if not view.periods:
        return period_text("all", view.language)
    first, last = (period_text(each, view.language) for each in (view.periods[0], view.periods[-1]))
    return first if first == last else f"{first} – {last}"
