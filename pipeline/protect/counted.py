"""Mark in the ledger the groups that a person who withdraws was counted in, so that they are not put back.

A figure whose people changed by a few is shown again as it was (`ledger`). After a withdrawal that figure
still holds the person; told afresh it would say, by difference, what the person said. It is neither put
back nor told afresh until enough people changed. What is marked is whole cells (audience, period, members),
whatever the person spoke of in them.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product

import pyarrow as pa
import pyarrow.compute as pc

from pipeline.estimate.cells import ALL_PERIODS
from pipeline.estimate.tables import NODES
from pipeline.protect.ledger import COUNTED, FOLDER, ROW, TABLE, entry_names, read_entry
from pipeline.workspace import Workspace

# Of a node's name (`employee|2026-03|Lyon||theme_means`), its group, and what stands for no member.
GROUP, NO_MEMBER = r"\|+[^|]*$", r"\|+"


@dataclass(frozen=True, slots=True)
class Said:
    """Where a verbatim counts.

    Attributes:
        verbatim_id: Which it is.
        audience: `customer` or `employee`.
        date: Day, or null.
        members: Dimension → member.
    """

    verbatim_id: str
    audience: str
    date: dt.date | None
    members: Mapping[str, str]


def mark_counted(workspace: Workspace, verbatims: Sequence[Said]) -> int:
    """Mark in the ledger every group of every cell that verbatims count in.

    Args:
        workspace: Where the ledger is; the caller holds its lock.
        verbatims: All of a person.

    Returns:
        Figures shown that speak of such a cell.
    """
    figures: set[str] = set()
    for name in entry_names(workspace):
        state = read_entry(workspace, name)
        marked, own = _mark(state, {cell for each in verbatims for cell in _cells(each, state.column_names)})
        if verbatims:
            workspace.write_table(marked, *FOLDER, name)
        told = state.filter(pc.and_(own, pc.is_valid(state["value"])))
        figures.update(pc.binary_join_element_wise(told[TABLE], told[ROW], "|").to_pylist())
    return len(figures)


def _mark(state: pa.Table, cells: set[str]) -> tuple[pa.Table, pa.Array]:
    """Add cells to the marks of a ledger; tell which rows speak of one of them."""
    lists = state[NODES].combine_chunks()
    names = pc.replace_substring_regex(pc.list_flatten(lists), GROUP, "")
    names = pc.replace_substring_regex(names, NO_MEMBER, "|")
    found = pc.is_in(names, value_set=pa.array(sorted(cells), pa.string()))
    rows = pc.unique(pc.list_parent_indices(lists).filter(found))
    own = pc.is_in(pa.array(range(len(state)), rows.type), value_set=rows)
    flags = pc.or_(found, pc.list_flatten(state[COUNTED].combine_chunks()))
    position = state.schema.get_field_index(COUNTED)
    return state.set_column(position, COUNTED, pa.ListArray.from_arrays(lists.offsets, flags)), own


def _cells(verbatim: Said, columns: Sequence[str]) -> list[str]:
    """Name the cells that a verbatim counts in, in any crossing of its dimensions."""
    members = [(verbatim.members[name], "") for name in columns if verbatim.members.get(name)]
    chosen = product([verbatim.audience], _periods(verbatim.date), *members)
    return ["|".join(part for part in parts if part) for parts in chosen]


def _periods(date: dt.date | None) -> list[str]:
    """Name the periods of a day, of every length that a release may have.

    >>> _periods(dt.date(2026, 5, 3))
    ['all', '2026-05', '2026-T2', '2026']
    """
    if date is None:
        return [ALL_PERIODS]
    return [ALL_PERIODS, f"{date:%Y-%m}", f"{date.year}-T{(date.month + 2) // 3}", str(date.year)]
