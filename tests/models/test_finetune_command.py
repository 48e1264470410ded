"""`miroir finetune`: a compact model from somebody's own labelled verbatims, with a tiny encoder."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
import typer
from typer.testing import CliRunner

from models.encoder.network import Encoder, EncoderShape, MaskedLanguageModel
from models.encoder.wordpiece import learn_wordpiece
from models.registry import load_tagger
from pipeline.cli.finetune import register
from pipeline.errors import ConfigError
from tests.models.test_compact import LABELS, PRAISE, WAITING, gold_set


def command() -> typer.Typer:
    app = typer.Typer()
    register(app)
    return app


def test_finetune_learns_from_own_verbatims(tmp_path: Path) -> None:
    tokenizer = learn_wordpiece([*PRAISE, *WAITING] * 5, size=300, min_frequency=2)
    tokenizer.save(str(tmp_path / "tokenizer.json"))
    shape = EncoderShape(tokenizer.get_vocab_size(), width=32, layers=1, heads=2, hidden=64)
    model = MaskedLanguageModel(Encoder(shape))
    torch.save({"shape": shape.as_dict(), "model": model.state_dict()}, tmp_path / "encoder.pt")
    gold = gold_set()
    rows = [
        {
            "id": str(k),
            "audience": gold.batch.audiences[k],
            "text": gold.batch.texts[k],
            "sentiment": LABELS.sentiment[gold.sentiment[k]],
            "enchantment": "none",
            "incivility": "none",
            "themes": {},
        }
        for k in range(len(gold))
    ]
    (tmp_path / "own.jsonl").write_text("\n".join(json.dumps(row) for row in rows), encoding="utf-8")
    given = ["--output", tmp_path / "model", "--gold", tmp_path / "own.jsonl", "--pretrained", tmp_path]
    result = CliRunner().invoke(command(), [str(part) for part in [*given, "--epochs", 2]])
    assert result.exit_code == 0, result.output
    assert load_tagger(str(tmp_path / "model"), LABELS).model_id.startswith("compact-1-")


def test_finetune_says_what_to_name_without_data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MIROIR_TRAINING_DATA", raising=False)
    monkeypatch.chdir(tmp_path)
    result = CliRunner().invoke(command(), ["--output", str(tmp_path / "model")])
    assert isinstance(result.exception, ConfigError)
    assert "there is nothing to learn from" in str(result.exception)
