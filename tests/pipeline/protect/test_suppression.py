"""Small groups, complements, rounding, the ledger."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pyarrow as pa
import pytest

from pipeline.config import EstimateConfig, ProtectConfig
from pipeline.errors import PrivacyError
from pipeline.estimate.measures import estimate
from pipeline.protect.ledger import append_ledger, read_ledger
from pipeline.protect.near import changed_people
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


def test_protect_hides_the_same_cover_again_when_another_unit_is_smaller_now(tmp_path):
    world = company(tmp_path, {"A": 3, "B": 6, "C": 20, "D": 7})
    first = published(world)
    assert hidden_units(first) == {"A", "B"}
    came = range(100, 108)
    world.add(
        [verbatim(number, audience="employee", dimensions=[("unit", "B")]) for number in came],
        [annotation(number, sentiment="positive") for number in came],
    )
    # D was told: hidden now, it would leave A alone in what the total and the first release say together.
    assert hidden_units(published(world, first["_shown"])) == {"A", "B"}


def test_protect_hides_another_month_when_the_same_few_people_wrote_in_the_hidden_ones(tmp_path):
    world = World(tmp_path)
    wrote = [(month, person) for month, n in ((1, 12), (2, 3), (3, 3), (4, 9)) for person in range(n)]
    world.add(
        [
            verbatim(i, respondent=f"r{person}", date=dt.date(2026, month, 9), dimensions=[("unit", "Lyon")])
            for i, (month, person) in enumerate(wrote)
        ],
        [annotation(i) for i in range(len(wrote))],
    )
    safe = protect(estimate(world.inputs(["unit"]), EstimateConfig(), LABELS), CONFIG, None)["measures"]
    rows = rows_of(safe, measure="verbatims", unit="Lyon", audience="customer")
    # February and March together are three people: the year less the other months would tell of them.
    assert {r["period"] for r in rows if r["suppressed"]} == {"2026-02", "2026-03", "2026-04"}


def test_protect_hides_a_unit_where_one_person_wrote_more_than_half(tmp_path):
    world = company(tmp_path, {"A": 12, "B": 30, "C": 40})
    again = range(100, 113)
    world.add(
        [verbatim(n, audience="employee", respondent="r0000000", dimensions=[("unit", "A")]) for n in again],
        [annotation(number, sentiment="negative") for number in again],
    )
    safe = published(world)
    assert "A" in hidden_units(safe)
    assert "C" not in hidden_units(safe)


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


def employees(folder, numbers, dimensions=("unit",)):
    """Publish employees: every fourth is in unit B, every other of channel web; the even ones are pleased."""
    folder.mkdir()
    world = World(folder)
    rows = [
        verbatim(
            i,
            audience="employee",
            dimensions=[("unit", "B" if i % 4 == 3 else "A"), ("channel", ("web", "agence")[i % 2])],
        )
        for i in numbers
    ]
    world.add(rows, [annotation(i, sentiment=("positive", "negative")[i % 2]) for i in numbers])
    return estimate(world.inputs(dimensions), EstimateConfig(period="all"), LABELS)


def pleased(safe, **cell):
    row = one(safe["measures"], measure="sentiment_positive", unit="A", **cell)
    return row["value"], row["n_respondents"], row["reason"]


def test_protect_holds_back_when_a_dimension_was_declared_since(tmp_path):
    numbers = range(0, 80)
    first = protect(employees(tmp_path / "1", numbers), CONFIG, None)
    more = [*numbers, 80, 82]
    later = protect(employees(tmp_path / "2", more, ("channel", "unit")), CONFIG, first["_shown"])
    assert pleased(later, channel=None) == (*pleased(first)[:2], "held_back")


def test_protect_holds_back_against_every_release(tmp_path):
    """A source could not be read for a day: the release before that day is not forgotten."""
    workspace = Workspace(str(tmp_path / "ws"))
    half, whole = range(0, 80), range(0, 160)
    shown = {}
    for name, numbers in (("r1", whole), ("r2", half), ("r3", [*whole, 160, 162])):
        safe = protect(employees(tmp_path / name, numbers), CONFIG, read_ledger(workspace))
        append_ledger(workspace, name, safe["_shown"])
        shown[name] = pleased(safe)
    assert shown["r2"][1] < shown["r1"][1]
    assert shown["r3"] == (*shown["r1"][:2], "held_back")


def test_protect_holds_back_against_the_latest_of_equal_states(tmp_path):
    """The same people, told otherwise by a second model: what was shown last is shown again."""
    workspace = Workspace(str(tmp_path / "ws"))
    first = employees(tmp_path / "1", range(80))
    append_ledger(workspace, "r1", protect(first, CONFIG, None)["_shown"])
    measures = first["measures"]
    place = measures.schema.get_field_index("value")
    told = measures.set_column(place, measures.schema.field(place), pa.array([0.2] * len(measures)))
    second = protect({**first, "measures": told}, CONFIG, read_ledger(workspace))
    append_ledger(workspace, "r2", second["_shown"])
    third = protect(employees(tmp_path / "3", range(81)), CONFIG, read_ledger(workspace))
    assert pleased(third) == (0.2, pleased(second)[1], "held_back")


def test_ledger_stores_only_what_was_not_shown_last(tmp_path):
    first = protect(employees(tmp_path / "1", range(80)), CONFIG, None)
    again = protect(employees(tmp_path / "2", range(80)), CONFIG, first["_shown"])
    assert len(first["_shown"]) > len(again["_shown"]) == 0


def test_ledger_reads_entries_that_name_rows_by_their_places(tmp_path):
    workspace = Workspace(str(tmp_path / "ws"))
    first = protect(employees(tmp_path / "1", range(80)), CONFIG, None)
    shown = first["_shown"].drop_columns(["_row", "_counted"])
    old = shown.append_column("_row", pa.array([f"all|employee||{i}" for i in range(len(shown))]))
    append_ledger(workspace, "r1", old)
    append_ledger(workspace, "r2", old)
    found = read_ledger(workspace)
    assert len(found) == len(old)
    later = protect(employees(tmp_path / "2", range(81), ("channel", "unit")), CONFIG, found)
    assert pleased(later, channel=None) == (*pleased(first)[:2], "held_back")


def both_sides(folder, numbers, n_of_last, employees_say="positive"):
    """Customers and employees, as many of each; all speak of four themes, some of a fifth."""
    folder.mkdir()
    world = World(folder)
    rows, tags = [], []
    for audience in ("customer", "employee"):
        for position, number in enumerate(numbers[audience]):
            themes = LABELS.themes[: 5 if position < n_of_last else 4]
            said = employees_say if audience == "employee" else "positive"
            rows.append(verbatim(number, audience=audience))
            tags.append(annotation(number, sentiment=said, themes=dict.fromkeys(themes, said)))
    world.add(rows, tags)
    return estimate(world.inputs(), EstimateConfig(period="all"), LABELS)


FORTY = {"customer": range(0, 40), "employee": range(1000, 1040)}


def test_symmetry_index_is_shown_afresh_when_people_changed_and_one_more_theme_is_spoken_of(tmp_path):
    first = protect(both_sides(tmp_path / "1", FORTY, 0), CONFIG, None)
    others = {"customer": range(2000, 2040), "employee": range(3000, 3040)}
    later = protect(both_sides(tmp_path / "2", others, 20, "negative"), CONFIG, first["_shown"])
    before = one(first["mirror"], measure="symmetry_index")
    now = one(later["mirror"], measure="symmetry_index")
    assert before["value"] > 90 > 10 > now["value"]
    assert now["reason"] is None


def test_mirror_is_held_back_when_one_more_theme_is_spoken_of(tmp_path):
    first = protect(both_sides(tmp_path / "1", FORTY, 0), CONFIG, None)
    one_came = {**FORTY, "customer": range(0, 41)}
    later = protect(both_sides(tmp_path / "2", one_came, 20), CONFIG, first["_shown"])
    assert one(later["mirror"], measure="gap", theme=LABELS.themes[4])["reason"] is None
    assert one(later["mirror"], measure="gap", theme=LABELS.themes[0])["reason"] == "held_back"
    assert one(later["mirror"], measure="symmetry_index")["reason"] == "held_back"
