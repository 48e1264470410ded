"""Lay estimates out as tables: common columns first, rows in a fixed order."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from pipeline import schema
from pipeline.estimate.engine import METHODS
from pipeline.estimate.scores import Floats

# Columns that only the protection reads; it takes them away.
PRIVATE = "_"
NODES, SPAN, PEOPLE, LOWEST = "_nodes", "_span", "_people", "_lowest"
DECIMALS = 6

NO_DATA, TOO_UNSURE, NO_CALIBRATION = "no_data", "too_unsure", "no_calibration"
NOT_TRAINED = "not_trained"


def private_measure_schema(dimensions: Sequence[str]) -> pa.Schema:
    """Give the schema of measures before protection: what protects them stands in four more columns."""
    return with_private(schema.measure_schema(dimensions))


def with_private(target: pa.Schema) -> pa.Schema:
    """Add the columns that the protection reads.

    `_nodes` names the groups of people that a row speaks of (`node_names`); `_span` is the width of the
    scale of its value, 0 for a count, and `_people` how many respondents move it: how finely it may be told.
    `_lowest` is the lowest value of that scale; null for a count or a difference, which lie on none.
    """
    more = [
        pa.field(NODES, pa.list_(pa.string()), nullable=False),
        pa.field(SPAN, pa.float64(), nullable=False),
        pa.field(PEOPLE, pa.int64(), nullable=False),
        pa.field(LOWEST, pa.float64()),
    ]
    return pa.schema([*target, *more])


def node_names(
    keys: pa.Table, dimensions: Sequence[str], group: str, audience: str | None = None
) -> pa.Array:
    """Name the groups of people behind rows: `employee|2026-03|Lyon||theme_means`.

    Args:
        keys: Columns `audience`, `period` and dimensions.
        dimensions: Declared dimensions.
        group: Group of `ScoreBook.groups`, or `rated_<scale>`.
        audience: One audience for all rows, instead of the column.

    Returns:
        One name a row.
    """
    who = keys["audience"] if audience is None else pa.repeat(pa.scalar(audience), len(keys))
    parts = [_text(who), _text(keys["period"]), *(_text(keys[name]) for name in dimensions)]
    joined = pc.binary_join_element_wise(*parts, group, "|")
    return joined.combine_chunks() if isinstance(joined, pa.ChunkedArray) else joined


def one_node(names: pa.Array) -> pa.Array:
    """Make the column `_nodes` of rows that speak of one group each."""
    return pa.ListArray.from_arrays(pa.array(np.arange(len(names) + 1), pa.int32()), names)


def join_nodes(columns: Sequence[pa.Array]) -> pa.Array:
    """Make the column `_nodes` of rows that speak of several groups each.

    Args:
        columns: One column of names a group.

    Returns:
        One list a row.
    """
    n_rows = len(columns[0])
    flat = pa.concat_arrays(list(columns))
    order = np.arange(n_rows * len(columns)).reshape(len(columns), n_rows).T.ravel()
    offsets = pa.array(np.arange(n_rows + 1) * len(columns), pa.int32())
    return pa.ListArray.from_arrays(offsets, flat.take(pa.array(order)))


def _text(column: pa.Array | pa.ChunkedArray) -> pa.Array:
    whole = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    return pc.fill_null(pc.cast(whole, pa.string()), "")


def fill(keys: pa.Table, columns: Mapping[str, object], target: pa.Schema) -> pa.Table:
    """Complete a table: missing columns are null, single values are repeated, NaN becomes null.

    Args:
        keys: Columns that are already there, all of the same length.
        columns: Name → array, or one value for every row.
        target: Columns wanted, in order.

    Returns:
        The table, with the target's schema.
    """
    arrays = []
    for field in target:
        if field.name in columns:
            arrays.append(_array(columns[field.name], len(keys), field.type))
        elif field.name in keys.column_names:
            arrays.append(pc.cast(keys[field.name].combine_chunks(), field.type))
        else:
            arrays.append(pa.nulls(len(keys), field.type))
    return pa.table(arrays, schema=target)


def _array(values: object, length: int, kind: pa.DataType) -> pa.Array:
    if isinstance(values, (pa.Array, pa.ChunkedArray)):
        whole = values.combine_chunks() if isinstance(values, pa.ChunkedArray) else values
        return pc.cast(whole, kind)
    if isinstance(values, np.ndarray):
        if values.dtype.kind == "f":
            rounded = np.round(values, DECIMALS) + 0.0  # no negative zero
            return pc.cast(pa.array(rounded, mask=np.isnan(values)), kind)
        return (
            pa.array(values.tolist(), kind) if values.dtype.kind == "O" else pc.cast(pa.array(values), kind)
        )
    if values is None:
        return pa.nulls(length, kind)
    return pa.repeat(pa.scalar(values, kind), length)


def method_names(methods: npt.NDArray[np.int8], value: Floats) -> npt.NDArray[np.object_]:
    """Name methods; null where there is no value."""
    names = np.array(METHODS, dtype=object)[methods]
    names[np.isnan(value)] = None
    return names


def reasons(value: Floats, unsure: npt.NDArray[np.bool_], low: Floats) -> npt.NDArray[np.object_]:
    """Say why a value or its interval is missing; null where nothing is."""
    found = np.full(len(value), None, dtype=object)
    found[~np.isnan(value) & np.isnan(low)] = NO_CALIBRATION
    found[np.isnan(value)] = NO_DATA
    found[unsure] = TOO_UNSURE
    return found


# Columns after the dimensions that tell one row from another.
ROW_KEYS = ("theme", "measure", "polarity", "rating_scale", "dimension", "lag")


def row_keys(table: pa.Table) -> list[str]:
    """List the columns that tell one row from another: period, audience, dimensions, `ROW_KEYS`."""
    names = [name for name in table.column_names if not name.startswith(PRIVATE)]
    first = names[: names.index("theme")] if "theme" in names else []
    return [*first, *(name for name in ROW_KEYS if name in names)]


def ordered(table: pa.Table, dimensions: Sequence[str]) -> pa.Table:
    """Sort rows by period, audience, dimensions, measure, theme, then whatever else names a row."""
    names = ["period", "audience", *dimensions, "measure", "theme", "polarity", "dimension", "lag"]
    keys = [(name, "ascending", "at_start") for name in names if name in table.column_names]
    return table.take(pc.sort_indices(table, sort_keys=keys)).combine_chunks()
