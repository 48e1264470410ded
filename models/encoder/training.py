"""Train the compact model whole: judge it on sources it did not see, calibrate it on that, learn, write."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from contextlib import ExitStack
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import torch

from models.blend.training import combine_held_out
from models.compact.layout import ScoreLayout, Scores, probabilities_of
from models.encoder.finetuning import FineTuneSettings, predict_scores
from models.encoder.heads import LabelHeads, MultiTaskModel
from models.encoder.pretraining import load_encoder
from models.encoder.recipe import Pretrained, learn, write_compact
from models.encoder.teaching import learn_again
from models.folds import N_GROUPS, Fold, group_folds
from models.gold import GoldSet, text_keys
from models.oof import write_oof
from models.predictions import Predictions
from models.unlabelled import Unlabelled

Report = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class TrainedCompact:
    """A trained compact model with its honest measure.

    Attributes:
        folder: Where it was written.
        unseen: What calibrated models that had not seen a verbatim nor its source say of it.
    """

    folder: Path
    unseen: Predictions


@dataclass(frozen=True, slots=True)
class FineTuning:
    """One fine-tuning of several. Its result is a file: an interrupted training goes on from those there.

    Beside it, a file that ends in `.progress` tells the share done and the last loss, and where a fold is
    held out, one that ends in `.npy` holds its scores.

    Attributes:
        fold: What to learn from and what to score; without it, everything is learnt from.
        settings: How.
        result: File of the weights.
        teachers: Weights of the network to go on with and of another that has learnt the same; without
            them, the pretrained encoder is where it starts.
    """

    fold: Fold | None
    settings: FineTuneSettings
    result: Path
    teachers: tuple[Path, ...] = ()

    @property
    def name(self) -> str:
        """What is being done, for a reader."""
        again = ", again" if self.teachers else ""
        return f"without {self.fold.name}{again}" if self.fold else f"all verbatims{again}"

    @property
    def scores(self) -> Path:
        """File of the scores of what the fold holds out."""
        return self.result.with_suffix(".npy")

    def run(
        self,
        gold: GoldSet,
        pretrained: Pretrained,
        others: Unlabelled | None = None,
        threads: int | None = None,
    ) -> None:
        """Fine-tune and write the result, unless it is there.

        Args:
            gold: Masked labelled verbatims.
            pretrained: The encoder to start from.
            others: Masked verbatims without labels, where there are teachers.
            threads: Threads to compute with; as many as torch likes where None.
        """
        if self.result.exists():
            return
        if threads is not None:
            torch.set_num_threads(threads)
        self.result.parent.mkdir(parents=True, exist_ok=True)
        model = self._learn(gold, pretrained, others)
        if self.fold:
            np.save(self.scores, predict_scores(model, pretrained.encode(gold.take(self.fold.test))))
        partial = self.result.with_suffix(".partial")
        torch.save(model.state_dict(), partial)
        partial.replace(self.result)

    def _learn(self, gold: GoldSet, pretrained: Pretrained, others: Unlabelled | None) -> MultiTaskModel:
        positions = self.fold.train if self.fold else np.arange(len(gold))
        if not self.teachers or others is None:
            return learn(pretrained, gold, positions, self.settings, progress=self._note)
        layout = ScoreLayout(gold.labels)
        own, other = (_model(weights, pretrained, layout) for weights in self.teachers)
        told = others.outside(gold, self.fold)
        return learn_again(
            pretrained, (own, other), gold, positions, told, self.settings, progress=self._note
        )

    def _note(self, share: float, loss: float) -> None:
        self.result.with_suffix(".progress").write_text(f"{share:.1%}, loss {loss:.3f}\n", encoding="utf-8")


def train_compact(
    gold: GoldSet,
    pretrained: Pretrained,
    folder: Path,
    settings: FineTuneSettings,
    *,
    others: Unlabelled | None = None,
    other_seed: int = 0,
    n_groups: int = N_GROUPS,
    scratch: Path | None = None,
    workers: int = 1,
    eight_bits: bool = True,
    report: Report = lambda message: None,
) -> TrainedCompact:
    """Train the compact model.

    Args:
        gold: Masked labelled verbatims.
        pretrained: The encoder to start from.
        folder: Where the model goes.
        settings: How to fine-tune.
        others: Masked verbatims without labels. The network then learns twice, the second time also from
            what it and another one say of these.
        other_seed: Seed of that other network.
        n_groups: Groups of sources held out in turn.
        scratch: Folder that keeps what each fine-tuning gave, so that an interrupted training goes on.
        workers: Fine-tunings at a time, each in a process of its own. As many as there are cores is fastest:
            one fine-tuning gains little from a second core.
        eight_bits: Whether the shipped matrices are 8-bit.
        report: Told what is being done.
    """
    layout = ScoreLayout(gold.labels)
    with ExitStack() as stack:
        kept = scratch or Path(stack.enter_context(TemporaryDirectory()))
        folds = group_folds(gold, n_groups)

        def jobs(settings: FineTuneSettings) -> list[FineTuning]:
            folder = kept / _fingerprint(gold, pretrained, settings)
            held_out = [FineTuning(fold, settings, folder / f"group-{k}.pt") for k, fold in enumerate(folds)]
            return [*held_out, FineTuning(None, settings, folder / "all.pt")]

        learning = jobs(settings)
        if others is None:
            _run_all(learning, gold, pretrained, None, workers, report)
        else:
            second = jobs(replace(settings, seed=other_seed))
            _run_all([*learning, *second], gold, pretrained, None, workers, report)
            learning = [_again(own, other) for own, other in zip(learning, second, strict=True)]
            _run_all(learning, gold, pretrained, others, workers, report)
        *held_out, final = learning
        scores = _scores(held_out, len(gold), layout)
        model = _model(final.result, pretrained, layout)
    combined = combine_held_out([probabilities_of(scores, layout)], gold)
    write_compact(
        folder,
        model,
        pretrained,
        combined.combination,
        combined.rule,
        n_training=len(gold),
        eight_bits=eight_bits,
    )
    write_oof(folder, gold, combined.unseen)
    return TrainedCompact(folder, combined.unseen)


def _fingerprint(gold: GoldSet, pretrained: Pretrained, settings: FineTuneSettings) -> str:
    """Name what a fine-tuning starts from, so that no result of other data is taken up."""
    labels = (gold.sentiment, gold.enchantment, gold.incivility, gold.themes)
    digest = sha256(repr((settings, pretrained.max_tokens)).encode() + pretrained.checkpoint.read_bytes())
    # Who wrote and where it comes from decide the folds and how often a verbatim is shown.
    for column in (text_keys(gold), gold.sources.astype(np.str_), *labels):
        digest.update(np.ascontiguousarray(column).tobytes())
    return digest.hexdigest()[:12]


def _again(own: FineTuning, other: FineTuning) -> FineTuning:
    result = own.result.with_name(f"{own.result.stem}-again.pt")
    return replace(own, result=result, teachers=(own.result, other.result))


def _run_all(
    jobs: Sequence[FineTuning],
    gold: GoldSet,
    pretrained: Pretrained,
    others: Unlabelled | None,
    workers: int,
    report: Report,
) -> None:
    waiting = [job for job in jobs if not job.result.exists()]
    if workers <= 1:
        for job in waiting:
            report(job.name)
            job.run(gold, pretrained, others)
        return
    threads = max(1, (os.cpu_count() or 1) // workers)
    # A forked process would share torch's thread pools, which do not survive it.
    with ProcessPoolExecutor(workers, mp_context=multiprocessing.get_context("spawn")) as pool:
        running = {pool.submit(job.run, gold, pretrained, others, threads): job for job in waiting}
        for done in as_completed(running):
            done.result()
            report(f"{running[done].name}: done")


def _scores(held_out: Sequence[FineTuning], n: int, layout: ScoreLayout) -> Scores:
    """Score every verbatim by a model that saw neither it nor, where it is real, its source.

    Returns:
        Score vectors in the order of the verbatims, shape (n, layout.width).
    """
    scores = np.zeros((n, layout.width), dtype=np.float32)
    for job in held_out:
        if job.fold:
            scores[job.fold.test] = np.load(job.scores)
    return scores


def _model(weights: Path, pretrained: Pretrained, layout: ScoreLayout) -> MultiTaskModel:
    encoder = load_encoder(pretrained.checkpoint)
    model = MultiTaskModel(encoder, LabelHeads(encoder.shape.width, layout))
    model.load_state_dict(torch.load(weights, map_location="cpu", weights_only=True))
    return model.eval()
