"""Join short authored verbatims to others: what is rare or short is then also met inside longer texts.

A theme or an insult that takes one clause of a long complaint is what a model misses first. The label of a
text made of two is known from the labels of its parts by the codebook: themes add up, praise beside
criticism is mixed, an enchantment or an incivility of a part is one of the whole.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from models.gold import AUTHORED, UNKNOWN, Codes, GoldSet, joined_gold
from models.tagger import VerbatimBatch

MOST_SHORT_WORDS: Final = 25
MOST_BASE_WORDS: Final = 170
RARE: Final = 6.0
"""How much likelier a verbatim with an enchantment or an incivility is to be put into another."""
SAME_SENTIMENT: Final = 0.8
LINKS: Final = (". ", ". ", ", ", " ", " et ", "\n", " ! ", "... ", " - ")
_SENTENCE_END: Final = re.compile(r"(?<=[.!?…])\s+")

Positions = NDArray[np.intp]


def with_joined(gold: GoldSet, share: float, rng: np.random.Generator) -> GoldSet:
    """Add verbatims made of others.

    Half are lists of two short authored verbatims, as people write who answer in points; half are other
    verbatims with a short authored one put in. Parts are of one audience, and mostly of one sentiment.

    Args:
        gold: Labelled verbatims; without short authored ones nothing is added.
        share: Joined verbatims for each one given, at least 0.
        rng: Draws the parts, the place and the link.

    Returns:
        The verbatims given, then the joined ones.
    """
    n_words = np.array([text.count(" ") + 1 for text in gold.batch.texts])
    # An answer's theme may be that of its question, which another text does not have.
    stands_alone = np.array([not question for question in gold.batch.questions], dtype=np.bool_)
    short = np.flatnonzero((gold.sources == AUTHORED) & (n_words <= MOST_SHORT_WORDS) & stands_alone)
    base = np.flatnonzero(n_words <= MOST_BASE_WORDS)
    asked = round(share * len(gold))
    if not asked or not len(short):
        return gold
    second = _drawn_second(gold, short, asked, rng)
    first = np.empty_like(second)
    for part, pool in ((slice(0, asked // 2), short), (slice(asked // 2, None), base)):
        first[part] = _drawn_first(gold, pool, second[part], rng)
    return joined_gold(gold, _joined(gold, first, second, rng))


def _drawn_second(gold: GoldSet, short: Positions, n: int, rng: np.random.Generator) -> Positions:
    rare = (gold.enchantment[short] > 0) | (gold.incivility[short] > 0)
    chance = np.where(rare, RARE, 1.0)
    return rng.choice(short, n, p=chance / chance.sum())


def _drawn_first(gold: GoldSet, pool: Positions, second: Positions, rng: np.random.Generator) -> Positions:
    """Draw a partner for each verbatim: of its audience, mostly of its sentiment."""
    alike = rng.random(len(second)) < SAME_SENTIMENT
    found = second.copy()
    for audience in sorted(set(gold.batch.audiences)):
        near = pool[gold.audiences[pool] == audience]
        here = gold.audiences[second] == audience
        for sentiment in range(len(gold.labels.sentiment)):
            like = near[gold.sentiment[near] == sentiment]
            for own, options in ((alike, like), (~alike, near)):
                rows = np.flatnonzero(here & own & (gold.sentiment[second] == sentiment))
                if len(rows) and len(options):
                    found[rows] = rng.choice(options, len(rows))
    return found


def _joined(gold: GoldSet, first: Positions, second: Positions, rng: np.random.Generator) -> GoldSet:
    distinct = first != second
    first, second = first[distinct], second[distinct]
    one, other = gold.take(first), gold.take(second)
    labels = gold.labels
    polarities = ("", *labels.polarities)
    return replace(
        one,
        ids=tuple(f"{a}+{b}" for a, b in zip(one.ids, other.ids, strict=True)),
        batch=VerbatimBatch(
            texts=[put_in(a, b, rng) for a, b in zip(one.batch.texts, other.batch.texts, strict=True)],
            audiences=one.batch.audiences,
            questions=one.batch.questions,
        ),
        sentiment=_by_table(one.sentiment, other.sentiment, judgement_table(labels.sentiment)),
        themes=_by_table(one.themes, other.themes, judgement_table(polarities)),
        enchantment=_first_named(one.enchantment, other.enchantment),
        incivility=_first_named(one.incivility, other.incivility),
    )


def put_in(text: str, other: str, rng: np.random.Generator) -> str:
    """Put a verbatim before, behind or between the sentences of another."""
    sentences = _SENTENCE_END.split(text)
    place = int(rng.integers(0, len(sentences) + 1))
    before, after = " ".join(sentences[:place]), " ".join(sentences[place:])
    link = LINKS[int(rng.integers(len(LINKS)))]
    return link.join(part.strip() for part in (before, other, after) if part)


def judgement_table(values: Sequence[str]) -> NDArray[np.int8]:
    """Tell what two judgements make together, as positions, shape (values, values).

    The same stays; `neutral` or absence yields to the other; anything else is `mixed`.

    >>> table = judgement_table(("positive", "negative", "mixed", "neutral"))
    >>> int(table[0, 1]), int(table[3, 1])
    (2, 1)
    """
    weak = [value for value in ("", "neutral") if value in values]

    def together(one: str, other: str) -> str:
        for value in weak:
            if value in (one, other):
                return other if one == value else one
        return one if one == other else "mixed"

    return np.array([[values.index(together(one, other)) for other in values] for one in values], np.int8)


def _by_table(one: Codes, other: Codes, table: NDArray[np.int8]) -> Codes:
    known = (one != UNKNOWN) & (other != UNKNOWN)
    return np.where(known, table[one, other], UNKNOWN).astype(np.int8)


def _first_named(one: Codes, other: Codes) -> Codes:
    """Keep the value of the part that has one; of two, the one that the codebook names first."""
    known = (one != UNKNOWN) & (other != UNKNOWN)
    both = (one > 0) & (other > 0)
    either = np.where(both, np.minimum(one, other), np.maximum(one, other))
    return np.where(known, either, UNKNOWN).astype(np.int8)
