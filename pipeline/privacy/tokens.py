"""Words of a view, with what their letter case can tell."""

from __future__ import annotations

import re
from collections.abc import Iterator
from enum import Enum
from typing import Final, NamedTuple

from pipeline.privacy.views import View

_ELISION: Final = r"(?:[ldjmtscn]|qu|jusqu|lorsqu|puisqu)'(?=[^\W\d_])"
_CLAN: Final = r"[NOMD]'[A-ZÀ-Ý](?![A-ZÀ-Ý])[^\W\d_]+"
_WORD: Final = re.compile(rf"(?P<clan>\b{_CLAN})|(?P<elision>\b(?i:{_ELISION}))|[^\W\d_]+(?:-[^\W\d_]+)*")
_CAMEL: Final = re.compile(r"(?<=[a-zà-ÿ])(?=[A-ZÀ-Ý](?:[a-zà-ÿA-Z]{2}|\.))")


class Shape(Enum):
    """Letter case of a word."""

    LOWER = "lower"
    CAPITALISED = "capitalised"
    CAPITALS = "capitals"
    INITIAL = "initial"


class Token(NamedTuple):
    """A word: its place in the view, its folded form and its letter case."""

    start: int
    end: int
    folded: str
    shape: Shape


def tokenise(view: View) -> list[Token]:
    """Split a view into words.

    An elided article (« l' ») is a word of its own; « N'Diaye » and « Jean-Pierre » are one word. Words glued
    by a lost space (« MerciSandrine ») are parted.

    Args:
        view: The view of a text.

    Returns:
        The words in the order of the text.
    """
    glued = _CAMEL.search(view.text) is not None
    tokens: list[Token] = []
    for match in _WORD.finditer(view.text):
        start, end = match.span()
        if match.lastgroup == "elision":
            tokens.append(_token(view, start, end - 1))
        elif glued:
            tokens += [_token(view, *part) for part in _parts(view.text, start, end)]
        else:
            tokens.append(_token(view, start, end))
    return tokens


def _parts(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    for camel in _CAMEL.finditer(text, start, end):
        if camel.start() - start >= 3:
            yield start, camel.start()
            start = camel.start()
    yield start, end


def _token(view: View, start: int, end: int) -> Token:
    text = view.text[start:end]
    if text.islower() or not text[0].isupper():
        shape = Shape.LOWER
    elif len(text) == 1 or (len(text) == 3 and text[1] == "-"):
        shape = Shape.INITIAL
    elif text.isupper():
        shape = Shape.CAPITALS
    else:
        shape = Shape.CAPITALISED
    return Token(start, end, view.folded[start:end], shape)


def case_is_telling(tokens: list[Token]) -> bool:
    """Whether capitals mark proper nouns in this text: not where everything, or every word, has them.

    Args:
        tokens: The words of a text.

    Returns:
        True where most longer words are in lower case.
    """
    long_words = [token for token in tokens if token.end - token.start >= 4]
    n_capital = sum(token.shape is not Shape.LOWER for token in long_words)
    if len(long_words) <= 5:
        return not long_words or any(token.shape is not Shape.CAPITALS for token in long_words)
    return n_capital < 0.75 * len(long_words)
