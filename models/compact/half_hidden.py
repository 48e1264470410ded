"""Spell out the coarse words that people half hide: « site de m**** », « foutage de g... ».

To a tokenizer these are letters and punctuation, so that the rudest verbatims look like the tamest. Only
words that their first letters and the word before leave in no doubt are spelt out; what is in doubt stays.
"""

from __future__ import annotations

import re
from typing import Final

_STARS: Final = r"[*#@_•]{1,12}+"
_ANY: Final = rf"(?:{_STARS}|\.{{2,12}}+|…{{1,4}}+|-{{2,12}}+)"

# Word before (none: any), what is left of the word, the word. Dots may end a sentence (« MERCI... ») or
# shorten a name (« M... »): they count only after a word that calls for the coarse one.
_WORDS: Final = (
    ("", rf"f(?:ou)?{_ANY}(?:e|age)? de g(?:ueu?)?{_ANY}(?:u?eu?le|l?e)?", "foutage de gueule"),
    ("", rf"f(?:ils)?{_ANY} de p(?:u|ut|ute)?{_ANY}e?", "fils de pute"),
    ("foutage de|la|ma|sa|ta", rf"g(?:ueu?)?{_ANY}(?:u?eu?le|l?e)?", "gueule"),
    ("", rf"g(?:ueu?)?{_STARS}(?:u?eu?le|l?e)", "gueule"),
    ("de|la|une|cette|sacr[ée]e|belle", rf"m(?:e|erd)?{_ANY}(?:d?e)?", "merde"),
    ("", rf"m(?:er?d?)?{_STARS}(?:r?d?(?:e|{_STARS}))?", "merde"),
    ("de|cette", r"mer(?:\.{2,12}|…)e", "merde"),
    ("", rf"(?:put?|p(?=[*#@_•]{{3}})){_STARS}(?:a?i?n)?", "putain"),
    ("", rf"enc(?:ul?)?{_ANY}(?:l?[eé]s?)?", "enculés"),
    ("", rf"conn{_ANY}(?:a?r?ds?)?", "connards"),
    ("", rf"sal(?:op?)?{_STARS}(?:pes?|es?|s)?", "salopes"),
    ("", rf"chi?{_STARS}(?:e?r)?", "chier"),
    ("faire|fait|font", rf"chi?{_ANY}", "chier"),
    ("des|les|de|bande de|vrais|gros", rf"co?{_ANY}n?s?", "cons"),
    ("un|gros|pauvre|sale|vrai", rf"co?{_ANY}n?", "con"),
    ("le|au|du|mon|son|vos|leur", r"c[*#@_•]l", "cul"),
)
_PATTERNS: Final = tuple(
    (re.compile(rf"(?<!\w)({rf'(?:{before}) ' if before else ''})(?:{left})(?!\w)", re.IGNORECASE), word)
    for before, left, word in _WORDS
)
_SIGN: Final = re.compile(r"[*#@_•…]|\.\.|--")
_HIDDEN: Final = re.compile(r"(?<!\w)[cefgmps]\w{0,4}(?:[*#@_•…]|\.\.|--)", re.IGNORECASE)


def spell_out(text: str) -> str:
    """Write half hidden coarse words in full.

    >>> spell_out("Service de m.... et quel foutage de g***** !")
    'Service de merde et quel foutage de gueule !'
    >>> spell_out("Merci à M... de l'agence, c... pratique")
    "Merci à M... de l'agence, c... pratique"
    """
    if not _SIGN.search(text) or not _HIDDEN.search(text):
        return text
    for pattern, word in _PATTERNS:
        text = pattern.sub(rf"\g<1>{word}", text)
    return text
