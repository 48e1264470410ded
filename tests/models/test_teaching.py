"""A network goes on learning from what it and another one say of verbatims without labels."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from tokenizers import Tokenizer

from models.compact.encoding import VerbatimEncoder
from models.compact.layout import probabilities_of
from models.encoder.finetuning import FineTuneSettings, predict_scores
from models.encoder.heads import LossWeights, told_loss
from models.encoder.network import Encoder, EncoderShape, MaskedLanguageModel
from models.encoder.recipe import Pretrained, learn
from models.encoder.teaching import learn_again
from models.encoder.training import train_compact
from models.encoder.wordpiece import learn_wordpiece
from models.folds import group_folds
from models.tagger import VerbatimBatch
from models.unlabelled import MOST, Unlabelled
from tests.models.test_compact import LABELS, LAYOUT, PRAISE, WAITING, gold_set

SETTINGS = FineTuneSettings(epochs=20, batch_tokens=256, encoder_rate=3e-3, head_rate=6e-3, averaging=0.9)


def unlabelled(n: int, source: str) -> Unlabelled:
    texts = [f"{(PRAISE + WAITING)[k % 6]} vraiment {k}" for k in range(n)]
    return Unlabelled(VerbatimBatch(texts, ["customer"] * n, [None] * n), np.array([source] * n))


@pytest.fixture(scope="module")
def pretrained(tmp_path_factory: pytest.TempPathFactory) -> Pretrained:
    tokenizer: Tokenizer = learn_wordpiece([*PRAISE, *WAITING, "vraiment"] * 5, size=300, min_frequency=2)
    shape = EncoderShape(tokenizer.get_vocab_size(), width=32, layers=1, heads=2, hidden=64)
    torch.manual_seed(0)
    model = MaskedLanguageModel(Encoder(shape))
    path = tmp_path_factory.mktemp("encoder") / "encoder.pt"
    torch.save({"shape": shape.as_dict(), "model": model.state_dict()}, path)
    return Pretrained(path, tokenizer, max_tokens=32)


def test_told_loss_is_least_for_the_scores_told() -> None:
    told = torch.randn(8, LAYOUT.width)
    scores = told.clone().requires_grad_()
    loss = told_loss(scores, told, LAYOUT, LossWeights())
    (slope,) = torch.autograd.grad(loss, scores)
    assert float(slope.abs().max()) < 1e-6
    assert float(told_loss(torch.randn(8, LAYOUT.width), told, LAYOUT, LossWeights())) > float(loss.detach())


def test_learning_again_comes_nearer_to_what_both_say(pretrained: Pretrained) -> None:
    gold = gold_set()
    everything = np.arange(len(gold))
    contrary = replace(gold, themes=gold.themes[::-1].copy())
    settings = replace(SETTINGS, epochs=5)
    own, other = (learn(pretrained, each, everything, settings) for each in (gold, contrary))
    others = unlabelled(60, "shop").batch
    ids = VerbatimEncoder(pretrained.tokenizer, 32).encode(others)
    told = (predict_scores(own, ids) + predict_scores(other, ids)) / 2

    def far(scores: np.ndarray) -> float:
        found, wanted = (probabilities_of(each, LAYOUT) for each in (scores, told))
        return float(np.abs(found.themes["means"] - wanted.themes["means"]).mean())

    before = far(predict_scores(own, ids))
    pupil = learn_again(pretrained, (own, other), gold, everything[:2], others, SETTINGS)
    assert pupil is own
    assert far(predict_scores(own, ids)) < 0.7 * before


def test_nothing_of_a_source_held_out_is_learnt_from() -> None:
    gold = replace(gold_set(), sources=np.array(["shop", "bank"])[np.arange(60) % 2])
    shop, bank = unlabelled(5, "shop"), unlabelled(7, "bank")
    batch = VerbatimBatch([*shop.batch.texts, *bank.batch.texts], ["customer"] * 12, [None] * 12)
    both = Unlabelled(batch, np.concatenate([shop.sources, bank.sources]))
    for fold in group_folds(gold, 2):
        kept = both.outside(gold, fold)
        assert set(kept.texts) == set(shop.batch.texts if fold.name == "bank" else bank.batch.texts)
    assert len(both.outside(gold, None)) == 12
    assert len(unlabelled(MOST + 1, "shop").outside(gold, None)) == MOST


def test_train_compact_learns_twice_where_there_are_others(pretrained: Pretrained, tmp_path: Path) -> None:
    gold = replace(gold_set(), sources=np.array(["shop", "bank", "authored"])[np.arange(60) % 3])
    trained = train_compact(
        gold,
        pretrained,
        tmp_path / "model",
        replace(SETTINGS, seed=1),
        others=unlabelled(30, "insurer"),
        other_seed=0,
        n_groups=2,
        scratch=tmp_path / "scratch",
    )
    kept = {
        folder: {path.name for path in folder.glob("*.pt")} for folder in (tmp_path / "scratch").iterdir()
    }
    once = {"group-0.pt", "group-1.pt", "all.pt"}
    again = {"group-0-again.pt", "group-1-again.pt", "all-again.pt"}
    assert sorted(map(len, kept.values())) == [3, 6]
    assert set().union(*kept.values()) == once | again
    probabilities = trained.unseen.probabilities
    assert probabilities is not None
    positive = probabilities.sentiment[:, LABELS.sentiment.index("positive")]
    praised = gold.sentiment == LABELS.sentiment.index("positive")
    assert positive[praised].mean() > positive[~praised].mean() + 0.2
