"""Learn a combination from out-of-fold probabilities, and judge it on sources that it did not see."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from models.blend.combine import Combination, fit_combination, fit_shared_weights, with_all_themes
from models.blend.members import member_name
from models.blend.questions import QuestionShifts, fit_question_shifts
from models.decisions import DecisionRule, decide_positions
from models.folds import group_folds
from models.gold import UNKNOWN, GoldSet, with_themes
from models.inherited import NO_KEY
from models.labels import LabelSpace
from models.oof import read_oof, write_oof
from models.predictions import Predictions
from models.registry import MODEL_FILE, model_folder
from models.tagger import TagProbabilities
from models.thresholds import learn_rule, rows_to_settle

VERSION = 1
RANDOM = "random"
FEWEST_DRAWN = 2000

Positions = NDArray[np.intp]
Flags = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Combined:
    """A combination with its honest measure.

    Attributes:
        combination: Learnt on every verbatim.
        shifts: What the questions say of the answers, learnt likewise.
        rule: Thresholds learnt on every verbatim.
        unseen: What combinations and thresholds that did not see the verbatim's group of sources say.
    """

    combination: Combination
    shifts: QuestionShifts
    rule: DecisionRule
    unseen: Predictions


def combine_held_out(
    members: Sequence[TagProbabilities], gold: GoldSet, real: Flags | None = None
) -> Combined:
    """Learn weights, calibration and thresholds; judge them by leaving groups of sources out in turn.

    Authored verbatims are judged but, where real ones are enough (`rows_to_settle`), not learnt from.
    Calibration is learnt on verbatims drawn at random where enough were, so that probabilities average to
    what is common; thresholds on all, so that what is rare weighs.

    Args:
        members: For each model, what it said of verbatims that it had not seen.
        gold: The labels of the same verbatims.
        real: Which of them real people wrote, shape (n,); those whose source says so where it is not given.
    """
    everything = np.arange(len(gold))
    combination, shifts, rule = _fit(members, gold, everything, real)
    unseen = _read(members, gold, combination, shifts, rule)
    for fold in group_folds(gold):
        if len(fold.train):
            learnt = _fit(members, gold, fold.train, real)
            here = _read([member.take(fold.test) for member in members], gold.take(fold.test), *learnt)
            unseen = unseen.with_rows(fold.test, here)
    return Combined(combination, shifts, rule, unseen)


def combine_as(
    members: Sequence[TagProbabilities],
    gold: GoldSet,
    combination: Combination,
    shifts: QuestionShifts,
    rule: DecisionRule,
) -> Combined:
    """Combine with weights, shifts and thresholds that were learnt elsewhere."""
    return Combined(combination, shifts, rule, _read(members, gold, combination, shifts, rule))


def _read(
    members: Sequence[TagProbabilities],
    gold: GoldSet,
    combination: Combination,
    shifts: QuestionShifts,
    rule: DecisionRule,
) -> Predictions:
    probabilities = shifts.apply(combination.apply(members, gold.batch.audiences), gold.batch.questions)
    return Predictions(decide_positions(probabilities, rule), probabilities)


def _fit(
    members: Sequence[TagProbabilities], gold: GoldSet, known: Positions, real: Flags | None
) -> tuple[Combination, QuestionShifts, DecisionRule]:
    """Learn on some verbatims: calibrate one model, or weigh several; then shifts, and thresholds.

    What a question says of its answers is learnt from authored ones too: real ones seldom come with theirs.
    """
    rows = rows_to_settle(gold, known, real)
    if len(members) > 1:
        combination = fit_shared_weights([member.take(rows) for member in members], gold.take(rows))
    else:
        fair = rows[gold.strata[rows] == RANDOM]
        drawn = fair if len(fair) >= FEWEST_DRAWN else rows
        combination = fit_combination([member.take(drawn) for member in members], gold.take(drawn))
    pooled = combination.apply(members, gold.batch.audiences)
    shifts = fit_question_shifts(pooled.take(known), gold.take(known))
    part = gold.take(rows)
    return combination, shifts, learn_rule(shifts.apply(pooled.take(rows), part.batch.questions), part)


def blend_unseen(
    folder: Path, names: Sequence[str], labels: LabelSpace, questions: Mapping[str, str] | None = None
) -> Combined:
    """Learn to blend models from the out-of-fold predictions that each was trained with; write the blend.

    No text is needed: what the models say of the same verbatim is found by its key. Only verbatims that all
    of them were judged on count.

    Args:
        folder: Where the blend goes.
        names: Names or folders of the models.
        labels: The codebook's label space.
        questions: What verbatims answer, by their text keys, where it is known: out-of-fold predictions are
            kept without it.

    Raises:
        ModelError: A model came without its out-of-fold predictions.
    """
    stored = [read_oof(model_folder(name), labels) for name in names]
    rows_of = [{key: row for row, key in enumerate(gold.ids)} for gold, _, _ in stored]
    first, _, lengths = stored[0]
    common = [key for key in first.ids if key != str(NO_KEY) and all(key in rows for rows in rows_of)]
    at = [np.array([rows[key] for key in common], dtype=np.intp) for rows in rows_of]
    gold = first.take(at[0])
    # A theme of one's own may be known to the later models only.
    themes = gold.themes
    for (other, _, _), rows in zip(stored[1:], at[1:], strict=True):
        themes = np.where(themes == UNKNOWN, other.themes[rows], themes)
    # Without texts, parts are drawn by the keys.
    asked = [(questions or {}).get(key) for key in common]
    gold = replace(gold, themes=themes, batch=replace(gold.batch, texts=common, questions=asked))
    members = [
        predictions.probabilities.take(rows)
        for (_, predictions, _), rows in zip(stored, at, strict=True)
        if predictions.probabilities is not None
    ]
    members = with_all_themes(members)
    gold = with_themes(gold, members[0].themes)
    combined = combine_held_out(members, gold)
    write_blend(folder, [member_name(name, folder) for name in names], combined, gold)
    write_oof(
        folder,
        gold,
        combined.unseen,
        keys=np.array([int(key) for key in common], dtype=np.uint64),
        n_words=lengths[at[0]],
    )
    return combined


def write_blend(folder: Path, members: Sequence[str], combined: Combined, gold: GoldSet) -> Path:
    """Write a blend's folder.

    Args:
        folder: Where.
        members: Names of shipped models, or folders relative to this one, in the order of the combination.
        combined: What was learnt.
        gold: What it was learnt on.
    """
    folder.mkdir(parents=True, exist_ok=True)
    labels = asdict(gold.labels)
    content = {
        "kind": "blend",
        "version": VERSION,
        "labels": {
            name: list(value) if isinstance(value, tuple) else value for name, value in labels.items()
        },
        "members": list(members),
        "combination": combined.combination.as_json(),
        "questions": combined.shifts.as_json(),
        "rule": combined.rule.as_json(),
        "n_training": len(gold),
    }
    (folder / MODEL_FILE).write_text(json.dumps(content, ensure_ascii=False, indent=1), encoding="utf-8")
    return folder
