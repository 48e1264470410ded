"""Small charts as plain numbers: templates draw them in SVG, without style attributes or scripts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

WIDTH, HEIGHT = 640.0, 280.0
LEFT, RIGHT, TOP, BOTTOM = 56.0, 16.0, 30.0, 40.0


@dataclass(frozen=True, slots=True)
class Chart:
    """A line chart, in the coordinates of its drawing.

    Attributes:
        lines: Name → points of an SVG polyline.
        ends: Name → (x, y, value) of the last point.
        x_ticks: (x, value) of the marks below.
        y_ticks: (y, value) of the marks at the left.
    """

    lines: Mapping[str, str]
    ends: Mapping[str, tuple[float, float, float]]
    x_ticks: Sequence[tuple[float, float]]
    y_ticks: Sequence[tuple[float, float]]
    width: float = WIDTH
    height: float = HEIGHT
    left: float = LEFT
    bottom: float = HEIGHT - BOTTOM
    right: float = WIDTH - RIGHT


def line_chart(x: Sequence[float], series: Mapping[str, Sequence[float]], n_ticks: int = 5) -> Chart:
    """Lay out lines that share their x, from zero upwards.

    Args:
        x: At least two increasing values.
        series: Name → values, as many as there are in `x`.
        n_ticks: About how many marks on each side.
    """
    top = max(max(values) for values in series.values()) or 1.0
    step = _round_step(top / (n_ticks - 1))
    n_steps = max(1, -(-int(1000 * top) // int(1000 * step)))
    high = step * n_steps

    def across(value: float) -> float:
        return LEFT + (value - x[0]) / (x[-1] - x[0]) * (WIDTH - LEFT - RIGHT)

    def up(value: float) -> float:
        return HEIGHT - BOTTOM - value / high * (HEIGHT - TOP - BOTTOM)

    lines = {
        name: " ".join(f"{across(a):.1f},{up(b):.1f}" for a, b in zip(x, values, strict=True))
        for name, values in series.items()
    }
    ends = {name: (across(x[-1]), up(values[-1]), values[-1]) for name, values in series.items()}
    x_step = _round_step((x[-1] - x[0]) / n_ticks)
    first = int(-(-x[0] // x_step)) * x_step
    marks = [first + i * x_step for i in range(n_ticks + 3) if first + i * x_step <= x[-1]]
    return Chart(
        lines=lines,
        ends=ends,
        x_ticks=[(across(mark), mark) for mark in marks],
        y_ticks=[(up(i * step), i * step) for i in range(n_steps + 1)],
    )


def _round_step(raw: float) -> float:
    """Take the next 1, 2 or 5 times a power of ten.

    >>> _round_step(3.1)
    5.0
    """
    power = 1.0
    while power * 10 <= raw:
        power *= 10
    while power > raw:
        power /= 10
    return next(power * factor for factor in (1.0, 2.0, 5.0, 10.0) if power * factor >= raw)
