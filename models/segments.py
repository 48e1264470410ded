"""Cut a text into passages that can each carry a judgement: sentences, and clauses where a sentence is long.

Verbatims often have no punctuation, or only commas; what spaCy's sentencizer leaves long is cut where the
writer turns (« mais », « par contre »), then at commas and conjunctions, then by number of words.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise

Place = tuple[int, int]
"""First character and one past the last, in code points."""

WORD = re.compile(r"\S+")
LONG_WORDS = 14
"""A longer passage is cut further where it can be."""
SHORT_WORDS = 2
"""No passage is cut into pieces shorter than this."""

_LINE = re.compile(r"[^\r\n]+")
_TURN = re.compile(
    r"\b(?=(?:mais|cependant|pourtant|toutefois|par contre|en revanche|sauf|hormis|malheureusement|dommage|"
    r"hélas|helas|néanmoins|neanmoins|seul bémol|en dehors)\b)|(?<=[;:])\s",
    re.IGNORECASE,
)
_PAUSE = re.compile(
    r"(?<=,)\s|\b(?=(?:et|car|puis|donc|alors|parce|quand|lorsque|or|ni|ensuite|enfin|depuis|surtout)\b)"
    r"|\s(?=[-–•*/]\s)",
    re.IGNORECASE,
)


def segments(texts: Sequence[str]) -> list[list[Place]]:
    """Cut texts into passages.

    Args:
        texts: Any texts.

    Returns:
        For each text its passages in order: none overlaps another, none begins or ends with white space, and
        together they hold every other character.
    """
    from models.spacy_component import sentence_places

    lines = [[match.span() for match in _LINE.finditer(text)] for text in texts]
    flat = [text[start:end] for text, places in zip(texts, lines, strict=True) for start, end in places]
    sentences = iter(sentence_places(flat))
    return [
        [
            piece
            for line_start, _ in places
            for first, last in next(sentences)
            for piece in _pieces(text, (line_start + first, line_start + last))
        ]
        for text, places in zip(texts, lines, strict=True)
    ]


def words(text: str, place: Place) -> list[Place]:
    """Find the words of a passage: whatever white space surrounds, punctuation included."""
    start, end = place
    return [(start + match.start(), start + match.end()) for match in WORD.finditer(text[start:end])]


def _pieces(text: str, sentence: Place) -> Iterator[Place]:
    """Cut a sentence at its turns; what is still long at its pauses; what is still long by words."""
    for clause in _cut(text, sentence, _TURN):
        if len(words(text, clause)) <= LONG_WORDS:
            yield clause
            continue
        for phrase in _cut(text, clause, _PAUSE):
            yield from _by_words(text, phrase)


def _cut(text: str, place: Place, at: re.Pattern[str]) -> list[Place]:
    start, end = place
    pieces: list[Place] = []
    begin = start
    for match in at.finditer(text, start, end):
        cut = match.start()
        if _count(text, begin, cut) >= SHORT_WORDS and _count(text, cut, end) >= SHORT_WORDS:
            pieces.append((begin, cut))
            begin = cut
    pieces.append((begin, end))
    return [trimmed for piece in pieces if (trimmed := _trim(text, piece))]


def _by_words(text: str, place: Place) -> list[Place]:
    found = words(text, place)
    n_pieces = max(1, -(-len(found) // LONG_WORDS))
    bounds = [len(found) * piece // n_pieces for piece in range(n_pieces + 1)]
    return [(found[first][0], found[last - 1][1]) for first, last in pairwise(bounds) if first < last]


def _count(text: str, start: int, end: int) -> int:
    return len(WORD.findall(text[start:end]))


def _trim(text: str, place: Place) -> Place | None:
    found = words(text, place)
    return (found[0][0], found[-1][1]) if found else None
