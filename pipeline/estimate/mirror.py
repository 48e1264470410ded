"""The mirror: customers and employees held up to each other, theme by theme, unit by unit."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from pipeline import schema
from pipeline.estimate.differences import Difference, shared_freedom, welch
from pipeline.estimate.estimates import Estimates
from pipeline.estimate.scores import Floats, theme_group
from pipeline.estimate.significance import adjust
from pipeline.estimate.symmetry import symmetry
from pipeline.estimate.tables import (
    NODES,
    NOT_TRAINED,
    PEOPLE,
    SPAN,
    TOO_UNSURE,
    fill,
    join_nodes,
    node_names,
    ordered,
    with_private,
)

BOTH, CUSTOMER, EMPLOYEE = "both", "customer", "employee"
ONE_SIDE = "one_side"

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Pairs:
    """Cells of the two audiences that stand opposite each other.

    Attributes:
        keys: Period and dimensions, audience `both`.
        customer: Position of the customers' cell, −1 when they did not speak.
        employee: The same for employees.
    """

    keys: pa.Table
    customer: Ints
    employee: Ints


def build_mirror(estimates: Estimates) -> pa.Table:
    """Lay out gaps by theme and the symmetry index, for every cell and period.

    Args:
        estimates: What was estimated.

    Returns:
        `schema.mirror_schema`, with private columns; no row when only one audience spoke anywhere.
    """
    target = with_private(schema.mirror_schema(estimates.dimensions))
    pairs = pair_cells(estimates)
    if not ((pairs.customer >= 0) & (pairs.employee >= 0)).any():
        return target.empty_table()
    gaps = {theme: _Gap.of(estimates, pairs, theme) for theme in estimates.themes}
    parts = [_gap_rows(estimates, pairs, theme, gap, target) for theme, gap in gaps.items()]
    table = pa.concat_tables([*parts, _index_rows(estimates, pairs, gaps, target)])
    return ordered(adjust(table, estimates.config.false_discoveries), estimates.dimensions)


def pair_cells(estimates: Estimates) -> Pairs:
    """Find the cells of both audiences with the same period and dimensions."""
    keys = estimates.cells.keys
    columns = ["grain", "by_period", "period", *estimates.dimensions]
    rows = list(zip(*(keys[name].to_pylist() for name in columns), strict=True))
    audience, unplaced = keys["audience"].to_pylist(), keys["unplaced"].to_pylist()
    found: dict[tuple[object, ...], list[int]] = {}
    for position, row in enumerate(rows):
        if not unplaced[position]:
            found.setdefault(row, [-1, -1])[audience[position] == EMPLOYEE] = position
    sides = np.array(list(found.values()), dtype=np.int64).reshape(-1, 2)
    first = keys.take(pa.array(sides.max(axis=1)))
    place = first.schema.get_field_index("audience")
    both = first.set_column(place, "audience", pa.array([BOTH] * len(first), pa.string()))
    return Pairs(both, sides[:, 0], sides[:, 1])


@dataclass(frozen=True, slots=True)
class _Gap:
    """One theme's nets on both sides, one entry a pair; NaN where a side says nothing."""

    customer: Floats
    employee: Floats
    variance: Floats
    freedom: Floats
    customer_people: Ints
    employee_people: Ints
    customer_sure: Floats  # −1, 0 or 1: the sign that the interval allows to state
    employee_sure: Floats

    @property
    def value(self) -> Floats:
        return self.customer - self.employee

    @classmethod
    def of(cls, estimates: Estimates, pairs: Pairs, theme: str) -> _Gap:
        figures = estimates.figures["theme_net", theme]
        group = list(estimates.book.groups).index(theme_group(theme))
        people = np.append(estimates.cells.group_people[:, group], 0)
        low, high = figures.interval(-1.0, estimates.config.level, with_sampling=True)
        sign = np.append(np.where(low > 0, 1.0, np.where(high < 0, -1.0, 0.0)), 0.0)
        value, variance, freedom = (np.append(column, np.nan) for column in (figures.value, *figures.whole()))
        c, e = pairs.customer, pairs.employee
        together = welch((variance[c], freedom[c]), (variance[e], freedom[e]))
        return cls(
            value[c], value[e], variance[c] + variance[e], together, people[c], people[e], sign[c], sign[e]
        )


def _gap_rows(estimates: Estimates, pairs: Pairs, theme: str, gap: _Gap, target: pa.Schema) -> pa.Table:
    value = gap.value
    group = theme_group(theme)
    columns = {
        "theme": theme,
        "measure": "gap",
        "value": value,
        **Difference(value, gap.variance, gap.freedom).columns(estimates.config.level, 2.0),
        **counts_of_pairs(estimates, pairs, group),
        "method": None,
        "suppressed": False,
        "reason": np.where(
            np.isnan(value) & (theme in estimates.untrained), NOT_TRAINED, _why_missing(pairs, value)
        ),
        "customer_value": gap.customer,
        "employee_value": gap.employee,
        "quadrant": _quadrants(gap),
        NODES: nodes_of_pairs(pairs, estimates.dimensions, [group]),
        SPAN: 2.0,
        PEOPLE: np.minimum(gap.customer_people, gap.employee_people),
    }
    return fill(pairs.keys, columns, target)


def counts_of_pairs(estimates: Estimates, pairs: Pairs, group: str) -> dict[str, object]:
    """Add up verbatims, respondents and reviews of both sides."""
    j = list(estimates.book.groups).index(group)
    cells = estimates.cells
    columns = {
        "n_verbatims": cells.group_verbatims[:, j],
        "n_respondents": cells.group_people[:, j],
        "n_reviewed": estimates.means.reviewed,
    }
    both = {}
    for name, values in columns.items():
        padded = np.append(values, 0)
        both[name] = padded[pairs.customer] + padded[pairs.employee]
    return dict(both)


def nodes_of_pairs(pairs: Pairs, dimensions: tuple[str, ...], groups: list[str]) -> pa.Array:
    """Name the groups of people on both sides."""
    columns = [
        node_names(pairs.keys, dimensions, group, audience)
        for group in groups
        for audience in (CUSTOMER, EMPLOYEE)
    ]
    return join_nodes(columns)


def _why_missing(pairs: Pairs, value: Floats) -> npt.NDArray[np.object_]:
    reason = np.full(len(value), None, dtype=object)
    reason[np.isnan(value)] = TOO_UNSURE
    reason[(pairs.customer < 0) | (pairs.employee < 0)] = ONE_SIDE
    return reason


def _quadrants(gap: _Gap) -> npt.NDArray[np.object_]:
    """Name the quadrant where both intervals lie on one side of zero; nothing is said elsewhere."""
    names = np.full(len(gap.value), "undecided", dtype=object)
    c, e = gap.customer_sure, gap.employee_sure
    names[(c > 0) & (e > 0)] = "both_well"
    names[(c > 0) & (e < 0)] = "customers_better"
    names[(c < 0) & (e > 0)] = "employees_better"
    names[(c < 0) & (e < 0)] = "both_badly"
    names[np.isnan(gap.value)] = None
    return names


def _index_rows(estimates: Estimates, pairs: Pairs, gaps: dict[str, _Gap], target: pa.Schema) -> pa.Table:
    least = estimates.config.symmetry_people
    fewest = np.stack([np.minimum(g.customer_people, g.employee_people) for g in gaps.values()], axis=1)
    value = np.stack([gap.value for gap in gaps.values()], axis=1)
    value = np.where(fewest >= least, value, np.nan)
    variance = np.stack([gap.variance for gap in gaps.values()], axis=1)
    found = symmetry(value, variance)
    used = ~np.isnan(value)
    freedom = np.stack([gap.freedom for gap in gaps.values()], axis=1)
    freedom = shared_freedom(np.where(used, variance, 0.0), freedom)
    half = Difference(found.index, found.error**2, freedom).half_width(estimates.config.level)
    people = np.where(used, fewest, np.iinfo(np.int64).max).min(axis=1, initial=np.iinfo(np.int64).max)
    groups = [theme_group(theme) for theme in gaps]
    columns = {
        "measure": "symmetry_index",
        "value": found.index,
        # What is taken off for chance may be too much or too little: each end is counted from its own side.
        "low": np.maximum(found.least - half, 0.0),
        "high": np.minimum(found.most + half, 100.0),
        "level": np.where(np.isnan(half), np.nan, estimates.config.level),
        **counts_of_pairs(estimates, pairs, "all"),
        "suppressed": False,
        "reason": _why_missing(pairs, found.index),
        NODES: _used_nodes(pairs, estimates.dimensions, groups, used),
        SPAN: 100.0,
        # One person moves one theme's net, and the index by a K-th of that.
        PEOPLE: np.where(used.any(axis=1), people, 0) * np.maximum(used.sum(axis=1), 1),
    }
    return fill(pairs.keys, columns, target)


def _used_nodes(
    pairs: Pairs, dimensions: tuple[str, ...], groups: list[str], used: npt.NDArray[np.bool_]
) -> pa.Array:
    whole = nodes_of_pairs(pairs, dimensions, ["all"]).to_pylist()
    by_theme = [nodes_of_pairs(pairs, dimensions, [group]).to_pylist() for group in groups]
    rows = [
        [*whole[row], *(node for k in np.flatnonzero(used[row]) for node in by_theme[k][row])]
        for row in range(len(whole))
    ]
    return pa.array(rows, pa.list_(pa.string()))
