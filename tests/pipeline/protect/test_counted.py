"""What a person who withdrew was counted in is neither put back nor told afresh."""

from __future__ import annotations

import datetime as dt

import pytest

from pipeline.config import EstimateConfig, ProtectConfig
from pipeline.estimate.measures import estimate
from pipeline.protect.counted import Said, mark_counted
from pipeline.protect.ledger import append_ledger, read_ledger
from pipeline.protect.suppression import protect
from pipeline.workspace import Workspace
from tests.pipeline.estimate.conftest import LABELS, World, annotation, verbatim
from tests.pipeline.estimate.test_measures import one, rows_of

PERSON = 3  # of unit A, in March; spoke of means, as every third of A
DATE = dt.date(2026, 3, 15)


def published(folder, ledger, numbers, config=None, period="month"):
    """Publish employees: 40 of unit A, then 40 of unit B; everybody speaks of listening."""
    folder.mkdir()
    world = World(folder)
    rows, tags = [], []
    for i in numbers:
        unit = "A" if i < 40 or i >= 500 else "B"
        themes = {"listening": "positive"} | ({"means": "negative"} if i % 3 == 0 else {})
        rows.append(verbatim(i, audience="employee", date=DATE, dimensions=[("unit", unit)]))
        tags.append(annotation(i, sentiment="positive", themes=themes))
    world.add(rows, tags)
    tables = estimate(world.inputs(["unit"]), EstimateConfig(period=period), LABELS)
    return protect(tables, config or ProtectConfig(), ledger)


@pytest.fixture
def workspace(tmp_path):
    """A workspace with one release, after which a person withdrew."""
    space = Workspace(str(tmp_path / "ws"))
    append_ledger(space, "r1", published(tmp_path / "first", None, range(80))["_shown"])
    assert mark_counted(space, [Said("v", "employee", DATE, {"unit": "A"})]) > 0
    return space


LEFT = [i for i in range(80) if i != PERSON]


def test_figures_that_counted_the_person_are_hidden_with_their_reason(workspace, tmp_path):
    safe = published(tmp_path / "later", read_ledger(workspace), LEFT)["measures"]
    for unit, period in (("A", "2026-03"), ("A", "all"), (None, "2026-03"), (None, "all")):
        row = one(safe, measure="sentiment_positive", unit=unit, period=period, audience="employee")
        assert (row["value"], row["n_verbatims"], row["suppressed"]) == (None, None, True)
        assert row["reason"] == "too_few_changed"
    other = one(safe, measure="sentiment_positive", unit="B", period="2026-03", audience="employee")
    assert (other["value"], other["suppressed"]) == (1.0, False)


def test_what_is_hidden_does_not_tell_what_the_person_spoke_of(tmp_path):
    def hidden_after(person, name):
        space = Workspace(str(tmp_path / name))
        append_ledger(space, "r1", published(tmp_path / f"{name}1", None, range(80))["_shown"])
        mark_counted(space, [Said("v", "employee", DATE, {"unit": "A"})])
        left = [i for i in range(80) if i != person]
        safe = published(tmp_path / f"{name}2", read_ledger(space), left)["measures"]
        return [(row["measure"], row["theme"]) for row in rows_of(safe, unit="A", reason="too_few_changed")]

    spoke, spoke_not = hidden_after(3, "means"), hidden_after(4, "none")
    assert ("theme_net", "means") in spoke
    assert spoke == spoke_not


def test_figures_come_back_without_the_person_when_enough_people_changed(workspace, tmp_path):
    second = published(tmp_path / "second", read_ledger(workspace), LEFT)
    append_ledger(workspace, "r2", second["_shown"])
    grown = [*LEFT, *range(500, 530)]
    third = published(tmp_path / "third", read_ledger(workspace), grown)
    row = one(third["measures"], measure="verbatims", unit="A", period="all", audience="employee")
    assert (row["reason"], row["n_verbatims"]) == (None, 70)
    append_ledger(workspace, "r3", third["_shown"])
    fourth = published(tmp_path / "fourth", read_ledger(workspace), [*grown, 530])
    row = one(fourth["measures"], measure="verbatims", unit="A", period="all", audience="employee")
    assert row["reason"] == "held_back"  # at a figure that never counted the person


def test_figures_stay_hidden_in_later_releases_while_few_people_change(workspace, tmp_path):
    second = published(tmp_path / "second", read_ledger(workspace), LEFT)
    append_ledger(workspace, "r2", second["_shown"])
    third = published(tmp_path / "third", read_ledger(workspace), [*LEFT, 500])["measures"]
    row = one(third, measure="verbatims", unit="A", period="all", audience="employee")
    assert (row["value"], row["reason"]) == (None, "too_few_changed")


def test_figures_are_put_back_when_they_are_to_be_kept(workspace, tmp_path):
    config = ProtectConfig(after_withdrawal="keep")
    safe = published(tmp_path / "later", read_ledger(workspace), LEFT, config)["measures"]
    row = one(safe, measure="verbatims", unit="A", period="all", audience="employee")
    assert (row["n_verbatims"], row["reason"]) == (40, "held_back")


@pytest.mark.parametrize(("period", "name"), [("month", "2026-03"), ("quarter", "2026-T1"), ("year", "2026")])
def test_mark_counted_finds_the_period_of_any_length(tmp_path, period, name):
    space = Workspace(str(tmp_path / "ws"))
    first = published(tmp_path / "first", None, range(80), period=period)
    append_ledger(space, "r1", first["_shown"])
    mark_counted(space, [Said("v", "employee", DATE, {"unit": "A"})])
    safe = published(tmp_path / "later", read_ledger(space), LEFT, period=period)["measures"]
    row = one(safe, measure="verbatims", unit="A", period=name, audience="employee")
    assert row["reason"] == "too_few_changed"


def test_mark_counted_marks_nothing_without_a_release(tmp_path):
    space = Workspace(str(tmp_path / "ws"))
    assert mark_counted(space, [Said("v", "employee", DATE, {"unit": "A"})]) == 0


def test_mark_counted_marks_what_a_person_without_unit_counts_in(tmp_path):
    space = Workspace(str(tmp_path / "ws"))
    append_ledger(space, "r1", published(tmp_path / "first", None, range(80))["_shown"])
    whole = mark_counted(space, [Said("v", "employee", None, {})])
    unit = mark_counted(space, [Said("v", "employee", None, {"unit": "A"})])
    assert 0 < whole < unit
    assert mark_counted(space, [Said("v", "customer", None, {})]) < whole
