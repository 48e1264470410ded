"""`miroir finetune`: a compact model from somebody's own labelled verbatims, with a tiny encoder."""

from __future__ import annotations

import importlib.util
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
import typer
from click.testing import Result
from transformers import BertConfig
from typer.testing import CliRunner

from models.encoder.finetuning import FineTuneSettings
from models.encoder.network import Encoder, EncoderShape, MaskedLanguageModel
from models.encoder.wordpiece import learn_wordpiece
from models.errors import ModelError
from models.gold import GoldSet
from models.registry import load_tagger
from models.transformer.training import TransformerSettings
from pipeline import training_data
from pipeline.cli import pretrain
from pipeline.cli.finetune import register
from pipeline.errors import ConfigError
from tests.models.test_compact import LABELS, PRAISE, WAITING, gold_set


def command() -> typer.Typer:
    app = typer.Typer()
    register(app)
    return app


def write_labelled(path: Path, gold: GoldSet) -> None:
    rows = [
        {
            "id": str(k),
            "audience": gold.batch.audiences[k],
            "text": gold.batch.texts[k],
            "sentiment": LABELS.sentiment[gold.sentiment[k]],
            "enchantment": "none",
            "incivility": "none",
            "themes": {
                theme: LABELS.polarities[code - 1]
                for theme, code in zip(LABELS.themes, gold.themes[k].tolist(), strict=True)
                if code > 0
            },
        }
        for k in range(len(gold))
    ]
    path.write_text("".join(f"{json.dumps(row)}\n" for row in rows), encoding="utf-8")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Own verbatims, beside an encoder and short authored files in place of the shipped ones."""
    monkeypatch.delenv("MIROIR_TRAINING_DATA", raising=False)
    tokenizer = learn_wordpiece([*PRAISE, *WAITING] * 5, size=300, min_frequency=2)
    tokenizer.save(str(tmp_path / "tokenizer.json"))
    shape = EncoderShape(tokenizer.get_vocab_size(), width=32, layers=1, heads=2, hidden=64)
    model = MaskedLanguageModel(Encoder(shape))
    torch.save({"shape": shape.as_dict(), "model": model.state_dict()}, tmp_path / "encoder.pt")
    write_labelled(tmp_path / "own.jsonl", gold_set())
    write_labelled(tmp_path / "authored_employees.jsonl", gold_set().take(np.arange(12)))
    write_labelled(tmp_path / "short_answers.jsonl", gold_set().take(np.arange(7)))
    monkeypatch.setattr(training_data, "GOLD_FOLDER", tmp_path)
    return tmp_path


def finetune(folder: Path, *options: str) -> Result:
    given = ["--output", folder / "model", "--gold", folder / "own.jsonl", "--pretrained", folder]
    return CliRunner().invoke(command(), [*(str(part) for part in given), *options])


def test_finetune_learns_from_own_verbatims_and_the_authored_ones(folder: Path) -> None:
    result = finetune(folder, "--epochs", "1")
    assert result.exit_code == 0, result.output
    assert load_tagger(str(folder / "model"), LABELS).model_id.startswith("compact-1-")
    assert json.loads((folder / "model" / "model.json").read_text())["n_training"] == 79


def test_finetune_learns_from_own_verbatims_alone_when_asked(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = {}
    monkeypatch.setattr(
        "models.encoder.training.train_compact",
        lambda gold, start, output, settings, *, scratch, **_: (
            given.update(gold=gold, settings=settings),
            scratch.mkdir(parents=True),
        ),
    )
    assert finetune(folder, "--no-authored").exit_code == 0
    assert len(given["gold"]) == 60
    assert given["gold"].labels.themes == ("means", "recognition")
    assert given["settings"] == FineTuneSettings()


def test_finetune_gives_each_recipe_its_own_epochs(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    given = []
    monkeypatch.setattr(
        "models.transformer.training.train_transformer",
        lambda train, held_out, settings, output: given.append(settings),
    )
    BertConfig().save_pretrained(folder / "bert")
    bert = str(folder / "bert")
    assert finetune(folder, "--encoder", bert).exit_code == 0
    assert finetune(folder, "--encoder", bert, "--epochs", "2").exit_code == 0
    usual = TransformerSettings(bert)
    assert given == [usual, replace(usual, epochs=2)]


def test_finetune_says_when_no_theme_is_labelled(folder: Path) -> None:
    gold = gold_set()
    write_labelled(folder / "own.jsonl", replace(gold, themes=np.zeros_like(gold.themes)))
    result = finetune(folder, "--no-authored")
    assert isinstance(result.exception, ModelError)
    assert "no theme can be learnt" in str(result.exception)
    assert "without --no-authored" in str(result.exception)


@pytest.mark.parametrize(
    ("missing", "options"), [("torch", ()), ("onnx", ()), ("accelerate", ("--encoder", "camembert"))]
)
def test_finetune_says_what_to_install_before_it_reads_anything(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, missing: str, options: tuple[str, ...]
) -> None:
    hide_library(monkeypatch, missing)
    result = finetune(tmp_path, *options)
    assert isinstance(result.exception, ConfigError)
    assert f"got no {missing} (miroir finetune). pip install 'miroir[train]'" in str(result.exception)


def test_finetune_says_which_encoder_is_missing_before_it_reads_anything(tmp_path: Path) -> None:
    result = finetune(tmp_path)
    assert isinstance(result.exception, ConfigError)
    assert "got no encoder.pt and no tokenizer.json" in str(result.exception)


def test_pretrain_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    hide_library(monkeypatch, "torch")
    app = typer.Typer()
    pretrain.register(app)
    result = CliRunner().invoke(app, ["--folder", str(tmp_path)])
    assert isinstance(result.exception, ConfigError)
    assert "got no torch (miroir pretrain). pip install 'miroir[train]'" in str(result.exception)


def hide_library(monkeypatch: pytest.MonkeyPatch, hidden: str) -> None:
    found = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name, *rest: None if name == hidden else found(name, *rest)
    )


def test_finetune_says_what_to_name_without_data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MIROIR_TRAINING_DATA", raising=False)
    monkeypatch.chdir(tmp_path)
    result = CliRunner().invoke(command(), ["--output", str(tmp_path / "model")])
    assert isinstance(result.exception, ConfigError)
    assert "there is nothing to learn from" in str(result.exception)


def test_finetune_says_that_a_hub_encoder_cannot_be_had_before_it_reads_anything(tmp_path: Path) -> None:
    result = finetune(tmp_path, "--encoder", str(tmp_path / "encodeur"))
    assert isinstance(result.exception, ModelError)
    assert "the encoder cannot be loaded: expected the name of an encoder" in str(result.exception)


def test_finetune_taught_needs_reviews_without_labels(folder: Path) -> None:
    result = finetune(folder, "--taught-with", "0")
    assert isinstance(result.exception, ConfigError)
    assert "--taught-with" in str(result.exception)
