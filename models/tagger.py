"""What every model offers: texts in, probabilities of the codebook's labels out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from models.labels import LabelSpace

Probabilities = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class VerbatimBatch:
    """Masked texts to tag, with what the reading of a text may depend on.

    Attributes:
        texts: Masked texts, n of them.
        audiences: `customer` or `employee` for each text.
        questions: The question answered, or None, for each text.
    """

    texts: Sequence[str]
    audiences: Sequence[str]
    questions: Sequence[str | None]

    def __len__(self) -> int:
        """Count the texts."""
        return len(self.texts)


@dataclass(frozen=True, slots=True)
class TagProbabilities:
    """Calibrated probabilities for n verbatims, columns ordered as the label space says.

    Attributes:
        sentiment: Shape (n, 4), rows sum to 1.
        enchantment: Shape (n, 3), rows sum to 1.
        incivility: Shape (n, 3), rows sum to 1.
        themes: For each theme, shape (n, 5): absent, then the polarities; rows sum to 1.
            A theme of the codebook that the model was not trained for is not a key.
    """

    sentiment: Probabilities
    enchantment: Probabilities
    incivility: Probabilities
    themes: Mapping[str, Probabilities]

    def take(self, rows: NDArray[np.intp]) -> TagProbabilities:
        """Give the probabilities of some verbatims, in the order of the rows."""
        return TagProbabilities(
            sentiment=self.sentiment[rows],
            enchantment=self.enchantment[rows],
            incivility=self.incivility[rows],
            themes={theme: columns[rows] for theme, columns in self.themes.items()},
        )

    def with_rows(self, at: NDArray[np.intp], part: TagProbabilities) -> TagProbabilities:
        """Give the same probabilities with those of some verbatims replaced.

        Args:
            at: Positions of the replaced ones.
            part: Their new probabilities, in that order, for these themes or more.
        """
        return TagProbabilities(
            sentiment=put(self.sentiment, at, part.sentiment),
            enchantment=put(self.enchantment, at, part.enchantment),
            incivility=put(self.incivility, at, part.incivility),
            themes={theme: put(values, at, part.themes[theme]) for theme, values in self.themes.items()},
        )


Column = TypeVar("Column", bound=NDArray[Any])


def put(before: Column, at: NDArray[np.intp], after: Column) -> Column:
    """Copy an array, with some of its rows replaced."""
    merged = before.copy()
    merged[at] = after
    return merged


@dataclass(frozen=True, slots=True)
class Decisions:
    """Labels decided from probabilities, one entry a verbatim.

    Attributes:
        sentiment: Decided sentiment.
        enchantment: Decided enchantment.
        incivility: Decided incivility.
        themes: For each trained theme, the decided polarity, or None where the theme is absent.
        confidence: Probability, in [0, 1], that the whole set of decided labels is right.
        needs_review: Whether the expected error is above the model's review threshold.
    """

    sentiment: Sequence[str]
    enchantment: Sequence[str]
    incivility: Sequence[str]
    themes: Mapping[str, Sequence[str | None]]
    confidence: Probabilities
    needs_review: Sequence[bool]


class Tagger(Protocol):
    """A model that reads verbatims."""

    @property
    def model_id(self) -> str:
        """Name, version, weights' hash and codebook hash: `linear-1-0a1b2c3d-4e5f6a7b`."""
        ...

    @property
    def labels(self) -> LabelSpace:
        """The label space that the probabilities follow."""
        ...

    def predict(self, batch: VerbatimBatch) -> TagProbabilities:
        """Give calibrated probabilities for each verbatim, in the order given."""
        ...

    def decide(self, probabilities: TagProbabilities) -> Decisions:
        """Decide labels with the model's own thresholds, which are apart from probabilities."""
        ...
