"""Learn a combination from out-of-fold probabilities, and judge it on sources that it did not see."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from models.blend.combine import Combination, fit_combination
from models.decisions import DecidedPositions, DecisionRule, decide_positions
from models.gold import GoldSet
from models.registry import MODEL_FILE
from models.tagger import TagProbabilities
from models.thresholds import learn_rule

VERSION = 1

Positions = NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class Combined:
    """A combination with its honest measure.

    Attributes:
        combination: Learnt on every verbatim.
        rule: Thresholds learnt on every verbatim.
        probabilities: Of combinations that did not see the verbatim's source.
        decided: By thresholds that did not see it either.
    """

    combination: Combination
    rule: DecisionRule
    probabilities: TagProbabilities
    decided: DecidedPositions


def combine_held_out(members: Sequence[TagProbabilities], gold: GoldSet) -> Combined:
    """Learn weights, calibration and thresholds; judge them by leaving each source out in turn.

    Args:
        members: For each model, what it said of verbatims that it had not seen.
        gold: The labels of the same verbatims.
    """
    combination = fit_combination(members, gold)
    everything = combination.apply(members, gold.batch.audiences)
    rule = learn_rule(everything, gold)
    probabilities, decided = _copy(everything), _copy_decided(decide_positions(everything, rule))
    sources = np.unique(gold.sources)
    for source in sources if len(sources) > 1 else ():
        inside, outside = np.flatnonzero(gold.sources == source), np.flatnonzero(gold.sources != source)
        rest = gold.take(outside)
        found = fit_combination([take(member, outside) for member in members], rest)
        threshold = learn_rule(found.apply([take(m, outside) for m in members], rest.batch.audiences), rest)
        here = found.apply([take(member, inside) for member in members], gold.take(inside).batch.audiences)
        _put(probabilities, inside, here)
        _put_decided(decided, inside, decide_positions(here, threshold))
    return Combined(combination, rule, probabilities, decided)


def write_blend(folder: Path, members: Sequence[str], combined: Combined, gold: GoldSet) -> Path:
    """Write a blend's folder.

    Args:
        folder: Where.
        members: Names of shipped models, in the order of the combination.
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
        "rule": combined.rule.as_json(),
        "n_training": len(gold),
    }
    (folder / MODEL_FILE).write_text(json.dumps(content, ensure_ascii=False, indent=1), encoding="utf-8")
    return folder


def take(probabilities: TagProbabilities, rows: Positions) -> TagProbabilities:
    """Give the probabilities of some verbatims."""
    return TagProbabilities(
        sentiment=probabilities.sentiment[rows],
        enchantment=probabilities.enchantment[rows],
        incivility=probabilities.incivility[rows],
        themes={theme: columns[rows] for theme, columns in probabilities.themes.items()},
    )


def _copy(probabilities: TagProbabilities) -> TagProbabilities:
    return take(probabilities, np.arange(len(probabilities.sentiment)))


def _copy_decided(decided: DecidedPositions) -> DecidedPositions:
    return DecidedPositions(
        sentiment=decided.sentiment.copy(),
        enchantment=decided.enchantment.copy(),
        incivility=decided.incivility.copy(),
        themes={theme: values.copy() for theme, values in decided.themes.items()},
        confidence=decided.confidence.copy(),
    )


def _put(into: TagProbabilities, rows: Positions, found: TagProbabilities) -> None:
    for name in ("sentiment", "enchantment", "incivility"):
        getattr(into, name)[rows] = getattr(found, name)
    for theme, columns in found.themes.items():
        into.themes[theme][rows] = columns


def _put_decided(into: DecidedPositions, rows: Positions, found: DecidedPositions) -> None:
    for name in ("sentiment", "enchantment", "incivility", "confidence"):
        getattr(into, name)[rows] = getattr(found, name)
    for theme, values in found.themes.items():
        into.themes[theme][rows] = values
