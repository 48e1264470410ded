"""What a model said of verbatims before it learnt from them, in the place of what it says since.

A model repeats what it was told of a verbatim. Read that way, it would show no fault on what analysts
reviewed once it was trained on that, and would speak of these verbatims otherwise than of all others. Its
out-of-fold predictions, kept beside it, are what it says of them as it says it of any other.
"""

from __future__ import annotations

from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from models.gold import batch_keys
from models.held_out import stored_predictions
from models.labels import LabelSpace
from models.oof import all_learnt
from models.tagger import Tagger, TagProbabilities, VerbatimBatch

Keys = NDArray[np.uint64]


class Recall:
    """The verbatims that a model learnt from, known by the keys of their texts."""

    def __init__(self, folder: Path, labels: LabelSpace) -> None:
        """Read the keys.

        Args:
            folder: The model's.
            labels: The codebook's label space.
        """
        self._folder, self._labels = folder, labels
        self._learnt = all_learnt(folder)

    @cached_property
    def _said(self) -> tuple[Keys, TagProbabilities | None]:
        """Keys in order, and what was said of each out of fold; read once one of them is met."""
        stored = stored_predictions(self._folder, self._labels)
        if stored is None or stored[1].probabilities is None:
            return np.zeros(0, dtype=np.uint64), None
        keys, rows = np.unique(np.array(stored[0].ids, dtype=np.uint64), return_index=True)
        return keys, stored[1].probabilities.take(rows)

    def predict(self, tagger: Tagger, batch: VerbatimBatch) -> tuple[TagProbabilities, NDArray[np.bool_]]:
        """Let the model read verbatims, those that it learnt from as it did before.

        Args:
            tagger: The model.
            batch: Masked verbatims.

        Returns:
            Probabilities, and which of the verbatims the model learnt from. Of these it says what it says
            now where nothing is kept of what it said before, or not of each of its themes.
        """
        probabilities = tagger.predict(batch)
        keys = batch_keys(batch)
        learnt = np.isin(keys, self._learnt)
        if not learnt.any():
            return probabilities, learnt
        known, said = self._said
        if said is None or not set(probabilities.themes) <= set(said.themes):
            return probabilities, learnt
        found = learnt & np.isin(keys, known)
        before = said.take(np.searchsorted(known, keys[found]))
        return probabilities.with_rows(np.flatnonzero(found), before), learnt
