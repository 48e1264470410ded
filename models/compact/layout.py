"""Where each label's scores lie in the one vector that a multi-task network gives for a verbatim."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.labels import LabelSpace
from models.tagger import TagProbabilities

Scores = NDArray[np.float32]
N_STARS = 5
WARM = ("positive", "mixed")
"""Sentiments that an enchantment, a strong positive emotion, can come with."""


@dataclass(frozen=True, slots=True)
class ScoreLayout:
    """Columns of the score vector: the three single labels, theme presence, theme polarity, stars.

    Attributes:
        labels: The label space.
    """

    labels: LabelSpace

    @property
    def sizes(self) -> tuple[int, ...]:
        """Columns of sentiment, enchantment, incivility, presence, polarity (themes x polarities), stars."""
        space = self.labels
        n_themes, n_polarities = len(space.themes), len(space.polarities)
        singles = (len(space.sentiment), len(space.enchantment), len(space.incivility))
        return (*singles, n_themes, n_themes * n_polarities, N_STARS)

    @property
    def width(self) -> int:
        """Total columns."""
        return sum(self.sizes)

    def split(self, scores: Scores) -> tuple[Scores, Scores, Scores, Scores, Scores, Scores]:
        """Cut score vectors into the parts that `sizes` lists.

        Args:
            scores: Shape (n, width).

        Returns:
            Sentiment (n, 4), enchantment (n, 3), incivility (n, 3), presence (n, themes),
            polarity (n, themes, polarities), stars (n, 5).
        """
        cuts = np.cumsum(self.sizes)[:-1]
        sentiment, enchantment, incivility, presence, polarity, stars = np.split(scores, cuts, axis=1)
        polarity = polarity.reshape(len(scores), len(self.labels.themes), len(self.labels.polarities))
        return sentiment, enchantment, incivility, presence, polarity, stars


def softmax(scores: Scores) -> Scores:
    """Turn scores into probabilities along the last axis.

    >>> softmax(np.zeros((1, 4), dtype=np.float32)).tolist()
    [[0.25, 0.25, 0.25, 0.25]]
    """
    shifted = np.exp(scores - scores.max(axis=-1, keepdims=True))
    return np.asarray(shifted / shifted.sum(axis=-1, keepdims=True), dtype=np.float32)


def probabilities_of(scores: Scores, layout: ScoreLayout) -> TagProbabilities:
    """Turn score vectors into the probabilities that every tagger gives.

    A theme's five probabilities are `1 - presence`, then presence times each polarity's share. An
    enchantment's are scaled by the probability of a sentiment that it can come with: alone, its scores find
    some in verbatims that are plainly negative.

    Args:
        scores: Shape (n, layout.width).
        layout: Where each label lies.

    Returns:
        Probabilities for the n verbatims.
    """
    sentiment, enchantment, incivility, presence, polarity, _ = layout.split(scores)
    present = 1 / (1 + np.exp(-np.clip(presence, -30, 30)))
    shares = softmax(polarity)
    feelings = softmax(sentiment)
    return TagProbabilities(
        sentiment=feelings,
        enchantment=_where_warm(softmax(enchantment), feelings, layout.labels),
        incivility=softmax(incivility),
        themes={
            theme: np.concatenate(
                [1 - present[:, [k]], present[:, [k]] * shares[:, k]], axis=1, dtype=np.float32
            )
            for k, theme in enumerate(layout.labels.themes)
        },
    )


def _where_warm(enchantment: Scores, sentiment: Scores, labels: LabelSpace) -> Scores:
    columns = [k for k, value in enumerate(labels.sentiment) if value in WARM]
    warm = sentiment[:, columns].sum(axis=1, keepdims=True)
    found = enchantment[:, 1:] * warm
    return np.concatenate([1 - found.sum(axis=1, keepdims=True), found], axis=1, dtype=np.float32)
