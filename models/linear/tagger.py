"""The linear model as a tagger."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from models.decisions import DecisionRule, decide
from models.labels import LabelSpace
from models.linear.alphabet import folding_table
from models.linear.design import N_LETTER_FEATURES, N_WORD_FEATURES, text_bytes
from models.linear.engine import score
from models.linear.heads import tag_probabilities
from models.linear.kernel import Floats
from models.linear.readings import dense_readings
from models.linear.tokens import CONTRAST_HASHES
from models.linear.weights import LinearWeights, load_weights
from models.registry import read_card, trained_labels
from models.tagger import Decisions, TagProbabilities, VerbatimBatch


@dataclass(frozen=True, slots=True)
class LinearTagger:
    """Hashed words and letters, weighed and summed; see `models/linear/engine.py`.

    Attributes:
        model_id: Name, version, weights' hash and codebook hash.
        labels: The label space in use.
        trained: The label space that was learnt.
        weights: The learnt numbers.
        rule: The thresholds.
        word_rows: Row of each word feature's hash, -1 where it is not kept; shape (2^22,).
        letter_rows: Likewise for letters; shape (2^20,).
    """

    model_id: str
    labels: LabelSpace
    trained: LabelSpace
    weights: LinearWeights
    rule: DecisionRule
    word_rows: NDArray[np.int32]
    letter_rows: NDArray[np.int32]

    def predict(self, batch: VerbatimBatch) -> TagProbabilities:
        """Give calibrated probabilities for each verbatim, in the order given."""
        readings = dense_readings(self.first_scores(batch.texts), batch)
        scores = readings @ self.weights.layer_weights + self.weights.layer_intercepts
        return tag_probabilities(np.asarray(scores, dtype=np.float32), self.trained)

    def decide(self, probabilities: TagProbabilities) -> Decisions:
        """Decide labels with the model's own thresholds."""
        return decide(probabilities, self.trained, self.rule)

    def first_scores(self, texts: Sequence[str]) -> Floats:
        """Score texts by the first stage: shape (n, columns)."""
        content, offsets = text_bytes(texts)
        sums = np.empty((len(texts), self.weights.weights.shape[1]), dtype=np.float32)
        score(
            content,
            offsets,
            folding_table(),
            CONTRAST_HASHES,
            self.word_rows,
            self.letter_rows,
            self.weights.squares.astype(np.float32),
            self.weights.weights,
            sums,
        )
        return np.asarray(sums * self.weights.scales + self.weights.intercepts, dtype=np.float32)


def build_tagger(
    weights: LinearWeights, rule: DecisionRule, trained: LabelSpace, version: int
) -> LinearTagger:
    """Make a tagger of learnt numbers."""
    n_words = len(weights.word_ids)
    return LinearTagger(
        model_id=f"linear-{version}-{weights.digest()}-{trained.codebook_hash[:8]}",
        labels=trained,
        trained=trained,
        weights=weights,
        rule=rule,
        word_rows=_rows(weights.word_ids, N_WORD_FEATURES, 0),
        letter_rows=_rows(weights.letter_ids, N_LETTER_FEATURES, n_words),
    )


def load_linear(folder: Path, labels: LabelSpace) -> LinearTagger:
    """Load the linear model of a folder, to answer in the given label space."""
    card = read_card(folder)
    tagger = build_tagger(
        load_weights(folder), DecisionRule.from_json(card["rule"]), trained_labels(card), int(card["version"])
    )
    return replace(tagger, labels=labels)


def _rows(ids: NDArray[np.uint32], size: int, start: int) -> NDArray[np.int32]:
    rows = np.full(size, -1, dtype=np.int32)
    rows[ids] = np.arange(start, start + len(ids), dtype=np.int32)
    return rows
