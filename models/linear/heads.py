"""What the linear model learns: a head a label, then two a theme, its presence and its polarity."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.gold import UNKNOWN, GoldSet
from models.labels import LabelSpace
from models.linear.kernel import Floats, probabilities
from models.tagger import Probabilities, TagProbabilities


@dataclass(frozen=True, slots=True)
class HeadSpec:
    """One head and its columns.

    Attributes:
        name: `sentiment`, `enchantment`, `incivility`, `<theme>` (presence) or `<theme>/polarity`.
        columns: Its columns among all heads'.
    """

    name: str
    columns: slice

    @property
    def width(self) -> int:
        """Count the columns."""
        return int(self.columns.stop - self.columns.start)


def head_specs(labels: LabelSpace) -> tuple[HeadSpec, ...]:
    """Lay the heads of a label space side by side."""
    widths = {
        "sentiment": len(labels.sentiment),
        "enchantment": len(labels.enchantment),
        "incivility": len(labels.incivility),
        **dict.fromkeys(labels.themes, 1),
        **{f"{theme}/polarity": len(labels.polarities) for theme in labels.themes},
    }
    specs, at = [], 0
    for name, width in widths.items():
        specs.append(HeadSpec(name, slice(at, at + width)))
        at += width
    return tuple(specs)


def head_targets(gold: GoldSet) -> Mapping[str, tuple[Floats, Floats]]:
    """Give each head's targets, and weights that are 0 where the label is not known or does not apply."""
    targets = {}
    for name in ("sentiment", "enchantment", "incivility"):
        codes = getattr(gold, name)
        targets[name] = (
            _one_hot(codes, len(getattr(gold.labels, name))),
            (codes != UNKNOWN).astype(np.float32),
        )
    for k, theme in enumerate(gold.labels.themes):
        codes = gold.themes[:, k]
        targets[theme] = (codes > 0).astype(np.float32)[:, None], (codes != UNKNOWN).astype(np.float32)
        polarity = codes.astype(np.int64) - 1
        targets[f"{theme}/polarity"] = (
            _one_hot(polarity, len(gold.labels.polarities)),
            (codes > 0).astype(np.float32),
        )
    return targets


def tag_probabilities(scores: Floats, labels: LabelSpace) -> TagProbabilities:
    """Turn all heads' scores into the probabilities of the labels."""
    of = {spec.name: probabilities(scores[:, spec.columns]) for spec in head_specs(labels)}
    return TagProbabilities(
        sentiment=of["sentiment"],
        enchantment=of["enchantment"],
        incivility=of["incivility"],
        themes={theme: _theme_columns(of[theme], of[f"{theme}/polarity"]) for theme in labels.themes},
    )


def _theme_columns(present: Probabilities, polarity: Probabilities) -> Probabilities:
    return np.asarray(np.concatenate([1 - present, present * polarity], axis=1), dtype=np.float32)


def _one_hot(codes: NDArray[np.integer], width: int) -> Floats:
    encoded = np.zeros((len(codes), width), dtype=np.float32)
    known = np.flatnonzero(codes >= 0)
    encoded[known, codes[known]] = 1
    return encoded
