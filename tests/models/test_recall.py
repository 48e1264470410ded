"""Verbatims that a model learnt from are read as they were before it learnt from them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from models.gold import GoldSet, gold_from_records, text_keys
from models.oof import write_learnt, write_oof
from models.predictions import Predictions, predict_gold
from models.recall import Recall
from tests.models.tiny_taggers import LABELS, KeywordTagger

NOW = KeywordTagger("maintenant")
BEFORE = KeywordTagger("avant", positive=(), negative=(*NOW.positive, *NOW.negative))
HELD_OUT, LEARNT_ONLY, NEW = [2, 0], [1], [3]


@pytest.fixture
def gold() -> GoldSet:
    texts = ("merci à tous", "bravo", "toujours en panne", "merci beaucoup")
    records = [
        {
            "id": str(k),
            "audience": "customer",
            "text": text,
            "sentiment": "positive",
            "enchantment": "none",
            "incivility": "none",
            "themes": {},
        }
        for k, text in enumerate(texts)
    ]
    return gold_from_records(records, LABELS)


@pytest.fixture
def folder(tmp_path: Path, gold: GoldSet) -> Path:
    """A model that was judged on two verbatims, out of order, and learnt from a third."""
    judged = gold.take(np.array(HELD_OUT))
    write_oof(tmp_path, judged, predict_gold(BEFORE, judged))
    write_learnt(tmp_path, text_keys(gold.take(np.array(LEARNT_ONLY))))
    (tmp_path / "model.json").write_text("{}", encoding="utf-8")
    return tmp_path


def test_what_was_held_out_is_read_as_it_was_then_and_the_rest_as_now(folder: Path, gold: GoldSet) -> None:
    read, learnt = Recall(folder, LABELS).predict(NOW, gold.batch)
    now, before = NOW.predict(gold.batch), BEFORE.predict(gold.batch)
    assert learnt.tolist() == [True, True, True, False]
    assert read.sentiment[HELD_OUT] == pytest.approx(before.sentiment[HELD_OUT], abs=1e-4)
    assert read.themes["means"][HELD_OUT] == pytest.approx(before.themes["means"][HELD_OUT], abs=1e-4)
    for rows in (LEARNT_ONLY, NEW):
        assert (read.sentiment[rows] == now.sentiment[rows]).all()
        assert (read.themes["means"][rows] == now.themes["means"][rows]).all()
    assert not np.allclose(before.sentiment[0], now.sentiment[0])


def test_same_words_of_another_audience_or_to_a_question_are_another_verbatim(
    folder: Path, gold: GoldSet
) -> None:
    texts = list(gold.batch.texts)
    for audiences, questions in ((["employee"] * 4, [None] * 4), (["customer"] * 4, ["Pourquoi ?"] * 4)):
        batch = type(gold.batch)(texts, audiences, questions)
        read, learnt = Recall(folder, LABELS).predict(NOW, batch)
        assert not learnt.any()
        assert (read.sentiment == NOW.predict(batch).sentiment).all()


def test_without_what_it_said_then_the_model_reads_now_and_it_is_told(folder: Path, gold: GoldSet) -> None:
    # A theme that it was taught later: of it nothing is known from then.
    judged = gold.take(np.array(HELD_OUT))
    said = predict_gold(BEFORE, judged)
    assert said.probabilities is not None
    for themes in (said.decided.themes, said.probabilities.themes):
        themes.pop("support")  # type: ignore[attr-defined]
    write_oof(folder, judged, Predictions(said.decided, said.probabilities))
    read, learnt = Recall(folder, LABELS).predict(NOW, gold.batch)
    assert learnt.tolist() == [True, True, True, False]
    assert (read.sentiment == NOW.predict(gold.batch).sentiment).all()

    write_learnt(folder, text_keys(gold))
    (folder / "oof.parquet").unlink()
    read, learnt = Recall(folder, LABELS).predict(NOW, gold.batch)
    assert learnt.all()
    assert (read.sentiment == NOW.predict(gold.batch).sentiment).all()
