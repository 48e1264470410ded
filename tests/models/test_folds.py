from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from models.errors import ModelError
from models.folds import fold_numbers, group_folds, random_folds
from models.gold import AUTHORED, UNKNOWN, GoldSet, gold_from_records, read_gold
from pipeline.codebook import read_codebook

LABELS = read_codebook().label_space
AUTHORED_FILE = Path(__file__).parents[2] / "data" / "gold" / "authored.jsonl"


def _gold() -> GoldSet:
    base = {"audience": "customer", "sentiment": "positive", "enchantment": "none", "incivility": "none"}
    texts = ["Très bien accueilli", "TRES BIEN accueilli !", "Nul", "RAS", "Personne ne répond", "😀", ""]
    sources = ["a", "b", "b", "c", None, None, "a"]
    return gold_from_records(
        [
            {"id": i, "text": t, "source": s, "themes": {}, **base}
            for i, (t, s) in enumerate(zip(texts, sources, strict=True))
        ],
        LABELS,
    )


def test_group_folds_hold_out_each_source_whole_and_everything_once() -> None:
    gold = _gold()
    folds = group_folds(gold, 2)
    assert sorted(np.concatenate([fold.test for fold in folds])) == list(range(len(gold)))
    for fold in folds:
        assert set(fold.train).isdisjoint(fold.test)
        hidden = set(gold.sources[fold.test]) - {AUTHORED}
        assert hidden
        assert hidden.isdisjoint(gold.sources[fold.train])


def test_group_folds_spread_the_sources_of_each_audience() -> None:
    gold = _gold()
    audiences = ["employee" if source in ("a", "c") else "customer" for source in gold.sources]
    folds = group_folds(replace(gold, batch=replace(gold.batch, audiences=audiences)), 2)
    for fold in folds:
        assert len({"a", "c"} & set(gold.sources[fold.test])) == 1


def test_random_folds_cover_each_text_once() -> None:
    gold = read_gold([AUTHORED_FILE], LABELS)
    folds = random_folds(gold)
    assert sorted(np.concatenate([fold.test for fold in folds])) == list(range(len(gold)))
    assert all(not set(fold.test) & set(fold.train) for fold in folds)


def test_fold_numbers_do_not_move_when_texts_are_added() -> None:
    texts = ["Très bien accueilli", "Nul", "😀"]
    assert fold_numbers(texts, 5).tolist() == fold_numbers([*texts, "autre"], 5).tolist()[:3]


def test_fold_numbers_keep_copies_together() -> None:
    numbers = fold_numbers(
        ["Très bien accueilli par tout le monde", "TRES BIEN, accueilli par tout le monde !!"], 50
    )
    assert numbers[0] == numbers[1]


def test_read_gold_marks_themes_that_were_not_asked(tmp_path: Path) -> None:
    path = tmp_path / "own.jsonl"
    path.write_text(
        '{"id": 1, "audience": "employee", "text": "Bruit", '
        '"themes": {"means": "negative"}, "themes_read": ["means"]}\n'
    )
    gold = read_gold([path], LABELS)
    assert gold.themes[0].tolist() == [2] + [UNKNOWN] * 5
    assert gold.sentiment[0] == UNKNOWN


@pytest.mark.parametrize(
    ("line", "got"),
    [
        ("{", "no JSON"),
        ('{"id": 1, "audience": "pet", "text": "x", "themes": {}}', "neither customer nor employee"),
        ('{"id": 1, "audience": "customer", "text": "x", "themes": {"price": "negative"}}', "a theme that"),
        ('{"id": 1, "audience": "customer", "text": "x", "themes": {"means": "bad"}}', "a polarity that"),
        (
            '{"id": 1, "audience": "customer", "text": "x", "themes": {}, "sentiment": "meh"}',
            "a value of `sentiment`",
        ),
        (
            '{"id": 1, "audience": "customer", "text": "x", "themes": {}, "themes_read": ["maens"]}',
            "themes_read",
        ),
        (
            '{"id": 1, "audience": "customer", "text": "x", "themes": {}, "themes_read": "means"}',
            "themes_read",
        ),
        ('{"id": 1, "audience": "customer"}', "no object with"),
    ],
)
def test_read_gold_names_the_line_when_unsound(tmp_path: Path, line: str, got: str) -> None:
    path = tmp_path / "gold.jsonl"
    path.write_text("\n" + line + "\n", encoding="utf-8")
    with pytest.raises(ModelError, match=rf"(?s){got}.*line 2"):
        read_gold([path], LABELS)


def test_read_gold_says_which_file_is_missing() -> None:
    with pytest.raises(ModelError, match=r"nowhere\.jsonl"):
        read_gold(["nowhere.jsonl"], LABELS)
