"""The pages' words in French and English, from one file."""

from __future__ import annotations

import re
from functools import cache
from importlib.resources import files

import yaml

from pipeline.codebook import Language

LANGUAGES: tuple[Language, ...] = ("fr", "en")


@cache
def catalogue() -> dict[str, dict[str, str]]:
    """Read all messages: key → language → text."""
    text = files("pipeline.review.web").joinpath("messages.yaml").read_text(encoding="utf-8")
    messages: dict[str, dict[str, str]] = {}
    for section, entries in yaml.safe_load(text).items():
        for key, (fr, en) in entries.items():
            messages[f"{section}.{key}"] = {"fr": spaced(fr), "en": en}
    return messages


def spaced(french: str) -> str:
    """Keep French signs on the line of their words: « : ; ? ! % » take a space that does not break.

    >>> spaced("« oui » : 3 %") == "«\u00a0oui\u00a0»\u00a0: 3\u00a0%"
    True
    """
    return re.sub(r" (?=[:;?!%»])|(?<=«) ", "\u00a0", french)


def message(key: str, language: Language, **values: object) -> str:
    """Give a message with its values filled in.

    Raises:
        KeyError: No such message.
    """
    return catalogue()[key][language].format(**values)


def section(name: str, language: Language) -> dict[str, str]:
    """Give all messages of a section, unfilled: what the page's script needs."""
    prefix = f"{name}."
    return {
        key.removeprefix(prefix): texts[language]
        for key, texts in catalogue().items()
        if key.startswith(prefix)
    }


def number(value: float, language: Language, decimals: int = 0) -> str:
    """Write a number as readers of a language do.

    >>> number(12345.6, "fr", 1)
    '12 345,6'
    """
    text = f"{value:,.{decimals}f}"
    return text.replace(",", " ").replace(".", ",") if language == "fr" else text


def plain_number(value: float, language: Language) -> str:
    """Write a number with the decimals that it has, and no other.

    >>> plain_number(4.5, "fr"), plain_number(9.0, "fr")
    ('4,5', '9')
    """
    text = f"{value:g}"
    return text.replace(".", ",") if language == "fr" else text


def percent(value: float, language: Language, decimals: int = 0) -> str:
    """Write a share in [0, 1] as a percentage."""
    return (
        f"{number(100 * value, language, decimals)} %" if language == "fr" else f"{100 * value:.{decimals}f}%"
    )
