"""A challenger: a linear model trained anew, blended with the champion's other models where it has some.

Retraining needs no torch: what a neural member of the champion says is weighed anew against a linear model
that has learnt from the corrections.
"""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.blend.combine import with_all_themes
from models.blend.training import Combined, combine_held_out, take, write_blend
from models.gold import GoldSet
from models.held_out import honest_predictions
from models.labels import LabelSpace
from models.linear.saving import save_linear
from models.linear.training import TrainedLinear
from models.oof import write_oof
from models.predictions import Predictions
from models.registry import MODEL_FILE, load_member, member_folder, read_card
from models.tagger import TagProbabilities

LINEAR = "linear"
Flags = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Challenger:
    """A challenger and its honest measure.

    Attributes:
        trained: The linear model.
        companions: Names of the champion's other members, which stay as they are.
        combined: How they are blended; None for a linear model alone.
        unseen: What it says of verbatims that it had not learnt from, in the order of the gold set.
        may_judge: Which of these are honest: a companion may have learnt from the others.
    """

    trained: TrainedLinear
    companions: tuple[str, ...]
    combined: Combined | None
    unseen: Predictions
    may_judge: Flags


def make_challenger(trained: TrainedLinear, gold: GoldSet, own: Flags, champion: Path) -> Challenger:
    """Blend a linear model with the champion's other members.

    Args:
        trained: The linear model, trained on `gold`.
        gold: Labelled verbatims.
        own: Which of them are the workspace's own, unknown to any companion; shape (n,).
        champion: Folder of the model in use.
    """
    companions = _companions(champion)
    probabilities = trained.unseen.probabilities
    if not companions or probabilities is None:
        return Challenger(trained, (), None, trained.unseen, np.ones(len(gold), dtype=np.bool_))
    said: list[TagProbabilities] = [probabilities]
    may_judge = np.ones(len(gold), dtype=np.bool_)
    for name in companions:
        tagger = load_member(champion, name, gold.labels)
        found, honest = honest_predictions(member_folder(champion, name), tagger, gold, own)
        if found.probabilities is not None:
            said.append(found.probabilities)
        may_judge &= honest
    said = with_all_themes(said)
    rows = np.flatnonzero(may_judge)
    combined = combine_held_out([take(member, rows) for member in said], gold.take(rows))
    # Rows that may not judge keep what the linear model says: nobody looks at them.
    unseen = trained.unseen.with_rows(rows, combined.unseen)
    return Challenger(trained, companions, combined, unseen, may_judge)


def save_challenger(
    folder: Path,
    challenger: Challenger,
    gold: GoldSet,
    champion: Path,
    labels: LabelSpace,
    facts: dict[str, Any],
) -> None:
    """Write a challenger's folder, its out-of-fold predictions included.

    Args:
        folder: Where; made anew.
        challenger: What to write.
        gold: What it was trained and judged on.
        champion: Folder of the model in use: members that lie inside it are copied.
        labels: The codebook's label space.
        facts: What the linear model's description tells besides.
    """
    shutil.rmtree(folder, ignore_errors=True)
    trained = challenger.trained
    if challenger.combined is None:
        save_linear(folder, trained.weights, trained.rule, labels, facts)
        write_oof(folder, gold, trained.unseen)
        return
    save_linear(folder / LINEAR, trained.weights, trained.rule, labels, facts)
    for name in challenger.companions:
        if (champion / name / MODEL_FILE).is_file():
            shutil.copytree(champion / name, folder / name)
    judged = gold.take(np.flatnonzero(challenger.may_judge))
    combined = challenger.combined
    write_blend(folder, [LINEAR, *challenger.companions], combined, judged)
    write_oof(folder, judged, combined.unseen)


def _companions(champion: Path) -> tuple[str, ...]:
    """Name the champion's members that are no linear model; none where it is no blend."""
    members: Sequence[str] = read_card(champion).get("members", ())
    return tuple(name for name in members if read_card(member_folder(champion, name)).get("kind") != LINEAR)
