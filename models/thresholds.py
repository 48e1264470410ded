"""Learn decision thresholds from out-of-fold probabilities: what balances rare and frequent labels.

Authored verbatims are more pointed than what people write: thresholds, calibration and the weights of blended
models are learnt from real people's alone, where they are enough for rare labels too.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from models.decisions import DecisionRule, decide_positions, log_odds_of_product
from models.gold import AUTHORED, UNKNOWN, GoldSet
from models.tagger import Probabilities, TagProbabilities

_GRID = np.geomspace(0.25, 8.0, 21)
_ROUNDS = 3

FEWEST_REAL = 2000
"""Real people's verbatims, the three single labels known, that are enough: even among so many, rare labels
occur a few dozen times."""


def are_enough(gold: GoldSet, rows: NDArray[np.intp]) -> bool:
    """Say whether some verbatims are enough to learn from alone; those read for a theme only do not count."""
    known = (gold.sentiment != UNKNOWN) & (gold.enchantment != UNKNOWN) & (gold.incivility != UNKNOWN)
    return int(known[rows].sum()) >= FEWEST_REAL


def rows_to_settle(
    gold: GoldSet, rows: NDArray[np.intp], real: NDArray[np.bool_] | None = None
) -> NDArray[np.intp]:
    """Choose the verbatims that thresholds, calibration and weights are learnt from.

    Args:
        gold: Labelled verbatims.
        rows: Positions of those that may be learnt from.
        real: Which of all real people wrote, shape (n,); those whose source says so where it is not given.

    Returns:
        The real ones of these where they are enough, else all of these.
    """
    real = gold.sources != AUTHORED if real is None else real
    theirs = rows[real[rows]]
    return theirs if are_enough(gold, theirs) else rows


def learn_rule(probabilities: TagProbabilities, gold: GoldSet, review_share: float = 0.15) -> DecisionRule:
    """Choose weights and thresholds that balance rare and frequent labels, on verbatims not seen in training.

    Sentiment: half-way (in logarithms) to the weights of the best macro-F1, which fit the sources at hand
    more than the next one. Enchantment and incivility: one weight for all values but the first, «none».
    Themes: one threshold for all, since a threshold of each theme's own was worse on sources held out.

    Args:
        probabilities: Out-of-fold probabilities, calibrated.
        gold: The labels of the same verbatims.
        review_share: Share of verbatims that a person should look at.
    """
    plain = DecisionRule.plain(gold.labels)
    chosen = DecisionRule(
        sentiment=tuple(w**0.5 for w in balance(probabilities.sentiment, gold.sentiment)),
        enchantment=_presence_weights(probabilities.enchantment, gold.enchantment),
        incivility=_presence_weights(probabilities.incivility, gold.incivility),
        themes=_theme_thresholds(probabilities, gold),
        polarities=plain.polarities,
    )
    return _with_confidence(chosen, probabilities, gold, review_share)


def balance(probabilities: Probabilities, codes: NDArray[np.int8]) -> tuple[float, ...]:
    """Find the weights of values that maximise the macro-F1 of the largest weighted probability."""
    known = codes != UNKNOWN
    columns, truth = probabilities[known].astype(np.float64), codes[known]
    weights = np.ones(columns.shape[1])
    best = macro_f1(columns.argmax(axis=1), truth, len(weights))
    for _ in range(_ROUNDS):
        for k in range(len(weights)):
            for factor in _GRID:
                trial = weights.copy()
                trial[k] = factor
                reached = macro_f1((columns * trial).argmax(axis=1), truth, len(weights))
                if reached > best + 1e-4:
                    best, weights = reached, trial
    return tuple(float(weight) for weight in weights / weights[0])


def macro_f1(decided: NDArray[np.integer], truth: NDArray[np.integer], n_values: int) -> float:
    """Average the F1 of the values that occur in the truth."""
    confusion = np.bincount(truth.astype(np.int64) * n_values + decided, minlength=n_values**2)
    table = confusion.reshape(n_values, n_values)
    occurs = table.sum(axis=1) > 0
    scores = 2 * np.diag(table) / np.maximum(table.sum(axis=0) + table.sum(axis=1), 1)
    return float(scores[occurs].mean())


def _presence_weights(probabilities: Probabilities, codes: NDArray[np.int8]) -> tuple[float, ...]:
    """Weigh the values of a rare label against the first, «none», by the threshold of their presence."""
    known = codes != UNKNOWN
    threshold = f1_threshold(1 - probabilities[known, 0], codes[known] > 0)
    return (1.0, *[(1 - threshold) / threshold] * (probabilities.shape[1] - 1))


def _theme_thresholds(probabilities: TagProbabilities, gold: GoldSet) -> dict[str, float]:
    present, truth = [], []
    for k, theme in enumerate(gold.labels.themes):
        known = gold.themes[:, k] != UNKNOWN
        present.append(1 - probabilities.themes[theme][known, 0])
        truth.append(gold.themes[known, k] > 0)
    return dict.fromkeys(gold.labels.themes, f1_threshold(np.concatenate(present), np.concatenate(truth)))


def f1_threshold(probability: NDArray[np.float32], truth: NDArray[np.bool_]) -> float:
    """Give half of the best F1 that any threshold reaches, between 0.05 and 0.5.

    For probabilities that are right this is the threshold of the best F1. The one that happens to be best on
    the verbatims at hand is worse on sources held out: few of them hold a rare label.

    Args:
        probability: Of the label's presence, shape (n,).
        truth: Whether it is present, shape (n,).

    Source:
        Lipton, Elkan and Narayanaswamy 2014, Thresholding classifiers to maximize F1 score (arXiv:1402.1892).
    """
    if not truth.any():
        return 0.5
    found = np.cumsum(truth[np.argsort(-probability, kind="stable")])
    f1 = 2 * found / (np.arange(1, len(truth) + 1) + truth.sum())
    return max(0.05, float(f1.max()) / 2)


def all_right(probabilities: TagProbabilities, gold: GoldSet, rule: DecisionRule) -> NDArray[np.bool_]:
    """Say of each verbatim whether the whole set of decided labels (polarities included) is right."""
    decided = decide_positions(probabilities, rule)
    right = np.ones(len(gold), dtype=np.bool_)
    for name in ("sentiment", "enchantment", "incivility"):
        codes = getattr(gold, name)
        right &= (codes == UNKNOWN) | (codes == getattr(decided, name))
    for k, theme in enumerate(gold.labels.themes):
        codes = gold.themes[:, k]
        right &= (codes == UNKNOWN) | (codes == decided.themes[theme])
    return right


def _with_confidence(
    rule: DecisionRule, probabilities: TagProbabilities, gold: GoldSet, review_share: float
) -> DecisionRule:
    """Calibrate the confidence by a logistic line, and place the review threshold at the share's quantile."""
    naive = decide_positions(probabilities, rule).confidence.astype(np.float64)
    odds = log_odds_of_product(np.log(np.clip(naive, 1e-12, 1)))
    right = all_right(probabilities, gold, rule).astype(np.float64)
    line = np.array([1.0, 0.0])
    for _ in range(25):
        p = 1 / (1 + np.exp(-np.clip(line[0] * odds + line[1], -30, 30)))
        spread = np.maximum(p * (1 - p), 1e-6)
        design = np.column_stack([odds, np.ones_like(odds)])
        # A weak pull to the identity keeps the line finite when every label is right.
        slope = design.T @ (right - p) - (line - np.array([1.0, 0.0]))
        line += np.linalg.solve(design.T @ (design * spread[:, None]) + np.eye(2), slope)
    fitted = replace(rule, confidence=(float(line[0]), float(line[1])))
    confidence = decide_positions(probabilities, fitted).confidence
    return replace(fitted, review_below=float(np.quantile(confidence, review_share)))
