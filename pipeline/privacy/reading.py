"""Words of a text, and what surrounds each."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from pipeline.privacy import name_contexts as ctx
from pipeline.privacy.lexicons import Lexicons
from pipeline.privacy.tokens import Shape, Token, case_is_telling, tokenise
from pipeline.privacy.views import View

_WITHIN: Final = re.compile(r"\s{0,2}|\.\s?|\s?[:,(]\s?")


class Reading:
    """One text as the rules on names read it: its words, and what surrounds each."""

    def __init__(self, view: View, lex: Lexicons) -> None:
        self.view = view
        self.lex = lex
        self.tokens = tokenise(view)
        self.telling = case_is_telling(self.tokens)
        self.shielded = self._shielded()

    def gap(self, index: int) -> str:
        """What stands between a word and the one before it."""
        return self.view.text[self.tokens[index - 1].end if index else 0 : self.tokens[index].start]

    def starts_sentence(self, index: int) -> bool:
        """Whether a capital here tells nothing, since a sentence or a line begins."""
        return index == 0 or self.gap(index).strip(" ,'-()&/") != "" or "\n" in self.gap(index)

    def back(self, index: int, steps: int = 1) -> str:
        """The folded word some steps before, where only spaces and light signs lie between; else empty."""
        for position in range(index, index - steps, -1):
            if position <= 0 or not re.fullmatch(_WITHIN, self.gap(position).replace("'", "")):
                return ""
        return self.tokens[index - steps].folded

    def is_proper(self, index: int) -> bool:
        """Whether the letter case marks the word as a proper noun."""
        return self.telling and self.tokens[index].shape in (Shape.CAPITALISED, Shape.CAPITALS)

    def is_unknown(self, token: Token) -> bool:
        """Whether the word is neither ordinary nor a place nor a brand, so that it may be a name."""
        return (
            len(token.folded) > 2
            and not self.lex.is_ordinary(token.folded)
            and not self.lex.is_house(token.folded)
            and token.folded not in ctx.NOT_AFTER_TITLE
            and token.folded not in ctx.TITLES
            and set(token.folded) != {"x"}
        )

    def _shielded(self) -> frozenset[int]:
        """Words of brand names, dishes and places that hold a first name."""
        shielded: set[int] = set()
        for index, token in enumerate(self.tokens):
            for phrase in self.lex.phrases.get(token.folded, ()):
                words = tuple(word.folded for word in self.tokens[index : index + len(phrase)])
                if words == phrase:
                    shielded.update(range(index, index + len(phrase)))
            if token.folded in ctx.PLACE_HEADS:
                shielded.update(self._after_place_head(index))
        return frozenset(shielded)

    def _after_place_head(self, index: int) -> Iterator[int]:
        position = index + 1
        while position < len(self.tokens) and self.gap(position) in (" ", "-", "'", " '"):
            token = self.tokens[position]
            if token.folded in ctx.HEAD_FILLERS:
                position += 1
                continue
            # « le salon Sandrine m'a… » is lost; « la rue Paul Bert » is kept.
            if token.shape is Shape.LOWER and self.telling and self.tokens[index].folded not in ctx.SAINTS:
                return
            yield position
            is_first = self.lex.is_first_name(token.folded)
            if not is_first or token.folded in ctx.PLACE_HEADS or position > index + 4:
                return
            position += 1
            if not (position < len(self.tokens) and self.is_proper(position)):
                return
