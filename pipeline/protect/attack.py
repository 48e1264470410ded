"""The attacker: take every release there is and try to find out what was hidden.

Four attacks, each with all that a reader of the releases can know, the company's organisation included:

* subtraction and bounds: every total and its parts are one linear programme; the least and the most that a
  hidden cell can hold follow;
* ratios: shares of whole people tell which numbers of people are possible at all, which tightens the bounds;
* sums: value × count of a total minus those of its shown parts bounds what the hidden parts say;
* releases: two of them, the later holding the earlier's people, bound who came between.

A cell counts as recovered when the bounds lie so near that their middle is wrong by one person at most.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
from scipy import sparse
from scipy.optimize import linprog

from pipeline.protect.rounding import FINEST, step_of

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Matrix: TypeAlias = "sparse.csr_matrix | sparse.csr_array"
Cell = tuple[str, str, tuple[str | None, ...]]  # audience, period, members

# Bounds this near give a cell away: their middle is wrong by at most one person.
GIVEN_AWAY = 2.0
SHARES = ("sentiment_positive", "sentiment_negative", "sentiment_mixed", "sentiment_neutral")


@dataclass(frozen=True, slots=True)
class View:
    """What one release tells of one kind of count.

    Attributes:
        cells: Cells that the release has a row for.
        low: Least that each can hold.
        high: Most that each can hold, infinite when hidden.
        hidden: Which are hidden.
    """

    cells: tuple[Cell, ...]
    low: Floats
    high: Floats
    hidden: npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Knowledge:
    """What the attacker knows beside the releases.

    Attributes:
        dimensions: Declared dimensions.
        nested: Dimension → the one above it and which member lies in which.
        round_counts: How counts are rounded.
        weight_of: How values are rounded, by audience.
    """

    dimensions: tuple[str, ...]
    nested: Mapping[str, tuple[str, Mapping[str, str]]]
    round_counts: int
    weight_of: Mapping[str, int]


def view_counts(
    measures: pa.Table, knowledge: Knowledge, measure: str = "verbatims", theme: str | None = None
) -> View:
    """Read what a release tells of the verbatims behind a measure.

    Args:
        measures: The published table.
        knowledge: What else is known.
        measure: Measure whose `n_verbatims` is read.
        theme: Its theme.

    Returns:
        Bounds of every cell.
    """
    rows = measures.filter(pc.equal(measures["measure"], measure))
    if theme is not None:
        rows = rows.filter(pc.equal(rows["theme"], theme))
    cells = tuple(_cell(row, knowledge.dimensions) for row in rows.to_pylist())
    counts = rows["n_verbatims"].cast(pa.float64()).to_numpy(zero_copy_only=False)
    hidden = rows["suppressed"].to_numpy(zero_copy_only=False)
    base = knowledge.round_counts
    low = np.where(hidden, 0.0, np.maximum(counts - base // 2, 1.0))
    high = np.where(hidden, np.inf, counts + (base - 1) // 2)
    if theme is None:
        low, high = _by_ratios(measures, knowledge, cells, low, high)
    return View(cells, low, high, hidden)


def _cell(row: Mapping[str, object], dimensions: Sequence[str]) -> Cell:
    members = tuple(None if row[name] is None else str(row[name]) for name in dimensions)
    return str(row["audience"]), str(row["period"]), members


def _by_ratios(
    measures: pa.Table, knowledge: Knowledge, cells: tuple[Cell, ...], low: Floats, high: Floats
) -> tuple[Floats, Floats]:
    """Keep the numbers of people with which the four shares can be shares of whole people."""
    shares: dict[Cell, dict[str, float]] = {}
    for row in measures.filter(pc.is_in(measures["measure"], value_set=pa.array(SHARES))).to_pylist():
        if row["value"] is not None:
            shares.setdefault(_cell(row, knowledge.dimensions), {})[row["measure"]] = row["value"]
    low, high = low.copy(), high.copy()
    for position, cell in enumerate(cells):
        told = shares.get(cell, {})
        if len(told) == len(SHARES) and np.isfinite(high[position]):
            values = np.array([told[name] for name in SHARES])
            weight = knowledge.weight_of[cell[0]]
            fits = [n for n in range(int(low[position]), int(high[position]) + 1) if _fits(values, n, weight)]
            if fits:
                low[position], high[position] = fits[0], fits[-1]
    return low, high


def _fits(values: Floats, n: int, weight: int) -> bool:
    """Tell whether four rounded shares can be those of n whole people."""
    step = float(step_of(np.array([weight / n]), np.array([FINEST]))[0]) if weight else 1e-6
    least = np.ceil((values - step / 2) * n - 1e-9)
    most = np.floor((values + step / 2) * n + 1e-9)
    return bool((least <= most).all() and least.clip(0).sum() <= n <= most.sum())


def equations(cells: Sequence[Cell], knowledge: Knowledge) -> Matrix:
    """Write down that totals are the sums of their parts: equations × cells, each adding up to zero.

    Args:
        cells: Cells; a total is used only where the attacker can name all of its parts.
        knowledge: Dimensions and what is nested in what.

    Returns:
        The matrix.
    """
    place = {cell: position for position, cell in enumerate(cells)}
    families: dict[tuple[Cell, str], list[int]] = {}
    for position, (audience, period, members) in enumerate(cells):
        if period != "all":
            families.setdefault(((audience, "all", members), "period"), []).append(position)
        for k, name in enumerate(knowledge.dimensions):
            if members[k] is None:
                continue
            above = (*members[:k], None, *members[k + 1 :])
            families.setdefault(((audience, period, above), name), []).append(position)
            if name in knowledge.nested:
                upper, inside = knowledge.nested[name]
                j = knowledge.dimensions.index(upper)
                if members[j] is None:
                    raised = tuple(
                        inside[str(members[k])] if i == j else None if i == k else m
                        for i, m in enumerate(members)
                    )
                    families.setdefault(((audience, period, raised), f"{name} in {upper}"), []).append(
                        position
                    )
    rows, columns, values = [], [], []
    n_equations = 0
    for (parent, _), children in families.items():
        if parent not in place:
            continue
        rows += [n_equations] * (len(children) + 1)
        columns += [place[parent], *children]
        values += [1.0, *([-1.0] * len(children))]
        n_equations += 1
    return sparse.csr_matrix((values, (rows, columns)), shape=(n_equations, len(cells)))


def bound(view: View, knowledge: Knowledge, targets: Sequence[int]) -> tuple[Floats, Floats]:
    """Bound hidden cells by linear programming.

    Args:
        view: What the release tells.
        knowledge: What else is known.
        targets: Positions of the cells to bound.

    Returns:
        Least and most that each can hold, whole numbers.
    """
    matrix = equations(view.cells, knowledge)
    limits = np.stack([view.low, view.high], axis=1)
    found = np.empty((len(targets), 2))
    for k, target in enumerate(targets):
        for side, sign in enumerate((1.0, -1.0)):
            cost = np.zeros(len(view.cells))
            cost[target] = sign
            best = _least(cost, matrix, limits)
            found[k, side] = (view.low[target], np.inf)[side] if best is None else sign * best
    return np.ceil(found[:, 0] - 1e-6), np.floor(found[:, 1] + 1e-6)


def _least(
    cost: Floats, equal: Matrix, limits: Floats, upper: Matrix | None = None, right: Floats | None = None
) -> float | None:
    """Give the least of a cost under the equations, or null when it is without bound."""
    solve: Any = linprog
    answer = solve(
        cost, A_ub=upper, b_ub=right, A_eq=equal, b_eq=np.zeros(equal.shape[0]), bounds=limits, method="highs"
    )
    return float(answer.fun) if answer.status == 0 else None


def recovered(low: Floats, high: Floats) -> npt.NDArray[np.bool_]:
    """Tell which bounds give a cell away."""
    flags: npt.NDArray[np.bool_] = high - low <= GIVEN_AWAY
    return flags


def recovered_sums(low: Floats, high: Floats) -> npt.NDArray[np.bool_]:
    """Tell which bounds on how many said something give them away.

    That few in a group that is shown said it bounds every part of the group from above; somebody is given
    away where the part is known to hold one who did.

    Args:
        low: Least number who said it.
        high: Most.

    Returns:
        One flag a cell.
    """
    return recovered(low, high) & (low > 0)


def bound_sums(measures: pa.Table, knowledge: Knowledge, measure: str) -> tuple[View, Floats]:
    """Bound how many people of a cell a share stands for, from value × count.

    Args:
        measures: The published table.
        knowledge: What else is known.
        measure: A share.

    Returns:
        A view whose counts are people with that label, and the true-or-rounded step of each cell.
    """
    base = view_counts(measures, knowledge)
    by_cell = {
        _cell(row, knowledge.dimensions): row["value"]
        for row in measures.filter(pc.equal(measures["measure"], measure)).to_pylist()
    }
    value = np.array([np.nan if by_cell.get(cell) is None else by_cell[cell] for cell in base.cells])
    weight = np.array([knowledge.weight_of[cell[0]] for cell in base.cells])
    with np.errstate(divide="ignore"):
        step = step_of(weight / np.maximum(base.low, 1), np.full(len(value), FINEST))
    step = np.where(weight > 0, step, 1e-6)
    known = ~np.isnan(value)
    low = np.where(known, np.maximum(value - step / 2, 0) * base.low, 0.0)
    high = np.where(known, np.minimum(value + step / 2, 1) * base.high, np.inf)
    return View(base.cells, low, high, ~known), step


def bound_between(
    earlier: pa.Table, later: pa.Table, knowledge: Knowledge, targets: Sequence[Cell]
) -> tuple[Floats, Floats]:
    """Bound how many verbatims came to a cell between two releases, the later holding all of the earlier.

    A row that the later release holds back tells what it told before, so it says nothing about the later
    one but that it is no smaller.

    Args:
        earlier: Measures of the first release.
        later: Measures of the second one.
        knowledge: What else is known.
        targets: Cells of both.

    Returns:
        Least and most that came.
    """
    first, second = view_counts(earlier, knowledge), view_counts(later, knowledge)
    held = _held(later, knowledge)
    high = np.where([cell in held for cell in second.cells], np.inf, second.high)
    n = len(second.cells)
    place = {cell: position for position, cell in enumerate(second.cells)}
    old = {cell: position for position, cell in enumerate(first.cells)}
    # Variables: what each cell of the later release held before, then what came.
    low_before = np.array([first.low[old[c]] if c in old else 0.0 for c in second.cells])
    high_before = np.array([first.high[old[c]] if c in old else 0.0 for c in second.cells])
    one = equations(second.cells, knowledge)
    whole = sparse.block_diag([one, one], format="csr")
    together = sparse.hstack([sparse.identity(n), sparse.identity(n)], format="csr")
    limits = np.concatenate(
        [np.stack([low_before, high_before], axis=1), np.stack([np.zeros(n), np.full(n, np.inf)], axis=1)]
    )
    finite = np.isfinite(high)
    upper = sparse.vstack([-together, together[finite]], format="csr")
    right = np.concatenate([-second.low, high[finite]])
    found = np.empty((len(targets), 2))
    for k, target in enumerate(targets):
        for side, sign in enumerate((1.0, -1.0)):
            cost = np.zeros(2 * n)
            cost[n + place[target]] = sign
            best = _least(cost, whole, limits, upper, right)
            found[k, side] = (0.0, np.inf)[side] if best is None else sign * best
    return np.ceil(found[:, 0] - 1e-6), np.floor(found[:, 1] + 1e-6)


def _held(measures: pa.Table, knowledge: Knowledge) -> set[Cell]:
    rows = measures.filter(pc.equal(measures["measure"], "verbatims")).to_pylist()
    return {_cell(row, knowledge.dimensions) for row in rows if row["reason"] == "held_back"}
