"""No table tells afresh a figure that another one holds back."""

from __future__ import annotations

import datetime as dt

import pyarrow as pa
import pytest

from pipeline.config import EstimateConfig, ProtectConfig
from pipeline.estimate.measures import estimate
from pipeline.protect.suppression import protect
from tests.pipeline.estimate.conftest import LABELS, World, annotation, verbatim
from tests.pipeline.estimate.test_measures import one, rows_of

FEBRUARY, MARCH, APRIL = 2, 3, 4


def months(folder, sizes, n_negative, ledger=None, dimensions=()):
    """Publish employees by month, the first of each negative; a longer month holds those of a shorter one."""
    folder.mkdir()
    world = World(folder)
    people = [(month, i) for month, size in sizes.items() for i in range(size)]
    numbers = [1000 * month + i for month, i in people]
    world.add(
        [
            verbatim(
                number,
                audience="employee",
                date=dt.date(2026, month, 9),
                dimensions=[("unit", "AB"[number % 2])],
            )
            for number, (month, _) in zip(numbers, people, strict=True)
        ],
        [
            annotation(number, sentiment="negative" if i < n_negative[month] else "positive")
            for number, (month, i) in zip(numbers, people, strict=True)
        ],
    )
    tables = estimate(world.inputs(dimensions), EstimateConfig(), LABELS)
    return protect(tables, ProtectConfig(), ledger)


def first_of_march(folder):
    return months(folder, {FEBRUARY: 30, MARCH: 20}, {FEBRUARY: 3, MARCH: 7})


def april_after_one_of_march(folder, ledger, dimensions=()):
    """Of March, one more came, who is negative."""
    n_negative = {FEBRUARY: 3, MARCH: 8, APRIL: 15}
    return months(folder, {FEBRUARY: 30, MARCH: 21, APRIL: 30}, n_negative, ledger, dimensions)


@pytest.mark.parametrize("declared_since", [(), ("unit",)])
def test_change_from_a_month_held_back_starts_at_the_figure_told(tmp_path, declared_since):
    first = first_of_march(tmp_path / "1")
    later = april_after_one_of_march(tmp_path / "2", first["_shown"], declared_since)
    asked = {"measure": "sentiment_negative", "audience": "employee", **dict.fromkeys(declared_since)}
    march = one(later["measures"], period="2026-03", **asked)
    april = one(later["measures"], period="2026-04", **asked)
    change = one(later["changes"], period="2026-04", **asked)
    assert (march["value"], march["reason"]) == (0.3, "held_back")
    assert (change["before"], change["reason"]) == (0.3, "held_back")
    assert change["value"] == pytest.approx(april["value"] - 0.3)
    assert (change["n_respondents"], change["p_adjusted"]) == (april["n_respondents"], None)
    # What `measures` does not hold cannot be told as it was.
    balances = rows_of(later["changes"], period="2026-04", measure="theme_balance")
    assert [row for row in balances if row.get("unit") is None] == []
    ledger = pa.concat_tables([later["_shown"], first["_shown"]], promote_options="default")
    again = april_after_one_of_march(tmp_path / "3", ledger, declared_since)
    assert one(again["changes"], period="2026-04", **asked) == change


def test_change_is_told_afresh_when_enough_people_came_to_the_month_before(tmp_path):
    first = first_of_march(tmp_path / "1")
    n_negative = {FEBRUARY: 3, MARCH: 27, APRIL: 15}
    later = months(tmp_path / "2", {FEBRUARY: 30, MARCH: 40, APRIL: 30}, n_negative, first["_shown"])
    change = one(later["changes"], period="2026-04", measure="sentiment_negative")
    assert change["before"] > 0.6
    assert change["reason"] != "held_back"


def test_change_is_left_out_when_the_month_before_counted_somebody_who_withdrew(tmp_path):
    first = first_of_march(tmp_path / "1")
    flags = [[True] * len(nodes) for nodes in first["_shown"]["_nodes"].to_pylist()]
    place = first["_shown"].schema.get_field_index("_counted")
    ledger = first["_shown"].set_column(place, "_counted", pa.array(flags, pa.list_(pa.bool_())))
    later = april_after_one_of_march(tmp_path / "2", ledger)
    assert one(later["measures"], period="2026-03", measure="sentiment_negative")["suppressed"]
    assert rows_of(later["changes"], period="2026-04", measure="sentiment_negative") == []


def test_gap_tells_the_side_held_back_when_the_other_audience_comes(tmp_path):
    def both(folder, n_customers, n_employees, ledger=None):
        folder.mkdir()
        world = World(folder)
        people = [("customer", i) for i in range(n_customers)] + [("employee", i) for i in range(n_employees)]
        numbers = [i + 1000 * (audience == "employee") for audience, i in people]
        tags = [
            annotation(n, themes={"means": "negative" if n in (*range(1000, 1007), 1020) else "positive"})
            for n in numbers
        ]
        rows = [verbatim(n, audience=audience) for n, (audience, _) in zip(numbers, people, strict=True)]
        world.add(rows, tags)
        tables = estimate(world.inputs(), EstimateConfig(period="all"), LABELS)
        return protect(tables, ProtectConfig(), ledger)

    first = both(tmp_path / "1", 3, 20)
    told = one(first["measures"], measure="theme_net", theme="means", audience="employee", period="all")
    later = both(tmp_path / "2", 40, 21, first["_shown"])
    gap = one(later["mirror"], measure="gap", theme="means")
    assert (gap["employee_value"], gap["reason"]) == (told["value"], "held_back")
    assert gap["value"] == pytest.approx(gap["customer_value"] - told["value"])
    assert (gap["quadrant"], gap["significant"]) == (None, None)
