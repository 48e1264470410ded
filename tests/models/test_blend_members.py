"""A blend's members: named from its folder, copied with it, weighed as before when one is replaced."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from models.blend.combine import Combination
from models.blend.keeping import kept_settings
from models.blend.members import copy_model
from models.blend.training import blend_unseen, combine_held_out, write_blend
from models.decisions import DecisionRule
from models.oof import write_oof
from models.question_words import GOOD
from models.registry import MODEL_FILE, load_tagger, read_card
from tests.models.test_compact import LABELS, gold_set, noisy_member


def member(folder: Path, names: list[str]) -> Path:
    """A model that is a blend itself, with out-of-fold predictions."""
    gold = gold_set()
    combined = combine_held_out([noisy_member(gold, 0.5, k) for k in range(len(names))], gold)
    write_blend(folder, names, combined, gold)
    write_oof(folder, gold, combined.unseen)
    return folder


def test_a_blend_is_found_whole_from_any_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    member(tmp_path / "modeles" / "mien", ["linear"])
    monkeypatch.chdir(tmp_path / "modeles")
    blend_unseen(Path("melange"), ["./mien", "mien"], LABELS)
    assert read_card(tmp_path / "modeles" / "melange")["members"] == ["../mien", "../mien"]
    monkeypatch.chdir("/")
    assert load_tagger(str(tmp_path / "modeles" / "melange"), LABELS).model_id.startswith("blend-")


def test_a_copied_model_holds_what_it_is_made_of(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    inner = member(tmp_path / "inner", ["linear"])
    (inner / "encoder.pt").write_bytes(b"what it was trained from")
    outer = member(tmp_path / "outer", ["../inner", "linear"])
    before = load_tagger(str(outer), LABELS).model_id
    copy_model(outer, tmp_path / "copy")
    monkeypatch.setattr("models.registry.SHIPPED", tmp_path / "another version")
    assert read_card(tmp_path / "copy")["members"] == ["inner", "linear"]
    assert not list((tmp_path / "copy").rglob("encoder.pt"))
    assert load_tagger(str(tmp_path / "copy"), LABELS).model_id == before


def test_a_copied_cascade_holds_its_two_models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    inner = member(tmp_path / "inner", ["linear"])
    outer = tmp_path / "outer"
    outer.mkdir()
    card = {"kind": "cascade", "labels": read_card(inner)["labels"], "doubt_limit": 0.5}
    (outer / MODEL_FILE).write_text(json.dumps({**card, "fast": "linear", "better": "../inner"}))
    before = load_tagger(str(outer), LABELS).model_id
    copy_model(outer, tmp_path / "copy")
    monkeypatch.setattr("models.registry.SHIPPED", tmp_path / "another version")
    assert read_card(tmp_path / "copy") == {**card, "fast": "linear", "better": "inner"}
    assert load_tagger(str(tmp_path / "copy"), LABELS).model_id == before


def test_kept_settings_reorder_the_members_and_take_a_new_theme_in() -> None:
    combination = Combination.plain(LABELS, [0.5, 0.3, 0.2])
    rule = replace(DecisionRule.plain(LABELS), themes=dict.fromkeys(LABELS.themes, 0.37), review_below=0.1)
    card = {"combination": combination.as_json(), "rule": rule.as_json()}
    own = replace(LABELS, themes=(*LABELS.themes, "price"))
    kept, shifts, thresholds = kept_settings(card, replaced=[0, 2], kept=[1], labels=own)
    for pool in (*kept.singles.values(), kept.polarity, *(kept.presence[theme] for theme in LABELS.themes)):
        np.testing.assert_allclose(pool.weights, [0.7, 0.3])
    np.testing.assert_allclose(kept.presence["price"].weights, [0.5, 0.5])
    assert thresholds == replace(rule, themes=dict.fromkeys(own.themes, 0.37))
    assert not shifts.sentiment.any()
    card["questions"] = {
        "sentiment": [[0.0] * 4, [1.0, -1.0, 0.0, 0.0], [0.0] * 4],
        "polarity": [[0.0] * 4] * 3,
    }
    _, shifts, _ = kept_settings(card, replaced=[0, 2], kept=[1], labels=own)
    assert shifts.sentiment[GOOD].tolist() == [1.0, -1.0, 0.0, 0.0]
