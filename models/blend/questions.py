"""What a question says of its answers: to « points forts », people name what is good.

The models read the question, but too faintly: of answers to questions that ask for what is good they called
one in three negative, as employees' wishes for what is lacking are (« être assez nombreux au guichet »). The
log-odds of sentiments and polarities are shifted by what the question asks for; the shifts are learnt from
labelled answers that the models had not seen.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from models.gold import UNKNOWN, GoldSet
from models.labels import LabelSpace
from models.question_words import GOOD, KINDS, LACKING, OPEN, kind_of
from models.tagger import Probabilities, TagProbabilities

Floats = NDArray[np.float64]

FEWEST: Final = 50
"""Labelled answers to questions of a kind under which nothing is learnt of it."""
_TINY = 1e-5
_PRIOR = 2.0


@dataclass(frozen=True, slots=True)
class QuestionShifts:
    """What is added to the log-odds of an answer, by what its question asks for.

    Attributes:
        sentiment: Shape (3, sentiments), rows in the order of `KINDS`; the first is 0.
        polarity: Shape (3, polarities), the same for the polarity of a theme that is present.
    """

    sentiment: Floats
    polarity: Floats

    def apply(self, told: TagProbabilities, questions: Sequence[str | None]) -> TagProbabilities:
        """Shift the probabilities of answers; those to open questions stay as they are.

        Args:
            told: Probabilities of the answers.
            questions: The question of each; None where there is none.
        """
        kinds = np.array([kind_of(question) for question in questions], dtype=np.intp)
        rows = np.flatnonzero(kinds != OPEN)
        if not len(rows):
            return told
        answers, kinds = told.take(rows), kinds[rows]
        themes = {}
        for theme, columns in answers.themes.items():
            present = columns[:, 1:].sum(axis=1, keepdims=True)
            shares = _shifted(columns[:, 1:] / np.maximum(present, 1e-7), self.polarity[kinds])
            themes[theme] = np.concatenate([columns[:, :1], present * shares], axis=1, dtype=np.float32)
        sentiment = _shifted(answers.sentiment, self.sentiment[kinds])
        return told.with_rows(rows, replace(answers, sentiment=sentiment, themes=themes))

    def as_json(self) -> dict[str, Any]:
        """Give plain values for a JSON file."""
        return {
            "sentiment": self.sentiment.round(5).tolist(),
            "polarity": self.polarity.round(5).tolist(),
        }

    @classmethod
    def from_card(cls, card: Mapping[str, Any], labels: LabelSpace) -> QuestionShifts:
        """Read what a blend says of itself; one from before it had shifts has none."""
        if "questions" not in card:
            return cls.none(labels)
        return cls(
            *(np.array(card["questions"][name], dtype=np.float64) for name in ("sentiment", "polarity"))
        )

    @classmethod
    def none(cls, labels: LabelSpace) -> QuestionShifts:
        """Shift nothing."""
        return cls(*(np.zeros((len(KINDS), len(values))) for values in (labels.sentiment, labels.polarities)))


def fit_question_shifts(told: TagProbabilities, gold: GoldSet) -> QuestionShifts:
    """Learn the shifts by the least log-loss, drawn gently towards none.

    Args:
        told: Probabilities of verbatims that the models had not seen.
        gold: The labels of the same verbatims, with their questions.
    """
    kinds = np.array([kind_of(question) for question in gold.batch.questions], dtype=np.intp)
    shares, codes, asked = [], [], []
    for k, theme in enumerate(gold.labels.themes):
        rows = np.flatnonzero((gold.themes[:, k] > 0) & (kinds != OPEN))
        columns = told.themes[theme][rows, 1:]
        shares.append(columns / np.maximum(columns.sum(axis=1, keepdims=True), 1e-7))
        codes.append(gold.themes[rows, k] - 1)
        asked.append(kinds[rows])
    return QuestionShifts(
        sentiment=_fit(told.sentiment, gold.sentiment, kinds),
        polarity=_fit(np.concatenate(shares), np.concatenate(codes), np.concatenate(asked)),
    )


def _fit(probabilities: Probabilities, codes: NDArray[np.int8], kinds: NDArray[np.intp]) -> Floats:
    shifts = np.zeros((len(KINDS), probabilities.shape[1]))
    for kind in (GOOD, LACKING):
        rows = np.flatnonzero((kinds == kind) & (codes != UNKNOWN))
        if len(rows) < FEWEST:
            continue
        logs = np.log(np.clip(probabilities[rows], _TINY, 1)).astype(np.float64)
        truth = codes[rows].astype(np.intp)

        def loss(shift: Floats, logs: Floats = logs, truth: NDArray[np.intp] = truth) -> tuple[float, Floats]:
            scores = logs + shift
            scores -= scores.max(axis=1, keepdims=True)
            shares = np.exp(scores)
            shares /= shares.sum(axis=1, keepdims=True)
            at = np.arange(len(truth))
            value = -np.log(np.maximum(shares[at, truth], 1e-300)).sum() + 0.5 * _PRIOR * float(shift @ shift)
            shares[at, truth] -= 1
            return float(value), shares.sum(axis=0) + _PRIOR * shift

        shifts[kind] = minimize(loss, np.zeros(logs.shape[1]), jac=True, method="L-BFGS-B").x
    return shifts


def _shifted(probabilities: NDArray[np.floating[Any]], shifts: Floats) -> Probabilities:
    scores = np.log(np.clip(probabilities, _TINY, 1)) + shifts
    scores = np.exp(scores - scores.max(axis=1, keepdims=True))
    return np.asarray(scores / scores.sum(axis=1, keepdims=True), dtype=np.float32)
