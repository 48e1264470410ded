"""Fill templates: the language, who is logged in, the codebook's names, numbers as readers write them."""

from __future__ import annotations

import datetime as dt
from functools import cache, partial
from typing import Any

from fastapi import Request
from fastapi.responses import HTMLResponse
from jinja2 import Environment, PackageLoader, StrictUndefined

from pipeline.codebook import Codebook, Language
from pipeline.publish.pages.french import PARIS
from pipeline.review.labels import VerbatimLabels
from pipeline.review.web.keys import theme_keys
from pipeline.review.web.messages import catalogue, message, number, percent, plain_number, spaced
from pipeline.review.web.security import LANGUAGE_COOKIE, desk_of


@cache
def _environment() -> Environment:
    return Environment(
        loader=PackageLoader("pipeline.review.web"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def language_of(request: Request) -> Language:
    """Give the reader's language: French unless they switched."""
    return "en" if request.cookies.get(LANGUAGE_COOKIE) == "en" else "fr"


def show(request: Request, template: str, *, status: int = 200, **values: Any) -> HTMLResponse:  # noqa: ANN401
    """Render a page.

    Args:
        request: What was asked.
        template: Name of a file in `templates/`.
        status: HTTP status.
        **values: What the template needs beside the common things.
    """
    language = language_of(request)
    codebook = desk_of(request).codebook
    session = getattr(request.state, "session", None)
    common = {
        "t": partial(_say, language),
        "language": language,
        "session": session,
        "me": session.reviewer if session else None,
        "csrf": session.csrf if session else "",
        "path": request.url.path,
        "codebook": codebook,
        "keys": theme_keys({theme: entry.name.fr for theme, entry in codebook.themes.items()}),
        "percent": partial(_percent, language),
        "number": partial(_number, language),
        "plain_number": partial(_plain_number, language),
        "day": partial(_day, language),
        "moment": partial(_moment, language),
        "name_of": partial(label_name, codebook, language),
        "dimension": partial(dimension_name, language),
        "spaced": spaced if language == "fr" else str,
        "describe": partial(describe, codebook, language),
    }
    html = _environment().get_template(template).render(common | values)
    return HTMLResponse(html, status)


def _say(language: Language, key: str, **values: object) -> str:
    return message(key, language, **values)


def dimension_name(language: Language, name: str) -> str:
    """Name a dimension: the usual ones in the reader's language, others as they were declared."""
    key = f"dimension.{name.removeprefix('dim_')}"
    return message(key, language) if key in catalogue() else name.removeprefix("dim_").replace("_", " ")


def _percent(language: Language, value: float, decimals: int = 0) -> str:
    return percent(value, language, decimals)


def _number(language: Language, value: float, decimals: int = 0) -> str:
    return number(value, language, decimals)


def _plain_number(language: Language, value: float) -> str:
    return plain_number(value, language)


def _day(language: Language, iso: str | None) -> str:
    if not iso:
        return ""
    date = dt.date.fromisoformat(iso)
    return date.strftime("%d/%m/%Y") if language == "fr" else date.isoformat()


def _moment(language: Language, seconds: float) -> str:
    moment = dt.datetime.fromtimestamp(seconds, PARIS)
    return moment.strftime("%d/%m/%Y %H:%M") if language == "fr" else moment.strftime("%Y-%m-%d %H:%M")


def label_name(codebook: Codebook, language: Language, code: str) -> str:
    """Name a label for people.

    Args:
        codebook: The codebook in use.
        language: The reader's language.
        code: `sentiment:mixed`, `theme:means`, `theme:means:negative`, `audience:customer`, `sentiment`.

    Returns:
        « Mitigé », « Moyens », « Moyens : négatif »; the code itself when it is unknown.
    """
    kind, _, rest = code.partition(":")
    if kind == "theme" and rest:
        theme, _, polarity = rest.partition(":")
        entry = codebook.themes.get(theme)
        name = entry.name.get(language) if entry else theme
        if not polarity:
            return name
        known = codebook.polarities.get(polarity)
        colon = " : " if language == "fr" else ": "
        return f"{name}{colon}{known.name.get(language) if known else polarity}"
    if kind == "audience":
        named = {str(key): entry.name.get(language) for key, entry in codebook.audiences.items()}
        return named.get(rest, rest)
    label = {
        "sentiment": codebook.labels.sentiment,
        "enchantment": codebook.labels.enchantment,
        "incivility": codebook.labels.incivility,
    }.get(kind)
    if label is None:
        return code
    if not rest:
        return label.name.get(language)
    value = label.values.get(rest)
    return value.name.get(language) if value else rest


def describe(codebook: Codebook, language: Language, labels: VerbatimLabels | None) -> list[tuple[str, str]]:
    """List the labels worth showing, as (css class, text): `none` values are left out."""
    if labels is None:
        return []
    chips = [(f"s-{labels.sentiment}", label_name(codebook, language, f"sentiment:{labels.sentiment}"))]
    for kind, value in (("enchantment", labels.enchantment), ("incivility", labels.incivility)):
        if value != "none":
            names = (label_name(codebook, language, code) for code in (kind, f"{kind}:{value}"))
            chips.append((f"k-{kind}", " · ".join(names)))
    for theme, polarity in labels.themes.items():
        chips.append((f"s-{polarity} theme", label_name(codebook, language, f"theme:{theme}:{polarity}")))
    return chips
