"""Numbers, periods and dates as a French reader writes them, with an English switch."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from pipeline.codebook import Language
from pipeline.publish.pages.figures import ALL, Figure, Kind

NARROW = "\u202f"  # between thousands and before % in French
MINUS = "\u2212"
PARIS = ZoneInfo("Europe/Paris")

_MONTHS = {
    "fr": ("janvier", "février", "mars", "avril", "mai", "juin", "juillet", "août", "septembre", "octobre",
           "novembre", "décembre"),
    "en": ("January", "February", "March", "April", "May", "June", "July", "August", "September", "October",
           "November", "December"),
}  # fmt: skip
_SHORT = {
    "fr": ("janv.", "févr.", "mars", "avr.", "mai", "juin", "juil.", "août", "sept.", "oct.", "nov.", "déc."),
    "en": ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"),
}


def number(value: float, language: Language, decimals: int = 0, *, sign: bool = False) -> str:
    """Write a number.

    >>> number(-1234.5, "fr", 1).replace("\u202f", "_")
    '−1_234,5'
    >>> number(0.3, "en", 1, sign=True)
    '+0.3'
    """
    rounded = round(value, decimals) + 0.0  # no «−0»
    text = f"{abs(rounded):,.{decimals}f}"
    if language == "fr":
        text = text.replace(",", NARROW).replace(".", ",")
    head = MINUS if rounded < 0 else "+" if sign and rounded > 0 else ""
    return head + text


def amount(
    value: float, kind: Kind, language: Language, *, unit: bool = True, decimals: int | None = None
) -> str:
    """Write a value of a kind: a share in percent, a net or a gap in points with its sign.

    Args:
        value: On its own scale.
        kind: What it is.
        language: Of the reader.
        unit: With its percent sign, for a share.
        decimals: Digits after the comma; null: as fits a share, a rating or points.

    >>> amount(0.127, "share", "en"), amount(-0.2, "net", "fr"), amount(63.4, "index", "fr")
    ('13%', '−20', '63')
    """
    if kind == "share":
        percent = value * 100
        decimals = (1 if 0 < abs(percent) < 10 else 0) if decimals is None else decimals
        tail = (f"{NARROW}%" if language == "fr" else "%") if unit else ""
        return number(percent, language, decimals) + tail
    if kind in {"net", "gap"}:
        return number(value * 100, language, decimals or 0, sign=True)
    if kind == "points":
        return number(value, language, sign=True)
    if kind == "effect":
        return number(value, language, 2, sign=True)
    if kind == "mean":
        return number(value, language, 2)
    return number(value, language, decimals or 0)


def decimals_of(figure: Figure) -> int | None:
    """Choose how finely a figure is told: a tenth of a point only where its interval is that narrow."""
    if figure.kind not in {"share", "net", "gap"} or figure.low is None or figure.high is None:
        return None
    is_rare = figure.kind == "share" and figure.value is not None and figure.value < 0.1
    return 1 if figure.high - figure.low < (0.15 if is_rare else 0.03) else 0


def value_text(figure: Figure, language: Language) -> str:
    """Write the value of a figure, or a dash."""
    return (
        "–"
        if figure.value is None
        else amount(figure.value, figure.kind, language, decimals=decimals_of(figure))
    )


def interval_text(figure: Figure, language: Language) -> str:
    """Write the interval of a figure, or nothing.

    >>> interval_text(Figure("theme_net", "net", value=0.1, low=-0.05, high=0.25), "fr")
    '[−5 ; +25]'
    """
    if figure.low is None or figure.high is None:
        return ""
    low, high = (
        amount(bound, figure.kind, language, unit=False, decimals=decimals_of(figure))
        for bound in (figure.low, figure.high)
    )
    return f"[{low} ; {high}]" if language == "fr" else f"[{low}, {high}]"


def period_text(period: str, language: Language, *, short: bool = False) -> str:
    """Write a period.

    >>> period_text("2026-03", "fr"), period_text("2026-T1", "fr"), period_text("all", "fr")
    ('mars 2026', '1er trimestre 2026', 'toute la période')
    """
    if period == ALL:
        return "toute la période" if language == "fr" else "whole period"
    year, _, rest = period.partition("-")
    if rest.startswith("T"):
        quarter = rest[1:]
        if short:
            return f"{'T' if language == 'fr' else 'Q'}{quarter} {year[2:]}"
        if language == "en":
            return f"Q{quarter} {year}"
        return f"{'1er' if quarter == '1' else quarter + 'e'} trimestre {year}"
    if not rest:
        return year
    names = (_SHORT if short else _MONTHS)[language]
    return f"{names[int(rest) - 1]} {year[2:] if short else year}"


def moment_text(moment: datetime, language: Language) -> str:
    """Write a moment in Paris time: `12 mars 2026 à 13 h 05`."""
    local = moment.astimezone(PARIS)
    if language == "en":
        return f"{local.day} {_MONTHS['en'][local.month - 1]} {local.year}, {local:%H:%M}"
    day = "1er" if local.day == 1 else str(local.day)
    return f"{day} {_MONTHS['fr'][local.month - 1]} {local.year} à {local.hour} h {local.minute:02d}"
