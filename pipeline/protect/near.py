"""Find groups whose people changed by a few since a release: what they say now tells of those few.

A group's figures may stand in several tables: a month's share is in `measures`, and in `changes` as the
figure before that of the next month. So that no table tells afresh what another one holds back, what is near
is decided once, over all that was ever shown of a group in `measures`, where every shown group has rows.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.config import ProtectConfig
from pipeline.estimate.tables import NODES
from pipeline.protect.ledger import BUCKETS, COUNTED, MARKS, MEASURES, TABLE

N_BUCKETS = 15

Flags = npt.NDArray[np.bool_]
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


def near_groups(groups: Groups, ledger: pa.Table | None, config: ProtectConfig) -> pa.Array:
    """Find the groups of which nothing may be told afresh.

    Args:
        groups: Who is in each group now.
        ledger: What was shown before; null for the first release.
        config: Thresholds.

    Returns:
        Names of the groups that differ by fewer people than their threshold from what they were at a time
        when they were shown; those that counted somebody who withdrew since also where nobody changed.
    """
    found = told_groups(groups.table, ledger, config)
    return pc.unique(found["node"].filter(found["near"]))


def told_groups(table: pa.Table, ledger: pa.Table | None, config: ProtectConfig) -> pa.Table:
    """Find the groups that readers know from an earlier release, but for fewer people than the threshold.

    Args:
        table: `_groups` with a column `node`.
        ledger: What was shown before; null for the first release.
        config: Thresholds.

    Returns:
        Columns `node` and `near`: whether nothing may be told of it afresh. A group may come several times.
    """
    if ledger is None:
        return pa.table({"node": pa.array([], pa.string()), "near": pa.array([], pa.bool_())})
    shown = ledger.filter(pc.equal(ledger[TABLE], MEASURES))
    columns = [("group", NODES), ("mark_then", MARKS), ("buckets_then", BUCKETS), ("counted", COUNTED)]
    then = pa.table({name: pc.list_flatten(shown[column]) for name, column in columns})
    then = then.set_column(0, "group", plain_names(then["group"])).group_by(then.column_names).aggregate([])
    now = table.select(["node", "audience", "mark", "buckets"])
    now = now.append_column("group", plain_names(now["node"]))
    both = now.join(then, keys="group", join_type="inner", use_threads=False)
    customers = pc.equal(both["audience"], "customer").to_numpy()
    limit = np.where(customers, config.customer.changes, config.employee.changes)
    few = changed_people(both["buckets"].to_numpy(), both["buckets_then"].to_numpy()) < limit
    near = pc.or_(pc.not_equal(both["mark"], both["mark_then"]), both["counted"])
    return pa.table({"node": both["node"], "near": near}).filter(pa.array(few))


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


def plain_names(names: pa.Array | pa.ChunkedArray) -> pa.Array | pa.ChunkedArray:
    """Name groups without the empty places of dimensions that do not cut their cells."""
    return pc.replace_substring_regex(names, r"\|+", "|")


def any_node(table: pa.Table, names: pa.Array, *, but: bool = False) -> Flags:
    """Tell which rows speak of at least one of the groups named, or of one `but` those."""
    lists = table[NODES].combine_chunks()
    row = pc.list_parent_indices(lists).to_numpy()
    found = pc.is_in(pc.list_flatten(lists), value_set=names).to_numpy(zero_copy_only=False)
    flags = np.zeros(len(table), dtype=bool)
    flags[row[found != but]] = True
    return flags
