"""Names that only the whole text shows: its signature, and further mentions."""

from __future__ import annotations

import re
from typing import Final

from pipeline.privacy import name_contexts as ctx
from pipeline.privacy.name_extent import leftwards
from pipeline.privacy.reading import Reading
from pipeline.privacy.tokens import Shape

_MAX_SIGNATURE: Final = 4


def signature(reading: Reading) -> dict[int, int]:
    """Names after « Cordialement » and the like, at the end of a text or of its line."""
    for index in range(len(reading.tokens) - 1, max(-1, len(reading.tokens) - 2 - _MAX_SIGNATURE), -1):
        word = reading.tokens[index].folded
        if word in ctx.CLOSINGS or word.startswith("cordial") or word in ctx.SOFT_CLOSINGS:
            first = index + 1
            while first < len(reading.tokens) and reading.tokens[first].folded in ctx.TITLES | {"m"}:
                first += 1
            strict = word not in ctx.SOFT_CLOSINGS
            if first < len(reading.tokens) and _signs(reading, first, strict=strict):
                return {first: len(reading.tokens) - 1}
            return {}
    return _last_words(reading)


def _last_words(reading: Reading) -> dict[int, int]:
    """« J CORBAULT », « Leparoux V » at the very end."""
    last = len(reading.tokens) - 1
    if (
        last < 3
        or re.search(r"\w", reading.view.text[reading.tokens[last].end :])
        or reading.shielded & {last, last - 1}
    ):
        return {}
    if len(reading.tokens) >= 4 and _is_bare_pair(reading, last - 1):
        return {last - 1: last}
    shapes = (reading.tokens[last - 1].shape, reading.tokens[last].shape)
    if Shape.INITIAL not in shapes or not re.fullmatch(r"\.?\s?", reading.gap(last)):
        return {}
    name = last if shapes[0] is Shape.INITIAL else last - 1
    is_name = (
        reading.is_proper(name)
        and reading.is_unknown(reading.tokens[name])
        and len(reading.tokens[name].folded) > 3
    )
    return {last - 1: last} if is_name and reading.starts_sentence(last - 1) else {}


def _is_bare_pair(reading: Reading, index: int) -> bool:
    """« … vivement. Elyane Gorsira »: two unlisted capitalised words that alone end the text."""
    both = all(
        reading.is_proper(position)
        and reading.is_unknown(reading.tokens[position])
        and reading.tokens[position].shape is Shape.CAPITALISED
        for position in (index, index + 1)
    )
    return both and reading.gap(index + 1) == " " and reading.starts_sentence(index)


def _signs(reading: Reading, first: int, *, strict: bool) -> bool:
    tail = range(first, len(reading.tokens))
    if any(index in reading.shielded for index in tail) or re.search(
        r"\d", reading.view.text[reading.tokens[first].start :]
    ):
        return False
    if not strict and not re.search(r"[.,!\n]", reading.gap(first)):
        return False
    sure = False
    for index in tail:
        token = reading.tokens[index]
        listed = token.folded in reading.lex.surnames or reading.lex.is_first_name(token.folded)
        if reading.lex.is_house(token.folded) and not (listed and reading.is_proper(index)):
            return False
        if token.shape is Shape.INITIAL or token.folded in ctx.PARTICLES:
            continue
        if listed and (reading.is_proper(index) or not reading.lex.is_ordinary(token.folded)):
            sure = True
        elif reading.is_unknown(token) and (reading.is_proper(index) or (strict and len(tail) <= 2)):
            sure = sure or strict
        else:
            return False
    return sure or (strict and len(tail) <= 2 and all(reading.tokens[i].shape is Shape.INITIAL for i in tail))


def repeat(reading: Reading, found: dict[int, int]) -> None:
    """Take the other mentions of unlisted names: « Mme Kowalczyk… Kowalczyk a refusé »."""
    taken = {index for first, last in found.items() for index in range(first, last + 1)}
    rare = {
        reading.tokens[index].folded
        for index in taken
        if len(reading.tokens[index].folded) >= 4 and reading.is_unknown(reading.tokens[index])
    }
    for index, token in enumerate(reading.tokens):
        if token.folded in rare and index not in taken and index not in reading.shielded:
            found[leftwards(reading, index)] = index
