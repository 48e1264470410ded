"""Put back what was shown where only a few people changed since.

Readers may hold every release, so a row is compared with all that was ever shown of it: where its people
differ from those of one time, but by fewer than the threshold, it is shown again as it was then. Where
somebody who withdrew was counted in what was shown, the row is hidden instead (`counted`). A row that is told
afresh, but compares a group that changed by a few, tells of it what `measures` tells (`sides`).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.config import ProtectConfig
from pipeline.estimate.tables import NODES, fill
from pipeline.protect.ledger import (
    BUCKETS,
    COUNTED,
    MARKS,
    MEASURES,
    ROW,
    TABLE,
    none_counted,
    states_of,
    with_names,
)
from pipeline.protect.near import Groups, changed_people, plain_names
from pipeline.protect.sides import DERIVED, HELD, OUTDATED, tell_as_measures

Ints = npt.NDArray[np.int64]


def hold_back(
    tables: Mapping[str, pa.Table],
    groups: Groups,
    near: pa.Array,
    ledger: pa.Table | None,
    config: ProtectConfig,
) -> tuple[dict[str, pa.Table], pa.Table]:
    """Put back earlier rows whose people changed by a few.

    Args:
        tables: Protected and rounded tables, with private columns.
        groups: Who is in each group now.
        near: Names of those of which nothing may be told afresh, from `near_groups`.
        ledger: What was shown before, the latest first.
        config: Thresholds.

    Returns:
        The tables, and the ledger's next entry. Rows with the reason `OUTDATED` must not be shown.
    """
    held_tables: dict[str, pa.Table] = {}
    states: list[pa.Table] = []
    # What other tables tell of a group is what `measures` tells of it, held back or not.
    for name in sorted(tables, key=lambda each: each != MEASURES):
        table = tables[name]
        if name in DERIVED and len(near):
            table = tell_as_measures(table, held_tables[MEASURES], near, DERIVED[name])
        now = _with_marks(table, groups, name)
        before = None
        if ledger is not None:
            before = ledger.filter(pc.equal(ledger[TABLE], name))
        held, state = _hold_table(now, before, config)
        held = held.select(table.column_names).cast(table.schema)
        # What is put back named its groups by the dimensions that there were then.
        place = table.schema.get_field_index(NODES)
        held_tables[name] = held.set_column(place, table.schema.field(place), table[NODES])
        states.append(state)
    empty = pa.table({ROW: pa.array([], pa.string()), TABLE: pa.array([], pa.string())})
    return held_tables, pa.concat_tables([empty, *states], promote_options="default")


def _with_marks(table: pa.Table, groups: Groups, name: str) -> pa.Table:
    lists = table[NODES].combine_chunks()
    nodes = groups.table["node"].combine_chunks()
    place = pc.fill_null(pc.index_in(pc.list_flatten(lists), value_set=nodes), 0)
    for column, source in ((MARKS, "mark"), (BUCKETS, "buckets")):
        values = groups.table[source].combine_chunks().take(place)
        table = table.append_column(column, pa.ListArray.from_arrays(lists.offsets, values))
    table = none_counted(table)
    return with_names(table).append_column(TABLE, pa.repeat(pa.scalar(name), len(table)))


def _hold_table(now: pa.Table, before: pa.Table | None, config: ProtectConfig) -> tuple[pa.Table, pa.Table]:
    """Compare a table with all that was shown of its rows: it as it may be shown, and what is new in it."""
    if before is None or len(before) == 0:
        return now, _shown(now)
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
    shown = _shown(now)
    last = before.take(pa.array(_latest(rows, np.ones(len(rows), dtype=bool))[1]))
    compared = [name for name in now.column_names if name not in (ROW, TABLE, NODES, COUNTED, "reason")]
    again = pc.is_in(states_of(shown, compared), value_set=states_of(last, compared))
    return now, shown.filter(pc.invert(again))


def _shown(table: pa.Table) -> pa.Table:
    hides = pc.or_kleene(table["suppressed"], pc.equal(table["reason"], OUTDATED))
    return table.filter(pc.invert(pc.fill_null(hides, False)))


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
    group = plain_names(pc.list_flatten(nodes))
    return row.to_numpy(), pc.binary_join_element_wise(pc.cast(row, pa.string()), group, "|")


def _flat(table: pa.Table, column: str) -> npt.NDArray[Any]:
    values: npt.NDArray[Any] = pc.list_flatten(table[column].combine_chunks()).to_numpy(zero_copy_only=False)
    return values
