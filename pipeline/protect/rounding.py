"""Round what is shown, so that no figure is told more finely than a person or two weigh.

Counts go to the nearest multiple of `round_counts`. A value, and the ends of its interval outwards, go to
a step of 1, 2 or 5 times a power of ten that is at least the weight of `weight_of` people: width of the
scale × people ÷ respondents. With 20 respondents and two people, a share is told to 10 points; with 2,000,
to a tenth of a point. Steps are counted from the lowest value of the scale, and none leaves it: five
people who all rate 1 of 5 are told as 1. Without this, a mean of whole ratings tells the exact number of
people, and two releases tell who came between.

A p-value follows from the exact figure and its variance, so it goes up to the next of `P_STEPS`.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.config import ProtectConfig
from pipeline.estimate.tables import DECIMALS, LOWEST, PEOPLE, SPAN

Floats = npt.NDArray[np.float64]

FINEST = 0.001  # of the width of the scale
DOWN, NEAREST, UP = "floor", "round", "ceil"
P_STEPS = np.array([0.001, 0.01, 0.05, 0.1, 0.2, 0.5, 1.0])
COUNTS = ("n_verbatims", "n_respondents", "n_reviewed")
COLUMNS = {
    "value": NEAREST,
    "low": DOWN,
    "high": UP,
    "customer_value": NEAREST,
    "employee_value": NEAREST,
    "before": NEAREST,
    "mix": NEAREST,
    "expected": NEAREST,
    "band_low": DOWN,
    "band_high": UP,
    "p_adjusted": "p_value",
    **dict.fromkeys(COUNTS, "count"),
}


def round_table(table: pa.Table, config: ProtectConfig) -> pa.Table:
    """Round counts, values, intervals and p-values of a table.

    Args:
        table: With `_span`, `_people` and `_lowest`.
        config: Rounding.

    Returns:
        The table, rounded.
    """
    people = table[PEOPLE].to_numpy()
    audience = np.asarray(table["audience"].to_pylist(), dtype=object)
    weight = np.where(audience == "customer", config.customer.weight_of, config.employee.weight_of)
    span = table[SPAN].to_numpy()
    step = step_of(span * weight / np.maximum(people, 1), np.where(span > 0, span, 1.0) * FINEST)
    step = np.where((weight > 0) & (span > 0), step, 0.0)
    lowest = table[LOWEST].to_numpy()
    for position, column in enumerate(table.schema):
        how = COLUMNS.get(column.name, "")
        if how == "count":
            rounded: pa.Array = _counts(table[column.name], config.round_counts)
        elif how == "p_value":
            rounded = _p_values(table[column.name])
        elif how:
            rounded = _values(table[column.name], step, span, lowest, how, config.round_counts)
        else:
            continue
        table = table.set_column(position, column, rounded)
    return _with_remainder(table)


def _with_remainder(table: pa.Table) -> pa.Table:
    """Make the two parts of a change add up to it again."""
    if "tone" not in table.column_names:
        return table
    position = table.column_names.index("tone")
    rest = pc.round(pc.subtract(table["value"], table["mix"]), ndigits=DECIMALS)
    return table.set_column(position, table.schema.field(position), rest)


def step_of(wanted: Floats, finest: Floats) -> Floats:
    """Give the smallest of 1, 2, 5 × 10^k that is at least as coarse as wanted.

    >>> step_of(np.array([0.09, 0.1, 0.3]), np.array([0.001, 0.001, 0.001])).tolist()
    [0.1, 0.1, 0.5]
    """
    wanted = np.maximum(np.maximum(wanted, finest), 1e-12)
    power = np.floor(np.log10(wanted) + 1e-9)
    lead = wanted / 10.0**power
    nice = np.select([lead <= 1 + 1e-9, lead <= 2 + 1e-9, lead <= 5 + 1e-9], [1.0, 2.0, 5.0], 10.0)
    return np.round(nice * 10.0**power, 12)


def _counts(column: pa.ChunkedArray, base: int) -> pa.Array:
    if base <= 1:
        return column
    values = pc.fill_null(column, 0).to_numpy()
    rounded = np.where(values > 0, np.maximum((values + base // 2) // base * base, base), 0)
    return pa.array(rounded, mask=pc.is_null(column).to_numpy(zero_copy_only=False), type=column.type)


def _p_values(column: pa.ChunkedArray) -> pa.Array:
    values = column.to_numpy(zero_copy_only=False)
    missing = np.isnan(values)
    return pa.array(P_STEPS[np.searchsorted(P_STEPS, np.where(missing, 1.0, values))], mask=missing)


def _values(
    column: pa.ChunkedArray, step: Floats, span: Floats, lowest: Floats, how: str, base: int
) -> pa.Array:
    values = column.to_numpy(zero_copy_only=False).astype(np.float64)
    missing = np.isnan(values)
    slack = {DOWN: 1e-9, NEAREST: 0.0, UP: -1e-9}[how]
    start = np.nan_to_num(lowest)
    with np.errstate(invalid="ignore", divide="ignore"):
        units = (values - start) / step + slack
        whole = {DOWN: np.floor(units), NEAREST: np.round(units), UP: np.ceil(units)}[how]
        # A difference has no lowest value: it is neither moved nor cut.
        stepped = np.fmin(np.fmax(start + whole * step, lowest), lowest + span)
    count_like = (span == 0) & (base > 1)
    with np.errstate(invalid="ignore"):
        counted = np.where(values > 0, np.maximum(np.floor((values + base // 2) / base) * base, base), values)
    rounded = np.where(count_like, counted, np.where(step > 0, stepped, values))
    return pa.array(np.round(rounded, DECIMALS) + 0.0, mask=missing)
