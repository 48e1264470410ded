"""What is told of a few people is told coarsely, and stays on its scale."""

from __future__ import annotations

import pyarrow as pa
import pytest

from pipeline.config import RATING_SCALES, ProtectConfig
from pipeline.estimate.tables import LOWEST, PEOPLE, SPAN
from pipeline.protect.rounding import round_table


def rounded(people, **columns):
    """Round one row of employees."""
    table = pa.table({name: pa.array([value], pa.float64()) for name, value in columns.items()})
    for name, values in (("audience", ["employee"]), (PEOPLE, [people])):
        table = table.append_column(name, pa.array(values))
    return round_table(table, ProtectConfig()).to_pylist()[0]


def rating(scale, people, value, low, high):
    bounds = RATING_SCALES[scale]
    private = {SPAN: bounds.high - bounds.low, LOWEST: float(bounds.low)}
    row = rounded(people, value=value, low=low, high=high, **private)
    return row["value"], row["low"], row["high"]


def test_round_table_tells_a_team_that_is_all_at_one_end_of_its_scale_as_that_end():
    assert rating("csat", 5, 1.0, 1.0, 2.0) == (1, 1, 3)
    assert rating("csat", 5, 5.0, 3.5, 5.0) == (5, 3, 5)
    assert rating("csat", 7, 4.9, 3.5, 5.0) == (5, 3, 5)
    assert rating("ten", 5, 1.0, 1.0, 3.0) == (1, 1, 6)


@pytest.mark.parametrize("scale", sorted(RATING_SCALES))
@pytest.mark.parametrize("people", [5, 6, 8, 12, 30])
def test_round_table_never_leaves_a_scale_of_ratings(scale, people):
    bounds = RATING_SCALES[scale]
    for tenth in range(11):
        value = bounds.low + (bounds.high - bounds.low) * tenth / 10
        told, low, high = rating(scale, people, value, value, value)
        assert bounds.low <= low <= told <= high <= bounds.high
        assert low <= value <= high


def test_round_table_counts_a_difference_from_zero():
    row = rounded(5, value=-2.9, low=-4.0, high=-0.1, **{SPAN: 4.0, LOWEST: None})
    assert (row["value"], row["low"], row["high"]) == (-2, -4, 0)


def test_round_table_tells_p_values_by_steps_upwards():
    """How 30 people rated follows from four decimals of p, where the rounded figure keeps it."""
    told = {p: rounded(30, p_adjusted=p, **{SPAN: 4.0, LOWEST: None})["p_adjusted"] for p in EXACT_P}
    assert told == EXACT_P


EXACT_P = {0.0: 0.001, 0.0011: 0.01, 0.05: 0.05, 0.0501: 0.1, 0.8342: 1.0, 1.0: 1.0, None: None}
