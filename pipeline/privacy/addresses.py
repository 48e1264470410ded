"""Postal addresses: a number and a street, with the postcode and city that follow."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from pipeline.privacy.placeholders import ADDRESS
from pipeline.privacy.spans import Span
from pipeline.privacy.views import View

# Words that mean a street whenever a number stands before them.
_SURE: Final = (
    r"rues?|avenue|av\.|ave\.?|boulevard|bd\.?|bld\.?|blvd\.?|boul\.|chemin|chem\.|che\.|impasse|imp\."
    r"|faubourg|fbg|ruelle|esplanade"
    r"|lotissement|lot\.|hameau|rond-point|sentier|venelle|lieu-dit|lieu dit|zone artisanale|za|zi|zac"
)
# Words that also mean other things (« 2 places », « 3 cours »): a capital or a postcode must follow.
_UNSURE: Final = (
    r"place|pl\.?|allees?|all\.|route|rte\.?|quai|cours|cour|square|passage|residence|cite|villa|promenade"
    r"|voie|montee|traverse|clos|parvis|mail|domaine|chaussee|porte|parc|rte"
)
_PARTICLE: Final = (
    r"(?:de|du|des|la|le|les|l'|d'|aux?|en|sur|sous|et|saint|sainte|st|ste|general|gal|marechal|mal"
    r"|docteur|dr|president|commandant|capitaine|colonel|professeur|abbe|frere|jean|jules|victor|charles"
    r"|pierre|paul|louis|emile|henri|georges|11|8|19|14|4)"
)
_WORD: Final = r"[^\W\d_][^\W\d_'\-]*(?:['\-][^\W\d_]+)*"
_HEAD: Final = (
    r"(?<![\w.,])(?P<number>\d{1,4})(?:\s?/\s?\d{1,4}|\s?-\s?\d{1,4})?\s?(?:,?\s?(?:bis|ter|quater"
    r"|[a-f])\b)?\s?,?\s{0,2}"
)
_NAME: Final = rf"(?:\s+{_PARTICLE}(?=[\s'])|\s+(?:l|d)'|(?<=')\s?){{0,4}}"
_POSTCODE: Final = r"\b(?:0[1-9]|[1-8]\d|9[0-8])\s?\d{3}\b"
_STREET: Final = re.compile(rf"{_HEAD}(?:(?P<sure>{_SURE})|(?P<unsure>{_UNSURE}))(?=[\s'])")
_UNNUMBERED: Final = re.compile(
    rf"(?:habite|habitons|habitant|je demeure|demeurant|domiciliee?|je reside|residant"
    rf"|(?P<named>(?:mon|notre) adresse(?: est)?(?!\s*e?-?mail))|adresse postale)\s?:?,?\s?"
    rf"(?P<article>au |a la |a |l'|dans la |dans |la |le )?"
    rf"(?P<street>(?P<number>\d{{1,4}}\s?(?:bis |ter )?(?:de la |de l'|du |des ))?"
    rf"(?:{_SURE}|(?P<unsure>{_UNSURE}))(?=[\s']))"
)
# Words before a number that make an address of what may be something else: « j'habite 14 cours lafayette ».
_HOME: Final = re.compile(
    r"(?P<word>habit(?:e|es|ons|ez|ent|ant|ais|ait)|demeur\w{0,4}|domicil\w{0,5}|adresse|resid(?:e|ant|ons)"
    r"|livre(?:e|es|s|r)?|livraison)[\s:,]{1,3}"
    r"(?:(?:est|au|a|le|la|chez moi|postale|actuelle)[\s:,]{1,3}){0,3}$"
)
_GOODS: Final = frozenset(["porte", "parc"])
_HOME_REACH: Final = 45
_STEP: Final = re.compile(
    rf"[\s,]{{1,2}}(?:(?P<particle>{_PARTICLE})(?=[\s'])|(?P<elided>[ld]')|(?P<word>{_WORD}))"
    rf"|(?<=')(?P<tail>{_WORD})"
)
_CITY: Final = re.compile(
    r"[\s,\-–;:()]{0,4}(?:(?:bat(?:iment)?|appt?|appartement|escalier|esc|etage|bp|cs"
    r"|porte)\.?\s?\w{1,4}[\s,]{1,3}){0,4}(?:\ba\s)?(?:f-)?"
    r"\b(?P<postcode>(?:0[1-9]|[1-8]\d|9[0-8])\s?\d{3})\b"
    r"(?:[\s,\-]{1,3}(?P<city>(?:(?:st|ste|saint|sainte|la|le|les|l'"
    r"|l)[\s\-'])?[^\W\d_]{2,}(?:[\-'][^\W\d_]+)*))?"
    r"(?P<more>(?:\s(?:sur|sous|en|les|de|la|le|cedex"
    r"|aux?)\b(?:\s[^\W\d_]+(?:-[^\W\d_]+)*)?(?:\s\d{1,2}\b)?){0,2})"
)
_BOX: Final = re.compile(r"\b(?:bp|cs|boite postale)\s?\d{2,6}\b(?=[\s,\-]{1,3}\d{5}\b)")
_HAMLET: Final = re.compile(
    rf"\b(?:lieu[- ]dit|residence|hameau)\s[^.!?;\n\d]{{2,40}}?(?=[\s,\-]{{1,3}}{_POSTCODE})"
)
# A street cut short, sure only where a postcode follows.
_SHORT_STREET: Final = re.compile(rf"{_HEAD}r\.?\s(?=[^.!?;\n\d]{{3,40}}?{_POSTCODE})")
# What people write before the number: « Résidence Les Acacias, bât. C, 5 rue… ».
_BEFORE: Final = re.compile(
    r"\b(?:residence|res\.|bat(?:iment)?\.?|appt?\.?|appartement|escalier|esc\.?|lieu[- ]dit)\s"
    r"[^.!?;\n\d]{1,30}(?:\.\s?\w{1,3})?[\s,\-]{1,3}$"
)
_NEAR_CITY: Final = re.compile(r"[^.!?;\n\d]{1,60}?[\s,]+(?:f-)?(?P<postcode>\d{2}\s?\d{3})\b")
_POSTCODE_HINT: Final = re.compile(r"\b(?:lieu[- ]dit|residence|hameau)\s|\d\s?r\.?\s")
_STOP: Final = frozenset(
    [
        "est",
        "et",
        "a",
        "ou",
        "qui",
        "que",
        "mais",
        "car",
        "pour",
        "avec",
        "dans",
        "par",
        "on",
        "je",
        "il",
        "elle",
        "nous",
        "vous",
        "ils",
        "elles",
        "depuis",
        "pas",
        "plus",
        "ne",
        "se",
        "ce",
        "cette",
        "mon",
        "ma",
        "merci",
        "j'ai",
        "c'est",
        "etait",
        "sont",
        "au",
        "y",
        "en",
        "chez",
        "suis",
        "n'est",
        "ont",
        "sans",
        "quand",
        "bonjour",
        "cordialement",
        "tel",
    ]
)


_CLAUSE: Final = re.compile(
    r"\b(?:[jncmst]'|(?:" + "|".join(sorted(_STOP - {"et", "a", "en", "au", "sur"})) + r")\b)"
)


def find_addresses(view: View) -> Iterator[Span]:
    """Find postal addresses.

    A city or a postcode with a city alone is a place, not an address: it stays. So does a street without
    number, unless the author says that they live there.

    Args:
        view: The view of a text.

    Yields:
        Spans of kind `ADRESSE`.
    """
    for match in _STREET.finditer(view.folded):
        end = _street_end(view, match.end(), capital_needed=_may_be_no_street(view.folded, match))
        if end > match.end():
            yield Span(_with_building(view.folded, match.start()), _with_city(view.folded, end), ADDRESS)
    if _POSTCODE_HINT.search(view.folded):
        yield from _short_forms(view.folded)
    for match in _UNNUMBERED.finditer(view.folded):
        # « j'habite rue pasteur », « le 8 de la rue… »; not « la rue principale », « mon adresse porte… ».
        doubtful = match.group("article") is not None or (match.group("named") and match.group("unsure"))
        described = bool(doubtful) and match.group("number") is None
        end = _street_end(view, match.end(), capital_needed=described)
        if end > match.end():
            yield Span(match.start("street"), _with_city(view.folded, end), ADDRESS)
    for match in _BOX.finditer(view.folded):
        yield Span(match.start(), _with_city(view.folded, match.end()), ADDRESS)


def _may_be_no_street(folded: str, street: re.Match[str]) -> bool:
    """« 3 cours de yoga », « livré 1 porte »; not « 3 bis cours », « 3 allée des », « j'habite 3 cours »."""
    word = street.group("unsure")
    if word is None or re.search("bis|ter", folded[street.start() : street.start("unsure")]):
        return False
    if word in ("allee", "rte", "rte.") and folded.startswith((" de ", " des ", " du "), street.end()):
        return False
    home = _HOME.search(folded, max(0, street.start() - _HOME_REACH), street.start())
    return home is None or (word in _GOODS and home.group("word").startswith("livr"))


def _short_forms(folded: str) -> Iterator[Span]:
    """« lieu-dit Kergoat, 29260 Ploudaniel », « 22 r. de Belfort, 31000 Toulouse »."""
    for match in _HAMLET.finditer(folded):
        yield Span(match.start(), _with_city(folded, match.end()), ADDRESS)
    for match in _SHORT_STREET.finditer(folded):
        near = _NEAR_CITY.match(folded, match.end())
        if near and not _CLAUSE.search(near.group()):
            yield Span(match.start(), _with_city(folded, near.start("postcode")), ADDRESS)


def _with_building(folded: str, start: int) -> int:
    """Where an address begins whose street number stands at `start`."""
    building = _BEFORE.search(folded, max(0, start - 60), start)
    return building.start() if building else start


def _street_end(view: View, start: int, *, capital_needed: bool) -> int:
    """Where the street's name ends; `start` where no name follows."""
    near = _NEAR_CITY.match(view.folded, start)
    if near and not _CLAUSE.search(near.group()) and not near.group("postcode").startswith("00"):
        return near.start("postcode")
    position = end = start
    n_words = 0
    while n_words < 4 and (step := _STEP.match(view.folded, position)):
        position = step.end()
        if step.group("particle") or step.group("elided"):
            if (
                view.text[step.end() - 1 - len((step.group("particle") or "x")[1:])].isupper()
                and n_words == 0
            ):
                end = position
            continue
        name = "word" if step.group("word") else "tail"
        capital = view.text[step.start(name)].isupper()
        if view.folded[step.start(name) : step.end(name)] in _STOP:
            break
        if not capital and (n_words > 0 or capital_needed):
            break
        n_words += 1
        end = position
    return end


def _with_city(folded: str, end: int) -> int:
    city = _CITY.match(folded, end)
    return city.end() if city else end
