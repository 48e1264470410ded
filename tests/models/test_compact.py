"""The compact model: encoding, fine-tuning, export, tagging, and combination of models."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from tokenizers import Tokenizer

from models.blend.combine import Combination, fit_combination
from models.compact.encoding import VerbatimEncoder, padded_batches, tidy
from models.compact.layout import ScoreLayout, probabilities_of
from models.compact.tagger import TOKENIZER_FILE, WEIGHTS_FILE, load_compact
from models.decisions import DecisionRule
from models.encoder import training
from models.encoder.export import export_onnx
from models.encoder.finetuning import (
    FineTuneSettings,
    LabelledTokens,
    fine_tune,
    predict_scores,
)
from models.encoder.heads import LabelHeads, MultiTaskModel
from models.encoder.network import Encoder, EncoderShape, MaskedLanguageModel
from models.encoder.recipe import Pretrained
from models.encoder.training import train_compact
from models.encoder.wordpiece import learn_wordpiece
from models.errors import ModelError
from models.gold import GoldSet, gold_from_records, text_keys
from models.oof import read_oof
from models.registry import load_tagger
from models.tagger import TagProbabilities, VerbatimBatch
from pipeline.codebook import read_codebook

LABELS = read_codebook().label_space
LAYOUT = ScoreLayout(LABELS)

PRAISE = ["Accueil chaleureux, merci !", "Très souriante et polie 😊", "conseillère adorable et RESPECTUEUSE"]
WAITING = ["Deux heures d'attente…", "trop d attente au guichet", "queue interminable, pas assez de caisses"]


def gold_set() -> GoldSet:
    """Authored verbatims, easy to tell apart: courtesy praised, waiting complained of."""
    records = []
    for k in range(60):
        praised = k % 2 == 0
        text = (PRAISE if praised else WAITING)[k // 2 % 3]
        records.append(
            {
                "id": str(k),
                "audience": "employee" if k % 5 == 0 else "customer",
                "text": f"{text} {k}",
                "question": "Que pensez-vous de l'accueil ?" if k % 4 == 0 else None,
                "sentiment": "positive" if praised else "negative",
                "enchantment": "none",
                "incivility": "none",
                "themes": {"recognition": "positive"} if praised else {"means": "negative"},
            }
        )
    return gold_from_records(records, LABELS)


@pytest.fixture(scope="module")
def tokenizer() -> Tokenizer:
    return learn_wordpiece(
        [*PRAISE, *WAITING, "Que pensez-vous de l'accueil ?"] * 5, size=300, min_frequency=2
    )


@pytest.fixture(scope="module")
def trained(tokenizer: Tokenizer) -> tuple[MultiTaskModel, list[list[int]], GoldSet]:
    gold = gold_set()
    ids = VerbatimEncoder(tokenizer, max_tokens=32).encode(gold.batch)
    shape = EncoderShape(tokenizer.get_vocab_size(), width=32, layers=2, heads=2, hidden=64)
    torch.manual_seed(0)
    model = MultiTaskModel(Encoder(shape), LabelHeads(32, LAYOUT, hidden=32))
    data = LabelledTokens(ids, gold, np.full(len(gold), -1, np.int8))
    settings = FineTuneSettings(epochs=20, batch_tokens=256, encoder_rate=3e-3, head_rate=6e-3, averaging=0.9)
    fine_tune(model, data, settings, mask_id=2, n_control=23)
    return model, ids, gold


def test_encode_frames_text_and_question(tokenizer: Tokenizer) -> None:
    encoder = VerbatimEncoder(tokenizer)
    ids = encoder.encode(VerbatimBatch(["Merci", ""], ["customer", "employee"], [None, "Que pensez-vous ?"]))
    assert tokenizer.decode(ids[0], skip_special_tokens=False).split()[:2] == ["[CLIENT]", "[MASK]"]
    assert ids[1][0] == tokenizer.token_to_id("[SALARIE]")
    assert ids[1][2] == tokenizer.token_to_id("[SEP]")
    assert tokenizer.token_to_id("[QUESTION]") in ids[1]


def test_encode_ignores_accents_and_capitals(tokenizer: Tokenizer) -> None:
    batch = VerbatimBatch(["CONSEILLÈRE polie", "conseillere Polie"], ["customer"] * 2, [None] * 2)
    first, second = VerbatimEncoder(tokenizer).encode(batch)
    assert first == second


def test_encode_keeps_both_ends_of_a_long_text(tokenizer: Tokenizer) -> None:
    encoder = VerbatimEncoder(tokenizer, max_tokens=12)
    batch = VerbatimBatch(["merci " + "attente " * 400 + "polie"], ["customer"], [None])
    ids = encoder.encode(batch)[0]
    assert len(ids) == 12 + 3
    assert ids[-2] == tokenizer.token_to_id("polie")


def test_tidy_shortens_runs_and_links() -> None:
    assert tidy("Nuuuuuul  https://exemple.fr/x 😡😡😡😡😡") == "Nuuul 😡😡😡"


def test_padded_batches_hold_each_verbatim_once() -> None:
    encoded = [[1] * n for n in (3, 50, 1, 7, 7, 20)]
    batches = list(padded_batches(encoded, max_batch_tokens=21, pad_id=9))
    assert sorted(int(row) for batch in batches for row in batch.rows) == list(range(6))
    assert all(batch.ids.size <= 21 or len(batch.rows) == 1 for batch in batches)
    assert all((batch.ids[batch.real == 0] == 9).all() for batch in batches)


def test_probabilities_sum_to_one() -> None:
    scores = np.random.default_rng(0).normal(0, 4, (20, LAYOUT.width)).astype(np.float32)
    found = probabilities_of(scores, LAYOUT)
    for block in (found.sentiment, found.enchantment, found.incivility, *found.themes.values()):
        np.testing.assert_allclose(block.sum(axis=1), 1, atol=1e-5)


def test_no_enchantment_where_the_sentiment_is_negative() -> None:
    scores = np.zeros((2, LAYOUT.width), dtype=np.float32)
    scores[0, LABELS.sentiment.index("negative")] = scores[1, LABELS.sentiment.index("positive")] = 12
    scores[:, len(LABELS.sentiment) + LABELS.enchantment.index("relational")] = 3
    found = probabilities_of(scores, LAYOUT).enchantment
    assert found[0, 0] > 0.99
    assert found[1, LABELS.enchantment.index("relational")] > 0.9


def test_fine_tune_learns(trained: tuple[MultiTaskModel, list[list[int]], GoldSet]) -> None:
    model, ids, gold = trained
    found = probabilities_of(predict_scores(model, ids), LAYOUT)
    assert (found.sentiment.argmax(axis=1) == gold.sentiment).mean() > 0.95
    means = LABELS.themes.index("means")
    assert (((1 - found.themes["means"][:, 0]) > 0.5) == (gold.themes[:, means] > 0)).mean() > 0.95


@pytest.mark.parametrize(("eight_bits", "tolerance"), [(False, 1e-4), (True, 0.35)])
def test_tagger_agrees_with_torch(
    trained: tuple[MultiTaskModel, list[list[int]], GoldSet],
    tokenizer: Tokenizer,
    tmp_path_factory: pytest.TempPathFactory,
    eight_bits: bool,
    tolerance: float,
) -> None:
    model, ids, gold = trained
    folder = tmp_path_factory.mktemp("compact")
    export_onnx(model, folder / WEIGHTS_FILE, eight_bits=eight_bits)
    tokenizer.save(str(folder / TOKENIZER_FILE))
    card = {
        "kind": "compact",
        "version": 1,
        "max_tokens": 32,
        "labels": {k: list(v) if isinstance(v, tuple) else v for k, v in asdict(LABELS).items()},
        "calibration": Combination.plain(LABELS, [1.0]).as_json(),
        "rule": DecisionRule.plain(LABELS).as_json(),
    }
    (folder / "model.json").write_text(json.dumps(card))
    tagger = load_compact(folder, LABELS)
    scores = tagger.network.scores(gold.batch)
    np.testing.assert_allclose(scores, predict_scores(model, ids), atol=tolerance)
    found = load_tagger(str(folder), LABELS).predict(gold.batch)
    decided = tagger.decide(found)
    assert decided.sentiment[0] == "positive"
    assert decided.themes["means"][1] == "negative"
    assert tagger.model_id.startswith("compact-1-")


def test_train_compact_goes_the_whole_way(tokenizer: Tokenizer, tmp_path: Path) -> None:
    gold = gold_set()
    gold = replace(gold, sources=np.array(["shop", "bank", "authored"])[np.arange(60) % 3])
    shape = EncoderShape(tokenizer.get_vocab_size(), width=32, layers=1, heads=2, hidden=64)
    torch.manual_seed(0)
    model = MaskedLanguageModel(Encoder(shape))
    torch.save({"shape": shape.as_dict(), "model": model.state_dict()}, tmp_path / "encoder.pt")
    settings = FineTuneSettings(epochs=25, batch_tokens=256, encoder_rate=3e-3, head_rate=6e-3, averaging=0.9)
    trained = train_compact(
        gold,
        Pretrained(tmp_path / "encoder.pt", tokenizer, max_tokens=32),
        tmp_path / "model",
        settings,
        n_groups=2,
        scratch=tmp_path / "scratch",
        workers=2,
    )
    assert trained.unseen.probabilities is not None
    positive = trained.unseen.probabilities.sentiment[:, LABELS.sentiment.index("positive")]
    praised = gold.sentiment == LABELS.sentiment.index("positive")
    assert positive[praised].mean() > positive[~praised].mean() + 0.2
    kept, _, _ = read_oof(trained.folder, LABELS)
    assert kept.ids == tuple(str(key) for key in text_keys(gold))
    (scratch,) = (tmp_path / "scratch").iterdir()
    kept_results = {path.name for path in scratch.iterdir() if path.suffix != ".progress"}
    assert kept_results == {"group-0.npy", "group-0.pt", "group-1.npy", "group-1.pt", "all.pt"}
    assert (scratch / "all.progress").read_text().startswith("100.0%, loss ")
    tagger = load_tagger(str(trained.folder), LABELS)
    assert tagger.decide(tagger.predict(gold.batch)).sentiment[:2] == ["positive", "negative"]


def test_train_compact_takes_up_results_of_the_same_data_alone(
    tokenizer: Tokenizer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gold = replace(gold_set(), sources=np.array(["shop", "bank", "authored"])[np.arange(60) % 3])
    shape = EncoderShape(tokenizer.get_vocab_size(), width=32, layers=1, heads=2, hidden=64)
    model = MaskedLanguageModel(Encoder(shape))
    torch.save({"shape": shape.as_dict(), "model": model.state_dict()}, tmp_path / "encoder.pt")
    pretrained = Pretrained(tmp_path / "encoder.pt", tokenizer, max_tokens=32)
    settings = FineTuneSettings(epochs=0.1, batch_tokens=256)
    learnt: list[int] = []
    learn = training.learn

    def counted(pretrained: Pretrained, gold: GoldSet, *rest: Any, **named: Any) -> Any:
        learnt.append(len(gold))
        return learn(pretrained, gold, *rest, **named)

    monkeypatch.setattr(training, "learn", counted)
    other = replace(gold, sentiment=gold.sentiment[::-1].copy())
    for each in (gold, gold, other):
        train_compact(each, pretrained, tmp_path / "model", settings, n_groups=2, scratch=tmp_path / "kept")
    assert len(learnt) == 6


def test_load_compact_says_which_file_is_missing(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"expected a file weights\.onnx"):
        load_compact(tmp_path, LABELS)


def noisy_member(gold: GoldSet, noise: float, seed: int) -> TagProbabilities:
    """A model that is right more or less often, and too sure of itself."""
    rng = np.random.default_rng(seed)

    def block(codes: np.ndarray, n_values: int) -> np.ndarray:
        scores = 3 * (np.eye(n_values)[codes] + rng.normal(0, noise, (len(codes), n_values)))
        shares = np.exp(2 * scores)
        return (shares / shares.sum(axis=1, keepdims=True)).astype(np.float32)

    return TagProbabilities(
        sentiment=block(gold.sentiment, 4),
        enchantment=block(gold.enchantment, 3),
        incivility=block(gold.incivility, 3),
        themes={theme: block(gold.themes[:, k], 5) for k, theme in enumerate(LABELS.themes)},
    )


def test_fit_combination_trusts_the_better_model_and_calibrates() -> None:
    base = gold_set()
    gold = base.take(np.tile(np.arange(len(base)), 20))
    good, poor = noisy_member(gold, 0.5, 1), noisy_member(gold, 1.5, 2)
    combination = fit_combination([good, poor], gold)
    weights = combination.singles["sentiment"].weights
    assert weights[0] > 2 * weights[1]
    found = combination.apply([good, poor], gold.batch.audiences)
    rows = np.arange(len(gold))
    losses = [
        -np.log(np.clip(p.sentiment[rows, gold.sentiment], 1e-6, 1)).mean() for p in (found, good, poor)
    ]
    assert losses[0] < min(losses[1:])
    assert (
        abs(found.sentiment.max(axis=1).mean() - (found.sentiment.argmax(axis=1) == gold.sentiment).mean())
        < 0.03
    )
    read_back = Combination.from_json(json.loads(json.dumps(combination.as_json())))
    np.testing.assert_allclose(
        read_back.apply([good, poor], gold.batch.audiences).themes["means"], found.themes["means"], atol=1e-3
    )
