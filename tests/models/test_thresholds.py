from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from models.decisions import DecisionRule, decide_positions
from models.gold import UNKNOWN, read_gold
from models.tagger import TagProbabilities
from models.thresholds import f1_threshold, learn_rule, rows_to_settle
from pipeline.codebook import read_codebook
from pipeline.training_data import GOLD_FOLDER

LABELS = read_codebook().label_space


def _drawn(n, rng):
    """Give probabilities of something rare, and whether it is there: they are right on average."""
    probability = rng.beta(0.25, 5, n).astype(np.float32)
    return probability, rng.random(n) < probability


def _f1(decided, truth):
    return 2 * (decided & truth).sum() / (decided.sum() + truth.sum())


def test_f1_threshold_serves_the_next_verbatims_nearly_as_well_as_their_own_best():
    rng = np.random.default_rng(3)
    probability, truth = _drawn(200_000, rng)
    best = max(_f1(probability > threshold, truth) for threshold in np.arange(0.02, 0.6, 0.01))
    lost = [best - _f1(probability > f1_threshold(*_drawn(2000, rng)), truth) for _ in range(40)]
    assert best < 0.6
    assert 0 <= np.mean(lost) < 0.01
    assert max(lost) < 0.04


def test_rows_to_settle_are_real_peoples_where_enough_of_them_tell_all_single_labels(monkeypatch):
    gold = read_gold([GOLD_FOLDER / "authored.jsonl"], LABELS).take(np.arange(40))
    gold = replace(gold, sources=np.where(np.arange(40) < 12, "enquete", gold.sources))
    everything, real = np.arange(40), np.arange(12)
    monkeypatch.setattr("models.thresholds.FEWEST_REAL", 12)
    np.testing.assert_array_equal(rows_to_settle(gold, everything), real)
    np.testing.assert_array_equal(rows_to_settle(gold, everything[1:]), everything[1:])
    # One that was read for a theme alone teaches nothing of the other labels.
    gold.sentiment[3] = UNKNOWN
    np.testing.assert_array_equal(rows_to_settle(gold, everything), everything)


@pytest.mark.parametrize(("truth", "threshold"), [([False, False], 0.5), ([True, False], 0.5)])
def test_f1_threshold_stays_at_half_where_nothing_is_learnt_or_all_is_clear(truth, threshold):
    assert f1_threshold(np.array([0.9, 0.1], dtype=np.float32), np.array(truth)) == threshold


def test_learn_rule_decides_what_is_rare_below_one_half():
    gold = read_gold([GOLD_FOLDER / "authored.jsonl"], LABELS)
    rng = np.random.default_rng(0)
    known, drawn = _drawn(len(gold), rng)
    rare = np.column_stack([1 - known, known * 0.9, known * 0.1]).astype(np.float32)
    codes = drawn.astype(np.int8)
    theme = np.column_stack([1 - known, known, *[0 * known] * (len(LABELS.polarities) - 1)])
    probabilities = TagProbabilities(
        sentiment=np.full((len(gold), len(LABELS.sentiment)), 1 / len(LABELS.sentiment), dtype=np.float32),
        enchantment=rare,
        incivility=rare,
        themes=dict.fromkeys(LABELS.themes, theme.astype(np.float32)),
    )
    gold = replace(
        gold,
        enchantment=codes,
        incivility=codes,
        themes=np.repeat(codes[:, None], len(LABELS.themes), axis=1),
    )
    rule = learn_rule(probabilities, gold)
    decided = decide_positions(probabilities, rule)
    plain = decide_positions(probabilities, DecisionRule.plain(LABELS))
    for name in ("enchantment", "incivility"):
        assert _f1(getattr(decided, name) > 0, drawn) > _f1(getattr(plain, name) > 0, drawn) + 0.03
    assert all(0.1 < threshold < 0.4 for threshold in rule.themes.values())
    assert DecisionRule.from_json(json.loads(json.dumps(rule.as_json()))) == rule
