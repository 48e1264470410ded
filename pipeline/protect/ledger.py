"""Remember what releases showed, so that two of them never tell who came or left between.

The ledger is private: it holds, for every row that was shown, the row and fingerprints of the people
behind it. It lies in `ledger/` of the workspace, apart from the releases. `holding` compares with it.

An entry holds what a release showed and the one before it did not. Rows are recognised by the names of their
columns, so that a dimension declared later changes none of them. Older entries hold all rows of their
release, named by their places; they are named anew when they are read.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

import pyarrow as pa
import pyarrow.compute as pc

from pipeline.estimate.tables import NODES, row_keys
from pipeline.workspace import Workspace

SHOWN = "_shown"
FOLDER = ("ledger",)
ROW, TABLE, MARKS, BUCKETS = "_row", "_table", "_marks", "_buckets"
# A flag a group of the row: whether somebody who withdrew since was in it when the row was shown.
COUNTED = "_counted"
MEASURES = "measures"


def read_ledger(workspace: Workspace) -> pa.Table | None:
    """Read all that releases showed, the latest first; null before the first release."""
    entries: list[pa.Table] = []
    later = pa.array([], pa.string())
    for name in reversed(entry_names(workspace)):
        entry = read_entry(workspace, name)
        states = states_of(entry, [TABLE, MARKS])
        entries.append(entry.filter(pc.invert(pc.is_in(states, value_set=later))))
        later = states
    return pa.concat_tables(entries, promote_options="default") if entries else None


def entry_names(workspace: Workspace) -> list[str]:
    """List the files of the ledger, the earliest first."""
    return [name for name in workspace.names(*FOLDER) if name.endswith(".parquet")]


def read_entry(workspace: Workspace, name: str) -> pa.Table:
    """Read one file of the ledger, whichever version wrote it."""
    entry = with_names(workspace.read_table(*FOLDER, name))
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
        again = pc.is_in(states_of(earlier, [TABLE, MARKS]), value_set=states_of(shown, [TABLE, MARKS]))
        shown = pa.concat_tables([shown, earlier.filter(pc.invert(again))], promote_options="default")
    # Rows of all tables together: a column that one table always fills is empty for the others.
    nullable = pa.schema([column.with_nullable(True) for column in shown.schema])
    workspace.write_table(shown.cast(nullable), *FOLDER, f"{number:06d}-{release_id}.parquet")


def none_counted(table: pa.Table) -> pa.Table:
    """Add the column that says in which groups somebody who withdrew was counted: in none."""
    lists = table[NODES].combine_chunks()
    nobody = pa.repeat(pa.scalar(False), len(pc.list_flatten(lists)))
    return table.append_column(COUNTED, pa.ListArray.from_arrays(lists.offsets, nobody))


def with_names(table: pa.Table) -> pa.Table:
    """Name rows by what their columns say: `audience=employee|measure=verbatims|period=all|unit=Lyon`."""
    if ROW in table.column_names:
        table = table.drop_columns([ROW])
    keys = [
        pc.binary_join_element_wise(key, pc.cast(table[key], pa.string()), "=")
        for key in sorted(row_keys(table))
    ]
    return table.append_column(ROW, pc.binary_join_element_wise(*keys, "|", null_handling="skip"))


def states_of(table: pa.Table, columns: Sequence[str]) -> pa.ChunkedArray:
    """Write each row's name and some of its columns as one text."""
    texts = [
        pc.binary_join(pc.cast(table[name], pa.list_(pa.string())), ",")
        if pa.types.is_list(table.schema.field(name).type)
        else pc.fill_null(pc.cast(table[name], pa.string()), "")
        for name in columns
    ]
    return pc.binary_join_element_wise(table[ROW], *texts, "|")
