from __future__ import annotations

import hashlib
import json
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from models.gold import gold_from_records
from pipeline import training_data
from pipeline.codebook import read_codebook
from pipeline.errors import ConfigError
from pipeline.training_data import (
    gather,
    labelled_hashes,
    masked,
    read_labelled,
    thinned,
    unlabelled,
)

LABELS = read_codebook().label_space
RECORD = {
    "audience": "customer",
    "sentiment": "negative",
    "enchantment": "none",
    "themes": {},
    "incivility": "none",
}


def _ignore(message: str) -> None:
    """Take a report and leave it."""


def test_gather_says_which_file_is_missing(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"got no labelled_real\.jsonl.*MIROIR_TRAINING_DATA"):
        gather(tmp_path, LABELS, [], _ignore)


def test_gather_joins_labels_to_reviews_and_keeps_labelled_texts_out_of_the_rated(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    texts = [
        "Merci à Madame Quillévéré !",
        "Livraison en retard de dix jours",
        "Parfait, rien à redire",
        "Bof",
    ]
    reviews = pl.DataFrame({"source": ["s"] * 4, "text": texts, "rating": [5, 1, 5, None]})
    reviews.write_parquet(tmp_path / "reviews.parquet")
    (tmp_path / "labelled_real.jsonl").write_text(
        json.dumps({**RECORD, "id": "r1", "source": "s", "text": texts[1]}) + "\n", encoding="utf-8"
    )
    gold_folder = tmp_path / "gold"
    gold_folder.mkdir()
    digest = hashlib.sha256(texts[0].encode()).digest()
    by_hash = {
        **RECORD,
        "sha256": digest,
        "stratum": "random",
        **{f"theme_{theme}": None for theme in LABELS.themes},
        "theme_support": "positive",
    }
    pl.DataFrame([by_hash]).drop("themes").write_parquet(gold_folder / "review_labels.parquet")
    monkeypatch.setattr(training_data, "GOLD_FOLDER", gold_folder)
    content = gather(tmp_path, LABELS, [], _ignore)
    assert len(content.gold) == 2
    assert content.gold.themes[1].tolist() == [0, 0, 0, 0, 0, 1]
    assert content.gold.batch.texts[1] == "Merci à Madame [PERSONNE] !"
    assert content.reviews is not None
    # Two are labelled, one has no stars.
    assert content.reviews.stars.tolist() == [5]

    assert labelled_hashes(tmp_path) == {hashlib.sha256(text.encode()).hexdigest() for text in texts[:2]}


def test_gather_leaves_answers_and_long_reviews_to_models_that_can_hold_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    reviews = {"source": ["s"] * 2, "text": ["Parfait", "Toute une histoire"], "rating": [5, 1]}
    pl.DataFrame(reviews).write_parquet(tmp_path / "reviews.parquet")
    files = {
        "labelled_real.jsonl": "Trop lent",
        "short_answers.jsonl": "ça rame",
        "longer_answers.jsonl": "ça rame depuis lundi",
    }
    for name, text in files.items():
        (tmp_path / name).write_text(
            json.dumps({**RECORD, "id": name, "text": text}) + "\n", encoding="utf-8"
        )
    known = {name: value for name, value in RECORD.items() if name != "themes"}
    series = [
        {**known, "sha256": hashlib.sha256(text.encode()).digest(), "series": number, "theme_means": None}
        for number, text in ((2, "Parfait"), (3, "Toute une histoire"))
    ]
    pl.DataFrame(series).write_parquet(tmp_path / "review_labels.parquet")
    monkeypatch.setattr(training_data, "GOLD_FOLDER", tmp_path)
    everything = [*files.values(), "Parfait", "Toute une histoire"]
    assert list(gather(tmp_path, LABELS, [], _ignore).gold.batch.texts) == everything
    assert list(gather(tmp_path, LABELS, [], _ignore, most=10).gold.batch.texts) == ["Trop lent", "Parfait"]


def test_masked_leaves_labels_and_order_alone() -> None:
    records = [{**RECORD, "id": i, "text": text} for i, text in enumerate(["06 12 34 56 78", "", "😀"])]
    gold = masked(gold_from_records(records, LABELS))
    assert list(gold.batch.texts) == ["[TELEPHONE]", "", "😀"]
    assert gold.sentiment.tolist() == [1, 1, 1]


def test_thinned_leaves_out_the_same_whatever_the_order() -> None:
    records = [{**RECORD, "id": str(i), "text": f"verbatim {i}"} for i in range(60)]
    gold = gold_from_records(records, LABELS)
    kept = thinned(gold, 40)
    assert len(kept) == 40
    assert thinned(gold.take(np.arange(59, -1, -1)), 40).ids == kept.ids[::-1]
    assert thinned(gold, 100).ids == gold.ids


def test_read_labelled_keeps_own_verbatims_first_when_not_all_fit(tmp_path: Path) -> None:
    for name, n in (("shipped", 30), ("own", 20)):
        rows = [json.dumps({**RECORD, "id": f"{name}{i}", "text": f"{name} {i}"}) for i in range(n)]
        (tmp_path / f"{name}.jsonl").write_text("\n".join(rows), encoding="utf-8")
    files = [tmp_path / "shipped.jsonl"], [tmp_path / "own.jsonl"]
    told: list[str] = []

    def sizes(most: int | None) -> tuple[int, int]:
        ids = read_labelled(*files, LABELS, most, told.append).ids
        return sum(name.startswith("shipped") for name in ids), sum(name.startswith("own") for name in ids)

    assert sizes(None) == sizes(50) == (30, 20)
    assert told == []
    assert sizes(25) == (5, 20)
    assert sizes(12) == (0, 12)
    assert told == [
        "25 labelled verbatims left aside, 5 kept of these",
        "8 labelled verbatims left aside, 12 kept of these",
        "30 labelled verbatims left aside, 0 kept of these",
    ]


def test_unlabelled_leaves_out_what_is_labelled_and_what_begins_alike(tmp_path: Path) -> None:
    start = "Commande passée le lundi, reçue le mardi, très bien"
    texts = ["Merci à Madame Quillévéré !", "Bof", "bof.", f"{start}, merci", f"{start}, bravo"]
    reviews = pl.DataFrame({"source": list("aabbb"), "text": texts, "rating": [5, None, 1, 5, 5]})
    reviews.write_parquet(tmp_path / "reviews.parquet")
    gold = gold_from_records([{**RECORD, "id": "1", "text": f"{start} !"}], LABELS)
    found = unlabelled(tmp_path, gold)
    assert found.batch.texts == ["Merci à Madame [PERSONNE] !", "Bof"]
    assert found.sources.tolist() == ["a", "a"]
    assert found.batch.audiences == ["customer", "customer"]
