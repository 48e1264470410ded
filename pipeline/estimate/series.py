"""Cells along time: for every audience and members of dimensions, its cell in each period."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from pipeline.estimate.estimates import Estimates

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Series:
    """Cells by series and period.

    Attributes:
        periods: Names of the periods, in order of time, without a gap in their numbering.
        cell: Series × periods: position of the cell, −1 where nobody spoke.
    """

    periods: tuple[str, ...]
    cell: Ints


def series_of(estimates: Estimates) -> Series:
    """Line up the cells that differ by their period only.

    Args:
        estimates: What was estimated.

    Returns:
        Series in the order of cells; none when nothing is cut by period.
    """
    keys = estimates.cells.keys
    names = ["grain", "audience", *estimates.dimensions]
    rows = list(zip(*(keys[name].to_pylist() for name in names), strict=True))
    period = keys["period"].to_pylist()
    kept = keys["by_period"].to_numpy(zero_copy_only=False) & ~keys["unplaced"].to_numpy(zero_copy_only=False)
    positions = np.flatnonzero(kept).tolist()
    periods = _calendar(sorted({period[position] for position in positions}))
    place = {name: column for column, name in enumerate(periods)}
    index: dict[tuple[object, ...], int] = {}
    for position in positions:
        index.setdefault(rows[position], len(index))
    cell = np.full((len(index), len(periods)), -1, dtype=np.int64)
    for position in positions:
        cell[index[rows[position]], place[period[position]]] = position
    return Series(tuple(periods), cell)


def _calendar(names: list[str]) -> list[str]:
    """Fill the gaps of a calendar: a period in which nobody spoke is still a period."""
    if not names:
        return []
    first, last = period_number(names[0]), period_number(names[-1])
    return [_name(number, names[0]) for number in range(first, last + 1)]


def period_number(name: str) -> int:
    """Number periods so that the next one has the next number.

    >>> period_number("2026-01") - period_number("2025-12"), period_number("2026-T1") -
    period_number("2025-T4") (1, 1)
    """
    year = int(name[:4])
    if "-T" in name:
        return year * 4 + int(name[6:]) - 1
    return year * 12 + int(name[5:]) - 1 if "-" in name else year


def _name(number: int, like: str) -> str:
    if "-T" in like:
        return f"{number // 4:04d}-T{number % 4 + 1}"
    return f"{number // 12:04d}-{number % 12 + 1:02d}" if "-" in like else f"{number:04d}"
