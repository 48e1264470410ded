"""Names of persons, by rules in context and a gazetteer of first names."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from pipeline.privacy.placeholders import PERSON
from pipeline.privacy.spans import Span
from pipeline.privacy.views import View

_CAPITALISED: Final = r"[^\W\d_a-zà-ÿ][^\W\d_]*(?:['\-][^\W\d_]+)*\.?"
_TITLED: Final = re.compile(
    rf"\b(?:[Mm]onsieur|MONSIEUR|[Mm]adame|MADAME|[Mm]ademoiselle|M\.|Mr\.?|Mme\.?|MME|MR|Mlle|Dr\.?"
    rf"|Docteur|Pr|Maître|Me)\s?"
    rf"(?P<name>{_CAPITALISED}(?:\s(?:de la|de|du|des|le|la|el|ben)?\s?{_CAPITALISED}){{0,3}})"
)
_NOT_NAMES: Final = frozenset(
    ["le", "la", "les", "directeur", "directrice", "madame", "monsieur", "bricolage", "meuble"]
)


def find_names(view: View) -> Iterator[Span]:
    """Find names of persons.

    Args:
        view: The view of a text.

    Yields:
        Spans of kind `PERSONNE`.
    """
    for match in _TITLED.finditer(view.text):
        if match.group("name").split()[0].lower() not in _NOT_NAMES:
            yield Span(*match.span("name"), PERSON)
