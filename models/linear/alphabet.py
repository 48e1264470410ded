"""How characters are read before anything is counted: one small class or letter for each code point.

Case and accents are folded away, so that « ACCUEIL », « accueil » and « àccueil » are one word: real
verbatims are typed on telephones, in capitals and without accents.
"""

from __future__ import annotations

import unicodedata
from functools import cache

import numpy as np
from numpy.typing import NDArray

TABLE_SIZE = 0x10000

SEPARATOR = 0
SKIPPED = 1
SENTENCE_END = 2
SIGN = 3
"""A character that is a token of its own: `!`, `?`, `€`, `%`, an emoji."""

_SENTENCE_ENDS = ".;:\n\r…•|"
_SIGNS = "!?€%"
_EMOJI_BLOCKS = ((0x2600, 0x27C0), (0x2B00, 0x2C00))
_LIGATURES = {"œ": "oe", "æ": "ae", "ß": "ss"}


@cache
def folding_table() -> NDArray[np.uint16]:
    """Give what each code point of the basic plane is read as.

    Returns:
        Shape (65536,): a class (`SEPARATOR`, `SKIPPED`, `SENTENCE_END`, `SIGN`), or one or two ASCII
        letters or digits, the second in the high byte.
    """
    table = np.zeros(TABLE_SIZE, dtype=np.uint16)
    for code_point in (*range(0x20, 0x250), *range(0x1E00, 0x1F00), *range(0xFF10, 0xFF5B)):
        table[code_point] = _fold(chr(code_point))
    table[0x300:0x370] = SKIPPED
    table[[0xAD, 0x200B, 0x200C, 0x200D, 0xFE0E, 0xFE0F, 0xFEFF]] = SKIPPED
    for start, stop in _EMOJI_BLOCKS:
        table[start:stop] = SIGN
    for character in _SENTENCE_ENDS:
        table[ord(character)] = SENTENCE_END
    for character in _SIGNS:
        table[ord(character)] = SIGN
    return table


def _fold(character: str) -> int:
    lowered = character.lower()
    folded = _LIGATURES.get(lowered) or unicodedata.normalize("NFKD", lowered)
    letters = [c for c in folded if c.isascii() and c.isalnum()][:2]
    return sum(ord(letter) << (8 * place) for place, letter in enumerate(letters))
