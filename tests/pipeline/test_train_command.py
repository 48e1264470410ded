from __future__ import annotations

import json
from pathlib import Path

import pytest

from models.registry import load_tagger
from models.tagger import VerbatimBatch
from pipeline.cli.evaluate import evaluate_command
from pipeline.cli.train import train
from pipeline.codebook import DEFAULT_CODEBOOK, read_codebook
from pipeline.errors import ConfigError

AUTHORED = Path(__file__).parents[2] / "data" / "gold" / "authored.jsonl"


def test_train_says_what_to_name_when_there_is_nothing_to_learn_from(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("MIROIR_TRAINING_DATA", raising=False)
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ConfigError, match=r"nothing to learn from.*--gold"):
        train(output=tmp_path, data=None, gold=None, authored=True, codebook=DEFAULT_CODEBOOK, seed=0)
    with pytest.raises(ConfigError, match=r"labelled_real\.jsonl"):
        train(output=tmp_path, data=tmp_path, gold=None, authored=True, codebook=DEFAULT_CODEBOOK, seed=0)


def test_train_on_own_verbatims_gives_a_model_with_card_that_evaluate_can_judge(tmp_path: Path) -> None:
    lines = AUTHORED.read_text(encoding="utf-8").splitlines()[::8]
    own = tmp_path / "own.jsonl"
    own.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    folder = tmp_path / "model"
    train(output=folder, data=None, gold=[own], authored=False, codebook=DEFAULT_CODEBOOK, seed=0)
    tagger = load_tagger(str(folder), read_codebook().label_space)
    tagged = tagger.decide(
        tagger.predict(VerbatimBatch(["Merci, parfait, équipe au top !"], ["customer"], [None]))
    )
    assert list(tagged.sentiment) == ["positive"]
    card = (folder / "CARD.md").read_text(encoding="utf-8")
    assert tagger.model_id in card
    assert f"{len(lines)} labelled verbatims" in card
    evaluate_command(
        gold=None, model=str(folder), predictions=None, output=tmp_path / "report", codebook=DEFAULT_CODEBOOK
    )
    measured = json.loads((tmp_path / "report" / "evaluation.json").read_text(encoding="utf-8"))
    assert measured["slices"][0]["n"] == len(lines)
    page = (tmp_path / "report" / "evaluation.html").read_text(encoding="utf-8")
    content = "".join(path.read_text(encoding="utf-8", errors="replace") for path in folder.iterdir()) + page
    assert all(text not in content for line in lines if len(text := json.loads(line)["text"]) > 40)
