"""How far a name goes, once its first word is known."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from pipeline.privacy import name_contexts as ctx
from pipeline.privacy.reading import Reading
from pipeline.privacy.tokens import Shape

_SPACE: Final = re.compile(r"\s{0,2}")
AFTER_INITIAL: Final = re.compile(r"\.?-?\s{0,2}")
_MAX_WORDS: Final = 5
_MIN_LAST: Final = 4
_SHOUTED: Final = frozenset(
    [
        "tres",
        "trop",
        "merci",
        "bravo",
        "super",
        "est",
        "ete",
        "qui",
        "pour",
        "avec",
        "sav",
        "pas",
        "plus",
        "bien",
        "mais",
        "nul",
        "nulle",
        "top",
        "rien",
        "tout",
    ]
)


def extend(reading: Reading, first: int) -> int:
    """Index of the last word of the name that begins at `first`."""
    last = first
    while last + 1 < len(reading.tokens) and last - first < _MAX_WORDS:
        step = _next_part(reading, last)
        if step < 0:
            break
        last = step
    return last


def _next_part(reading: Reading, last: int) -> int:
    index = last + 1
    glue = AFTER_INITIAL if reading.tokens[last].shape is Shape.INITIAL else _SPACE
    if index in reading.shielded or not re.fullmatch(glue, reading.gap(index)):
        return -1
    token = reading.tokens[index]
    if token.shape is Shape.INITIAL:
        follower = reading.view.text[token.end : token.end + 1]
        ends = follower in ("", ".", ",", ")", "!", ";", "\n") and reading.telling
        return index if ends else -1
    if token.folded in ctx.PARTICLES and not (
        reading.is_proper(index) and token.folded not in ("de", "la", "le")
    ):
        return _past_particles(reading, index)
    return index if _is_part(reading, index) else -1


def _past_particles(reading: Reading, index: int) -> int:
    position = index
    while (
        position < len(reading.tokens)
        and reading.tokens[position].folded in ctx.PARTICLES
        and position < index + 3
    ):
        position += 1
    if position >= len(reading.tokens) or not re.fullmatch(r"\s|'|", reading.gap(position)):
        return -1
    token = reading.tokens[position]
    family = (
        reading.is_proper(position)
        and not reading.lex.is_house(token.folded)
        and token.folded not in ctx.NOT_FAMILY
    )
    return position if family and token.shape is not Shape.INITIAL else -1


def _is_part(reading: Reading, index: int) -> bool:
    token = reading.tokens[index]
    listed = token.folded in reading.lex.surnames or (
        reading.lex.is_first_name(token.folded) and token.folded not in reading.lex.needs_context
    )
    if reading.is_proper(index):
        if reading.lex.is_house(token.folded):
            return token.folded in reading.lex.surnames
        return listed or reading.is_unknown(token) or _is_in_capitals(reading, index)
    is_last_word = index + 1 == len(reading.tokens) and len(token.folded) >= _MIN_LAST
    return (listed or is_last_word) and reading.is_unknown(token)


def _is_in_capitals(reading: Reading, index: int) -> bool:
    """« Emmanuel BRIN »: an ordinary word in capitals after a first name is a surname."""
    token = reading.tokens[index]
    after_name = reading.tokens[index - 1].shape is Shape.CAPITALISED
    return (
        token.shape is Shape.CAPITALS
        and after_name
        and len(token.folded) > 2
        and token.folded not in _SHOUTED
    )


def leftwards(reading: Reading, index: int) -> int:
    """« DURAND Sandrine »: the surname before the first name."""
    if index == 0 or index - 1 in reading.shielded or not re.fullmatch(" ", reading.gap(index)):
        return index
    token = reading.tokens[index - 1]
    if not reading.is_proper(index - 1) or not reading.is_unknown(token):
        return index
    in_capitals = token.shape is Shape.CAPITALS and reading.tokens[index].shape is Shape.CAPITALISED
    return (
        index - 1
        if in_capitals or token.folded in reading.lex.surnames or _signs_off(reading, index - 1)
        else index
    )


def _signs_off(reading: Reading, index: int) -> bool:
    """« Cordialement, Guiramand Denise »: the surname first."""
    return index > 0 and reading.tokens[index - 1].folded in ctx.CLOSINGS and reading.is_proper(index)


def listed(reading: Reading, last: int) -> Iterator[tuple[int, int]]:
    """« merci à Julie, Fatou et Brahma »: names that a comma or « et » joins to one that is sure."""
    while last + 1 < len(reading.tokens):
        index = last + 1
        joined = reading.gap(index).strip() in (",", "&", "/", "+", "-")
        if not joined and reading.gap(index).strip() == "" and reading.tokens[index].folded in ("et", "ou"):
            index += 1
            joined = index < len(reading.tokens) and reading.gap(index).strip() == ""
        if (
            not joined
            or index >= len(reading.tokens)
            or index in reading.shielded
            or not reading.is_proper(index)
        ):
            return
        token = reading.tokens[index]
        if reading.lex.is_house(token.folded) and token.folded not in reading.lex.first_names:
            return
        if not (reading.lex.is_first_name(token.folded) or (reading.is_unknown(token) and index == last + 2)):
            return
        first, last = index, extend(reading, index)
        yield first, last
