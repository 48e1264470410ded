"""The recipe of the compact model: from a pretrained encoder and labelled verbatims to a model folder."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from tokenizers import Tokenizer

from models.blend.combine import Combination
from models.compact.encoding import MASK, VerbatimEncoder, token_id
from models.compact.layout import ScoreLayout
from models.compact.tagger import TOKENIZER_FILE, WEIGHTS_FILE
from models.decisions import DecisionRule
from models.encoder.corpus import n_control_ids
from models.encoder.export import export_onnx
from models.encoder.finetuning import (
    FineTuneSettings,
    LabelledTokens,
    Progress,
    fine_tune,
)
from models.encoder.heads import LabelHeads, LossWeights, MultiTaskModel
from models.encoder.joining import with_joined
from models.encoder.pretraining import load_encoder
from models.gold import AUTHORED, GoldSet
from models.labels import LabelSpace
from models.registry import MODEL_FILE

VERSION = 1


@dataclass(frozen=True, slots=True)
class Pretrained:
    """A pretrained encoder on disk.

    Attributes:
        checkpoint: The file that pretraining wrote.
        tokenizer: The tokenizer that it was pretrained with.
        max_tokens: Longest text read, in tokens.
    """

    checkpoint: Path
    tokenizer: Tokenizer
    max_tokens: int = 256

    def encode(self, gold: GoldSet) -> list[list[int]]:
        """Give the token ids of labelled verbatims."""
        return VerbatimEncoder(self.tokenizer, self.max_tokens).encode(gold.batch)


def learn(
    pretrained: Pretrained,
    gold: GoldSet,
    positions: NDArray[np.intp],
    settings: FineTuneSettings,
    *,
    weights: LossWeights | None = None,
    progress: Progress | None = None,
) -> MultiTaskModel:
    """Fine-tune the pretrained encoder on some of the labelled verbatims.

    Args:
        pretrained: Where to start.
        gold: Labelled verbatims.
        positions: Those to learn from.
        settings: How.
        weights: How much each label counts.
        progress: Called with the share done and the loss.
    """
    torch.manual_seed(0)  # The heads start alike whatever the seed.
    encoder = load_encoder(pretrained.checkpoint)
    model = MultiTaskModel(encoder, LabelHeads(encoder.shape.width, ScoreLayout(gold.labels)))
    fine_tune(
        model,
        labelled_tokens(pretrained, gold.take(positions), settings),
        settings,
        mask_id=token_id(pretrained.tokenizer, MASK),
        n_control=n_control_ids(),
        weights=weights,
        progress=progress,
    )
    return model


def labelled_tokens(pretrained: Pretrained, gold: GoldSet, settings: FineTuneSettings) -> LabelledTokens:
    """Encode what one epoch is made of: labelled verbatims as often as they count, and joined ones."""
    taken = _as_often_as_they_count(gold, settings)
    return LabelledTokens(
        ids=pretrained.encode(taken), gold=taken, stars=np.full(len(taken), -1, dtype=np.int8)
    )


def _as_often_as_they_count(gold: GoldSet, settings: FineTuneSettings) -> GoldSet:
    """Give what one epoch is made of: verbatims, some of them several times, and joined ones."""
    few = (gold.audiences == "employee") | (gold.sources == AUTHORED)
    all_given = np.repeat(np.arange(len(gold)), np.where(few, settings.few, 1))
    joined = with_joined(gold, settings.joined, np.random.default_rng(settings.seed))
    return joined.take(np.concatenate([all_given, np.arange(len(gold), len(joined))]))


def write_compact(
    folder: Path,
    model: MultiTaskModel,
    pretrained: Pretrained,
    calibration: Combination,
    rule: DecisionRule,
    *,
    n_training: int,
    eight_bits: bool = True,
    notes: Sequence[str] = (),
) -> Path:
    """Write a model folder: graph, tokenizer, labels, calibration and thresholds.

    Args:
        folder: Where.
        model: The fine-tuned model.
        pretrained: The encoder that it comes from.
        calibration: Learnt on out-of-fold probabilities.
        rule: Thresholds learnt on the same.
        n_training: Verbatims learnt from.
        eight_bits: Whether the matrices are 8-bit.
        notes: What else the card should hold.
    """
    export_onnx(model, folder / WEIGHTS_FILE, eight_bits=eight_bits)
    pretrained.tokenizer.save(str(folder / TOKENIZER_FILE), pretty=False)
    content = {
        "kind": "compact",
        "version": VERSION,
        "labels": label_values(model.heads.layout.labels),
        "max_tokens": pretrained.max_tokens,
        "calibration": calibration.as_json(),
        "rule": rule.as_json(),
        "n_training": n_training,
        "notes": list(notes),
    }
    (folder / MODEL_FILE).write_text(json.dumps(content, ensure_ascii=False, indent=1), encoding="utf-8")
    return folder


def label_values(labels: LabelSpace) -> dict[str, object]:
    """Give a label space as plain values for `model.json`."""
    return {
        name: list(value) if isinstance(value, tuple) else value for name, value in asdict(labels).items()
    }
