"""Out-of-fold predictions beside a model: found again by the text, without it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from models.blend.training import blend_unseen, combine_held_out, write_blend
from models.decisions import DecisionRule, decide_positions
from models.evaluation import evaluate
from models.gold import UNKNOWN, GoldSet, text_keys
from models.oof import read_oof, write_oof
from models.predictions import Predictions
from models.registry import MODEL_FILE, read_out_of_fold
from pipeline.estimate import calibration
from pipeline.estimate.scores import score_book
from tests.models.test_compact import LABELS, gold_set, noisy_member


def stored(folder: Path, gold: GoldSet, seed: int) -> Path:
    """A model's folder with what it said of verbatims that it had not seen."""
    combined = combine_held_out([noisy_member(gold, 0.5, seed)], gold)
    write_blend(folder, ["linear"], combined, gold)
    write_oof(folder, gold, combined.unseen)
    return folder


def gold_of_three_sources() -> GoldSet:
    """Verbatims that no other shares a text with, of three sources in turn."""
    gold = gold_set()
    texts = [f"{text} ({row})" for row, text in enumerate(gold.batch.texts)]
    sources = np.array(["a", "b", "c"])[np.arange(len(gold)) % 3]
    return replace(gold, batch=replace(gold.batch, texts=texts), sources=sources)


def test_labels_that_no_reader_gave_calibrate_nothing(tmp_path: Path) -> None:
    gold = gold_set()
    incivility = gold.incivility.copy()
    incivility[:7] = UNKNOWN
    folder = stored(tmp_path / "model", replace(gold, incivility=incivility), 0)
    table = read_out_of_fold(str(folder))
    assert table is not None
    assert table.num_rows == len(gold) - 7
    assert "text_key" not in table.column_names
    assert set(table["incivility"].to_pylist()) == {"none"}


def test_a_theme_that_the_model_does_not_know_is_unknown_and_left_out(tmp_path: Path) -> None:
    gold = gold_set()
    folder = stored(tmp_path / "model", gold, 0)
    own = replace(LABELS, themes=("price", *LABELS.themes), codebook_hash="1" * 16)
    read, predictions, _ = read_oof(folder, own)
    assert set(read.themes[:, 0].tolist()) == {UNKNOWN}
    np.testing.assert_array_equal(read.themes[:, 1:], gold.themes)
    assert predictions.probabilities is not None
    assert list(predictions.probabilities.themes) == list(predictions.decided.themes) == list(LABELS.themes)
    measured = evaluate(read, predictions.decided, predictions.probabilities, n_resamples=2)
    assert np.isnan(measured.slices[0].value("price.f1"))
    assert measured.slices[0].value("means.f1") >= 0


def test_a_theme_that_some_verbatims_were_not_read_for_calibrates_on_the_others(tmp_path: Path) -> None:
    gold = gold_set()
    themes = gold.themes.copy()
    themes[:7, 0] = UNKNOWN
    table = read_out_of_fold(str(stored(tmp_path / "model", replace(gold, themes=themes), 0)))
    assert table is not None
    assert table.num_rows == len(gold)
    read = table["themes_read"].to_pylist()
    assert read[0] == list(LABELS.themes[1:])
    assert read[7] == list(LABELS.themes)


def test_verbatims_read_for_a_theme_alone_calibrate_that_theme_alone(tmp_path: Path) -> None:
    gold = gold_set()
    alone = np.arange(len(gold)) < 7
    singles = {
        name: np.where(alone, UNKNOWN, getattr(gold, name)).astype(np.int8)
        for name in ("sentiment", "enchantment", "incivility")
    }
    themes = gold.themes.copy()
    themes[:7, 1:] = UNKNOWN
    folder = stored(tmp_path / "model", replace(gold, themes=themes, **singles), 0)
    table = read_out_of_fold(str(folder))
    assert table is not None
    assert table.num_rows == len(gold)
    assert table["sentiment"].to_pylist()[:7] == [None] * 7
    assert table["themes_read"].to_pylist()[0] == [LABELS.themes[0]]
    book = score_book(LABELS)
    found = calibration.read_out_of_fold(table, book).values()
    known = {name: sum(scores.known(k).sum() for scores in found) for name, k in book.index.items()}
    assert known["means_present"] == len(gold)
    assert {known["sentiment_net"], known["enchanted"], known["incivility_abusive"]} == {len(gold) - 7}
    assert known["listening_present"] == len(gold) - 7


def test_blend_unseen_matches_verbatims_by_key_whatever_their_order(tmp_path: Path) -> None:
    gold = gold_of_three_sources()
    texts = gold.batch.texts
    first = stored(tmp_path / "first", gold, 1)
    second = stored(tmp_path / "second", gold.take(np.arange(len(gold))[::-1][:50]), 2)
    blend_unseen(tmp_path / "blend", [str(first), str(second)], LABELS)
    kept, predictions, n_words = read_oof(tmp_path / "blend", LABELS)
    expected = [str(key) for key in text_keys(gold)][10:]
    assert list(kept.ids) == expected
    np.testing.assert_array_equal(kept.sentiment, gold.sentiment[10:])
    assert n_words.tolist() == [len(text.split()) for text in texts[10:]]
    assert (predictions.decided.sentiment == kept.sentiment).mean() > 0.8


def test_an_answer_is_found_by_its_question_too() -> None:
    gold = gold_set().take(np.array([0, 0, 0]))
    asked = replace(gold, batch=replace(gold.batch, questions=[None, "Le délai ?", "L'accueil ?"]))
    keys = text_keys(asked).tolist()
    assert len(set(keys)) == 3


def test_blend_unseen_learns_a_theme_that_only_a_later_model_knows(tmp_path: Path) -> None:
    gold = gold_of_three_sources()
    first = stored(tmp_path / "first", gold, 1)
    own = replace(LABELS, themes=(*LABELS.themes, "price"), codebook_hash="1" * 16)
    dear = np.arange(len(gold)) % 4 == 0
    labelled = replace(gold, themes=np.column_stack([gold.themes, 2 * dear.astype(np.int8)]), labels=own)
    said = noisy_member(gold, 0.5, 2)
    price = np.tile(np.array([[0.9, 0.02, 0.06, 0.01, 0.01]], dtype=np.float32), (len(gold), 1))
    price[dear] = price[dear][:, [2, 1, 0, 3, 4]]
    said = replace(said, themes={**said.themes, "price": price})
    decided = decide_positions(said, DecisionRule.plain(own))
    write_oof(tmp_path / "second", labelled, Predictions(decided, said))
    (tmp_path / "second" / MODEL_FILE).write_text("{}")
    blend_unseen(tmp_path / "blend", [str(first), str(tmp_path / "second")], own)
    kept, predictions, _ = read_oof(tmp_path / "blend", own)
    np.testing.assert_array_equal(kept.themes[:, -1], labelled.themes[:, -1])
    np.testing.assert_array_equal(predictions.decided.themes["price"] > 0, dear)
