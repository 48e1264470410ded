"""Train the linear model: first stage among texts, second stage and thresholds on what it had not seen."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.decisions import DecidedPositions, DecisionRule, decide_positions
from models.folds import group_folds
from models.gold import AUTHORED, GoldSet
from models.labels import LabelSpace
from models.linear.features import LETTER_SHARE, WORD_SHARE, Features, build_features, build_gram
from models.linear.heads import head_specs, head_targets, tag_probabilities
from models.linear.kernel import Floats, Head, Solution, fit_heads
from models.linear.ratings import N_RATINGS, RatedReviews, RatingModel, empty_ratings, fit_ratings
from models.linear.readings import FirstScores, dense_readings, theme_columns
from models.linear.stack import AUDIENCES, SecondStage, fit_layer
from models.linear.weights import LinearWeights, quantise
from models.predictions import Predictions
from models.tagger import TagProbabilities
from models.thresholds import learn_rule, rows_to_settle

Positions = NDArray[np.intp]
Report = Callable[[str], None]

FIRST_PENALTY = 0.05
SECOND_PENALTY = 100.0
SETTLED_AT = 10_000
"""Verbatims from which the second stage may leave the first as far as the penalty says; with fewer, less."""
OTHER_AUDIENCE_EVERY = 5


@dataclass(frozen=True, slots=True)
class TrainedLinear:
    """A trained model with its honest measure.

    Attributes:
        weights: What scoring needs.
        rule: Thresholds.
        labels: What was learnt.
        unseen: What models that had not seen a verbatim's source (or its part, for authored ones) say of it:
            first stage, second stage and thresholds were learnt without it.
    """

    weights: LinearWeights
    rule: DecisionRule
    labels: LabelSpace
    unseen: Predictions


def train_linear(
    gold: GoldSet,
    reviews: RatedReviews | None = None,
    *,
    seed: int = 0,
    report: Report = lambda message: None,
) -> TrainedLinear:
    """Train on labelled verbatims, with the stars of other reviews where they are given.

    Args:
        gold: Masked labelled verbatims.
        reviews: Masked rated reviews; none of them may be a labelled verbatim.
        seed: Of the order in which reviews are read; all else is deterministic.
        report: Told what is being done.
    """
    report("features and likenesses")
    features = build_features(gold)
    gram = build_gram(features)
    folds = tuple(fold.test for fold in group_folds(gold))
    ratings = fit_ratings(reviews, seed=seed) if reviews else empty_ratings()
    scores = _unseen_scores(features, gram, folds, _without(reviews, ratings, seed), report)
    readings = dense_readings(scores, gold.batch, gold.labels)
    report("second stage and thresholds")
    layer = _fit_second(readings, gold)
    unseen = _unseen_predictions(readings, gold, folds)
    probabilities = unseen.probabilities
    everything = np.arange(len(gold))
    rule = _learn_rule(probabilities, gold, everything) if probabilities else DecisionRule.plain(gold.labels)
    report("all verbatims")
    solution = _fit_first(gram, gold, everything)
    return TrainedLinear(_export(features, solution, ratings, layer), rule, gold.labels, unseen)


def _unseen_scores(
    features: Features,
    gram: Floats,
    folds: tuple[Positions, ...],
    ratings_without: Callable[[set[str]], RatingModel],
    report: Report,
) -> FirstScores:
    gold = features.gold
    n_columns = head_specs(gold.labels)[-1].columns.stop
    texts = np.zeros((len(gold), n_columns + N_RATINGS), dtype=np.float32)
    clauses = np.zeros((len(features.owners), n_columns + N_RATINGS), dtype=np.float32)
    questions = np.zeros((len(gold), len(gold.labels.themes)), dtype=np.float32)
    for held_out in folds:
        hidden = set(gold.sources[held_out].tolist()) - {AUTHORED}
        report(f"without {', '.join(sorted(hidden)) or 'a part'}, {len(held_out)} verbatims")
        solution = _fit_first(gram, gold, np.setdiff1d(np.arange(len(gold)), held_out))
        mine = np.flatnonzero(np.isin(features.owners, held_out))
        words, letters = features.primal(solution.dual)
        offsets = features.offsets(solution)
        texts[held_out, :n_columns] = features.texts.take(held_out).scores(words, letters) + offsets
        clauses[mine, :n_columns] = features.clauses.take(mine).scores(words, letters) + offsets
        asked = np.intersect1d(held_out, features.asked)
        themes = theme_columns(gold.labels)
        questions[asked] = (features.questions.take(asked).scores(words, letters) + offsets)[:, themes]
        ratings = ratings_without(hidden)
        texts[held_out, n_columns:] = ratings.scores(features.text_counts.take(held_out))
        clauses[mine, n_columns:] = ratings.scores(features.clause_counts.take(mine))
    return FirstScores(texts, clauses, features.starts, questions)


def _without(
    reviews: RatedReviews | None, ratings: RatingModel, seed: int
) -> Callable[[set[str]], RatingModel]:
    """Give the way to a rating model that knows nothing of some sources."""
    rated = set() if reviews is None else set(reviews.sources.tolist())

    def fit_without(sources: set[str]) -> RatingModel:
        return fit_ratings(reviews, sources & rated, seed=seed) if reviews and sources & rated else ratings

    return fit_without


def _fit_first(gram: Floats, gold: GoldSet, positions: Positions) -> Solution:
    """Learn the first stage; texts that are left out have coefficients 0."""
    part = gold.take(positions)
    targets = head_targets(part)
    heads = [Head(s.name, *targets[s.name], penalty=FIRST_PENALTY) for s in head_specs(part.labels)]
    whole = len(positions) == len(gold)
    solution = fit_heads(gram if whole else gram[np.ix_(positions, positions)], heads)
    dual = np.zeros((len(gold), solution.dual.shape[1]), dtype=np.float32)
    dual[positions] = solution.dual
    return Solution(dual, solution.offsets)


def _fit_second(readings: Floats, gold: GoldSet, wanted: tuple[str, ...] = AUDIENCES) -> SecondStage:
    """Learn the second stage for each audience wanted; one in five of the other's verbatims counts too."""
    penalty = SECOND_PENALTY * max(1.0, SETTLED_AT / len(gold))
    n_columns = head_specs(gold.labels)[-1].columns.stop
    weights = np.zeros((len(AUDIENCES), readings.shape[1], n_columns), dtype=np.float32)
    intercepts = np.zeros((len(AUDIENCES), n_columns), dtype=np.float32)
    for k, audience in enumerate(AUDIENCES):
        if audience not in wanted:
            continue
        own = gold.audiences == audience
        own[np.flatnonzero(~own)[::OTHER_AUDIENCE_EVERY]] = True
        rows = np.flatnonzero(own)
        part, targets = readings[rows], head_targets(gold.take(rows))
        for spec in head_specs(gold.labels):
            head_target, known = targets[spec.name][0], targets[spec.name][1] > 0
            layer = fit_layer(
                part[known],
                head_target[known],
                np.ones(int(known.sum()), dtype=np.float32),
                penalty,
                spec.columns,
            )
            weights[k, :, spec.columns] = layer.weights
            intercepts[k, spec.columns] = layer.intercepts
    return SecondStage(weights, intercepts)


def _unseen_predictions(readings: Floats, gold: GoldSet, folds: tuple[Positions, ...]) -> Predictions:
    """Learn second stage and thresholds without each part, and let them speak of it."""
    scores = np.zeros((len(gold), head_specs(gold.labels)[-1].columns.stop), dtype=np.float32)
    for held_out in folds:
        seen = np.setdiff1d(np.arange(len(gold)), held_out)
        audiences = gold.audiences[held_out].tolist()
        scores[held_out] = _fit_second(readings[seen], gold.take(seen), tuple(set(audiences))).scores(
            readings[held_out], audiences
        )
    probabilities = tag_probabilities(scores, gold.labels)
    decided = _empty_positions(gold)
    for held_out in folds:
        seen = np.setdiff1d(np.arange(len(gold)), held_out)
        rule = _learn_rule(probabilities, gold, seen)
        part = decide_positions(probabilities.take(held_out), rule)
        for name in ("sentiment", "enchantment", "incivility", "confidence"):
            getattr(decided, name)[held_out] = getattr(part, name)
        for theme in gold.labels.themes:
            decided.themes[theme][held_out] = part.themes[theme]
    return Predictions(decided, probabilities)


def _learn_rule(probabilities: TagProbabilities, gold: GoldSet, rows: Positions) -> DecisionRule:
    learnt = rows_to_settle(gold, rows)
    return learn_rule(probabilities.take(learnt), gold.take(learnt))


def _empty_positions(gold: GoldSet) -> DecidedPositions:
    def zeros() -> Positions:
        return np.zeros(len(gold), dtype=np.intp)

    return DecidedPositions(
        sentiment=zeros(),
        enchantment=zeros(),
        incivility=zeros(),
        themes={theme: zeros() for theme in gold.labels.themes},
        confidence=np.zeros(len(gold), dtype=np.float32),
    )


def _export(
    features: Features, solution: Solution, ratings: RatingModel, layer: SecondStage
) -> LinearWeights:
    """Round the first stage to 8 bits a weight; rows are features, each weight times its feature's rarity."""
    words, letters = features.primal(solution.dual)
    word_rarity = features.rarity.words[features.word_ids]
    letter_rarity = features.rarity.letters[features.letter_ids]
    weights, scales = quantise(
        np.concatenate([words * word_rarity[:, None], letters * letter_rarity[:, None]])
    )
    rating_weights, rating_scales = quantise(ratings.weights * ratings.rarity[:, None])
    return LinearWeights(
        word_ids=features.word_ids.astype(np.uint32),
        letter_ids=features.letter_ids.astype(np.uint32),
        squares=(np.concatenate([word_rarity, letter_rarity]) ** 2).astype(np.float16),
        weights=weights,
        rating_ids=ratings.ids,
        rating_squares=(ratings.rarity**2).astype(np.float16),
        rating_weights=rating_weights,
        scales=np.concatenate([scales, rating_scales]),
        offsets=np.concatenate([features.offsets(solution), ratings.offsets]).astype(np.float32),
        layer_weights=layer.weights,
        layer_intercepts=layer.intercepts,
    )


__all__ = [
    "LETTER_SHARE",
    "WORD_SHARE",
    "TrainedLinear",
    "train_linear",
]
