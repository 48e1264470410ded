"""An attacker with every release recovers no hidden cell to within one person; without protection, many."""

from __future__ import annotations

import numpy as np
import pytest

from pipeline.config import AudienceThresholds, EstimateConfig, ProtectConfig
from pipeline.estimate.measures import estimate
from pipeline.protect import attack
from pipeline.protect.suppression import protect
from tests.pipeline.estimate.conftest import LABELS
from tests.pipeline.protect.worlds import REGION_OF, people, true_counts, write

DIMENSIONS = ("channel", "region", "unit")
CONFIG = ProtectConfig()
KNOWLEDGE = attack.Knowledge(
    DIMENSIONS, {"unit": ("region", REGION_OF)}, CONFIG.round_counts, {"customer": 1, "employee": 2}
)
EXACT = AudienceThresholds(scores=5, themes=5, quotes=5, changes=0, weight_of=0)


def release(folder, batches, config=CONFIG, ledger=None):
    world = write(folder, batches)
    return protect(estimate(world.inputs(DIMENSIONS), EstimateConfig(), LABELS), config, ledger)


def hidden_people(view, true):
    """Hidden cells that hold somebody."""
    return np.array([i for i in np.flatnonzero(view.hidden) if true.get(view.cells[i], 0) > 0])


@pytest.mark.parametrize("seed", range(2))
def test_attacker_recovers_no_hidden_count_when_protected(tmp_path, seed):
    drawn = people(np.random.default_rng(seed), 220, 9, 3, 0)
    measures = release(tmp_path, [drawn])["measures"]
    view = attack.view_counts(measures, KNOWLEDGE)
    targets = hidden_people(view, true_counts(drawn, DIMENSIONS))
    assert len(targets) > 10
    low, high = attack.bound(view, KNOWLEDGE, targets.tolist())
    true = true_counts(drawn, DIMENSIONS)
    for position, least, most in zip(targets, low, high, strict=True):
        assert least <= true.get(view.cells[position], 0) <= most  # the attack is sound
    assert not attack.recovered(low, high).any()


@pytest.mark.parametrize("seed", range(2))
def test_attacker_recovers_no_hidden_theme_when_protected(tmp_path, seed):
    drawn = people(np.random.default_rng(seed), 220, 9, 3, 0)
    measures = release(tmp_path, [drawn])["measures"]
    view = attack.view_counts(measures, KNOWLEDGE, "theme_net", "listening")
    targets = hidden_people(view, true_counts(drawn, DIMENSIONS, theme=True))
    low, high = attack.bound(view, KNOWLEDGE, targets.tolist())
    assert len(targets) > 10
    assert not attack.recovered(low, high).any()


@pytest.mark.parametrize("seed", range(2))
def test_attacker_recovers_no_hidden_sum_when_protected(tmp_path, seed):
    drawn = people(np.random.default_rng(seed), 220, 9, 3, 0)
    measures = release(tmp_path, [drawn])["measures"]
    view, _ = attack.bound_sums(measures, KNOWLEDGE, "sentiment_negative")
    targets = hidden_people(view, true_counts(drawn, DIMENSIONS))
    low, high = attack.bound(view, KNOWLEDGE, targets.tolist())
    assert not attack.recovered_sums(low, high).any()


def test_attacker_recovers_hidden_counts_when_only_small_groups_are_hidden(tmp_path):
    """The attack has teeth: thresholds alone, told exactly, give hidden cells away."""
    drawn = people(np.random.default_rng(0), 220, 9, 3, 0)
    world = write(tmp_path, [drawn])
    measures = estimate(world.inputs(DIMENSIONS), EstimateConfig(), LABELS)["measures"]
    rows = measures.to_pylist()
    for row in rows:
        row["suppressed"] = row["n_respondents"] < 5  # an empty cell has no row
        if row["suppressed"]:
            row["value"] = row["n_verbatims"] = None
    naive = type(measures).from_pylist(rows, schema=measures.schema)
    exact = attack.Knowledge(DIMENSIONS, {"unit": ("region", REGION_OF)}, 1, {"customer": 0, "employee": 0})
    view = attack.view_counts(naive, exact)
    targets = np.flatnonzero(view.hidden)
    assert attack.recovered(*attack.bound(view, exact, targets.tolist())).mean() > 0.05


@pytest.mark.parametrize("seed", range(2))
def test_attacker_cannot_tell_who_came_between_two_releases(tmp_path, seed):
    rng = np.random.default_rng(seed)
    old, new = people(rng, 260, 8, 3, 0), people(rng, 14, 8, 3, 1000)
    first = release(tmp_path / "a", [old])
    second = release(tmp_path / "b", [old, new], ledger=first["_shown"])
    before, now = true_counts(old, DIMENSIONS), true_counts(old + new, DIMENSIONS)
    shown = {cell for cell, hidden in _hidden(second["measures"]).items() if not hidden}
    targets = [c for c in now if c in shown and c in before and 0 < now[c] - before[c] < 5]
    assert len(targets) > 5
    low, high = attack.bound_between(first["measures"], second["measures"], KNOWLEDGE, targets)
    for cell, least, most in zip(targets, low, high, strict=True):
        assert least <= now[cell] - before[cell] <= most
    assert not attack.recovered(low, high).any()


def _hidden(measures):
    view = attack.view_counts(measures, KNOWLEDGE)
    return dict(zip(view.cells, view.hidden, strict=True))
