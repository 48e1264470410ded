"""Plots of an evaluation as SVG text: no plotting library, readable without a network."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

import numpy as np
from numpy.typing import NDArray

from models.evaluation import Measure

_SIDE, _MARGIN = 150, 26
_BAR_HEIGHT, _BAR_WIDTH, _NAME_WIDTH = 22, 320, 270


def reliability_plot(title: str, table: NDArray[np.float64]) -> str:
    """Draw stated probability against met frequency; on the diagonal the two agree.

    Args:
        title: Shown above.
        table: Rows of (stated, met, weight), all in [0, 1] but the weight.
    """
    whole = _SIDE + 2 * _MARGIN
    points = [(_MARGIN + _SIDE * stated, _MARGIN + _SIDE * (1 - met)) for stated, met, _ in table]
    line = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    dots = "".join(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3"/>' for x, y in points)
    end = _MARGIN + _SIDE
    return (
        f'<svg viewBox="0 0 {whole} {whole}" width="{whole}" height="{whole}" role="img" '
        f'aria-label="{escape(title)}">'
        f'<text x="{whole / 2}" y="14" text-anchor="middle">{escape(title)}</text>'
        f'<rect x="{_MARGIN}" y="{_MARGIN}" width="{_SIDE}" height="{_SIDE}" class="frame"/>'
        f'<line x1="{_MARGIN}" y1="{end}" x2="{end}" y2="{_MARGIN}" class="ideal"/>'
        f'<polyline points="{line}" class="line"/>{dots}'
        f'<text x="{_MARGIN}" y="{whole - 8}">0</text>'
        f'<text x="{end}" y="{whole - 8}" text-anchor="end">1</text>'
        "</svg>"
    )


def interval_bars(rows: Sequence[tuple[str, Measure]]) -> str:
    """Draw figures in [0, 1] as bars with their intervals."""
    height = _BAR_HEIGHT * len(rows) + 8
    parts = []
    for k, (name, measure) in enumerate(rows):
        top = 4 + k * _BAR_HEIGHT
        middle = top + _BAR_HEIGHT / 2 - 2
        left, right = (
            _NAME_WIDTH + _BAR_WIDTH * float(np.nan_to_num(v)) for v in (measure.low, measure.high)
        )
        width = _BAR_WIDTH * float(np.nan_to_num(measure.value))
        parts.append(
            f'<text x="{_NAME_WIDTH - 8}" y="{middle + 4}" text-anchor="end">{escape(name)}</text>'
            f'<rect x="{_NAME_WIDTH}" y="{top}" width="{width:.1f}" height="{_BAR_HEIGHT - 6}" class="bar"/>'
            f'<line x1="{left:.1f}" y1="{middle}" x2="{right:.1f}" y2="{middle}" class="whisker"/>'
            f'<text x="{_NAME_WIDTH + _BAR_WIDTH + 10}" y="{middle + 4}">{figure(measure)}</text>'
        )
    whole = _NAME_WIDTH + _BAR_WIDTH + 130
    return f'<svg viewBox="0 0 {whole} {height}" width="{whole}" height="{height}">{"".join(parts)}</svg>'


def figure(measure: Measure) -> str:
    """Write a figure with its interval: `0,78 [0,77 ; 0,80]`, or a dash where it has no meaning."""
    if np.isnan(measure.value):
        return "–"
    return f"{_comma(measure.value)} [{_comma(measure.low)} ; {_comma(measure.high)}]"


def _comma(value: float) -> str:
    return f"{value:.2f}".replace(".", ",")
