"""Decide labels from probabilities, with thresholds that are kept apart from the probabilities themselves.

A probability says how often a label is right and can be averaged; a threshold says when to act on it.
Thresholds are learnt to balance rare and frequent labels: a decision may differ from the likeliest value.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.labels import LabelSpace
from models.tagger import Decisions, Probabilities, TagProbabilities

Positions = NDArray[np.intp]

_TINY = 1e-6


@dataclass(frozen=True, slots=True)
class DecisionRule:
    """When a label is decided.

    Attributes:
        sentiment: Weight of each value: the value with the largest weighted probability is decided.
        enchantment: Likewise.
        incivility: Likewise.
        themes: For each theme, the probability in (0, 1) above which it is present.
        polarities: Weight of each polarity among the polarities of a present theme.
        review_below: A verbatim whose confidence is below needs a person.
        confidence: Slope and intercept that turn the log-odds of the naive product of the decided labels'
            probabilities into those of the whole set's being right.
    """

    sentiment: tuple[float, ...]
    enchantment: tuple[float, ...]
    incivility: tuple[float, ...]
    themes: Mapping[str, float]
    polarities: tuple[float, ...]
    review_below: float = 0.4
    confidence: tuple[float, float] = field(default=(1.0, 0.0))

    @classmethod
    def plain(cls, labels: LabelSpace) -> DecisionRule:
        """Decide for the most probable value everywhere."""
        return cls(
            sentiment=(1.0,) * len(labels.sentiment),
            enchantment=(1.0,) * len(labels.enchantment),
            incivility=(1.0,) * len(labels.incivility),
            themes=dict.fromkeys(labels.themes, 0.5),
            polarities=(1.0,) * len(labels.polarities),
        )

    def as_json(self) -> dict[str, Any]:
        """Give plain values for a JSON file."""
        return asdict(self)

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> DecisionRule:
        """Read what `as_json` gave."""
        return cls(
            **{
                k: tuple(values[k])
                for k in ("sentiment", "enchantment", "incivility", "polarities", "confidence")
            },
            themes=dict(values["themes"]),
            review_below=float(values["review_below"]),
        )


@dataclass(frozen=True, slots=True)
class DecidedPositions:
    """Decided labels as positions in the label space, one entry a verbatim.

    Attributes:
        sentiment: Shape (n,).
        enchantment: Shape (n,).
        incivility: Shape (n,).
        themes: For each trained theme, 0 where absent, else 1 + the polarity's position.
        confidence: In [0, 1].
    """

    sentiment: Positions
    enchantment: Positions
    incivility: Positions
    themes: Mapping[str, Positions]
    confidence: Probabilities


def decide_positions(probabilities: TagProbabilities, rule: DecisionRule) -> DecidedPositions:
    """Decide labels as positions: what evaluation and training work with."""
    sentiment = _weighted(probabilities.sentiment, rule.sentiment)
    enchantment = _weighted(probabilities.enchantment, rule.enchantment)
    incivility = _weighted(probabilities.incivility, rule.incivility)
    themes = {
        theme: np.where(
            1 - columns[:, 0] > rule.themes[theme], 1 + _weighted(columns[:, 1:], rule.polarities), 0
        ).astype(np.intp)
        for theme, columns in probabilities.themes.items()
    }
    log_product = _log_at(probabilities.sentiment, sentiment)
    log_product += _log_at(probabilities.enchantment, enchantment) + _log_at(
        probabilities.incivility, incivility
    )
    for theme, columns in probabilities.themes.items():
        log_product += _log_at(columns, themes[theme])
    return DecidedPositions(
        sentiment, enchantment, incivility, themes, _confidence(log_product, rule.confidence)
    )


def decide(probabilities: TagProbabilities, labels: LabelSpace, rule: DecisionRule) -> Decisions:
    """Decide labels by name.

    Args:
        probabilities: Probabilities of n verbatims.
        labels: Names of the columns.
        rule: The model's thresholds.

    Returns:
        Labels, confidence and whether a person should look, in the order given.
    """
    positions = decide_positions(probabilities, rule)
    theme_names: tuple[str | None, ...] = (None, *labels.polarities)
    return Decisions(
        sentiment=[labels.sentiment[i] for i in positions.sentiment],
        enchantment=[labels.enchantment[i] for i in positions.enchantment],
        incivility=[labels.incivility[i] for i in positions.incivility],
        themes={theme: [theme_names[i] for i in decided] for theme, decided in positions.themes.items()},
        confidence=positions.confidence,
        needs_review=(positions.confidence < rule.review_below).tolist(),
    )


def _weighted(columns: Probabilities, weights: tuple[float, ...]) -> Positions:
    return np.asarray(np.argmax(columns * np.asarray(weights, dtype=np.float32), axis=1), dtype=np.intp)


def _log_at(columns: Probabilities, positions: Positions) -> NDArray[np.float64]:
    chosen = np.take_along_axis(columns, positions[:, None], axis=1)[:, 0]
    return np.log(np.clip(chosen, _TINY, 1).astype(np.float64))


def log_odds_of_product(log_product: NDArray[np.float64]) -> NDArray[np.float64]:
    """Turn the logarithm of a probability into its log-odds, kept finite."""
    product = np.clip(np.exp(log_product), _TINY, 1 - _TINY)
    return np.asarray(np.log(product / (1 - product)))


def _confidence(log_product: NDArray[np.float64], line: tuple[float, float]) -> Probabilities:
    odds = np.clip(line[0] * log_odds_of_product(log_product) + line[1], -30, 30)
    return np.asarray(1 / (1 + np.exp(-odds)), dtype=np.float32)
