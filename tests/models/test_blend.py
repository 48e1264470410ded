"""A blend: learnt on what its members had not seen, written, loaded, and at work."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from models.blend.combine import with_all_themes
from models.blend.tagger import load_blend
from models.blend.training import combine_held_out, write_blend
from models.errors import ModelError
from models.registry import SHIPPED, load_tagger, read_card
from models.tagger import VerbatimBatch
from pipeline.cli.blend import SHIPPED_MEMBERS
from tests.models.test_compact import LABELS, gold_set, noisy_member


def test_combine_held_out_beats_its_members() -> None:
    base = gold_set()
    gold = base.take(np.tile(np.arange(len(base)), 10))
    gold.sources[:] = np.repeat(["a", "b", "c"], len(gold) // 3)
    members = [noisy_member(gold, 0.9, seed) for seed in (1, 2)]
    combined = combine_held_out(members, gold)

    def accuracy(decided: np.ndarray) -> float:
        return float((decided == gold.sentiment).mean())

    alone = max(accuracy(member.sentiment.argmax(axis=1)) for member in members)
    assert accuracy(combined.unseen.decided.sentiment) > alone + 0.02
    for block in (combined.unseen.probabilities.sentiment, *combined.unseen.probabilities.themes.values()):
        np.testing.assert_allclose(block.sum(axis=1), 1, atol=1e-4)


def test_blend_of_shipped_models_tags(tmp_path: Path) -> None:
    gold = gold_set()
    linear = load_tagger("linear", LABELS)
    member = linear.predict(gold.batch)
    folder = write_blend(
        tmp_path / "blend", ["linear", "linear"], combine_held_out([member, member], gold), gold
    )
    tagger = load_blend(folder, LABELS)
    batch = VerbatimBatch(["Merci, accueil chaleureux 😊", ""], ["customer", "employee"], [None, None])
    found = tagger.predict(batch)
    np.testing.assert_allclose(found.sentiment.sum(axis=1), 1, atol=1e-4)
    assert tagger.decide(found).sentiment[0] == "positive"
    assert tagger.model_id.startswith("blend-1-")
    assert load_tagger(str(folder), LABELS).model_id == tagger.model_id


def test_blend_says_which_member_is_missing(tmp_path: Path) -> None:
    gold = gold_set()
    member = noisy_member(gold, 1, 0)
    folder = write_blend(tmp_path / "blend", ["nowhere"], combine_held_out([member], gold), gold)
    with pytest.raises(ModelError, match="nowhere"):
        load_blend(folder, LABELS)


def test_a_theme_that_one_member_alone_knows_is_told_by_it() -> None:
    gold = gold_set()
    knowing = noisy_member(gold, 0.5, 0)
    ignorant = replace(noisy_member(gold, 0.5, 1), themes={})
    completed = with_all_themes([ignorant, knowing])
    assert [set(member.themes) for member in completed] == [set(LABELS.themes)] * 2
    np.testing.assert_array_equal(completed[0].themes["means"], knowing.themes["means"])


def test_combine_held_out_learns_from_what_real_people_wrote_alone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    base = gold_set()
    gold = base.take(np.tile(np.arange(len(base)), 4))
    real = np.arange(len(gold)) < len(base)
    monkeypatch.setattr("models.thresholds.FEWEST_REAL", 2 * len(base) // 3)
    members = [noisy_member(gold, 0.9, seed) for seed in (1, 2)]
    gold.sentiment[~real] = 0
    gold.themes[~real] = 0
    alone = combine_held_out([member.take(np.flatnonzero(real)) for member in members], base)
    combined = combine_held_out(members, gold, real)
    assert combined.rule == alone.rule
    assert combined.combination.as_json() == alone.combination.as_json()
    assert combine_held_out(members, gold).rule != alone.rule
    assert len(combined.unseen.decided.sentiment) == len(gold)


def test_a_few_real_verbatims_do_not_settle_thresholds_and_calibration_alone() -> None:
    base = gold_set()
    gold = base.take(np.tile(np.arange(len(base)), 4))
    gold.sources[: len(base)] = "enquete"
    gold.sentiment[: len(base)] = 0
    member = noisy_member(gold, 0.9, 1)
    combined = combine_held_out([member], gold)
    together = combine_held_out([member], replace(gold, sources=np.full(len(gold), "authored")))
    assert combined.rule == together.rule
    assert combined.combination.as_json() == together.combination.as_json()


def test_combine_held_out_calibrates_on_what_was_drawn_at_random() -> None:
    base = gold_set()
    gold = base.take(np.tile(np.arange(len(base)), 100))
    gold.sources[:] = np.repeat(["a", "b", "c"], len(gold) // 3)
    # What was sought out is all negative: it must not make negative words likelier than they are.
    gold.strata[:] = np.where(gold.sentiment == LABELS.sentiment.index("negative"), "sought", "random")
    gold.strata[::4] = "random"
    member = noisy_member(gold, 3.0, 0)
    combined = combine_held_out([member], gold)
    drawn = gold.strata == "random"
    negative = LABELS.sentiment.index("negative")
    told = combined.unseen.probabilities.sentiment[drawn, negative].mean()
    assert abs(told - (gold.sentiment[drawn] == negative).mean()) < 0.03


def test_the_shipped_blend_is_what_the_command_makes() -> None:
    assert read_card(SHIPPED / "blend")["members"] == SHIPPED_MEMBERS
