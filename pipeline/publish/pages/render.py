"""Turn a view into HTML: one Jinja environment for the dashboard, the report, the poster and the digests."""

from __future__ import annotations

import hashlib
from functools import lru_cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from pipeline.codebook import Language
from pipeline.publish.pages import charts, panels
from pipeline.publish.pages.charts import Scale
from pipeline.publish.pages.french import amount, interval_text, number, period_text, value_text
from pipeline.publish.pages.view import View
from pipeline.publish.pages.words import Words

HERE = Path(__file__).resolve().parent
STATIC = HERE / "static"
TEMPLATES = HERE / "templates"
DEFAULT_LEVEL = 0.95


@lru_cache(maxsize=1)
def environment() -> Environment:
    """Build the Jinja environment: everything is escaped, an unknown name is an error."""
    found = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    found.globals.update(
        track=charts.track,
        axis=charts.axis,
        trend=charts.trend,
        quadrant_map=charts.quadrant_map,
        key_mark=key_mark,
        period_text=period_text,
        value_text=value_text,
        interval_text=interval_text,
        index_scale=Scale(0, 100),
        net_scale=panels.NET_SCALE,
        share_scale=Scale(0, 1),
    )
    return found


@lru_cache(maxsize=1)
def assets_hash() -> str:
    """Hash the style sheet and the script, so that a browser takes new ones when they change."""
    digest = hashlib.sha256()
    for path in sorted(STATIC.iterdir()):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:12]


def style_sheet() -> str:
    """Give the style sheet, for pages that are one file."""
    return (STATIC / "miroir.css").read_text(encoding="utf-8")


def key_mark(role: str) -> Markup:
    """Draw the mark of a role, for legends."""
    shape = charts.SHAPES.get(role, "circle")
    return Markup(
        f'<svg class="{role}" width="14" height="14" aria-hidden="true">{charts.mark(50, 7, shape)}</svg>'
    )


def render(template: str, view: View, **values: object) -> str:
    """Render a template for a view.

    Args:
        template: Name without its extensions: `overview`.
        view: What is shown.
        values: What the page says, from `content`.
    """
    language: Language = view.language
    return (
        environment()
        .get_template(f"{template}.html.j2")
        .render(
            view=view,
            w=view.words,
            lang=language,
            standalone=view.standalone,
            interval_note=_interval_note(view),
            count=lambda value: "–" if value is None else number(value, language),
            **values,
        )
    )


def render_notice(notice: str, words: Words, details: str = "") -> str:
    """Render a page that says why there is nothing to see, for when there is no view to show it in.

    Args:
        notice: `no_page`, `no_release` or `no_key`.
        words: The words of the reader's language.
        details: What the team that runs Miroir should know.
    """
    template = environment().get_template("notice.html.j2")
    return template.render(notice=notice, w=words, lang=words.language, details=details, assets=assets_hash())


def _interval_note(view: View) -> str:
    """Say what the bars are, why some figures have none, and that some are of an earlier release."""
    level = next(
        (each.level for each in view.figures if each.low is not None and each.level is not None), None
    )
    notes = []
    if level is not None or not view.figures:
        text = amount(level or DEFAULT_LEVEL, "share", view.language)
        notes.append(view.words("interval_explained", level=text))
    for reason in ("no_calibration", "too_unsure", "held_back"):
        if any(each.reason == reason for each in view.figures):
            notes.append(f"{view.words.reason(reason)}.")
    return " ".join(notes)
