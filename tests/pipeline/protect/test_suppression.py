"""Small groups, complements, rounding, the ledger."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pyarrow as pa
import pytest

from pipeline.config import EstimateConfig, ProtectConfig
from pipeline.errors import PrivacyError
from pipeline.estimate.measures import estimate
from pipeline.protect.ledger import append_ledger, changed_people, read_ledger
from pipeline.protect.rounding import step_of
from pipeline.protect.suppression import protect
from pipeline.workspace import Workspace
from tests.pipeline.estimate.conftest import LABELS, World, annotation, verbatim
from tests.pipeline.estimate.test_measures import one, rows_of

CONFIG = ProtectConfig()


def company(folder, sizes, audience="employee", first=0, name="w", text="Rien à redire sur l’accueil"):
    """Employees by unit; everybody speaks of listening."""
    folder = folder / name
    folder.mkdir()
    world = World(folder)
    rows, tags = [], []
    for unit, size in sizes.items():
        for _ in range(size):
            number = first + len(rows)
            rows.append(verbatim(number, audience=audience, text=text, dimensions=[("unit", unit)]))
            tags.append(annotation(number, sentiment="positive", themes={"listening": "positive"}))
    world.add(rows, tags)
    return world


def published(world, ledger=None):
    tables = estimate(world.inputs(["unit"]), EstimateConfig(period="all"), LABELS)
    return protect(tables, CONFIG, ledger)


def hidden_units(safe, measure="verbatims", theme=None):
    return {r["unit"] for r in rows_of(safe["measures"], measure=measure, theme=theme) if r["suppressed"]}


def test_protect_hides_small_units_with_their_counts(tmp_path):
    safe = published(company(tmp_path, {"A": 40, "B": 4, "C": 3, "D": 30}))
    assert hidden_units(safe) == {"B", "C"}
    row = one(safe["measures"], measure="verbatims", unit="B")
    assert (row["value"], row["n_verbatims"], row["n_respondents"], row["reason"]) == (
        None,
        None,
        None,
        "protected",
    )


def test_protect_hides_a_second_unit_when_the_first_would_follow_from_the_total(tmp_path):
    safe = published(company(tmp_path, {"A": 40, "B": 4, "C": 12, "D": 30}))
    assert hidden_units(safe) == {"B", "C"}


def test_protect_asks_more_people_for_themes_of_employees(tmp_path):
    safe = published(company(tmp_path, {"A": 40, "B": 8, "C": 9, "D": 30}))
    assert hidden_units(safe) == set()
    assert hidden_units(safe, "theme_net", "listening") == {"B", "C"}
    safe = published(company(tmp_path, {"A": 40, "B": 8, "C": 9, "D": 30}, audience="customer", name="x"))
    assert hidden_units(safe, "theme_net", "listening") == set()


def test_protect_counts_people_and_not_verbatims(tmp_path):
    world = World(tmp_path)
    rows = [verbatim(i, respondent=f"r{i % 3}", dimensions=[("unit", "A")]) for i in range(30)]
    world.add(rows, [annotation(i) for i in range(30)])
    safe = published(world)
    assert all(row["suppressed"] for row in safe["measures"].to_pylist())


def test_protect_hides_the_smaller_of_two_groups_that_differ_by_a_few(tmp_path):
    world = World(tmp_path)
    rows = []
    for i in range(60):
        team = "front" if i < 28 else "back"
        rows.append(verbatim(i, dimensions=[("unit", "A" if i < 30 else "B"), ("team", team)]))
    world.add(rows, [annotation(i) for i in range(60)])
    tables = estimate(world.inputs(["team", "unit"]), EstimateConfig(period="all"), LABELS)
    safe = protect(tables, CONFIG, None)
    assert one(safe["measures"], measure="verbatims", team="front", unit=None)["suppressed"]


def test_protect_leaves_no_empty_cell_to_be_told_from_a_hidden_one(tmp_path):
    world = World(tmp_path)
    rows = [verbatim(i, date=dt.date(2026, 1 + i % 2, 3), dimensions=[("unit", "A")]) for i in range(40)]
    rows.append(verbatim(99, date=dt.date(2026, 1, 3), dimensions=[("unit", "B")]))
    world.add(rows, [annotation(int(r["verbatim_id"][1:])) for r in rows])
    tables = estimate(world.inputs(["unit"]), EstimateConfig(), LABELS)
    safe = protect(tables, CONFIG, None)["measures"]
    january = one(safe, measure="verbatims", unit="B", period="2026-01", audience="customer")
    february = one(safe, measure="verbatims", unit="B", period="2026-02", audience="customer")
    assert january | {"period": ""} == february | {"period": ""}


def test_protect_refuses_a_table_that_names_no_group(tmp_path):
    tables = estimate(company(tmp_path, {"A": 9}).inputs(["unit"]), EstimateConfig(), LABELS)
    with pytest.raises(PrivacyError, match="expected columns _nodes and _span"):
        protect({**tables, "other": pa.table({"value": [1.0]})}, CONFIG, None)


def test_protect_tells_counts_by_fives_and_values_by_two_people(tmp_path):
    safe = published(company(tmp_path, {"A": 43, "B": 38}))
    row = one(safe["measures"], measure="sentiment_positive", unit="A")
    assert (row["n_verbatims"], row["n_respondents"]) == (45, 45)
    assert row["value"] * 20 == pytest.approx(round(row["value"] * 20))  # steps of 5 points: 2 of 43


def test_step_is_never_finer_than_wanted():
    wanted = np.geomspace(1e-4, 1, 50)
    step = step_of(wanted, np.full(50, 0.001))
    assert (step >= wanted - 1e-12).all()
    assert (step <= np.maximum(wanted, 0.001) * 2.5 + 1e-12).all()


def test_protect_shows_the_earlier_figure_when_few_people_came(tmp_path):
    first = published(company(tmp_path, {"A": 40, "B": 38}))
    later = published(company(tmp_path, {"A": 42, "B": 58}, name="x"), first["_shown"])
    held = one(later["measures"], measure="verbatims", unit="A")
    assert held["reason"] in ("held_back", None)
    rows = {r["unit"]: r for r in rows_of(later["measures"], measure="verbatims")}
    assert rows["B"]["reason"] is None


def test_protect_holds_back_when_two_people_joined_and_not_when_twenty_did(tmp_path):
    def grown(name, extra):
        folder = tmp_path / name
        folder.mkdir()
        world = World(folder)
        numbers = [*range(40), *range(500, 500 + extra)]
        rows = [verbatim(i, audience="employee", dimensions=[("unit", "A")]) for i in numbers]
        world.add(rows, [annotation(i, sentiment="positive" if i < 40 else "negative") for i in numbers])
        return world

    first = published(grown("a", 0))
    by_two = published(grown("b", 2), first["_shown"])["measures"]
    by_twenty = published(grown("c", 20), first["_shown"])["measures"]
    assert one(by_two, measure="sentiment_negative", unit="A")["value"] == 0
    assert one(by_two, measure="sentiment_negative", unit="A")["reason"] == "held_back"
    assert one(by_twenty, measure="sentiment_negative", unit="A")["value"] > 0.2


def test_changed_people_is_never_more_than_changed():
    rng = np.random.default_rng(0)
    before = rng.integers(0, 2**60, 200)
    now = before ^ (np.int64(5) << np.int64(8)) ^ (np.int64(3) << np.int64(40))
    assert (changed_people(now, before) == 2).all()
    assert (changed_people(before, before) == 0).all()


def test_ledger_is_read_back_and_written_once_a_release(tmp_path):
    workspace = Workspace(str(tmp_path / "ws"))
    assert read_ledger(workspace) is None
    shown = published(company(tmp_path, {"A": 40, "B": 30}))["_shown"]
    append_ledger(workspace, "r1", shown)
    append_ledger(workspace, "r1", shown)
    assert len(workspace.names("ledger")) == 1
    found = read_ledger(workspace)
    assert found is not None
    assert len(found) == len(shown)
    assert not workspace.exists("releases")
