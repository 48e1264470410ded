"""A challenger: a linear model trained anew, blended with the champion's other models where it has some.

Retraining needs no torch: what a neural member of the champion says stands beside a linear model that has
learnt from the corrections.
"""

from __future__ import annotations

import shutil
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.blend.combine import with_all_themes
from models.blend.keeping import kept_settings
from models.blend.members import copy_model, local_names
from models.blend.training import Combined, combine_as, combine_held_out, write_blend
from models.decisions import decide_positions
from models.gold import AUTHORED, GoldSet, with_themes
from models.held_out import honest_predictions
from models.inherited import Inherited, inherit, write_with_inherited
from models.linear.saving import save_linear
from models.linear.training import TrainedLinear
from models.predictions import Predictions
from models.promotion import OWN
from models.registry import load_tagger, member_folder, read_card
from models.thresholds import are_enough

LINEAR = "linear"
Flags = NDArray[np.bool_]
Kinds = NDArray[np.str_]


@dataclass(frozen=True, slots=True)
class Challenger:
    """A challenger and its honest measure.

    Attributes:
        trained: The linear model.
        companions: Folders of the champion's other members, which stay as they are.
        combined: How they are blended; None for a linear model alone.
        keeps_settings: Whether weights and thresholds are the champion's: too few real people's teach others.
        unseen: What it says of verbatims that it had not learnt from, in the order of the gold set.
        may_judge: Which of these are honest: a companion may have learnt from the others.
    """

    trained: TrainedLinear
    companions: tuple[Path, ...]
    combined: Combined | None
    keeps_settings: bool
    unseen: Predictions
    may_judge: Flags


def make_challenger(trained: TrainedLinear, gold: GoldSet, kinds: Kinds, champion: Path) -> Challenger:
    """Blend a linear model with the champion's other members.

    Args:
        trained: The linear model, trained on `gold`, less the themes that it teaches too little of.
        gold: Labelled verbatims.
        kinds: Which of `models.promotion.KINDS` each is, shape (n,); own ones are unknown to any companion.
        champion: Folder of the model in use.
    """
    members = [member_folder(champion, name) for name in read_card(champion).get("members", ())]
    kept = [k for k, folder in enumerate(members) if read_card(folder).get("kind") != LINEAR]
    probabilities = trained.unseen.probabilities
    if not kept or probabilities is None:
        return Challenger(trained, (), None, False, trained.unseen, np.ones(len(gold), dtype=np.bool_))
    said = [probabilities]
    may_judge = np.ones(len(gold), dtype=np.bool_)
    for k in kept:
        tagger = load_tagger(str(members[k]), gold.labels)
        found, honest = honest_predictions(members[k], tagger, gold, kinds == OWN)
        if found.probabilities is not None:
            said.append(found.probabilities)
        may_judge &= honest
    rows = np.flatnonzero(may_judge)
    said = with_all_themes(said)
    heard, judged = [member.take(rows) for member in said], with_themes(gold.take(rows), said[0].themes)
    replaced = [k for k in range(len(members)) if k not in kept]
    real = kinds[rows] != AUTHORED
    keeps_settings = bool(replaced) and not are_enough(judged, np.flatnonzero(real))
    if keeps_settings:
        settings = kept_settings(read_card(champion), replaced, kept, judged.labels)
        combined = combine_as(heard, judged, *settings)
    else:
        combined = combine_held_out(heard, judged, real)
    # Rows that may not judge keep what the linear model says: nobody looks at them.
    alone = Predictions(decide_positions(said[0], combined.rule), said[0])
    unseen = alone.with_rows(rows, combined.unseen)
    return Challenger(trained, tuple(members[k] for k in kept), combined, keeps_settings, unseen, may_judge)


def save_challenger(
    folder: Path,
    challenger: Challenger,
    gold: GoldSet,
    champion: Path,
    facts: dict[str, Any],
    own_sources: Collection[str],
) -> Inherited | None:
    """Write a challenger's folder, its out-of-fold predictions included.

    The companions are copied into it: other weights under the same name, in a later version of Miroir, would
    be another model than the one that was judged.

    Args:
        folder: Where; made anew.
        challenger: What to write.
        gold: What it was trained and judged on.
        champion: Folder of the model in use.
        facts: What the linear model's description tells besides.
        own_sources: The workspace's sources.

    Returns:
        What calibrates it beside what it was judged on, taken over from the champion.
    """
    shutil.rmtree(folder, ignore_errors=True)
    trained, combined = challenger.trained, challenger.combined
    if combined is None:
        save_linear(folder, trained.weights, trained.rule, trained.labels, facts)
        judged, unseen = gold, trained.unseen
    else:
        save_linear(folder / LINEAR, trained.weights, trained.rule, trained.labels, facts)
        names = local_names([str(each) for each in challenger.companions], taken=[LINEAR])
        for companion, name in zip(challenger.companions, names, strict=True):
            copy_model(companion, folder / name)
        judged = gold.take(np.flatnonzero(challenger.may_judge))
        judged, unseen = with_themes(judged, combined.rule.themes), combined.unseen
        write_blend(folder, [LINEAR, *names], combined, judged)
    inherited = inherit(champion, judged, own_sources)
    write_with_inherited(folder, judged, unseen, inherited)
    return inherited
