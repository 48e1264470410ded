"""Sum scores over cells: audience × period × dimensions, people who wrote several times taken together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from pipeline.estimate.frame import UNIT, Frame
from pipeline.estimate.scores import Floats

ALL_PERIODS = "all"

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Cells:
    """Sums over cells; arrays have one row a cell, in the order of `keys`.

    Attributes:
        keys: Columns `cell` (position), `grain` (position of the set of dimensions), `by_period`,
            `period`, `audience`, dimensions, and `unplaced`: verbatims that lack this cell's period or a
            dimension; they count in totals and are never shown.
        n: Verbatims.
        sum_n2: Sum over people of the square of their verbatims.
        sums: Cells × scores: sum of scores.
        sums_n: Cells × scores: sum over people of (their sum × their verbatims).
        sums_2: Cells × scores: sum over people of the square of their sum.
        squares: Cells × scores: sum over verbatims of the square of the score.
        group_verbatims: Cells × groups.
        group_people: Cells × groups: distinct respondents.
        group_largest: Cells × groups: verbatims of the person who wrote most.
        group_marks: Cells × groups: fingerprint of who is in it and how often, for comparing releases.
        group_buckets: Cells × groups: fifteen small fingerprints, each of a part of its people, in one
            number.
    """

    keys: pa.Table
    n: Ints
    sum_n2: Ints
    sums: Floats
    sums_n: Floats
    sums_2: Floats
    squares: Floats
    group_verbatims: Ints
    group_people: Ints
    group_largest: Ints
    group_marks: Ints
    group_buckets: Ints

    @property
    def people(self) -> Ints:
        """Distinct respondents of each cell."""
        return self.group_people[:, 0]

    def __len__(self) -> int:
        return len(self.n)


def grains(cells: Sequence[Sequence[str]] | None, dimensions: Sequence[str]) -> tuple[tuple[str, ...], ...]:
    """List the sets of dimensions that are crossed with audience and period.

    Args:
        cells: Sets asked for, or null for each dimension alone.
        dimensions: Declared dimensions.

    Returns:
        Sets without repetition, the total (no dimension) first, each in the declared order.
    """
    asked = [(name,) for name in dimensions] if cells is None else cells
    ordered = [tuple(name for name in dimensions if name in wanted) for wanted in asked]
    return tuple(dict.fromkeys([(), *ordered]))


def sum_cells(frame: Frame, sets: Sequence[Sequence[str]], *, with_periods: bool) -> Cells:
    """Sum every score over every cell.

    Args:
        frame: The open frame.
        sets: Sets of dimensions, from `grains`.
        with_periods: Also cut by period; the whole time (`all`) is always there.

    Returns:
        Cells ordered by set, whole time first, then period, audience and dimensions.
    """
    parts = []
    for position, names in enumerate(sets):
        for by_period in (False, True) if with_periods else (False,):
            parts.append(_sum_grain(frame, position, names, by_period))
    table = pa.concat_tables(parts)
    table = table.add_column(0, "cell", pa.array(np.arange(len(table)), pa.int64()))
    n_scores, n_groups = len(frame.book.scores), len(frame.book.groups)
    key_names = ["cell", "grain", "by_period", "period", "audience", *frame.dimensions, "unplaced"]
    return Cells(
        keys=table.select(key_names).combine_chunks(),
        n=_ints(table, ["n"])[:, 0],
        sum_n2=_ints(table, ["n2"])[:, 0],
        sums=_floats(table, [f"s_{i}" for i in range(n_scores)], UNIT),
        sums_n=_floats(table, [f"sn_{i}" for i in range(n_scores)], UNIT),
        sums_2=_floats(table, [f"ss_{i}" for i in range(n_scores)], UNIT**2),
        squares=_floats(table, [f"q_{i}" for i in range(n_scores)], UNIT**2),
        group_verbatims=_ints(table, [f"gv_{j}" for j in range(n_groups)]),
        group_people=_ints(table, [f"gp_{j}" for j in range(n_groups)]),
        group_largest=_ints(table, [f"gl_{j}" for j in range(n_groups)]),
        group_marks=_ints(table, [f"gm_{j}" for j in range(n_groups)]),
        group_buckets=_ints(table, [f"gb_{j}" for j in range(n_groups)]),
    )


def _sum_grain(frame: Frame, position: int, names: Sequence[str], by_period: bool) -> pa.Table:
    scores, groups = range(len(frame.book.scores)), range(len(frame.book.groups))
    columns = [frame.dimension(name) for name in names]
    keys = ", ".join(["audience", *(["period"] if by_period else []), *columns])
    order = ", ".join(f"{key} NULLS LAST" for key in keys.split(", "))
    inner = ", ".join(
        [
            "count(*) AS n",
            *(f"sum(f_{i})::DOUBLE AS s_{i}" for i in scores),
            *(f"sum(f_{i} * f_{i})::DOUBLE AS q_{i}" for i in scores),
            *(f"count_if(g_{j})::UBIGINT AS m_{j}" for j in groups),
        ]
    )
    # A person's mark depends on the person and on how many verbatims are in the group.
    mark = "(person >> 20) * m_{j}"
    bucket = "((1 + ((person >> 4) + 7 * m_{j}) % 15) << (4 * (person % 15)))"
    outer = ", ".join(
        [
            "sum(n)::BIGINT AS n",
            "sum(n * n)::BIGINT AS n2",
            *(f"sum(s_{i}) AS s_{i}" for i in scores),
            *(f"sum(s_{i} * n) AS sn_{i}" for i in scores),
            *(f"sum(s_{i} * s_{i}) AS ss_{i}" for i in scores),
            *(f"sum(q_{i}) AS q_{i}" for i in scores),
            *(f"sum(m_{j})::BIGINT AS gv_{j}" for j in groups),
            *(f"count_if(m_{j} > 0)::BIGINT AS gp_{j}" for j in groups),
            *(f"max(m_{j})::BIGINT AS gl_{j}" for j in groups),
            *(f"(sum({mark.format(j=j)}) % 2305843009213693951)::BIGINT AS gm_{j}" for j in groups),
            *(
                f"(coalesce(bit_xor({bucket.format(j=j)}) FILTER (m_{j} > 0), 0) & 1152921504606846975)"
                f"::BIGINT AS gb_{j}"
                for j in groups
            ),
        ]
    )
    period = f"coalesce(period, '{ALL_PERIODS}')" if by_period else f"'{ALL_PERIODS}'"
    absent = [f"{column} IS NULL" for column in columns] + (["period IS NULL"] if by_period else [])
    shown = ", ".join(
        f"{frame.dimension(name)} AS {name}" if name in names else f"NULL::VARCHAR AS {name}"
        for name in frame.dimensions
    )
    return frame.table(f"""
        SELECT {position}::INTEGER AS grain, {by_period} AS by_period, {period} AS period, audience,
               {shown + "," if shown else ""} ({" OR ".join(absent) or "FALSE"}) AS unplaced, {outer}
        FROM (SELECT {keys}, person, {inner} FROM frame GROUP BY {keys}, person)
        GROUP BY {keys} ORDER BY {order}
        """)


def _floats(table: pa.Table, names: Sequence[str], unit: int) -> Floats:
    matrix = np.empty((len(table), len(names)))
    for position, name in enumerate(names):
        matrix[:, position] = table[name].cast(pa.float64()).to_numpy(zero_copy_only=False)
    return matrix / unit


def _ints(table: pa.Table, names: Sequence[str]) -> Ints:
    matrix = np.empty((len(table), len(names)), dtype=np.int64)
    for position, name in enumerate(names):
        matrix[:, position] = table[name].to_numpy()
    return matrix
