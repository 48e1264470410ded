"""Verbatims that nobody labelled, for a network to learn from what others say of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from models.folds import Fold
from models.gold import GoldSet
from models.tagger import VerbatimBatch

MOST: Final = 45_000
"""Verbatims without labels to learn from, at most: with more, the labels would weigh too little."""


@dataclass(frozen=True, slots=True)
class Unlabelled:
    """Masked verbatims without labels.

    Attributes:
        batch: The verbatims.
        sources: Where each comes from, shape (n,).
    """

    batch: VerbatimBatch
    sources: NDArray[np.str_]

    def outside(self, gold: GoldSet, fold: Fold | None) -> VerbatimBatch:
        """Give those of no source that the fold holds out, `MOST` of them, drawn at random, at most.

        Args:
            gold: The labelled verbatims of the fold.
            fold: What is held out; nothing where None.
        """
        held_out = set(gold.sources[fold.test].tolist()) if fold else set()
        rows = np.flatnonzero(~np.isin(self.sources, sorted(held_out)))
        if len(rows) > MOST:
            rows = np.sort(np.random.default_rng(0).choice(rows, MOST, replace=False))
        return VerbatimBatch(
            texts=[self.batch.texts[row] for row in rows.tolist()],
            audiences=[self.batch.audiences[row] for row in rows.tolist()],
            questions=[self.batch.questions[row] for row in rows.tolist()],
        )
