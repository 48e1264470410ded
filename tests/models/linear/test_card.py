"""The linear model's card: it tells every theme's figures."""

from __future__ import annotations

from models.decisions import DecisionRule, decide_positions
from models.evaluation import evaluate
from models.linear.card import write_card
from tests.models.test_compact import LABELS, gold_set, noisy_member


def test_write_card_tells_each_theme_and_where_verbatims_without_a_source_are_counted() -> None:
    gold = gold_set()
    gold.sources[:] = "authored"
    probabilities = noisy_member(gold, 0.5, 0)
    decided = decide_positions(probabilities, DecisionRule.plain(LABELS))
    card = write_card(gold, 0, evaluate(gold, decided, probabilities, n_resamples=2), "linear-1", 0)
    assert all(f"| {theme} |" in card for theme in LABELS.themes)
    assert "or came without a\n`source`" in card
