"""Remember what releases showed, so that two of them never tell who came or left between.

The ledger is private: it holds, for every row that was shown, the row and fingerprints of the people
behind it. It lies in `ledger/` of the workspace, apart from the releases. A row whose people changed, but
by fewer than the threshold, is shown again as it was.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.config import ProtectConfig
from pipeline.estimate.tables import NODES, row_keys
from pipeline.workspace import Workspace

SHOWN = "_shown"
HELD = "held_back"
FOLDER = ("ledger",)
ROW, TABLE, MARKS, BUCKETS = "_row", "_table", "_marks", "_buckets"
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
    """Read what releases showed last, row by row; null before the first release."""
    names = [name for name in workspace.names(*FOLDER) if name.endswith(".parquet")]
    return workspace.read_table(*FOLDER, names[-1]) if names else None


def drop_unpublished(workspace: Workspace, published: Collection[str]) -> None:
    """Remove the entry that a killed publication left after the last whole release.

    An entry is written before its release, so that a reader never sees what the ledger does not hold. When
    the release was then never finished, nobody saw it.

    Args:
        workspace: Where releases are; the caller holds its lock.
        published: Identifiers of the whole releases. Without any, or when old ones were removed by hand,
            only the last entry is looked at.
    """
    names = [name for name in workspace.names(*FOLDER) if name.endswith(".parquet")]
    if names and names[-1].split("-", 1)[1].removesuffix(".parquet") not in published:
        workspace.remove(*FOLDER, names[-1])


def append_ledger(workspace: Workspace, release_id: str, shown: pa.Table) -> None:
    """Store what a release shows; call it before the release becomes the current one.

    Args:
        workspace: Where releases are.
        release_id: The release; the same one again replaces its entry.
        shown: The table `_shown` that `protect` gave.
    """
    names = [name for name in workspace.names(*FOLDER) if name.endswith(".parquet")]
    own = [name for name in names if name.split("-", 1)[1] == f"{release_id}.parquet"]
    number = int(own[-1].split("-", 1)[0]) if own else len(names) + 1
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
        ledger: What was shown before.
        config: Thresholds.

    Returns:
        The tables, and the ledger's next state.
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


def _with_marks(table: pa.Table, groups: Groups, name: str) -> pa.Table:
    lists = table[NODES].combine_chunks()
    nodes = groups.table["node"].combine_chunks()
    place = pc.fill_null(pc.index_in(pc.list_flatten(lists), value_set=nodes), 0)
    for column, source in ((MARKS, "mark"), (BUCKETS, "buckets")):
        values = groups.table[source].combine_chunks().take(place)
        table = table.append_column(column, pa.ListArray.from_arrays(lists.offsets, values))
    public = row_keys(table)
    keys = [pc.fill_null(pc.cast(table[c], pa.string()), "") for c in public]
    return table.append_column(ROW, pc.binary_join_element_wise(*keys, "|")).append_column(
        TABLE, pa.repeat(pa.scalar(name), len(table))
    )


def _hold_table(now: pa.Table, before: pa.Table | None, config: ProtectConfig) -> tuple[pa.Table, pa.Table]:
    visible = now.filter(pc.invert(now["suppressed"]))
    if before is None or len(before) == 0:
        return now, visible
    before = before.select([c for c in now.column_names if c in before.column_names])
    place = pc.index_in(now[ROW].combine_chunks(), value_set=before[ROW].combine_chunks())
    known = ~pc.is_null(place).to_numpy(zero_copy_only=False)
    shown = ~now["suppressed"].to_numpy(zero_copy_only=False)
    rows = np.flatnonzero(known & shown)
    earlier = before.take(pc.take(place, pa.array(rows)))
    few = _changed_by_a_few(now.take(pa.array(rows)), earlier, config)
    told = ~pc.is_null(earlier["value"]).to_numpy(zero_copy_only=False)
    # A row that told no figure before may tell one now; its counts were told, and stay.
    now = _keep_counts(now, before, place, rows[few & ~told])
    hold = rows[few & told]
    if len(hold):
        old = before.take(pc.take(place, pa.array(hold)))
        reason = pa.repeat(pa.scalar(HELD), len(old))
        place_of_reason = old.schema.get_field_index("reason")
        old = old.set_column(place_of_reason, old.schema.field(place_of_reason), reason)
        order = np.arange(len(now))
        order[hold] = len(now) + np.arange(len(hold))
        both = pa.concat_tables([now, old.select(now.column_names).cast(now.schema)])
        now = both.take(pa.array(order)).combine_chunks()
    visible = now.filter(pc.invert(now["suppressed"]))
    gone = before.filter(pc.invert(pc.is_in(before[ROW], value_set=visible[ROW].combine_chunks())))
    return now, pa.concat_tables([visible, gone], promote_options="default")


def _keep_counts(now: pa.Table, before: pa.Table, place: pa.Array, rows: npt.NDArray[np.int64]) -> pa.Table:
    """Tell the earlier counts of some rows, whatever else they tell."""
    mask = np.zeros(len(now), dtype=bool)
    mask[rows] = True
    for name in ("n_verbatims", "n_respondents"):
        if len(rows) and name in before.column_names:
            old = before[name].combine_chunks().take(pc.take(place, pa.array(rows)))
            counts = pc.replace_with_mask(
                now[name].combine_chunks(), pa.array(mask), old.cast(now[name].type)
            )
            now = now.set_column(now.schema.get_field_index(name), now.schema.field(name), counts)
    return now


def _changed_by_a_few(now: pa.Table, before: pa.Table, config: ProtectConfig) -> npt.NDArray[np.bool_]:
    """Tell which rows have a group that changed by fewer people than its threshold."""
    lists, old = now[BUCKETS].combine_chunks(), before[BUCKETS].combine_chunks()
    lengths = pc.list_value_length(lists).to_numpy(), pc.list_value_length(old).to_numpy()
    few: npt.NDArray[np.bool_] = lengths[0] != lengths[1]
    row = np.repeat(np.arange(len(now)), lengths[0])
    if few.any():  # a row that speaks of other groups than before is another row
        return few
    a, b = (pc.list_flatten(x).to_numpy() for x in (lists, old))
    marks = (pc.list_flatten(x[MARKS].combine_chunks()).to_numpy() for x in (now, before))
    differs = next(marks) != next(marks)
    audience = np.asarray(now["audience"].to_pylist(), dtype=object)
    limit = np.where(audience == "customer", config.customer.changes, config.employee.changes)
    flags = np.zeros(len(now), dtype=bool)
    flags[row[differs & (changed_people(a, b) < limit[row])]] = True
    return flags
