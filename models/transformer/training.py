"""Fine-tune a hub encoder on labelled verbatims through `transformers` and `datasets`.

What it writes is a model folder like any other: `weights.onnx`, `tokenizer.json` and `model.json` are all
that tagging needs; `encoder/` and `heads.safetensors` allow to go on training.
"""

from __future__ import annotations

import json
import math
import tempfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, cast

import numpy as np
import torch
from datasets import Dataset
from safetensors.torch import load_file, save_file
from tokenizers import Tokenizer
from torch import Tensor, nn
from transformers import (
    AutoModel,
    AutoTokenizer,
    EarlyStoppingCallback,
    PreTrainedModel,
    PreTrainedTokenizerFast,
    Trainer,
    TrainingArguments,
)

from models.blend.training import Combined, combine_held_out
from models.compact.encoding import PairEncoder
from models.compact.layout import ScoreLayout, Scores, probabilities_of
from models.compact.tagger import TOKENIZER_FILE, WEIGHTS_FILE
from models.encoder.export import export_onnx
from models.encoder.heads import LabelHeads, LossWeights, Targets, multitask_loss
from models.gold import GoldSet, text_keys
from models.labels import LabelSpace
from models.oof import write_learnt, write_oof
from models.registry import MODEL_FILE
from models.transformer.card import write_card

ENCODER_FOLDER = "encoder"
HEADS_FILE = "heads.safetensors"
VERSION = 1


@dataclass(frozen=True, slots=True)
class TransformerSettings:
    """How to fine-tune a hub encoder.

    Attributes:
        encoder: Name on the hub (`almanach/camembertav2-base`) or local folder.
        epochs: Most times that every verbatim is seen.
        batch_size: Verbatims a step and device.
        accumulation: Steps whose gradients are summed before the weights move.
        rate: Highest learning rate of the encoder; the heads learn ten times faster.
        warmup_share: Share of the steps over which the rate rises.
        weight_decay: Decay of the matrices.
        max_tokens: Longest input, in tokens.
        patience: Evaluations without a better loss after which training stops.
        mixed_precision: `auto` (bfloat16 or float16 where a GPU has it), or `none`.
        eight_bits: Whether the exported matrices are 8-bit.
        seed: Seed of the heads' first weights and of the order.
    """

    encoder: str
    epochs: float = 5
    batch_size: int = 16
    accumulation: int = 1
    rate: float = 4e-5
    warmup_share: float = 0.1
    weight_decay: float = 0.01
    max_tokens: int = 256
    patience: int = 2
    mixed_precision: str = "auto"
    eight_bits: bool = True
    seed: int = 0


class HubModel(nn.Module):
    """A hub encoder under the label heads; gives what `Trainer` expects, and scores alone for export."""

    def __init__(self, encoder: PreTrainedModel, layout: ScoreLayout) -> None:
        super().__init__()
        self.encoder = encoder
        self.heads = LabelHeads(int(encoder.config.hidden_size), layout, summary=0)
        self.layout = layout

    def forward(
        self, input_ids: Tensor, attention_mask: Tensor, labels: Tensor | None = None
    ) -> dict[str, Tensor]:
        """Score a batch, with the loss when the right answers are given.

        Args:
            input_ids: Token ids, shape (batch, length).
            attention_mask: 1 at a token, 0 at padding, same shape.
            labels: Sentiment, enchantment, incivility, then a code a theme; -1 where unknown.
        """
        states = self.encoder(input_ids=input_ids, attention_mask=attention_mask).last_hidden_state
        scores = self.heads(states, attention_mask)
        if labels is None:
            return {"logits": scores}
        unknown = torch.full_like(labels[:, 0], -1)
        targets = Targets(
            sentiment=labels[:, 0],
            enchantment=labels[:, 1],
            incivility=labels[:, 2],
            themes=labels[:, 3:],
            stars=unknown,
        )
        return {"loss": multitask_loss(scores.float(), targets, self.layout, LossWeights()), "logits": scores}


class _ScoresOnly(nn.Module):
    def __init__(self, model: HubModel) -> None:
        super().__init__()
        self.model = model

    def forward(self, ids: Tensor, real: Tensor) -> Tensor:
        return self.model(ids, real)["logits"]  # type: ignore[no-any-return]


def train_transformer(train: GoldSet, held_out: GoldSet, settings: TransformerSettings, folder: Path) -> Path:
    """Fine-tune, stop early, calibrate on what was held out, save and export.

    What it says of the verbatims held out is kept as its out-of-fold predictions: published intervals and
    blends rest on them. Stopping has seen them, which makes them a little kind; calibration and thresholds
    are judged without what they were learnt on.

    Args:
        train: Verbatims to learn from.
        held_out: Verbatims to stop, calibrate and choose thresholds on; of other sources for honest figures.
        settings: How.
        folder: Where the model goes.

    Returns:
        The folder.
    """
    torch.manual_seed(settings.seed)
    tokenizer = cast(PreTrainedTokenizerFast, AutoTokenizer.from_pretrained(settings.encoder))
    encoder = AutoModel.from_pretrained(settings.encoder, attn_implementation="eager")
    layout = ScoreLayout(train.labels)
    model = HubModel(encoder, layout)
    pairs = pair_encoder(tokenizer, settings.max_tokens)
    with tempfile.TemporaryDirectory() as scratch:
        trainer = _trainer(model, pairs, _dataset(train, pairs), _dataset(held_out, pairs), settings, scratch)
        trainer.train()
        found = trainer.predict(_dataset(held_out, pairs)).predictions
    combined = combine_held_out([probabilities_of(np.asarray(found, dtype=np.float32), layout)], held_out)
    save_transformer(model, tokenizer, folder, settings)
    _write_settings(folder, held_out.labels, combined, settings, pairs.pad_id)
    write_oof(folder, held_out, combined.unseen)
    write_learnt(folder, text_keys(train))
    model.to("cpu")
    export_onnx(
        _ScoresOnly(model.eval()), folder / WEIGHTS_FILE, eight_bits=settings.eight_bits, traced=False
    )
    write_card(folder, asdict(settings), len(train), held_out)
    return folder


def pair_encoder(tokenizer: PreTrainedTokenizerFast, max_tokens: int) -> PairEncoder:
    """Give the encoder of verbatims that training and tagging share, from the hub's tokenizer."""
    backend = Tokenizer.from_str(tokenizer.backend_tokenizer.to_str())
    return PairEncoder(backend, max_tokens=max_tokens, pad_id=int(cast(int, tokenizer.pad_token_id)))


def save_transformer(
    model: HubModel, tokenizer: PreTrainedTokenizerFast, folder: Path, settings: TransformerSettings
) -> None:
    """Save the encoder as the hub does, the heads beside it, and the tokenizer for tagging."""
    folder.mkdir(parents=True, exist_ok=True)
    model.encoder.save_pretrained(folder / ENCODER_FOLDER)
    tokenizer.save_pretrained(folder / ENCODER_FOLDER)
    save_file(
        {name: weight.contiguous() for name, weight in model.heads.state_dict().items()}, folder / HEADS_FILE
    )
    pair_encoder(tokenizer, settings.max_tokens).tokenizer.save(str(folder / TOKENIZER_FILE))


def load_transformer(folder: Path, labels: LabelSpace) -> HubModel:
    """Load what `save_transformer` saved, to train on or to compare."""
    encoder = AutoModel.from_pretrained(folder / ENCODER_FOLDER, attn_implementation="eager")
    model = HubModel(encoder, ScoreLayout(labels))
    model.heads.load_state_dict(load_file(folder / HEADS_FILE))
    return model.eval()


def torch_scores(model: HubModel, encoded: Sequence[Sequence[int]]) -> Scores:
    """Score encoded verbatims one by one in torch, to compare with the exported graph."""
    with torch.inference_mode():
        rows = []
        for ids in encoded:
            given = torch.tensor([list(ids)])
            rows.append(model(given, torch.ones_like(given))["logits"][0].numpy())
    return np.asarray(np.stack(rows), dtype=np.float32)


def _dataset(gold: GoldSet, pairs: PairEncoder) -> Dataset:
    singles = np.stack([gold.sentiment, gold.enchantment, gold.incivility], axis=1)
    labels = np.concatenate([singles, gold.themes], axis=1).astype(np.int64)
    return Dataset.from_dict({"input_ids": pairs.encode(gold.batch), "labels": labels.tolist()})


@dataclass(frozen=True, slots=True)
class _Collator:
    pad_id: int

    def __call__(self, rows: Sequence[dict[str, Any]]) -> dict[str, Tensor]:
        longest = max(len(row["input_ids"]) for row in rows)
        ids = torch.full((len(rows), longest), self.pad_id)
        real = torch.zeros_like(ids)
        for position, row in enumerate(rows):
            length = len(row["input_ids"])
            ids[position, :length] = torch.tensor(row["input_ids"])
            real[position, :length] = 1
        labels = torch.tensor([row["labels"] for row in rows])
        return {"input_ids": ids, "attention_mask": real, "labels": labels}


def _trainer(
    model: HubModel,
    pairs: PairEncoder,
    train: Dataset,
    held_out: Dataset,
    settings: TransformerSettings,
    scratch: str,
) -> Trainer:
    mixed = settings.mixed_precision == "auto" and torch.cuda.is_available()
    brain_float = mixed and torch.cuda.is_bf16_supported()
    steps = math.ceil(len(train) / (settings.batch_size * settings.accumulation) * settings.epochs)
    arguments = TrainingArguments(
        output_dir=scratch,
        num_train_epochs=settings.epochs,
        per_device_train_batch_size=settings.batch_size,
        per_device_eval_batch_size=2 * settings.batch_size,
        gradient_accumulation_steps=settings.accumulation,
        warmup_steps=math.ceil(settings.warmup_share * steps),
        eval_strategy="epoch",
        save_strategy="epoch",
        save_total_limit=1,
        load_best_model_at_end=True,
        metric_for_best_model="eval_loss",
        greater_is_better=False,
        bf16=brain_float,
        fp16=mixed and not brain_float,
        seed=settings.seed,
        data_seed=settings.seed,
        report_to=[],
        disable_tqdm=True,
        logging_strategy="no",
        remove_unused_columns=False,
        label_names=["labels"],
        dataloader_pin_memory=torch.cuda.is_available(),
    )
    groups = [
        {
            "params": list(model.encoder.parameters()),
            "lr": settings.rate,
            "weight_decay": settings.weight_decay,
        },
        {"params": list(model.heads.parameters()), "lr": 10 * settings.rate, "weight_decay": 0.0},
    ]
    return Trainer(
        model=model,
        args=arguments,
        data_collator=_Collator(pairs.pad_id),
        train_dataset=train,
        eval_dataset=held_out,
        optimizers=(torch.optim.AdamW(groups), None),
        callbacks=[EarlyStoppingCallback(early_stopping_patience=settings.patience)],
    )


def _write_settings(
    folder: Path, learnt: LabelSpace, combined: Combined, settings: TransformerSettings, pad_id: int
) -> None:
    labels = asdict(learnt)
    content = {
        "kind": "transformer",
        "version": VERSION,
        "labels": {
            name: list(value) if isinstance(value, tuple) else value for name, value in labels.items()
        },
        "max_tokens": settings.max_tokens,
        "pad_id": pad_id,
        "training": asdict(replace(settings, encoder=Path(settings.encoder).name)),
        "calibration": combined.combination.as_json(),
        "rule": combined.rule.as_json(),
    }
    (folder / MODEL_FILE).write_text(json.dumps(content, ensure_ascii=False, indent=1), encoding="utf-8")
