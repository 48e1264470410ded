"""Show why: the passages of a text that carried its labels.

Each passage is left out in turn, and read alone in turn. A label that becomes less likely without the
passage, or that is likely from the passage alone, rests on it; both are asked because two passages that say
the same hide each other. Inside a passage that carries a label, the words that matter are found by leaving
out a few of them at a time. This asks nothing of a model but to predict, so that it explains any of them
alike. A mixed sentiment rests on what is praised and on what is criticised: both are shown.

Source: DeYoung et al. (2020), ERASER, for comprehensiveness and sufficiency; Li, Monroe and Jurafsky (2016),
Understanding neural networks through representation erasure.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from models.cascade import CascadeTagger, take_batch
from models.labels import LabelSpace
from models.segments import Place, segments, words
from models.tagger import Decisions, Tagger, TagProbabilities, VerbatimBatch

Floats = NDArray[np.float64]

MAX_SEGMENTS = 24  # a longer text is read in wider passages
MIN_WEIGHT = 0.08  # what carries less carries nothing
SEGMENT_SHARE = 0.4  # a passage carries a label if it weighs at least this share of the heaviest one
WORD_SHARE = 0.5  # likewise for words inside a passage
WINDOW_WORDS = 3
REFINED_WORDS = 5  # a shorter passage is shown whole
MAX_WINDOWS = 8  # a passage; longer ones are read in wider windows

_SIDES = ("positive", "negative")
"""What a mixed sentiment is made of."""
# Square brackets are those of a mask: « [PERSONNE] » stays whole.
_PUNCTUATION = ".,;:!?…«»\"'’()-–—*•/ \u00a0\u202f"


@dataclass(frozen=True, slots=True)
class EvidenceSpan:
    """A passage that carried a label.

    Attributes:
        label: `sentiment`, `enchantment`, `incivility` or `theme:<id>`.
        start: First character, in code points of the text given.
        end: One past the last character.
        weight: How much of the label's probability the passage carries, in (0, 1]: half what is lost without
            it, half what it gives alone.
    """

    label: str
    start: int
    end: int
    weight: float


@dataclass(frozen=True, slots=True)
class _Reading:
    """Texts made from one text of the batch, and where their probabilities will be found."""

    row: int
    text: str


@dataclass(slots=True)
class _Readings:
    """Texts to predict in one call, each made from a text of the batch."""

    batch: VerbatimBatch
    asked: list[_Reading] = field(default_factory=list)

    def add(self, row: int, text: str) -> int:
        """Ask for a text; give its place among the answers."""
        self.asked.append(_Reading(row, text))
        return len(self.asked) - 1

    def predict(self, tagger: Tagger) -> TagProbabilities:
        """Read everything asked for."""
        return tagger.predict(
            VerbatimBatch(
                texts=[each.text for each in self.asked],
                audiences=[self.batch.audiences[each.row] for each in self.asked],
                questions=[self.batch.questions[each.row] for each in self.asked],
            )
        )


@dataclass(frozen=True, slots=True)
class _Target:
    """A value whose probability is followed, and the label under which its passages are shown."""

    label: str
    value: str


@dataclass(frozen=True, slots=True)
class _Carrier:
    """A passage that carries a label of a text."""

    row: int
    target: _Target
    place: Place
    weight: float


def evidence(tagger: Tagger, batch: VerbatimBatch) -> list[tuple[EvidenceSpan, ...]]:
    """Find the spans that carried each decided label; labels that say «nothing» have none.

    Args:
        tagger: The model to explain. A cascade is explained, for each text, by its member that read it.
        batch: Masked texts.

    Returns:
        For each text its spans, by label and then by place; a label that no passage carried has none.
    """
    if not len(batch):
        return []
    if isinstance(tagger, CascadeTagger):
        return _evidence_of_members(tagger, batch)
    whole = tagger.predict(batch)
    decided = tagger.decide(whole)
    carriers = _carrying_segments(tagger, batch, whole, decided)
    spans: list[list[EvidenceSpan]] = [[] for _ in range(len(batch))]
    for carrier, places in zip(carriers, _narrowed(tagger, batch, carriers), strict=True):
        spans[carrier.row] += [EvidenceSpan(carrier.target.label, *place, carrier.weight) for place in places]
    return [tuple(found) for found in spans]


def _evidence_of_members(cascade: CascadeTagger, batch: VerbatimBatch) -> list[tuple[EvidenceSpan, ...]]:
    reread = cascade.predict(batch).reread
    found: list[tuple[EvidenceSpan, ...]] = [()] * len(batch)
    for member, rows in ((cascade.fast, np.flatnonzero(~reread)), (cascade.better, np.flatnonzero(reread))):
        for row, spans in zip(rows, evidence(member, take_batch(batch, rows)), strict=True):
            found[row] = spans
    return found


def _targets(decided: Decisions, labels: LabelSpace, row: int) -> list[tuple[_Target, ...]]:
    """List what was decided of a text and can be shown: for each label, the values to follow together."""
    sentiment = decided.sentiment[row]
    targets = [
        tuple(_Target("sentiment", value) for value in _SIDES)
        if sentiment == "mixed" and set(_SIDES) <= set(labels.sentiment)
        else (_Target("sentiment", sentiment),)
    ]
    for label, value in (("enchantment", decided.enchantment[row]), ("incivility", decided.incivility[row])):
        targets += [(_Target(label, value),)] if value != "none" else []
    themes = [theme for theme, values in decided.themes.items() if values[row] is not None]
    return targets + [(_Target(f"theme:{theme}", theme),) for theme in themes]


def _column(probabilities: TagProbabilities, labels: LabelSpace, target: _Target) -> Floats:
    """Give the probability of a value, or of a theme's presence, in every text predicted."""
    if target.label.startswith("theme:"):
        return 1.0 - probabilities.themes[target.value][:, 0].astype(np.float64)
    values: Sequence[str] = getattr(labels, target.label)
    columns: NDArray[np.float32] = getattr(probabilities, target.label)
    return columns[:, values.index(target.value)].astype(np.float64)


def _carrying_segments(
    tagger: Tagger, batch: VerbatimBatch, whole: TagProbabilities, decided: Decisions
) -> list[_Carrier]:
    """Find the passages that carry each label, by row, then label, then place."""
    places = [_joined(found) for found in segments(batch.texts)]
    readings = _Readings(batch)
    asked: list[tuple[int, list[tuple[int, int]]]] = []
    for row, text in enumerate(batch.texts):
        empty = readings.add(row, "")
        pairs = [
            (readings.add(row, text[:start] + text[end:]), readings.add(row, text[start:end]))
            for start, end in (places[row] if len(places[row]) > 1 else ())
        ]
        asked.append((empty, pairs))
    answers = readings.predict(tagger)
    carriers: list[_Carrier] = []
    for row, (empty, pairs) in enumerate(asked):
        for targets in _targets(decided, tagger.labels, row) if places[row] else ():
            found: list[_Carrier] = []
            for target in targets:
                before = float(_column(whole, tagger.labels, target)[row])
                weights = _weights(before, _column(answers, tagger.labels, target), empty, pairs)
                found += [
                    _Carrier(row, target, place, min(1.0, float(weight)))
                    for place, weight in zip(places[row], weights, strict=True)
                    if weight >= max(MIN_WEIGHT, SEGMENT_SHARE * float(weights.max()))
                ]
            carriers += sorted(found, key=lambda each: each.place)
    return carriers


def _weights(before: float, after: Floats, empty: int, pairs: Sequence[tuple[int, int]]) -> Floats:
    """Weigh each passage: half what is lost without it, half what it gives alone; a single one gives all."""
    if not pairs:
        return np.array([before - after[empty]])
    without, alone = (after[list(places)] for places in zip(*pairs, strict=True))
    return np.asarray(0.5 * np.clip(before - without, 0, 1) + 0.5 * np.clip(alone - after[empty], 0, 1))


def _narrowed(tagger: Tagger, batch: VerbatimBatch, carriers: Sequence[_Carrier]) -> list[list[Place]]:
    """Keep, of each carrying passage, the words that matter; all of it where none matters by itself."""
    readings = _Readings(batch)
    asked: dict[tuple[int, Place], tuple[int, list[tuple[int, int, int]]]] = {}
    for carrier in carriers:
        key = (carrier.row, carrier.place)
        text = batch.texts[carrier.row]
        found = words(text, carrier.place)
        if key in asked or len(found) <= REFINED_WORDS:
            continue
        start, end = carrier.place
        alone = readings.add(carrier.row, text[start:end])
        windows = [
            (
                first,
                last,
                readings.add(carrier.row, text[start : found[first][0]] + text[found[last - 1][1] : end]),
            )
            for first, last in _windows(len(found))
        ]
        asked[key] = (alone, windows)
    answers = readings.predict(tagger) if asked else None
    narrowed: list[list[Place]] = []
    for carrier in carriers:
        text, found = batch.texts[carrier.row], words(batch.texts[carrier.row], carrier.place)
        plan = asked.get((carrier.row, carrier.place))
        heavy = [(0, len(found))]
        if plan is not None and answers is not None:
            alone, windows = plan
            after = _column(answers, tagger.labels, carrier.target)
            falls = [(first, last, float(after[alone] - after[index])) for first, last, index in windows]
            heavy = _heavy_words(len(found), falls) or heavy
        narrowed.append([_without_edges(text, (found[a][0], found[b - 1][1])) for a, b in heavy])
    return narrowed


def _windows(n_words: int) -> list[tuple[int, int]]:
    step = max(1, -(-(n_words - WINDOW_WORDS + 1) // MAX_WINDOWS))
    width = max(WINDOW_WORDS, step)
    starts = [*range(0, n_words - width, step), n_words - width]
    return [(first, first + width) for first in starts]


def _heavy_words(n_words: int, falls: Iterable[tuple[int, int, float]]) -> list[tuple[int, int]]:
    """Join the words that weigh most into runs; none when no window makes the label less likely."""
    total, covered = np.zeros(n_words), np.zeros(n_words)
    for first, last, fall in falls:
        total[first:last] += max(fall, 0.0)
        covered[first:last] += 1
    weight = np.divide(total, covered, out=np.zeros_like(total), where=covered > 0)
    if float(weight.max()) < MIN_WEIGHT:
        return []
    heavy = np.concatenate(([False], weight >= WORD_SHARE * weight.max(), [False]))
    edges = [place for place, (one, other) in enumerate(pairwise(heavy)) if one != other]
    return list(zip(edges[::2], edges[1::2], strict=True))


def _joined(places: Sequence[Place]) -> list[Place]:
    """Join neighbours until there are few enough."""
    width = -(-len(places) // MAX_SEGMENTS) or 1
    parts = [places[first : first + width] for first in range(0, len(places), width)]
    return [(part[0][0], part[-1][1]) for part in parts]


def _without_edges(text: str, place: Place) -> Place:
    """Leave out the punctuation around a span, unless it is all there is."""
    start, end = place
    inner = text[start:end].strip(_PUNCTUATION)
    if not inner:
        return place
    offset = text[start:end].index(inner)
    return (start + offset, start + offset + len(inner))
