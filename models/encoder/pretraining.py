"""Pretrain an encoder from scratch: guess hidden words, and hidden star ratings of reviews.

The same code runs on a processor and on a GPU. It is bounded by wall time, not by steps: the learning rate
falls to zero when the time is up, however fast the machine was; a checkpoint is written every few minutes
and an interrupted run goes on from it.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from models.encoder.muon import MatrixMomentum
from models.encoder.network import Encoder, EncoderShape, MaskedLanguageModel
from models.encoder.shards import PackedRows, RowTokens, TokenisedTexts, packed_rows
from models.errors import ModelError

logger = logging.getLogger(__name__)

MAX_CHECKPOINT_BYTES = 16 * 2**20


@dataclass(frozen=True, slots=True)
class PretrainSettings:
    """How to pretrain.

    Attributes:
        minutes: Wall time of the whole schedule, interruptions not counted.
        rows: Rows a step.
        length: Tokens a row.
        hidden_words: Share of words to guess; all pieces of a word are hidden together.
        hidden_stars: Share of known ratings to guess.
        matrix_rate: Highest learning rate of matrices (Muon).
        other_rate: Highest learning rate of embeddings, norms and biases (Adam).
        warm_steps: Steps over which the rates rise.
        steady_share: Share of the time at the highest rates, before they fall in a line to zero.
        checkpoint_seconds: Time between checkpoints.
        device: `cpu` or `cuda`.
        half: Compute in bfloat16: twice as fast on a GPU, and on a processor with AVX512-BF16 or AMX.
        seed: Seed of the first weights, of what is drawn and of what is hidden.
    """

    minutes: float = 60
    rows: int = 32
    length: int = 96
    hidden_words: float = 0.25
    hidden_stars: float = 0.6
    matrix_rate: float = 0.02
    other_rate: float = 0.003
    warm_steps: int = 100
    steady_share: float = 0.35
    checkpoint_seconds: float = 240
    device: str = "cpu"
    half: bool = False
    seed: int = 0


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """What pretraining must know of the token ids.

    Attributes:
        size: Number of ids.
        n_control: Ids under this are no text and never hidden, ratings apart.
        continued: Whether an id goes on a word, shape (size,).
        row: The ids that frame a text.
    """

    size: int
    n_control: int
    continued: np.ndarray[Any, np.dtype[np.bool_]]
    row: RowTokens


@dataclass(slots=True)
class Progress:
    """How far a run is.

    Attributes:
        steps: Steps taken.
        tokens: Tokens read, padding apart.
        seconds: Time spent, over all starts.
        loss: Loss of hidden words and ratings, averaged over the last hundred steps or so.
    """

    steps: int = 0
    tokens: int = 0
    seconds: float = 0.0
    loss: float = float("nan")


def pretrain(
    texts: TokenisedTexts,
    vocabulary: Vocabulary,
    shape: EncoderShape,
    settings: PretrainSettings,
    checkpoint: Path,
    *,
    start_embedding: np.ndarray[Any, np.dtype[np.float32]] | None = None,
    report: Callable[[Progress], None] | None = None,
) -> Progress:
    """Pretrain until the time is up, from the checkpoint when there is one.

    Args:
        texts: Tokenised texts, names masked.
        vocabulary: What the ids mean.
        shape: Sizes of the encoder.
        settings: How.
        checkpoint: File written every few minutes, replaced whole; taken up when it exists.
        start_embedding: First token embeddings, shape (vocabulary, width), for instance from co-occurrences.
        report: Called after every step.

    Returns:
        How far the run came.

    Raises:
        ModelError: The checkpoint is of another shape.
    """
    torch.manual_seed(settings.seed)
    device = torch.device(settings.device)
    model = MaskedLanguageModel(Encoder(shape)).to(device)
    if start_embedding is not None:
        with torch.no_grad():
            model.encoder.embedding.weight.copy_(torch.from_numpy(start_embedding))
    optimiser = _optimiser(model, settings)
    progress = Progress()
    if checkpoint.exists():
        progress = _resume(checkpoint, model, optimiser, shape)
    rng = np.random.default_rng([settings.seed, progress.steps])
    torch.manual_seed(settings.seed + progress.steps)
    batches = packed_rows(texts, vocabulary.row, rows=settings.rows, length=settings.length, rng=rng)
    hider = WordHider(vocabulary, settings, device)
    total, last = settings.minutes * 60, progress.seconds
    began = time.monotonic() - progress.seconds
    model.train()
    while progress.seconds < total:
        share = rate_share(progress.steps, progress.seconds / total, settings)
        loss, read = _step(model, hider, next(batches), device, half=settings.half)
        optimiser.step(share)
        progress.steps, progress.tokens = progress.steps + 1, progress.tokens + read
        progress.loss = loss if progress.loss != progress.loss else 0.99 * progress.loss + 0.01 * loss
        progress.seconds = time.monotonic() - began
        if report is not None:
            report(progress)
        if progress.seconds - last > settings.checkpoint_seconds:
            write_checkpoint(checkpoint, model, optimiser, progress, settings)
            last = progress.seconds
    write_checkpoint(checkpoint, model, optimiser, progress, settings)
    return progress


def rate_share(steps: int, done: float, settings: PretrainSettings) -> float:
    """Give the share of the highest learning rates: a rise, a plateau, a line down to zero.

    Source:
        Hu et al. 2024, MiniCPM, the warm-up-stable-decay schedule (arXiv:2404.06395).
    """
    rise = min(1.0, (steps + 1) / settings.warm_steps)
    fall = (1 - done) / (1 - settings.steady_share)
    return rise * min(1.0, max(0.0, fall))


class WordHider:
    """Hides words and ratings, and remembers what they were."""

    def __init__(self, vocabulary: Vocabulary, settings: PretrainSettings, device: torch.device) -> None:
        self.vocabulary, self.settings = vocabulary, settings
        self.continued = torch.from_numpy(vocabulary.continued).to(device)

    def hide(self, ids: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Hide part of a batch.

        Of the pieces to guess, 85 in a hundred are masked, 7 replaced by another and 8 left as they are.

        Args:
            ids: Token ids, shape (rows, length).

        Returns:
            The ids with masks, the flat places to guess, and the ids that belong there.
        """
        vocabulary = self.vocabulary
        first = vocabulary.row.first_star
        word = torch.cumsum((~self.continued[ids]).flatten().long(), 0)
        chance = torch.rand(int(word[-1]) + 1, device=ids.device)[word].view_as(ids)
        rated = (ids >= first) & (ids < first + 5)
        picked = (chance < self.settings.hidden_words) & (ids >= vocabulary.n_control)
        picked |= rated & (torch.rand(ids.shape, device=ids.device) < self.settings.hidden_stars)
        right = ids[picked]
        draw = torch.rand(right.shape, device=ids.device)
        other = torch.randint_like(right, vocabulary.n_control, vocabulary.size)
        shown = torch.where(draw < 0.85, vocabulary.row.hidden, torch.where(draw < 0.92, other, right))
        shown = torch.where(right < vocabulary.n_control, vocabulary.row.hidden, shown)
        hidden = ids.clone()
        hidden[picked] = shown
        return hidden, picked.flatten().nonzero()[:, 0], right


def write_checkpoint(
    path: Path,
    model: MaskedLanguageModel,
    optimiser: MatrixMomentum,
    progress: Progress,
    settings: PretrainSettings,
) -> None:
    """Write a checkpoint to a temporary name and rename it, so that a killed run leaves a whole one.

    Raises:
        ModelError: The encoder is so large that the file passes 16 MiB.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(".partial")
    content = {
        "model": model.state_dict(),
        "optimiser": optimiser.state(),
        "shape": model.encoder.shape.as_dict(),
        "settings": asdict(settings),
        "progress": asdict(progress),
    }
    torch.save(content, partial)
    size = partial.stat().st_size
    if size > MAX_CHECKPOINT_BYTES:
        content["model"] = {name: weight.to(torch.bfloat16) for name, weight in model.state_dict().items()}
        torch.save(content, partial)
        size = partial.stat().st_size
    if size > MAX_CHECKPOINT_BYTES:
        partial.unlink()
        raise ModelError.because(
            "a checkpoint cannot be written",
            expected=f"at most {MAX_CHECKPOINT_BYTES >> 20} MiB",
            got=f"{size >> 20} MiB",
            where=str(path),
            do="Choose fewer layers, a smaller width or a smaller vocabulary",
        )
    partial.replace(path)


def load_encoder(checkpoint: Path) -> Encoder:
    """Build the encoder that a checkpoint holds.

    Raises:
        ModelError: There is no checkpoint.
    """
    return _load(checkpoint).encoder


def _load(checkpoint: Path) -> MaskedLanguageModel:
    if not checkpoint.exists():
        raise ModelError.because(
            "a pretrained encoder cannot be loaded",
            expected="a checkpoint",
            got="no file",
            where=str(checkpoint),
            do="Pretrain one with `miroir pretrain`",
        )
    content = torch.load(checkpoint, map_location="cpu", weights_only=True)
    model = MaskedLanguageModel(Encoder(EncoderShape(**content["shape"])))
    model.load_state_dict(content["model"])
    return model.float()


def _resume(
    checkpoint: Path, model: MaskedLanguageModel, optimiser: MatrixMomentum, shape: EncoderShape
) -> Progress:
    content = torch.load(checkpoint, map_location="cpu", weights_only=True)
    if content["shape"] != shape.as_dict():
        raise ModelError.because(
            "pretraining cannot go on",
            expected=f"a checkpoint of shape {shape.as_dict()}",
            got=str(content["shape"]),
            where=str(checkpoint),
            do="Name another checkpoint, or remove this one to start afresh",
        )
    model.load_state_dict(content["model"])
    optimiser.restore(content["optimiser"])
    return Progress(**content["progress"])


def _optimiser(model: MaskedLanguageModel, settings: PretrainSettings) -> MatrixMomentum:
    matrices = [weight for weight in model.encoder.layers.parameters() if weight.dim() == 2]
    known = {id(weight) for weight in matrices}
    others = [weight for weight in model.parameters() if id(weight) not in known]
    return MatrixMomentum(
        matrices,
        others,
        matrix_rate=settings.matrix_rate,
        other_rate=settings.other_rate,
        half=settings.half,
    )


def _step(
    model: MaskedLanguageModel, hider: WordHider, batch: PackedRows, device: torch.device, *, half: bool
) -> tuple[float, int]:
    ids, segments, positions = (
        torch.from_numpy(part).to(device) for part in (batch.ids, batch.segments, batch.positions)
    )
    hidden, places, right = hider.hide(ids)
    with torch.autocast(device.type, dtype=torch.bfloat16, enabled=half):
        scores = model(hidden, segments, positions, places)
    loss = functional.cross_entropy(scores.float(), right)
    loss.backward()  # type: ignore[no-untyped-call]
    return float(loss.detach()), int((batch.ids > 0).sum())
