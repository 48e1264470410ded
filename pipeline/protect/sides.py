"""Tell of a comparison's sides what `measures` tells of them.

A gap or a change that is told for the first time may speak of a group whose figure `measures` holds back:
told afresh, its side would give that figure away. The sides then are those that `measures` tells, and the
value is their difference. What has no such figure, or comes from more than its two sides, is left out.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.estimate.tables import DECIMALS, NODES, SPAN
from pipeline.protect.near import any_node
from pipeline.protect.rounding import COUNTS

HELD, OUTDATED = "held_back", "too_few_changed"
# Table → the columns of the two groups that a row compares, where it has any: value is first minus second.
DERIVED: dict[str, tuple[str | None, str] | None] = {
    "changes": (None, "before"),
    "mirror": ("customer_value", "employee_value"),
    "alerts": None,
}
# What comes from the figures of now, and is not found again from those that `measures` tells.
UNKNOWN = ("mix", "tone", "quadrant", "p_adjusted", "significant")

Floats = npt.NDArray[np.float64]


def tell_as_measures(
    table: pa.Table, measures: pa.Table, near: pa.Array, columns: tuple[str | None, str] | None
) -> pa.Table:
    """Put into rows that speak of groups that changed by a few what is told of these groups elsewhere.

    Args:
        table: Protected and rounded, with private columns: `changes`, `mirror` or `alerts`.
        measures: As they will be published.
        near: Names of the groups that changed by a few.
        columns: Of `DERIVED`.

    Returns:
        The table. Rows that must not be shown, unless they are held back whole, have the reason `OUTDATED`.
    """
    rows = any_node(table, near) & ~table["suppressed"].to_numpy(zero_copy_only=False)
    here = table.filter(pa.array(rows))
    if len(here) == 0:
        return table
    reason: pa.Array = pa.scalar(OUTDATED)
    told: dict[str, pa.Array] = {}
    if columns is not None:
        told, found = _from_sides(here, measures, columns)
        reason = pc.if_else(found, HELD, OUTDATED)
    # A row without a value stays as it is, without counts.
    told["reason"] = pc.if_else(pc.is_valid(here["value"]), reason, here["reason"]).combine_chunks()
    for name, values in told.items():
        field = table.schema.field(name)
        whole = pc.replace_with_mask(table[name].combine_chunks(), pa.array(rows), values.cast(field.type))
        table = table.set_column(table.schema.get_field_index(name), field, whole)
    return table


def _from_sides(
    here: pa.Table, measures: pa.Table, columns: tuple[str | None, str]
) -> tuple[dict[str, pa.Array], pa.Array]:
    """Find what is told of both sides: the columns of the rows, and which rows have both."""
    hidden = pc.or_kleene(measures["suppressed"], pc.equal(measures["reason"], OUTDATED))
    shown = measures.filter(pc.invert(pc.fill_null(hidden, False))).combine_chunks()
    names = _figures(shown, shown["measure"], pc.list_flatten(shown[NODES]))
    asked = pc.if_else(pc.equal(here["measure"], "gap"), "theme_net", here["measure"])
    lists = here[NODES].combine_chunks()
    ends = np.cumsum(pc.list_value_length(lists).to_numpy())
    starts = np.r_[0, ends[:-1]]
    places = [
        pc.index_in(_figures(here, asked, lists.flatten().take(pa.array(at))), value_set=names)
        for at in (starts, ends - 1)
    ]
    first, second = (_floats(shown["value"].take(place)) for place in places)
    value = first - second
    moved, span = value - _floats(here["value"]), here[SPAN].to_numpy()
    changed = {
        "value": value,
        "low": np.maximum(_floats(here["low"]) + moved, -span),
        "high": np.minimum(_floats(here["high"]) + moved, span),
        **{name: side for name, side in zip(columns, (first, second), strict=True) if name is not None},
    }
    told = {
        name: pa.array(np.round(values, DECIMALS), mask=np.isnan(values)) for name, values in changed.items()
    }
    told |= {
        name: pa.nulls(len(here), here.schema.field(name).type)
        for name in UNKNOWN
        if name in here.column_names
    }
    for name in COUNTS:
        counts = [shown[name].take(place) for place in places]
        told[name] = (counts[0] if columns[0] is None else pc.add(*counts)).combine_chunks()
    return told, pc.and_(*(pc.is_valid(place) for place in places))


def _figures(table: pa.Table, measure: pa.ChunkedArray, node: pa.Array) -> pa.Array:
    """Name figures by measure, theme and group."""
    names = pc.binary_join_element_wise(measure, pc.fill_null(table["theme"], ""), node, "|")
    return names.combine_chunks() if isinstance(names, pa.ChunkedArray) else names


def _floats(column: pa.ChunkedArray) -> Floats:
    values: Floats = column.to_numpy(zero_copy_only=False).astype(np.float64)
    return values
