"""The linear model as a tagger."""

from __future__ import annotations

import itertools
import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from models.decisions import DecisionRule, decide
from models.digests import short_digest
from models.labels import LabelSpace
from models.linear.alphabet import folding_table
from models.linear.design import N_LETTER_FEATURES, N_WORD_FEATURES, text_bytes
from models.linear.engine import score
from models.linear.heads import tag_probabilities
from models.linear.kernel import Floats
from models.linear.readings import FirstScores, dense_readings, theme_columns
from models.linear.stack import SecondStage
from models.linear.tokens import CONTRAST_HASHES
from models.linear.weights import LinearWeights, load_weights
from models.registry import read_card, trained_labels
from models.tagger import Decisions, TagProbabilities, VerbatimBatch

TEXTS_PER_THREAD = 1_000
"""A thread is worth its start from so many texts."""


@dataclass(frozen=True, slots=True)
class LinearTagger:
    """Hashed words and letters, weighed and summed; see `models/linear/engine.py`.

    Attributes:
        model_id: Name, version, hash of weights and thresholds, and codebook hash.
        labels: The label space in use.
        trained: The label space that was learnt.
        weights: The learnt numbers.
        rule: The thresholds.
        word_rows: Row of each word feature's hash, -1 where it is not kept; shape (2^22,).
        letter_rows: Likewise for letters; shape (2^20,).
        rating_rows: Likewise for words that speak of stars; shape (2^22,).
    """

    model_id: str
    labels: LabelSpace
    trained: LabelSpace
    weights: LinearWeights
    rule: DecisionRule
    word_rows: NDArray[np.int32]
    letter_rows: NDArray[np.int32]
    rating_rows: NDArray[np.int32]

    def predict(self, batch: VerbatimBatch) -> TagProbabilities:
        """Give calibrated probabilities for each verbatim, in the order given; large batches on all cores."""
        n_threads = min(os.cpu_count() or 1, len(batch) // TEXTS_PER_THREAD)
        if n_threads < 2:
            return self._predict(batch)
        cuts = np.linspace(0, len(batch), n_threads + 1).astype(int)
        parts = [_cut(batch, low, high) for low, high in itertools.pairwise(cuts)]
        with ThreadPoolExecutor(n_threads) as pool:
            return _joined(list(pool.map(self._predict, parts)))

    def _predict(self, batch: VerbatimBatch) -> TagProbabilities:
        readings = dense_readings(self.first_scores(batch), batch, self.trained)
        second = SecondStage(self.weights.layer_weights, self.weights.layer_intercepts)
        return tag_probabilities(second.scores(readings, batch.audiences), self.trained)

    def decide(self, probabilities: TagProbabilities) -> Decisions:
        """Decide labels with the model's own thresholds."""
        return decide(probabilities, self.trained, self.rule)

    def first_scores(self, batch: VerbatimBatch) -> FirstScores:
        """Score texts, clauses and questions by the first stage."""
        texts, clauses, starts = self._score(batch.texts)
        return FirstScores(texts, clauses, starts, self._question_scores(batch.questions))

    def _question_scores(self, questions: Sequence[str | None]) -> Floats:
        columns = theme_columns(self.trained)
        scores = np.zeros((len(questions), columns.stop - columns.start), dtype=np.float32)
        asked = sorted({question for question in questions if question})
        if asked:
            texts, _, _ = self._score(asked)
            place = {question: row for row, question in enumerate(asked)}
            rows = [i for i, question in enumerate(questions) if question]
            scores[rows] = texts[[place[question] for question in questions if question], columns]
        return scores

    def _score(self, texts: Sequence[str]) -> tuple[Floats, Floats, NDArray[np.int64]]:
        content, offsets = text_bytes(texts)
        w = self.weights
        out = np.empty((len(texts), len(w.scales)), dtype=np.float32)
        clauses, starts = score(
            content,
            offsets,
            folding_table(),
            CONTRAST_HASHES,
            self.word_rows,
            self.letter_rows,
            w.squares.astype(np.float32),
            w.weights,
            self.rating_rows,
            w.rating_squares.astype(np.float32),
            w.rating_weights,
            w.scales,
            w.offsets,
            out,
        )
        return out, clauses, starts


def _cut(batch: VerbatimBatch, low: int, high: int) -> VerbatimBatch:
    return VerbatimBatch(batch.texts[low:high], batch.audiences[low:high], batch.questions[low:high])


def _joined(parts: list[TagProbabilities]) -> TagProbabilities:
    return TagProbabilities(
        sentiment=np.concatenate([part.sentiment for part in parts]),
        enchantment=np.concatenate([part.enchantment for part in parts]),
        incivility=np.concatenate([part.incivility for part in parts]),
        themes={theme: np.concatenate([part.themes[theme] for part in parts]) for theme in parts[0].themes},
    )


def build_tagger(
    weights: LinearWeights, rule: DecisionRule, trained: LabelSpace, version: int
) -> LinearTagger:
    """Make a tagger of learnt numbers."""
    n_words = len(weights.word_ids)
    digest = short_digest(weights.digest(), rule.as_json())
    return LinearTagger(
        model_id=f"linear-{version}-{digest}-{trained.codebook_hash[:8]}",
        labels=trained,
        trained=trained,
        weights=weights,
        rule=rule,
        word_rows=_rows(weights.word_ids, N_WORD_FEATURES, 0),
        letter_rows=_rows(weights.letter_ids, N_LETTER_FEATURES, n_words),
        rating_rows=_rows(weights.rating_ids, N_WORD_FEATURES, 0),
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
