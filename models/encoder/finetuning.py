"""Fine-tune an encoder on labelled verbatims, all labels at once."""

from __future__ import annotations

import logging
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from models.compact.encoding import PaddedBatch, padded_batches
from models.compact.layout import ScoreLayout, Scores
from models.encoder.heads import LossWeights, MultiTaskModel, Targets, multitask_loss
from models.encoder.network import Encoder
from models.gold import GoldSet

logger = logging.getLogger(__name__)

Progress = Callable[[float, float], None]


@dataclass(frozen=True, slots=True)
class FineTuneSettings:
    """How to fine-tune.

    Attributes:
        epochs: Times that every review is seen.
        batch_tokens: Most tokens in a batch, padding counted.
        encoder_rate: Highest learning rate of the encoder.
        head_rate: Highest learning rate of the heads.
        weight_decay: Decay of the matrices.
        dropout: Share of states dropped inside the encoder.
        hidden_tokens: Share of text tokens replaced by the mask, so that no single word decides.
        averaging: Decay of the running average of weights that is kept in the end.
        half: Compute in bfloat16: about twice as fast on a processor with AVX512-BF16 or AMX, slow on others.
        few: How many times as often an employee's or an authored verbatim is seen as a public review: there
            are few of them, they are short, and companies' own verbatims resemble them more.
        joined: Verbatims made of others, for each one given (`models.encoder.joining`).
        seed: Seed of the order of the verbatims, of those joined and of the masks.
    """

    epochs: float = 1.5
    batch_tokens: int = 2048
    encoder_rate: float = 6e-4
    head_rate: float = 2e-3
    weight_decay: float = 0.02
    dropout: float = 0.1
    hidden_tokens: float = 0.1
    averaging: float = 0.99
    half: bool = False
    few: int = 3
    joined: float = 0.2
    seed: int = 0


class LearningTokens(Protocol):
    """Encoded verbatims that know how wrong a model's scores of them are."""

    @property
    def ids(self) -> Sequence[Sequence[int]]:
        """Token ids of each verbatim."""
        ...

    def loss(
        self, scores: Tensor, rows: NDArray[np.intp], layout: ScoreLayout, weights: LossWeights
    ) -> Tensor:
        """Give the mean loss of the scores of the verbatims at the positions, a scalar."""
        ...


@dataclass(frozen=True, slots=True)
class LabelledTokens:
    """Encoded verbatims with what their scores should be.

    Attributes:
        ids: Token ids of each verbatim.
        gold: Their labels, codes of -1 where unknown.
        stars: 0 to 4, or -1 where unknown, shape (n,).
    """

    ids: Sequence[Sequence[int]]
    gold: GoldSet
    stars: NDArray[np.int8]

    def targets(self, rows: NDArray[np.intp]) -> Targets:
        """Give the right answers for the verbatims at the positions."""
        gold = self.gold

        def tensor(values: NDArray[np.int8]) -> Tensor:
            return torch.from_numpy(values[rows].astype(np.int64))

        return Targets(
            sentiment=tensor(gold.sentiment),
            enchantment=tensor(gold.enchantment),
            incivility=tensor(gold.incivility),
            themes=tensor(gold.themes),
            stars=tensor(self.stars),
        )

    def loss(
        self, scores: Tensor, rows: NDArray[np.intp], layout: ScoreLayout, weights: LossWeights
    ) -> Tensor:
        """Give the mean loss against the labels of the verbatims at the positions."""
        return multitask_loss(scores, self.targets(rows), layout, weights)


@dataclass(slots=True)
class WeightAverage:
    """A running average of a model's weights.

    Source:
        Polyak and Juditsky 1992; as used by Tarvainen and Valpola 2017 (arXiv:1703.01780).
    """

    model: nn.Module
    decay: float
    steps: int = 0
    weights: dict[str, Tensor] = field(default_factory=dict)

    def update(self) -> None:
        """Take the model's present weights into the average."""
        self.steps += 1
        decay = min(self.decay, self.steps / (self.steps + 10))
        with torch.no_grad():
            for name, weight in self.model.named_parameters():
                if name in self.weights:
                    self.weights[name].lerp_(weight, 1 - decay)
                else:
                    self.weights[name] = weight.detach().clone()

    def apply(self) -> None:
        """Put the average into the model."""
        self.model.load_state_dict(self.weights, strict=False)


def fine_tune(
    model: MultiTaskModel,
    data: LearningTokens,
    settings: FineTuneSettings,
    *,
    mask_id: int,
    n_control: int,
    weights: LossWeights | None = None,
    progress: Progress | None = None,
) -> None:
    """Fine-tune a model in place; it ends with its averaged weights, in evaluation mode.

    Args:
        model: The encoder under its heads.
        data: What to learn from.
        settings: How.
        mask_id: Id of the token that hides another.
        n_control: Ids under this are never hidden.
        weights: How much each label counts.
        progress: Called with the share done, in [0, 1], and the loss.
    """
    torch.manual_seed(settings.seed)
    rng = np.random.default_rng(settings.seed)
    layout = model.heads.layout
    weights = weights or LossWeights()
    lengths = np.array([len(ids) for ids in data.ids])
    n_steps = max(1, math.ceil(settings.epochs * lengths.sum() * 1.08 / settings.batch_tokens))
    optimiser = _optimiser(model, settings)
    average = WeightAverage(model, settings.averaging)
    if isinstance(model.encoder, Encoder):
        model.encoder.dropout = settings.dropout
    model.train()
    batches = _endless_batches(data.ids, lengths, settings.batch_tokens, rng)
    for step in range(n_steps):
        batch = next(batches)
        share = _rate_share(step, n_steps)
        for group in optimiser.param_groups:
            group["lr"] = group["top"] * share
        ids = hide_tokens(torch.from_numpy(batch.ids), settings.hidden_tokens, mask_id, n_control)
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=settings.half):
            scores = model(ids, torch.from_numpy(batch.real))
        loss = data.loss(scores.float(), batch.rows, layout, weights)
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimiser.step()
        optimiser.zero_grad(set_to_none=True)
        average.update()
        if progress is not None:
            progress((step + 1) / n_steps, float(loss.detach()))
    average.apply()
    model.eval()


def predict_scores(
    model: MultiTaskModel, encoded: Sequence[Sequence[int]], batch_tokens: int = 4096
) -> Scores:
    """Score encoded verbatims.

    Args:
        model: The encoder under its heads.
        encoded: Token ids of each verbatim.
        batch_tokens: Most tokens in a batch.

    Returns:
        Score vectors in the order given, shape (n, layout.width).
    """
    model.eval()
    scores = np.zeros((len(encoded), model.heads.layout.width), dtype=np.float32)
    with torch.inference_mode():
        for batch in padded_batches(encoded, max_batch_tokens=batch_tokens):
            found = model(torch.from_numpy(batch.ids), torch.from_numpy(batch.real))
            scores[batch.rows] = found.float().numpy()
    return scores


def hide_tokens(ids: Tensor, share: float, mask_id: int, n_control: int) -> Tensor:
    """Replace a random share of the text tokens by the mask."""
    if share <= 0:
        return ids
    hidden = (torch.rand(ids.shape) < share) & (ids >= n_control)
    return ids.masked_fill(hidden, mask_id)


def _endless_batches(
    encoded: Sequence[Sequence[int]], lengths: NDArray[np.int_], batch_tokens: int, rng: np.random.Generator
) -> Iterator[PaddedBatch]:
    while True:
        noisy = lengths * rng.uniform(0.8, 1.25, len(lengths))
        order = np.argsort(noisy).astype(np.intp)
        batches = list(padded_batches(encoded, max_batch_tokens=batch_tokens, order=order))
        for position in rng.permutation(len(batches)):
            yield batches[position]


def _rate_share(step: int, n_steps: int) -> float:
    warm = max(1, n_steps // 12)
    if step < warm:
        return (step + 1) / warm
    return 0.5 * (1 + math.cos(math.pi * (step - warm) / max(1, n_steps - warm)))


def _optimiser(model: MultiTaskModel, settings: FineTuneSettings) -> torch.optim.Optimizer:
    groups = [
        {"params": list(part.parameters()), "top": rate, "lr": rate}
        for part, rate in ((model.encoder, settings.encoder_rate), (model.heads, settings.head_rate))
    ]
    return torch.optim.AdamW(groups, betas=(0.9, 0.98), weight_decay=settings.weight_decay)
