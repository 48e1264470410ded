"""What moved: changes since the period before, and figures that left their usual band."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from pipeline.publish.pages.figures import ALL, Figure, table_figures
from pipeline.publish.pages.view import View

# Earlier periods that a band takes: `MIN_HISTORY` of `pipeline.estimate.alerts`, whose import takes SciPy.
HISTORY_NEEDED = 6

Content = dict[str, Any]

# Measures of which more is good or bad news by itself; more talk of a theme is neither.
GOOD = frozenset({"sentiment_net", "theme_net", "theme_balance", "enchantment_rate"})
BAD = frozenset({"sentiment_negative"})


def changes(view: View) -> list[Content]:
    """Changes of the cell in the period looked at that their intervals allow to tell, the widest first."""
    rows = _latest(view, "changes")
    found = [
        # A change of a share is told in points, with its sign.
        {
            "figure": replace(figure, kind="gap"),
            "period": figure.period,
            "what": what(view, figure),
            "tone": _tone(figure),
        }
        for figure, row in rows
        if row.get("significant", figure.excludes_zero)
        and figure.kind in {"share", "net"}
        and all((row.get(name) or None) == view.cell.get(name) for name in view.dimensions)
    ]
    return sorted(found, key=lambda each: -abs(each["figure"].value or 0))


def _tone(figure: Figure) -> str:
    """Tell whether a change is `better`, `worse`, or neither by itself."""
    if not figure.value or figure.measure not in GOOD | BAD:
        return ""
    return "better" if (figure.value > 0) == (figure.measure in GOOD) else "worse"


def alerts(view: View) -> list[Content]:
    """Alerts of the period looked at, within the cell."""
    found = []
    for figure, row in _latest(view, "alerts"):
        if any(row.get(name) != value for name, value in view.cell.items()):
            continue
        cell = {name: str(row[name]) for name in view.dimensions if row.get(name)}
        expected = row.get("expected")
        found.append(
            {
                "figure": figure,
                "what": what(view, figure),
                "place": view.place(row) or view.words("everybody"),
                "expected": None
                if expected is None
                else Figure(figure.measure, figure.kind, value=float(expected)),
                "link": view.link(
                    "overview", **{**dict.fromkeys(view.dimensions), **cell, "period": figure.period}
                ),
                "quotes": _alert_quotes(view, figure, cell),
            }
        )
    return found


def what(view: View, figure: Figure) -> str:
    """Name what a figure is about: audience, theme, measure."""
    together = figure.measure == "theme_balance" and not figure.theme
    measure = view.words("balance_of_all") if together else view.words.measure(figure.measure)
    about = f"{view.words.theme(figure.theme)} · {measure}" if figure.theme else measure
    return f"{view.words.audience(figure.audience)} · {about}"


def _alert_quotes(view: View, figure: Figure, cell: dict[str, str]) -> list[Any]:
    wanted = {"audience": figure.audience} | ({"theme": figure.theme} if figure.theme else {})
    tone = "negative" if (figure.extra or {}).get("direction") == "down" else None
    here = View(view.snapshot, view.language, cell, figure.period, view.standalone, view.codebook)
    return here.quotes(**wanted, **({"polarity": tone} if tone else {}))[:3]


def no_alert_text(view: View) -> str:
    """Say why there is no alert: all figures stay within their band, or it is too early for one."""
    n_earlier = sum(period < _period(view) for period in view.periods)
    return view.words("no_alert" if n_earlier >= HISTORY_NEEDED else "no_band")


def _period(view: View) -> str:
    """Name the period looked at: the one asked for or, for the whole time, the last of the release."""
    if view.period != ALL or not view.periods:
        return view.period
    return view.periods[-1]


def _latest(view: View, table: str) -> list[tuple[Figure, dict[str, Any]]]:
    """Rows of a table in the period looked at."""
    frame = view.snapshot.table(table)
    if frame is None:
        return []
    return table_figures(frame.filter(frame["period"] == _period(view)))
