"""A cell that is empty looks like one that is hidden, on either side of the mirror."""

from __future__ import annotations

from pipeline import schema
from pipeline.config import EstimateConfig, PerceptionConfig, ProtectConfig
from pipeline.estimate.measures import estimate
from pipeline.protect.suppression import protect
from tests.pipeline.estimate.conftest import LABELS, World, annotation, verbatim
from tests.pipeline.estimate.test_measures import one, rows_of

EMPLOYEES = {"Lyon": 60, "Brest": 40, "Nice": 0, "Metz": 3, "Caen": 4}
CONFIG = EstimateConfig(period="all")


def units(folder, untrained=None):
    """Forty customers in each unit, and employees in some; all speak well of means, none of `untrained`."""
    people = [("customer", unit) for unit in EMPLOYEES for _ in range(40)]
    people += [("employee", unit) for unit, n in EMPLOYEES.items() for _ in range(n)]
    silent = {}
    if untrained is not None:
        names = (schema.theme_probability_column(untrained, polarity) for polarity in LABELS.polarities)
        silent = {"probabilities": dict.fromkeys(names)}
    world = World(folder)
    world.add(
        [verbatim(i, audience=who, dimensions=[("unit", unit)]) for i, (who, unit) in enumerate(people)],
        [annotation(i, themes={"means": "positive"}, **silent) for i in range(len(people))],
    )
    return protect(estimate(world.inputs(["unit"]), CONFIG, LABELS), ProtectConfig(), None)


def test_mirror_of_a_unit_without_employees_looks_like_one_with_a_few(tmp_path):
    mirror = units(tmp_path)["mirror"]
    for wanted in ({"measure": "gap", "theme": "means"}, {"measure": "symmetry_index"}):
        rows = {row["unit"]: row for row in rows_of(mirror, **wanted)}
        assert {rows[unit]["reason"] for unit in ("Nice", "Metz", "Caen")} == {"protected"}
        assert rows["Nice"] | {"unit": ""} == rows["Metz"] | {"unit": ""}
    assert one(mirror, measure="gap", theme="means", unit="Lyon")["customer_value"] == 1


def test_theme_not_trained_looks_the_same_where_nobody_spoke_and_where_a_few_did(tmp_path):
    safe = units(tmp_path, untrained="training")
    for name, wanted in (("measures", {"audience": "employee"}), ("mirror", {"measure": "gap"})):
        rows = rows_of(safe[name], theme="training", **wanted)
        assert {row["unit"] for row in rows} == {None, *EMPLOYEES}
        assert {row["reason"] for row in rows} == {"not_trained"}


def test_share_of_employees_who_are_customers_is_shown_without_customers(tmp_path):
    world = World(tmp_path)
    world.add(
        [verbatim(i, audience="employee", dimensions=[("client", "oui")]) for i in range(20)],
        [annotation(i) for i in range(20)],
    )
    asked = PerceptionConfig(source="estimations", scale="nps", customer_dimension="client")
    config = EstimateConfig(period="all", perception=asked)
    safe = protect(estimate(world.inputs(["client"]), config, LABELS), ProtectConfig(), None)
    assert one(safe["mirror"], measure="employee_customers")["value"] == 1
