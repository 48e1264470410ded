"""No hidden group is told exactly by sums and differences of shown ones, whichever cells are asked for."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pytest

from pipeline.config import EstimateConfig, ProtectConfig
from pipeline.estimate.measures import estimate
from pipeline.protect.suppression import protect
from tests.pipeline.estimate.conftest import LABELS, World, annotation, verbatim

DIMENSIONS = ("channel", "region", "unit")
CROSSED = {
    ("web", "R1", "u1"): [3],
    ("web", "R1", "u2"): [20],
    ("tel", "R1", "u1"): [30],
    ("tel", "R1", "u2"): [25],
    ("web", "R2", "u3"): [4],
    ("web", "R2", "u4"): [20],
    ("tel", "R2", "u3"): [30],
    ("tel", "R2", "u4"): [33],
}
# Region R2 is hidden in February only to protect R1: its units together must not tell it.
BY_MONTH = {
    ("web", "R0", "u0"): [14, 14, 12],
    ("web", "R0", "u3"): [18, 16, 20],
    ("web", "R1", "u1"): [3, 2, 7],
    ("web", "R1", "u4"): [1, 4, 4],
    ("web", "R2", "u2"): [4, 8, 9],
    ("web", "R2", "u5"): [8, 8, 4],
}
Atom = tuple[str, str, str, int]


def release(folder, sizes, cells, period):
    drawn = [
        (*who, month) for who, months in sizes.items() for month, n in enumerate(months) for _ in range(n)
    ]
    world = World(folder)
    world.add(
        [
            verbatim(
                number,
                date=dt.date(2026, 1 + month, 10),
                dimensions=[("channel", channel), ("region", region), ("unit", unit)],
            )
            for number, (channel, region, unit, month) in enumerate(drawn)
        ],
        [annotation(number) for number in range(len(drawn))],
    )
    tables = estimate(world.inputs(DIMENSIONS), EstimateConfig(period=period, cells=cells), LABELS)
    return protect(tables, ProtectConfig(), None)["measures"]


def told_exactly(measures, sizes):
    """Name the hidden rows that are a linear combination of shown ones, for who knows where units lie."""
    atoms: list[Atom] = [(*who, month) for who, months in sizes.items() for month in range(len(months))]
    rows = [
        row for row in measures.to_pylist() if row["measure"] == "verbatims" and row["audience"] == "customer"
    ]
    parts = np.array([[float(_holds(row, atom)) for atom in atoms] for row in rows])
    people = parts @ [sizes[atom[:3]][atom[3]] for atom in atoms]
    hidden = np.array([row["suppressed"] for row in rows])
    _, size, basis = np.linalg.svd(parts[~hidden], full_matrices=False)
    basis = basis[size > 1e-9]
    left = np.abs(parts - parts @ basis.T @ basis).max(axis=1)
    return [
        (rows[i]["period"], *(rows[i][name] for name in DIMENSIONS))
        for i in np.flatnonzero(hidden & (left < 1e-9) & (people > 0))
    ]


def _holds(row, atom):
    *members, month = atom
    own = row["period"] in ("all", f"2026-{1 + month:02d}")
    return own and all(row[name] in (None, member) for name, member in zip(DIMENSIONS, members, strict=True))


@pytest.mark.parametrize(
    "cells",
    [
        None,
        [("unit", "channel")],
        [("unit",), ("channel",), ("unit", "channel")],
        [("region",), ("unit", "channel")],
        [("unit",), ("region",), ("channel",), ("unit", "channel"), ("region", "channel")],
    ],
)
def test_no_hidden_group_is_a_sum_or_difference_of_shown_ones_when_dimensions_are_crossed(tmp_path, cells):
    measures = release(tmp_path, CROSSED, cells, "all")
    assert any(not row["suppressed"] and row["unit"] for row in measures.to_pylist())
    assert told_exactly(measures, CROSSED) == []


def test_no_hidden_group_is_a_sum_or_difference_of_shown_ones_when_a_region_is_hidden_for_another(tmp_path):
    assert told_exactly(release(tmp_path, BY_MONTH, None, "month"), BY_MONTH) == []
