"""Train the linear model: first stage among texts, second stage and thresholds on what it had not seen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from models.decisions import DecisionRule
from models.folds import fold_numbers
from models.gold import AUTHORED, GoldSet
from models.linear.design import Counts, Rarity, count_features, learn_rarity, weigh
from models.linear.heads import HeadSpec, head_specs, head_targets, tag_probabilities
from models.linear.kernel import Floats, Head, fit_heads, gram_matrix
from models.linear.readings import dense_readings
from models.linear.stack import Layer, fit_layer
from models.linear.weights import LinearWeights, quantise
from models.tagger import TagProbabilities
from models.thresholds import learn_rule

Positions = NDArray[np.intp]

WORD_SHARE, LETTER_SHARE, INTERCEPT = 0.5, 0.4, 1.0
FIRST_PENALTY = 0.05
SECOND_PENALTY = 3.0
N_INNER_FOLDS = 5


@dataclass(frozen=True, slots=True)
class TrainingSet:
    """Labelled verbatims with what is computed once for every fold.

    Attributes:
        gold: The verbatims, n of them.
        words: Weighed word features, shape (n, 2^22), sparse.
        letters: Weighed letter features, shape (n, 2^20), sparse.
        rarity: What each feature weighs.
        gram: Likeness between the verbatims, shape (n, n), intercept included.
    """

    gold: GoldSet
    words: sparse.csr_matrix
    letters: sparse.csr_matrix
    rarity: Rarity
    gram: Floats


@dataclass(frozen=True, slots=True)
class Fitted:
    """What was learnt from one set of positions.

    Attributes:
        positions: The verbatims learnt from.
        dual: First stage, shape (positions, columns).
        layer: Second stage.
        rule: Thresholds.
        unseen: Probabilities of the same verbatims by models that had not seen them.
    """

    positions: Positions
    dual: Floats
    layer: Layer
    rule: DecisionRule
    unseen: TagProbabilities


def prepare(gold: GoldSet) -> TrainingSet:
    """Compute features and likenesses, once."""
    counts: Counts
    counts, _ = count_features(gold.batch.texts)
    rarity = learn_rarity(counts)
    words, letters = weigh(counts, rarity)
    gram = WORD_SHARE * gram_matrix(words) + LETTER_SHARE * gram_matrix(letters) + np.float32(INTERCEPT)
    return TrainingSet(gold, words, letters, rarity, np.asarray(gram, dtype=np.float32))


def fit(data: TrainingSet, positions: Positions) -> Fitted:
    """Learn both stages and the thresholds from some of the verbatims.

    The second stage learns from scores of verbatims that the first had not seen: each source held out in
    turn, authored ones in parts.
    """
    unseen_scores = np.zeros((len(positions), _width(data)), dtype=np.float32)
    for held_out in inner_folds(data.gold, positions):
        seen = np.setdiff1d(np.arange(len(positions)), held_out)
        dual = _fit_first(data, positions[seen])
        unseen_scores[held_out] = data.gram[np.ix_(positions[held_out], positions[seen])] @ dual
    part = data.gold.take(positions)
    readings = dense_readings(unseen_scores, part.batch)
    layer = _fit_second(readings, part)
    unseen = tag_probabilities(layer.scores(readings), part.labels)
    return Fitted(positions, _fit_first(data, positions), layer, learn_rule(unseen, part), unseen)


def predict_positions(data: TrainingSet, fitted: Fitted, positions: Positions) -> TagProbabilities:
    """Give the probabilities of verbatims of the same set by a fitted model."""
    scores = data.gram[np.ix_(positions, fitted.positions)] @ fitted.dual
    readings = dense_readings(scores, data.gold.take(positions).batch)
    return tag_probabilities(fitted.layer.scores(readings), data.gold.labels)


def export(data: TrainingSet, fitted: Fitted) -> LinearWeights:
    """Turn likenesses into weights of features, rounded to 8 bits."""
    word_ids, words = _primal(data.words[fitted.positions], data.rarity.words, WORD_SHARE, fitted.dual)
    letter_ids, letters = _primal(
        data.letters[fitted.positions], data.rarity.letters, LETTER_SHARE, fitted.dual
    )
    weights, scales = quantise(np.concatenate([words, letters]))
    squares = np.concatenate([data.rarity.words[word_ids], data.rarity.letters[letter_ids]]) ** 2
    return LinearWeights(
        word_ids=word_ids.astype(np.uint32),
        letter_ids=letter_ids.astype(np.uint32),
        squares=squares.astype(np.float16),
        weights=weights,
        scales=scales,
        intercepts=(INTERCEPT * fitted.dual.sum(axis=0)).astype(np.float32),
        layer_weights=fitted.layer.weights,
        layer_intercepts=fitted.layer.intercepts,
    )


def inner_folds(gold: GoldSet, positions: Positions) -> Sequence[Positions]:
    """Split positions (as indices into `positions`): each real source, and authored ones in parts."""
    sources = gold.sources[positions]
    numbers = fold_numbers([gold.batch.texts[i] for i in positions], N_INNER_FOLDS)
    real = sorted(set(sources.tolist()) - {AUTHORED})
    if len(real) < 2:
        folds = [np.flatnonzero(numbers == k) for k in range(N_INNER_FOLDS)]
    else:
        folds = [np.flatnonzero(sources == source) for source in real]
        folds += [np.flatnonzero((sources == AUTHORED) & (numbers == k)) for k in range(N_INNER_FOLDS)]
    return [fold for fold in folds if len(fold)]


def _width(data: TrainingSet) -> int:
    return int(head_specs(data.gold.labels)[-1].columns.stop)


def _fit_first(data: TrainingSet, positions: Positions) -> Floats:
    part = data.gold.take(positions)
    targets = head_targets(part)
    heads = [Head(s.name, *targets[s.name], penalty=FIRST_PENALTY) for s in head_specs(part.labels)]
    return fit_heads(data.gram[np.ix_(positions, positions)], heads)


def _fit_second(readings: Floats, gold: GoldSet) -> Layer:
    targets = head_targets(gold)
    layers = [
        fit_layer(_visible(readings, s), *targets[s.name], SECOND_PENALTY) for s in head_specs(gold.labels)
    ]
    return Layer(
        weights=np.concatenate([layer.weights for layer in layers], axis=1),
        intercepts=np.concatenate([layer.intercepts for layer in layers]),
    )


def _visible(readings: Floats, spec: HeadSpec) -> Floats:
    return readings


def _primal(
    features: sparse.csr_matrix, rarity: NDArray[np.float32], share: float, dual: Floats
) -> tuple[NDArray[np.intp], Floats]:
    ids, positions = np.unique(features.indices, return_inverse=True)
    narrow = sparse.csr_matrix(
        (features.data, positions, features.indptr), shape=(features.shape[0], len(ids))
    )
    return ids.astype(np.intp), np.asarray(
        (narrow.T @ dual) * (share * rarity[ids])[:, None], dtype=np.float32
    )
