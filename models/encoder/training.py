"""Train the compact model whole: judge it on sources it did not see, calibrate it on that, learn, write."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from models.blend.training import Combined, combine_held_out
from models.compact.layout import ScoreLayout, Scores, probabilities_of
from models.encoder.finetuning import FineTuneSettings
from models.encoder.recipe import (
    Pretrained,
    held_out_scores,
    learn_average,
    source_group_folds,
    write_compact,
)
from models.gold import GoldSet

Report = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class TrainedCompact:
    """A trained compact model with its honest measure.

    Attributes:
        folder: Where it was written.
        judged: The verbatims of real sources: those it can be judged on.
        combined: Calibration, thresholds, and what calibrated models that had not seen a verbatim's source
            say of `judged`.
    """

    folder: Path
    judged: GoldSet
    combined: Combined


def train_compact(
    gold: GoldSet,
    pretrained: Pretrained,
    folder: Path,
    settings: FineTuneSettings,
    *,
    n_groups: int = 3,
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
    judged, scores = out_of_fold_scores(gold, pretrained, settings, n_groups, scratch, report)
    combined = combine_held_out([probabilities_of(scores, ScoreLayout(gold.labels))], judged)
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
    return TrainedCompact(folder, judged, combined)


def out_of_fold_scores(
    gold: GoldSet,
    pretrained: Pretrained,
    settings: FineTuneSettings,
    n_groups: int,
    scratch: Path | None = None,
    report: Report = lambda message: None,
) -> tuple[GoldSet, Scores]:
    """Score every verbatim of a real source by a model that saw neither it nor its source.

    Returns:
        Those verbatims, and their scores in the same order.
    """
    rows: list[NDArray[np.intp]] = []
    parts: list[Scores] = []
    for fold in source_group_folds(gold, n_groups):
        report(f"without {', '.join(sorted(set(gold.sources[fold.test].tolist())))}")
        cache = scratch / f"{fold.name}.npy" if scratch else None
        parts.append(held_out_scores(pretrained, gold, fold, settings, cache=cache))
        rows.append(fold.test)
    positions = np.concatenate(rows)
    order = np.argsort(positions)
    return gold.take(positions[order]), np.concatenate(parts)[order]
