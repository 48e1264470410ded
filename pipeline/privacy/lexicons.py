"""Word lists behind the rules on names: authored lists, and a learnt set of ordinary words.

The ordinary words are kept as 32-bit hashes of words that stand more often in lower case than capitalised in
plain French sentences and reviews: learnt numbers, no text. `pipeline.privacy.ordinary_words` makes them.
"""

from __future__ import annotations

import re
import zlib
from array import array
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Final

_DATA: Final = "pipeline.privacy.data"
_MIN_NEAR: Final = 5
_MIN_GLUED: Final = 6


@dataclass(frozen=True, slots=True)
class Lexicons:
    """Sets of folded words.

    Attributes:
        first_names: First names in use in France.
        needs_context: First names that are ordinary words, brands or places even when capitalised.
        surnames: Frequent surnames.
        places: Places.
        brands: Companies and brands.
        phrases: Expressions that hold a name and name nobody, as tuples of words, by their first word.
        near_keys: First names of five letters or more: whole, with each letter in turn as `?`, and with each
            left out, after a `-`.
        ordinary: Hashes of ordinary words.
    """

    first_names: frozenset[str]
    needs_context: frozenset[str]
    surnames: frozenset[str]
    places: frozenset[str]
    brands: frozenset[str]
    phrases: dict[str, tuple[tuple[str, ...], ...]]
    near_keys: frozenset[str]
    ordinary: frozenset[int]

    def is_ordinary(self, folded: str) -> bool:
        """Whether a folded word is an ordinary French word."""
        return hash_word(folded) in self.ordinary

    def is_first_name(self, folded: str) -> bool:
        """Whether a folded word is a first name; « jean-pierre » is where its parts are."""
        return folded in self.first_names or ("-" in folded and set(folded.split("-")) <= self.first_names)

    def is_house(self, folded: str) -> bool:
        """Whether a folded word names a place, a company or a brand."""
        if folded in self.places or folded in self.brands:
            return True
        if "-" in folded and folded.split("-", 1)[0] in ("saint", "sainte", "st", "ste"):
            return True
        # « Cdiscountj », « DirectAssurance »: a brand with something glued to it.
        return any(folded[:length] in self.brands for length in range(_MIN_GLUED, len(folded)))

    def is_nearly_first_name(self, folded: str) -> bool:
        """Whether a folded word is a first name but for one letter, changed, lost, doubled or swapped."""
        if len(folded) < _MIN_NEAR:
            return False
        return not self.near_keys.isdisjoint(_near_forms(folded))


@cache
def lexicons() -> Lexicons:
    """Load the word lists, once a process.

    Returns:
        The sets of words.
    """
    first_names, places, brands = _words("first_names.txt"), _words("places.txt"), _words("brands.txt")
    phrases: dict[str, list[tuple[str, ...]]] = {}
    for line in _lines("phrases.txt"):
        words = tuple(re.findall(r"[a-z]+", line))
        phrases.setdefault(words[0], []).append(words)
    return Lexicons(
        first_names=first_names,
        needs_context=_words("needs_context.txt") | (first_names & (places | brands)),
        surnames=_words("surnames.txt"),
        places=places,
        brands=brands,
        phrases={first: tuple(sorted(found, key=len, reverse=True)) for first, found in phrases.items()},
        near_keys=frozenset(
            key
            for name in first_names
            if len(name) >= _MIN_NEAR
            for key in (*_near_keys(name), *("-" + shorter for shorter in _without_one(name)))
        ),
        ordinary=frozenset(array("I", files(_DATA).joinpath("ordinary.bin").read_bytes()))
        | {hash_word(word) for word in _words("ordinary_extra.txt")},
    )


def _near_keys(folded: str) -> Iterator[str]:
    yield folded
    for position in range(len(folded)):
        yield folded[:position] + "?" + folded[position + 1 :]


def _near_forms(folded: str) -> Iterator[str]:
    """What a word with one slip of the pen may be found under in `Lexicons.near_keys`."""
    yield from _near_keys(folded)
    yield "-" + folded
    if len(folded) > _MIN_NEAR:
        yield from _without_one(folded)
    for position in range(1, len(folded) - 1):
        yield folded[:position] + folded[position + 1] + folded[position] + folded[position + 2 :]


def _without_one(folded: str) -> Iterator[str]:
    for position in range(len(folded)):
        yield folded[:position] + folded[position + 1 :]


def hash_word(folded: str) -> int:
    """Give the 32-bit hash under which `ordinary.bin` holds a folded word."""
    return zlib.crc32(folded.encode())


def _lines(name: str) -> list[str]:
    text = files(_DATA).joinpath(name).read_text(encoding="ascii")
    return [line for line in text.splitlines() if line and not line.startswith("#")]


def _words(name: str) -> frozenset[str]:
    return frozenset(word for line in _lines(name) for word in line.split())
