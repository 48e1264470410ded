"""The hub path on a tiny random encoder: train, save, load, export, tag."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors, trainers
from transformers import BertConfig, BertModel, PreTrainedTokenizerFast

from models.blend.training import blend_unseen
from models.compact.tagger import WEIGHTS_FILE, load_network
from models.encoder.export import quantise_onnx
from models.gold import text_keys
from models.held_out import honest_predictions
from models.oof import read_learnt, read_oof
from models.registry import load_tagger, read_out_of_fold
from models.transformer.training import (
    TransformerSettings,
    load_transformer,
    torch_scores,
    train_transformer,
)
from tests.models.test_compact import LABELS, PRAISE, WAITING, gold_set

PLAIN_TOLERANCE = 1e-4
"""Largest difference of scores between the torch network and its ONNX graph, in 32-bit floats."""
EIGHT_BIT_TOLERANCE = 0.05
"""Largest difference of probabilities between the plain graph and the 8-bit one."""


@pytest.fixture(scope="module")
def hub_encoder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A BERT of random weights with a tokenizer trained here, saved as the hub's are."""
    folder = tmp_path_factory.mktemp("hub")
    backend = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    backend.normalizer = normalizers.BertNormalizer()
    backend.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    trainer = trainers.WordPieceTrainer(vocab_size=400, special_tokens=special, show_progress=False)
    backend.train_from_iterator([*PRAISE, *WAITING, "Un client. Un collaborateur."] * 3, trainer)
    backend.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", pair="[CLS] $A [SEP] $B [SEP]", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=backend, unk_token="[UNK]", pad_token="[PAD]", cls_token="[CLS]", sep_token="[SEP]"
    )
    tokenizer.save_pretrained(folder)
    config = BertConfig(
        vocab_size=backend.get_vocab_size(),
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=64,
        max_position_embeddings=96,
    )
    BertModel(config).save_pretrained(folder)
    return folder


@pytest.fixture(scope="module")
def model_folder(hub_encoder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    gold = gold_set()
    train, held_out = gold.take(np.arange(0, 48)), gold.take(np.arange(48, 60))
    settings = TransformerSettings(
        encoder=str(hub_encoder),
        epochs=8,
        batch_size=8,
        accumulation=2,
        rate=3e-3,
        max_tokens=64,
        eight_bits=False,
    )
    return train_transformer(train, held_out, settings, tmp_path_factory.mktemp("model") / "tiny")


def test_tagger_tags_what_it_learnt(model_folder: Path) -> None:
    gold = gold_set()
    tagger = load_tagger(str(model_folder), LABELS)
    found = tagger.predict(gold.batch)
    assert (found.sentiment.argmax(axis=1) == gold.sentiment).mean() > 0.9
    assert tagger.decide(found).themes["means"][1] == "negative"
    assert tagger.model_id.startswith("transformer-1-")


def test_graph_agrees_with_the_saved_torch_model(model_folder: Path) -> None:
    network = load_network(model_folder)
    batch = gold_set().batch
    expected = torch_scores(load_transformer(model_folder, LABELS), network.encoder.encode(batch))
    np.testing.assert_allclose(network.scores(batch), expected, atol=PLAIN_TOLERANCE)


def test_eight_bit_graph_agrees_with_the_plain_one(model_folder: Path, tmp_path: Path) -> None:
    folder = tmp_path / "small"
    shutil.copytree(model_folder, folder)
    quantise_onnx(model_folder / WEIGHTS_FILE, folder / WEIGHTS_FILE)
    assert (folder / WEIGHTS_FILE).stat().st_size < (model_folder / WEIGHTS_FILE).stat().st_size
    batch = gold_set().batch
    small, plain = (load_tagger(str(path), LABELS).predict(batch) for path in (folder, model_folder))
    np.testing.assert_allclose(small.sentiment, plain.sentiment, atol=EIGHT_BIT_TOLERANCE)
    for theme in LABELS.themes:
        np.testing.assert_allclose(small.themes[theme], plain.themes[theme], atol=EIGHT_BIT_TOLERANCE)


def test_model_folder_is_whole(model_folder: Path) -> None:
    names = {path.name for path in model_folder.iterdir()}
    assert names >= {
        "weights.onnx",
        "tokenizer.json",
        "model.json",
        "CARD.md",
        "encoder",
        "heads.safetensors",
        "oof.parquet",
        "learnt.parquet",
    }
    card = (model_folder / "CARD.md").read_text(encoding="utf-8")
    assert "Learnt from 48 labelled verbatims" in card
    assert LABELS.codebook_hash in card


def test_calibration_and_blends_rest_on_what_was_held_out(model_folder: Path, tmp_path: Path) -> None:
    gold = gold_set()
    held_out, _, _ = read_oof(model_folder, LABELS)
    assert held_out.ids == tuple(str(key) for key in text_keys(gold)[48:])
    table = read_out_of_fold(str(model_folder))
    assert table is not None
    assert table.num_rows == 12
    blend_unseen(tmp_path / "blend", [str(model_folder), str(model_folder)], LABELS)
    assert set(read_learnt(tmp_path / "blend")) == set(text_keys(gold)[:48])


def test_own_verbatims_that_it_learnt_from_judge_it_no_longer(model_folder: Path) -> None:
    gold = gold_set()
    tagger = load_tagger(str(model_folder), LABELS)
    _, judging = honest_predictions(model_folder, tagger, gold, np.ones(len(gold), dtype=np.bool_))
    np.testing.assert_array_equal(np.flatnonzero(judging), np.arange(48, 60))
