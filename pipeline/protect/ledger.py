"""Remember what releases showed, so that two of them never tell who came or left between.

The ledger is private: it holds, for every row that was shown, the row and fingerprints of the people
behind it. It lies in `ledger/` of the workspace, apart from the releases. Readers may hold every release, so
a row is compared with all that was ever shown of it: where its people differ from those of one time, but by
fewer than the threshold, it is shown again as it was then. Where somebody who withdrew was counted in what
was shown, the row is hidden instead (`counted`).

An entry holds what a release showed and the one before it did not. Rows are recognised by the names of their
columns, so that a dimension declared later changes none of them. Older entries hold all rows of their
release, named by their places; they are named anew when they are read.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.config import ProtectConfig
from pipeline.estimate.tables import NODES, fill, row_keys
from pipeline.workspace import Workspace

SHOWN = "_shown"
HELD, OUTDATED = "held_back", "too_few_changed"
FOLDER = ("ledger",)
ROW, TABLE, MARKS, BUCKETS = "_row", "_table", "_marks", "_buckets"
# A flag a group of the row: whether somebody who withdrew since was in it when the row was shown.
COUNTED = "_counted"
N_BUCKETS = 15

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Groups:
    """Who is in each group of each cell, and whether that is hidden.

    Attributes:
        table: `_groups` with a column `node`.
        hidden: One flag a row.
    """

    table: pa.Table
    hidden: npt.NDArray[np.bool_]


def read_ledger(workspace: Workspace) -> pa.Table | None:
    """Read all that releases showed, the latest first; null before the first release."""
    entries: list[pa.Table] = []
    later = pa.array([], pa.string())
    for name in reversed(entry_names(workspace)):
        entry = read_entry(workspace, name)
        states = _states(entry, [TABLE, MARKS])
        entries.append(entry.filter(pc.invert(pc.is_in(states, value_set=later))))
        later = states
    return pa.concat_tables(entries, promote_options="default") if entries else None


def entry_names(workspace: Workspace) -> list[str]:
    """List the files of the ledger, the earliest first."""
    return [name for name in workspace.names(*FOLDER) if name.endswith(".parquet")]


def read_entry(workspace: Workspace, name: str) -> pa.Table:
    """Read one file of the ledger, whichever version wrote it."""
    entry = _with_names(workspace.read_table(*FOLDER, name))
    return entry if COUNTED in entry.column_names else none_counted(entry)


def drop_unpublished(workspace: Workspace, published: Collection[str]) -> None:
    """Remove the entry that a killed publication left after the last whole release.

    An entry is written before its release, so that a reader never sees what the ledger does not hold. When
    the release was then never finished, nobody saw it.

    Args:
        workspace: Where releases are; the caller holds its lock.
        published: Identifiers of the whole releases. Without any, or when old ones were removed by hand,
            only the last entry is looked at.
    """
    names = entry_names(workspace)
    if names and names[-1].split("-", 1)[1].removesuffix(".parquet") not in published:
        workspace.remove(*FOLDER, names[-1])


def append_ledger(workspace: Workspace, release_id: str, shown: pa.Table) -> None:
    """Store what a release shows; call it before the release becomes the current one.

    Args:
        workspace: Where releases are.
        release_id: The release; what the same one showed before stays in its entry.
        shown: The table `_shown` that `protect` gave.
    """
    names = entry_names(workspace)
    own = [name for name in names if name.split("-", 1)[1] == f"{release_id}.parquet"]
    number = int(own[-1].split("-", 1)[0]) if own else len(names) + 1
    if own:
        earlier = read_entry(workspace, own[-1])
        again = pc.is_in(_states(earlier, [TABLE, MARKS]), value_set=_states(shown, [TABLE, MARKS]))
        shown = pa.concat_tables([shown, earlier.filter(pc.invert(again))], promote_options="default")
    # Rows of all tables together: a column that one table always fills is empty for the others.
    nullable = pa.schema([column.with_nullable(True) for column in shown.schema])
    workspace.write_table(shown.cast(nullable), *FOLDER, f"{number:06d}-{release_id}.parquet")


def hold_back(
    tables: Mapping[str, pa.Table], groups: Groups, ledger: pa.Table | None, config: ProtectConfig
) -> tuple[dict[str, pa.Table], pa.Table]:
    """Put back earlier rows whose people changed by a few.

    Args:
        tables: Protected and rounded tables, with private columns.
        groups: Who is in each group now.
        ledger: What was shown before, the latest first.
        config: Thresholds.

    Returns:
        The tables, and the ledger's next entry. Rows with the reason `OUTDATED` must not be shown.
    """
    held_tables, states = {}, []
    for name, table in tables.items():
        now = _with_marks(table, groups, name)
        before = None
        if ledger is not None:
            before = ledger.filter(pc.equal(ledger[TABLE], name))
        held, state = _hold_table(now, before, config)
        held_tables[name] = held.select(table.column_names).cast(table.schema)
        states.append(state)
    empty = pa.table({ROW: pa.array([], pa.string()), TABLE: pa.array([], pa.string())})
    return held_tables, pa.concat_tables([empty, *states], promote_options="default")


def changed_people(now: Ints, before: Ints) -> Ints:
    """Count, at least, how many people changed: parts of the people whose small fingerprints differ.

    Args:
        now: Fifteen fingerprints of four bits in one number, one number a group.
        before: The same, earlier.

    Returns:
        Between 0 and 15 a group; never more than the people who changed.
    """
    differ = now ^ before
    parts = np.stack([(differ >> (4 * i)) & 15 != 0 for i in range(N_BUCKETS)])
    counted: Ints = parts.sum(axis=0, dtype=np.int64)
    return counted


def none_counted(table: pa.Table) -> pa.Table:
    """Add the column that says in which groups somebody who withdrew was counted: in none."""
    lists = table[NODES].combine_chunks()
    nobody = pa.repeat(pa.scalar(False), len(pc.list_flatten(lists)))
    return table.append_column(COUNTED, pa.ListArray.from_arrays(lists.offsets, nobody))


def _with_marks(table: pa.Table, groups: Groups, name: str) -> pa.Table:
    lists = table[NODES].combine_chunks()
    nodes = groups.table["node"].combine_chunks()
    place = pc.fill_null(pc.index_in(pc.list_flatten(lists), value_set=nodes), 0)
    for column, source in ((MARKS, "mark"), (BUCKETS, "buckets")):
        values = groups.table[source].combine_chunks().take(place)
        table = table.append_column(column, pa.ListArray.from_arrays(lists.offsets, values))
    table = none_counted(table)
    return _with_names(table).append_column(TABLE, pa.repeat(pa.scalar(name), len(table)))


def _with_names(table: pa.Table) -> pa.Table:
    """Name rows by what their columns say: `audience=employee|measure=verbatims|period=all|unit=Lyon`."""
    if ROW in table.column_names:
        table = table.drop_columns([ROW])
    keys = [
        pc.binary_join_element_wise(key, pc.cast(table[key], pa.string()), "=")
        for key in sorted(row_keys(table))
    ]
    return table.append_column(ROW, pc.binary_join_element_wise(*keys, "|", null_handling="skip"))


def _states(table: pa.Table, columns: Sequence[str]) -> pa.ChunkedArray:
    """Write each row's name and some of its columns as one text."""
    texts = [
        pc.binary_join(pc.cast(table[name], pa.list_(pa.string())), ",")
        if pa.types.is_list(table.schema.field(name).type)
        else pc.fill_null(pc.cast(table[name], pa.string()), "")
        for name in columns
    ]
    return pc.binary_join_element_wise(table[ROW], *texts, "|")


def _hold_table(now: pa.Table, before: pa.Table | None, config: ProtectConfig) -> tuple[pa.Table, pa.Table]:
    """Compare a table with all that was shown of its rows: it as it may be shown, and what is new in it."""
    if before is None or len(before) == 0:
        return now, now.filter(pc.invert(now["suppressed"]))
    before = fill(before, {}, now.schema)
    visible = now[ROW].filter(pc.invert(now["suppressed"])).combine_chunks()
    before = before.filter(pc.is_in(before[ROW], value_set=visible)).combine_chunks()
    rows = pc.index_in(before[ROW].combine_chunks(), value_set=now[ROW].combine_chunks()).to_numpy()
    few, outdated = _compare(now.take(pa.array(rows)), before, config)
    told = ~pc.is_null(before["value"]).to_numpy(zero_copy_only=False)
    # A row that told no figure before may tell one now; its counts were told, and stay.
    now = _keep_counts(now, before, *_latest(rows, few & ~told & ~outdated))
    hold, states = _latest(rows, (few & told) | outdated)
    if len(hold):
        old = before.take(pa.array(states))
        hidden = np.isin(hold, rows[outdated]) & (config.after_withdrawal == "hide")
        reason = pa.array(np.where(hidden, OUTDATED, HELD), pa.string())
        place_of_reason = old.schema.get_field_index("reason")
        old = old.set_column(place_of_reason, old.schema.field(place_of_reason), reason)
        order = np.arange(len(now))
        order[hold] = len(now) + np.arange(len(hold))
        now = pa.concat_tables([now, old]).take(pa.array(order)).combine_chunks()
    hides = pc.or_kleene(now["suppressed"], pc.equal(now["reason"], OUTDATED))
    shown = now.filter(pc.invert(pc.fill_null(hides, False)))
    last = before.take(pa.array(_latest(rows, np.ones(len(rows), dtype=bool))[1]))
    compared = [name for name in now.column_names if name not in (ROW, TABLE, NODES, COUNTED, "reason")]
    again = pc.is_in(_states(shown, compared), value_set=_states(last, compared))
    return now, shown.filter(pc.invert(again))


def _latest(rows: Ints, wanted: npt.NDArray[np.bool_]) -> tuple[Ints, Ints]:
    """Choose, for each row, the latest of the wanted states: rows, and positions of their states."""
    states = np.flatnonzero(wanted)
    chosen, first = np.unique(rows[states], return_index=True)
    return chosen, states[first]


def _keep_counts(now: pa.Table, before: pa.Table, rows: Ints, states: Ints) -> pa.Table:
    """Tell the earlier counts of some rows, whatever else they tell."""
    mask = np.zeros(len(now), dtype=bool)
    mask[rows] = True
    for name in ("n_verbatims", "n_respondents"):
        if len(rows):
            old = before[name].combine_chunks().take(pa.array(states))
            counts = pc.replace_with_mask(now[name].combine_chunks(), pa.array(mask), old)
            now = now.set_column(now.schema.get_field_index(name), now.schema.field(name), counts)
    return now


def _compare(
    now: pa.Table, before: pa.Table, config: ProtectConfig
) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.bool_]]:
    """Compare rows with what was shown of them.

    A row may speak of other groups than before, as the symmetry index does when one more theme is spoken of:
    the groups that both speak of are compared.

    Args:
        now: One row a state of `before`.
        before: What was shown.
        config: Thresholds.

    Returns:
        Whether a group changed by fewer people than its threshold; and whether a row counted somebody who
        withdrew since, and cannot be told afresh without telling of them. A group that they were in counts
        as outdated also where nobody changed: of all that is told of their unit and month, what is missing
        would otherwise be what they spoke of.
    """
    row, names = _groups_of(now)
    old_row, old_names = _groups_of(before)
    place = pc.index_in(names, value_set=old_names)
    here = np.flatnonzero(~pc.is_null(place).to_numpy(zero_copy_only=False))
    there = pc.drop_null(place).to_numpy()
    row = row[here]
    audience = np.asarray(now["audience"].to_pylist(), dtype=object)
    limit = np.where(audience == "customer", config.customer.changes, config.employee.changes)
    differs = _flat(now, MARKS)[here] != _flat(before, MARKS)[there]
    near = changed_people(_flat(now, BUCKETS)[here], _flat(before, BUCKETS)[there]) < limit[row]
    counted = _flat(before, COUNTED)
    few, ever, outdated = (np.zeros(len(now), dtype=bool) for _ in range(3))
    few[row[differs & near]] = True
    ever[old_row[counted]] = True
    outdated[row[counted[there] & near]] = True
    return few, outdated | (ever & few)


def _groups_of(table: pa.Table) -> tuple[Ints, pa.Array]:
    """List the groups that rows speak of: the row, and the row with the group's name."""
    nodes = table[NODES].combine_chunks()
    row = pc.list_parent_indices(nodes)
    # A dimension that does not cut the cell leaves an empty place in the name.
    group = pc.replace_substring_regex(pc.list_flatten(nodes), r"\|+", "|")
    return row.to_numpy(), pc.binary_join_element_wise(pc.cast(row, pa.string()), group, "|")


def _flat(table: pa.Table, column: str) -> npt.NDArray[Any]:
    values: npt.NDArray[Any] = pc.list_flatten(table[column].combine_chunks()).to_numpy(zero_copy_only=False)
    return values
