"""Show why: the passages of a text without which a model would be less sure of its labels.

A window of a few words is left out of the text, everywhere in turn, and the model reads what remains. The
more the probability of a decided label falls, the more the words left out carried it. This asks nothing of a
model but to predict, so that it explains any of them alike.

Source: Zeiler and Fergus (2014), occlusion; Li, Monroe, Jurafsky (2016), Understanding neural networks
through representation erasure, for text.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from models.tagger import Decisions, Tagger, TagProbabilities, VerbatimBatch

Floats = NDArray[np.float32]

WORD = re.compile(r"\S+")
WINDOW_WORDS = 3
LONG_WORDS = 90  # over it, the window is wider and moves faster
MAX_WINDOWS = 120
MIN_FALL = 0.08  # of probability; a smaller fall carries nothing
SPAN_SHARE = 0.5  # words that carry at least this share of the heaviest one belong to a span


@dataclass(frozen=True, slots=True)
class EvidenceSpan:
    """A passage that carried a label.

    Attributes:
        label: `sentiment`, `enchantment`, `incivility` or `theme:<id>`.
        start: First character, in code points of the text given.
        end: One past the last character.
        weight: Fall of the label's probability without the passage, in (0, 1].
    """

    label: str
    start: int
    end: int
    weight: float


@dataclass(frozen=True, slots=True)
class _Occlusions:
    """Windows of one text: its words, and which of them each window leaves out."""

    words: list[tuple[int, int]]
    windows: list[tuple[int, int]]


def evidence(tagger: Tagger, batch: VerbatimBatch) -> list[tuple[EvidenceSpan, ...]]:
    """Find the spans that carried each decided label; labels that say «nothing» have none.

    Args:
        tagger: The model to explain.
        batch: Masked texts.

    Returns:
        For each text its spans, by label and then by place; none for a text of one word, or where no passage
        alone carried a label.
    """
    if not len(batch):
        return []
    plans = [_occlusions(text) for text in batch.texts]
    whole = tagger.predict(batch)
    decided = tagger.decide(whole)
    partial = tagger.predict(_occluded(batch, plans)) if any(plan.windows for plan in plans) else whole
    found: list[tuple[EvidenceSpan, ...]] = []
    start = 0
    for row, plan in enumerate(plans):
        rows = slice(start, start + len(plan.windows))
        start += len(plan.windows)
        spans: list[EvidenceSpan] = []
        for label in _decided_labels(decided, row):
            before = float(_probability(whole, tagger, decided, row, label)[row])
            after = _probability(partial, tagger, decided, row, label)[rows]
            spans.extend(_spans(label, plan, np.asarray(before - after)))
        found.append(tuple(spans))
    return found


def _occlusions(text: str) -> _Occlusions:
    words = [match.span() for match in WORD.finditer(text)]
    if len(words) < 2:
        return _Occlusions(words, [])
    width, step = (WINDOW_WORDS, 1) if len(words) <= LONG_WORDS else (2 * WINDOW_WORDS, WINDOW_WORDS)
    step = max(step, -(-len(words) // MAX_WINDOWS))
    width = max(width, step)
    width = min(width, max(1, len(words) // 2))
    starts = range(0, max(1, len(words) - width + 1), step)
    return _Occlusions(words, [(first, first + width) for first in starts])


def _occluded(batch: VerbatimBatch, plans: Sequence[_Occlusions]) -> VerbatimBatch:
    texts: list[str] = []
    audiences: list[str] = []
    questions: list[str | None] = []
    for row, plan in enumerate(plans):
        text = batch.texts[row]
        for first, last in plan.windows:
            texts.append(text[: plan.words[first][0]] + text[plan.words[last - 1][1] :])
            audiences.append(batch.audiences[row])
            questions.append(batch.questions[row])
    return VerbatimBatch(texts, audiences, questions)


def _decided_labels(decided: Decisions, row: int) -> list[str]:
    labels = ["sentiment"]
    labels += ["enchantment"] if decided.enchantment[row] != "none" else []
    labels += ["incivility"] if decided.incivility[row] != "none" else []
    return labels + [f"theme:{theme}" for theme, values in decided.themes.items() if values[row] is not None]


def _probability(
    probabilities: TagProbabilities, tagger: Tagger, decided: Decisions, row: int, label: str
) -> Floats:
    """Give the probability of the label decided for a row, for every text predicted."""
    if label.startswith("theme:"):
        absent: Floats = probabilities.themes[label.removeprefix("theme:")][:, 0]
        return np.asarray(1.0 - absent, dtype=np.float32)
    columns = {
        "sentiment": (probabilities.sentiment, tagger.labels.sentiment, decided.sentiment),
        "enchantment": (probabilities.enchantment, tagger.labels.enchantment, decided.enchantment),
        "incivility": (probabilities.incivility, tagger.labels.incivility, decided.incivility),
    }
    table, values, chosen = columns[label]
    return np.asarray(table[:, values.index(chosen[row])], dtype=np.float32)


def _spans(label: str, plan: _Occlusions, falls: Floats) -> list[EvidenceSpan]:
    if not len(falls) or float(falls.max()) < MIN_FALL:
        return []
    total, covered = np.zeros(len(plan.words)), np.zeros(len(plan.words))
    for (first, last), fall in zip(plan.windows, falls, strict=True):
        total[first:last] += max(float(fall), 0.0)
        covered[first:last] += 1
    weight = np.divide(total, covered, out=np.zeros_like(total), where=covered > 0)
    heavy = np.concatenate(([False], weight >= SPAN_SHARE * weight.max(), [False]))
    edges = [place for place, (one, other) in enumerate(pairwise(heavy)) if one != other]
    return [
        EvidenceSpan(
            label,
            plan.words[first][0],
            plan.words[last - 1][1],
            min(1.0, float(weight[first:last].max())),
        )
        for first, last in zip(edges[::2], edges[1::2], strict=True)
    ]
