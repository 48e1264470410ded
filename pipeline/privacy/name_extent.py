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
# « Sandrine A été », « Julie C est », « Marc J ai »: words that lost their apostrophe or gained a capital.
_WORDS_OF_ONE_LETTER: Final = frozenset("aoy")
_ELIDED: Final = frozenset("cdjlmnst")
_VOWELS: Final = frozenset("aeiouyh")
# First words of compound first names that people write apart.
_COMPOUND_HEADS: Final = frozenset(["jean", "marie", "anne", "pierre", "paul", "louis"])
_LEFT_PARTICLES: Final = frozenset(["da", "de", "di", "dos", "del", "el", "al", "van", "von", "ben", "ait"])
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
    if _is_lower_initial(reading, index):
        return index
    if token.shape is Shape.INITIAL:
        return index if _ends_name(reading, index) else -1
    if token.folded in ctx.PARTICLES and not (
        reading.is_proper(index) and token.folded not in ("de", "la", "le") and _is_part(reading, index)
    ):
        return _past_particles(reading, index)
    return index if _is_part(reading, index) else -1


def _is_lower_initial(reading: Reading, index: int) -> bool:
    """« mehdi b. »: never « a. », « y. »; the point is a must."""
    token = reading.tokens[index]
    alone = token.shape is Shape.LOWER and token.end - token.start == 1
    return alone and token.folded not in _WORDS_OF_ONE_LETTER and reading.view.text[token.end :][:1] == "."


def _ends_name(reading: Reading, index: int) -> bool:
    """« Didier P. », « Tatiana P service »; not « Sandrine A été », « Julie C est »."""
    token = reading.tokens[index]
    if not reading.telling:
        return False
    if reading.view.text[token.end : token.end + 1] in ("", ".", ",", ")", "!", ";", ":", "\n"):
        return True
    if index + 1 >= len(reading.tokens) or reading.gap(index + 1) not in (" ", " - ", " : "):
        return False
    if reading.tokens[index + 1].shape is not Shape.LOWER:
        return False
    elided = token.folded in _ELIDED and reading.tokens[index + 1].folded[0] in _VOWELS
    return token.folded not in _WORDS_OF_ONE_LETTER and not elided


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
    if _is_first_part(reading, index):
        return index - 1
    if not reading.is_proper(index - 1):
        return index
    if not reading.is_unknown(token):
        return index - 1 if _is_surname_and_word(reading, index - 1) else index
    in_capitals = token.shape is Shape.CAPITALS and reading.tokens[index].shape is Shape.CAPITALISED
    return (
        index - 1
        if in_capitals or token.folded in reading.lex.surnames or _signs_off(reading, index - 1)
        else index
    )


def _is_first_part(reading: Reading, index: int) -> bool:
    """« paul girard », « jean michel », « Da Silva »: what stands before belongs to the name."""
    token = reading.tokens[index - 1]
    if reading.back(index, 2) in ctx.ARTICLES:
        return False
    if token.shape is Shape.CAPITALISED and token.folded in _LEFT_PARTICLES:
        return reading.is_proper(index) and token.folded != "de"
    plain = reading.lex.is_first_name(token.folded) and token.folded not in reading.lex.needs_context
    return len(token.folded) > 2 and (
        token.folded in _COMPOUND_HEADS or (plain and not reading.lex.is_ordinary(token.folded))
    )


def _is_surname_and_word(reading: Reading, index: int) -> bool:
    """« avec Marchand Hélène »: a surname that is also a word, with a capital that only a name has there."""
    token, first_name = reading.tokens[index], reading.tokens[index + 1]
    return (
        token.shape is first_name.shape is Shape.CAPITALISED
        and token.folded in reading.lex.surnames
        and not reading.lex.is_house(token.folded)
        and not reading.starts_sentence(index)
        and reading.back(index) not in ctx.ARTICLES
        and token.folded not in ctx.ROLES | ctx.LOOSE_ROLES | ctx.TITLES | ctx.PLACE_HEADS
    )


def _signs_off(reading: Reading, index: int) -> bool:
    """« Cordialement, Guiramand Denise »: the surname first."""
    return index > 0 and reading.tokens[index - 1].folded in ctx.CLOSINGS and reading.is_proper(index)


def listed_before(reading: Reading, first: int) -> dict[int, int]:
    """« Titi et Julie », « Olivier puis à Nadège »: capitalised first names joined to one that is sure."""
    found: dict[int, int] = {}
    index = first
    while index >= 1:
        before = index - 1
        joined = reading.gap(index).strip() in (",", "&", "/", "+")
        if not joined and reading.tokens[before].folded in ("a", "avec", "par"):
            before -= 1
        if not joined and before > 0 and reading.gap(before + 1) == " " == reading.gap(before):
            joined = reading.tokens[before].folded in ("et", "ou", "puis")
            before -= 1
        token = reading.tokens[max(before, 0)]
        if not joined or before < 0 or before in reading.shielded or not reading.is_proper(before):
            break
        if not reading.lex.is_first_name(token.folded) or reading.back(before) in ctx.ARTICLES | {"chez"}:
            break
        if reading.lex.is_house(token.folded) and reading.back(before) != "a":
            break
        found[before] = before
        index = before
    return found


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
