"""Charts as inline SVG for any width: positions in percent, texts at their size, intervals always drawn.

No script and no style attribute is needed, so the strictest content policy lets them through. Colours come
from classes of the style sheet; each series also has its own shape, for readers who tell no colours apart.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from markupsafe import Markup, escape

from pipeline.codebook import Language
from pipeline.publish.pages.figures import Figure
from pipeline.publish.pages.french import amount, interval_text, period_text, value_text

Shape = Literal["circle", "diamond", "square"]
# Audience or role → shape of its marks; everything else is a circle.
SHAPES: dict[str, Shape] = {"customer": "circle", "employee": "diamond", "both": "square"}
TRACK_HEIGHT = 26
TREND_HEIGHT = 190
MAP_HEIGHT = 420


@dataclass(frozen=True, slots=True)
class Scale:
    """A linear scale between two bounds."""

    low: float
    high: float

    def percent(self, value: float) -> float:
        """Place a value, in percent of the width; outside the bounds it stays at the edge."""
        share = (value - self.low) / (self.high - self.low)
        return round(100 * min(max(share, 0.0), 1.0), 2)


def nice_scale(figures: Sequence[Figure], *, floor: float, ceiling: float, centred: bool = False) -> Scale:
    """Choose bounds that hold every interval, rounded to tenths of a decade.

    Args:
        figures: What will be drawn.
        floor: Lowest bound allowed.
        ceiling: Highest bound allowed.
        centred: Same distance on both sides of zero.

    Returns:
        The scale; the whole allowed range when there is nothing to draw.
    """
    ends = [end for each in figures for end in (each.low, each.high, each.value) if end is not None]
    if not ends:
        return Scale(floor, ceiling)
    low, high = min(0.0, *ends), max(0.0, *ends)
    span = max(high - low, 1e-9)
    step = next(
        (s for s in (0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.25, 0.5, 1, 5, 10, 20) if span / s <= 5), 50
    )
    bound_low = max(floor, (low // step) * step)
    bound_high = min(ceiling, -((-high) // step) * step)
    if centred:
        bound = max(-bound_low, bound_high, step)
        return Scale(-bound, bound)
    return Scale(bound_low, max(bound_high, bound_low + step))


def ticks(scale: Scale, wanted: int = 4) -> list[float]:
    """Choose round values inside a scale."""
    span = scale.high - scale.low
    steps = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.25, 0.5, 1, 2, 5, 10, 20, 25, 50)
    step = next((s for s in steps if span / s <= wanted), 100.0)
    first = -int(-scale.low // step) if scale.low > 0 else -int(-scale.low / step + 1e-9)
    values = [round(index * step, 6) for index in range(first, first + wanted + 3)]
    return [value for value in values if scale.low - 1e-9 <= value <= scale.high + 1e-9]


def track(figure: Figure, scale: Scale, role: str, language: Language, *, bar: bool = False) -> Markup:
    """Draw one figure on its line: interval, mark, and the zero or the bar that it grows from.

    Args:
        figure: Drawn as an empty line when it has no value.
        scale: Of the line.
        role: Class that colours it: an audience, or `positive`, `negative`…
        language: Of the description.
        bar: Also fill from zero to the value (shares).
    """
    middle = TRACK_HEIGHT / 2
    parts = [_line(0, 100, middle, "rail")]
    if scale.low < 0 < scale.high:
        zero = scale.percent(0)
        parts.append(f'<line class="zero" x1="{zero}%" x2="{zero}%" y1="1" y2="{TRACK_HEIGHT - 1}"/>')
    if figure.value is not None:
        at = scale.percent(figure.value)
        if bar:
            start = scale.percent(0)
            left, width = min(start, at), abs(at - start)
            parts.append(
                f'<rect class="bar" x="{left}%" width="{width}%" y="{middle - 7}" height="14" rx="2"/>'
            )
        if figure.low is not None and figure.high is not None:
            low, high = scale.percent(figure.low), scale.percent(figure.high)
            parts.append(_line(low, high, middle, "interval"))
            parts += [
                f'<line class="cap" x1="{x}%" x2="{x}%" y1="{middle - 5}" y2="{middle + 5}"/>'
                for x in (low, high)
            ]
        parts.append(mark(at, middle, SHAPES.get(role, "circle")))
    return _svg(parts, f"track {role}", TRACK_HEIGHT, reading(figure, language))


def reading(figure: Figure, language: Language) -> str:
    """Write a figure with its interval, for titles and screen readers."""
    return f"{value_text(figure, language)} {interval_text(figure, language)}".strip()


def axis(scale: Scale, figure: Figure, language: Language, wanted: int = 2) -> Markup:
    """Write the ticks of a scale in the form of a figure's kind: `wanted` steps at most."""
    parts = []
    for value in ticks(scale, wanted):
        at = scale.percent(value)
        anchor = "start" if at < 4 else "end" if at > 96 else "middle"
        text = amount(value, figure.kind, language)
        parts.append(f'<text class="tick" x="{at}%" y="12" text-anchor="{anchor}">{escape(text)}</text>')
    return _svg(parts, "axis", 16, None)


def trend(
    series: Sequence[tuple[str, Sequence[Figure]]], periods: Sequence[str], language: Language, name: str
) -> Markup:
    """Draw figures over time: a line and a mark for each audience, its intervals as a band with bars.

    Args:
        series: Role and figures, one a period, in order; a figure without value leaves a gap.
        periods: The periods.
        language: Of the texts.
        name: What is drawn, for screen readers.
    """
    every = [figure for _, figures in series for figure in figures]
    known = [figure for figure in every if figure.is_known]
    floor = -1.0 if known and known[0].kind in {"net", "gap"} else 0.0
    ceiling = (
        100.0 if known and known[0].kind == "index" else 10.0 if known and known[0].kind == "mean" else 1.0
    )
    scale = nice_scale(every, floor=floor, ceiling=ceiling)
    n = max(len(periods), 1)
    xs = [round(100 * (index + 0.5) / n, 2) for index in range(n)]
    (parts, labels), lines = _grid(scale, known, language), []
    for role, figures in series:
        for run in _runs(figures):
            lines.append(_band(run, xs, scale, role))
            lines.append(_path(run, xs, scale, role))
    parts.append(
        f'<svg x="0" y="8" width="100%" height="{TREND_HEIGHT - 36}" viewBox="0 0 100 100" '
        'preserveAspectRatio="none">' + "".join(lines) + "</svg>"
    )
    height = TREND_HEIGHT - 36
    for role, figures in series:
        for x, figure in zip(xs, figures, strict=True):
            if figure.value is not None:
                y = round(8 + height * (1 - scale.percent(figure.value) / 100), 1)
                words = f"{period_text(figure.period, language)} : {reading(figure, language)}"
                dot = mark(x, y, SHAPES.get(role, "circle"), 4)
                parts.append(f'<g class="{escape(role)}">{dot}<title>{escape(words)}</title></g>')
    every_nth = -(-n // 6)
    for index, period in enumerate(periods):
        if (n - 1 - index) % every_nth == 0:
            text = escape(period_text(period, language, short=True))
            css = "tick" if (n - 1 - index) % (2 * every_nth) == 0 else "tick minor"
            parts.append(
                f'<text class="{css}" x="{xs[index]}%" y="{TREND_HEIGHT - 6}" '
                f'text-anchor="middle">{text}</text>'
            )
    gutter = (
        f'<svg class="gutter" width="52" height="{TREND_HEIGHT}" aria-hidden="true">{"".join(labels)}</svg>'
    )
    return Markup(f'<div class="trend-box">{gutter}{_svg(parts, "trend", TREND_HEIGHT, name)}</div>')


@dataclass(frozen=True, slots=True)
class Point:
    """One unit on the quadrant map."""

    name: str
    customers: Figure
    employees: Figure
    link: str | None = None


def quadrant_map(
    points: Sequence[Point], corners: Sequence[str], language: Language, name: str, axes: tuple[str, str]
) -> Markup:
    """Draw units by what employees (across) and customers (up) say, each with its two intervals.

    Args:
        points: Units; one that lacks a side is left out.
        corners: Names of the corners: top left, top right, bottom left, bottom right.
        language: Of the texts.
        name: What is drawn, for screen readers.
        axes: Names of the horizontal and the vertical axis.
    """
    whole = [point for point in points if point.customers.is_known and point.employees.is_known]
    across, up = (_map_scale(side) for side in ([p.employees for p in whole], [p.customers for p in whole]))
    parts = [
        '<rect class="well" x="50%" y="0" width="50%" height="50%"/>'
        '<rect class="badly" x="0" y="50%" width="50%" height="50%"/>'
    ]
    parts.append(
        '<line class="zero" x1="50%" x2="50%" y1="0" y2="100%"/>'
        '<line class="zero" x1="0" x2="100%" y1="50%" y2="50%"/>'
    )
    parts.append(f'<text class="tick" x="99%" y="50%" dy="-6" text-anchor="end">{escape(axes[0])} →</text>')
    parts.append(f'<text class="tick" x="50%" dx="-7" y="60%" text-anchor="end">{escape(axes[1])} ↑</text>')
    crowded = len(whole) > 40
    taken: list[tuple[float, float]] = []
    for point in sorted(
        whole, key=lambda each: -abs(each.customers.value or 0) - abs(each.employees.value or 0)
    ):
        place = (across.percent(point.employees.value or 0), 100 - up.percent(point.customers.value or 0))
        free = all(abs(place[0] - x) > 12 or abs(place[1] - y) > 5 for x, y in taken)
        if free:
            taken.append(place)
        parts.append(_map_point(point, (across, up), language, named=free))
    chart = _svg(parts, "map crowded" if crowded else "map", MAP_HEIGHT, name)
    names = ("top left", "top right", "bottom left", "bottom right")
    corner = "".join(
        f'<span class="corner {place}">{escape(text)}</span>'
        for place, text in zip(names, corners, strict=True)
    )
    return Markup(f'<div class="map-box">{chart}{corner}</div>')


def _map_scale(figures: Sequence[Figure]) -> Scale:
    """Choose bounds around zero that hold every value and most of its interval, which is cut at the edge."""
    values = [abs(figure.value or 0) for figure in figures]
    halves = sorted(((f.high or 0) - (f.low or 0)) / 2 for f in figures)
    middle = halves[len(halves) // 2] if halves else 0.0
    bound = min(1.0, max([0.1, *values]) * 1.2 + middle)
    return Scale(-bound, bound)


def _map_point(point: Point, scales: tuple[Scale, Scale], language: Language, *, named: bool) -> str:
    across, up = point.employees, point.customers
    flat, tall = scales
    x, y = flat.percent(across.value or 0), round(100 - tall.percent(up.value or 0), 2)
    lines = ""
    if across.low is not None and across.high is not None and up.low is not None and up.high is not None:
        left, right = flat.percent(across.low), flat.percent(across.high)
        top, bottom = round(100 - tall.percent(up.high), 2), round(100 - tall.percent(up.low), 2)
        lines = (
            f'<line class="cross" x1="{left}%" x2="{right}%" y1="{y}%" y2="{y}%"/>'
            f'<line class="cross" x1="{x}%" x2="{x}%" y1="{top}%" y2="{bottom}%"/>'
        )
    title = f"{point.name} : {reading(up, language)} / {reading(across, language)}"
    anchor, shift = ("end", -7) if x > 85 else ("start", 7)
    place = f'x="{x}%" y="{y}%" dx="{shift}" dy="-6" text-anchor="{anchor}"'
    label = f'<text class="name" {place}>{escape(point.name)}</text>' if named else ""
    body = (
        f'<g class="unit">{lines}<circle cx="{x}%" cy="{y}%" r="5"/>{label}<title>{escape(title)}</title></g>'
    )
    return f'<a href="{escape(point.link)}">{body}</a>' if point.link else body


def mark(x_percent: float, y: float, shape: Shape, size: float = 4.5) -> str:
    """Draw the mark of a value."""
    if shape == "circle":
        return f'<circle class="mark" cx="{x_percent}%" cy="{y}" r="{size}"/>'
    turn = ' transform="rotate(45)"' if shape == "diamond" else ""
    half, side = size * 0.85, f"{size * 1.7:.1f}"
    return (
        f'<svg x="{x_percent}%" y="{y}" overflow="visible">'
        f'<rect class="mark" x="{-half:.1f}" y="{-half:.1f}" width="{side}" height="{side}"{turn}/></svg>'
    )


def _grid(scale: Scale, known: Sequence[Figure], language: Language) -> tuple[list[str], list[str]]:
    kind = known[0].kind if known else "share"
    height = TREND_HEIGHT - 36
    parts, labels = [], []
    for value in ticks(scale):
        y = round(8 + height * (1 - scale.percent(value) / 100), 1)
        css = "zero" if abs(value) < 1e-9 else "grid"
        parts.append(f'<line class="{css}" x1="0" x2="100%" y1="{y}" y2="{y}"/>')
        text = escape(amount(value, kind, language))
        labels.append(f'<text class="tick" x="44" y="{y + 4}" text-anchor="end">{text}</text>')
    return parts, labels


def _runs(figures: Sequence[Figure]) -> list[list[tuple[int, Figure]]]:
    """Cut a series where a value is missing."""
    runs: list[list[tuple[int, Figure]]] = [[]]
    for index, figure in enumerate(figures):
        if figure.is_known:
            runs[-1].append((index, figure))
        elif runs[-1]:
            runs.append([])
    return [run for run in runs if run]


def _band(run: Sequence[tuple[int, Figure]], xs: Sequence[float], scale: Scale, role: str) -> str:
    bounded = [(i, f.low, f.high) for i, f in run if f.low is not None and f.high is not None]
    if not bounded:
        return ""
    if len(bounded) == 1:
        index, low, high = bounded[0]
        top, bottom = 100 - scale.percent(high), 100 - scale.percent(low)
        ends = f'x1="{xs[index]}" x2="{xs[index]}" y1="{top:.2f}" y2="{bottom:.2f}"'
        return f'<line class="whisker {escape(role)}" {ends}/>'
    up = [f"{xs[i]},{100 - scale.percent(high):.2f}" for i, _, high in bounded]
    down = [f"{xs[i]},{100 - scale.percent(low):.2f}" for i, low, _ in reversed(bounded)]
    return f'<polygon class="band {escape(role)}" points="{" ".join([*up, *down])}"/>'


def _path(run: Sequence[tuple[int, Figure]], xs: Sequence[float], scale: Scale, role: str) -> str:
    points = " ".join(f"{xs[i]},{100 - scale.percent(f.value or 0):.2f}" for i, f in run)
    return f'<polyline class="line {escape(role)}" points="{points}"/>'


def _line(x1: float, x2: float, y: float, css: str) -> str:
    return f'<line class="{css}" x1="{x1}%" x2="{x2}%" y1="{y}" y2="{y}"/>'


def _svg(parts: Sequence[str], css: str, height: int, label: str | None) -> Markup:
    access = f'role="img" aria-label="{escape(label)}"' if label else 'aria-hidden="true"'
    # Every part above is made of numbers and escaped texts.
    return Markup(
        f'<svg class="{escape(css)}" width="100%" height="{height}" {access}>{"".join(parts)}</svg>'
    )
