"""Train the compact model whole: judge it on sources it did not see, calibrate it on that, learn, write."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from models.blend.training import combine_held_out
from models.compact.layout import ScoreLayout, Scores, probabilities_of
from models.encoder.finetuning import FineTuneSettings
from models.encoder.recipe import (
    Pretrained,
    held_out_scores,
    learn_average,
    write_compact,
)
from models.folds import N_GROUPS, group_folds
from models.gold import GoldSet
from models.oof import write_oof
from models.predictions import Predictions

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


def train_compact(
    gold: GoldSet,
    pretrained: Pretrained,
    folder: Path,
    settings: FineTuneSettings,
    *,
    n_groups: int = N_GROUPS,
    n_seeds: int = 1,
    scratch: Path | None = None,
    eight_bits: bool = True,
    report: Report = lambda message: None,
) -> TrainedCompact:
    """Train the compact model.

    Args:
        gold: Masked labelled verbatims.
        pretrained: The encoder to start from.
        folder: Where the model goes.
        settings: How to fine-tune.
        n_groups: Groups of sources held out in turn.
        n_seeds: Fine-tunings of the final model, whose weights are averaged.
        scratch: Folder that keeps each group's scores, so that an interrupted training goes on.
        eight_bits: Whether the shipped matrices are 8-bit.
        report: Told what is being done.
    """
    scores = out_of_fold_scores(gold, pretrained, settings, n_groups, scratch, report)
    combined = combine_held_out([probabilities_of(scores, ScoreLayout(gold.labels))], gold)
    report("all verbatims")
    model = learn_average(pretrained, gold, settings, n_seeds)
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


def out_of_fold_scores(
    gold: GoldSet,
    pretrained: Pretrained,
    settings: FineTuneSettings,
    n_groups: int,
    scratch: Path | None = None,
    report: Report = lambda message: None,
) -> Scores:
    """Score every verbatim by a model that saw neither it nor, where it is real, its source.

    Returns:
        Score vectors in the order of the verbatims, shape (n, layout.width).
    """
    scores = np.zeros((len(gold), ScoreLayout(gold.labels).width), dtype=np.float32)
    for number, fold in enumerate(group_folds(gold, n_groups)):
        report(f"without {fold.name}")
        cache = scratch / f"group-{number}.npy" if scratch else None
        scores[fold.test] = held_out_scores(pretrained, gold, fold, settings, cache=cache)
    return scores
