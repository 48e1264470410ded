"""Hierarchies that are declared hold where the data have mistakes."""

from __future__ import annotations

import pytest

from pipeline.config import EstimateConfig, ProtectConfig
from pipeline.estimate.measures import estimate
from pipeline.protect.suppression import protect
from tests.pipeline.estimate.conftest import LABELS, World, annotation, verbatim
from tests.pipeline.estimate.test_measures import rows_of

REGIONS = {
    "Sud": {"Lyon": 40, "Nice": 3, "Caen": 35},
    "Nord": {"Metz": 30, "Lille": 32, "Brest": 2, "Reims": 4},
}


@pytest.mark.parametrize("n_misplaced", [0, 1])
def test_unit_is_not_found_from_its_declared_region_when_a_row_is_misplaced(tmp_path, n_misplaced):
    people = [
        (unit, region) for region, units in REGIONS.items() for unit, n in units.items() for _ in range(n)
    ]
    people[:n_misplaced] = [("Lyon", "Nord")] * n_misplaced
    world = World(tmp_path)
    world.add(
        [
            verbatim(i, audience="employee", dimensions=[("unit", unit), ("region", region)])
            for i, (unit, region) in enumerate(people)
        ],
        [annotation(i) for i in range(len(people))],
    )
    tables = estimate(world.inputs(["region", "unit"]), EstimateConfig(period="all"), LABELS)
    safe = protect(tables, ProtectConfig(hierarchies=(("unit", "region"),)), None)["measures"]
    rows = rows_of(safe, measure="verbatims", audience="employee", region=None)
    hidden = {row["unit"] for row in rows if row["suppressed"]}
    assert {"Nice", "Caen"} <= hidden
    assert "Lyon" not in hidden
