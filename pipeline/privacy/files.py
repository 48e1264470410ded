"""What is personal only by its context: file references, licence plates, dates of birth."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from pipeline.privacy.placeholders import BIRTH_DATE, PLATE, REFERENCE
from pipeline.privacy.spans import Span

_KEYWORD: Final = (
    r"(?:commandes?|cde|contrats?|dossiers?|sinistres?|clients?|client(?:e|ele)|ref(?:erences?)?|factures?"
    r"|colis|suivis?|tracking|envoi"
    r"|adherente?s?|societaires?|polices?|devis|reclamations?|tickets?|abonne(?:e|s|ment)?|matricules?"
    r"|comptes?|reservations?"
    r"|billets?|demandes?|incidents?|identifiants?|id|login|allocataires?|assuree?s?|mandats?|bons?"
    r"|avoirs?|livraisons?"
    r"|prets?|credits?|carte (?:de )?fidelite|pieces?|passeport|cni|carte d'identite|permis|siv|imei|serie"
    r"|employee?|salariee?|agent)"
)
_MARKER: Final = r"(?:n\s?[°ºo]\s?:?|nº|num(?:ero)?s?\.?\s?:?|no\.|#|:|=|ref(?:erence)?\.?\s?:?|code\s?:?)"
_TOKEN: Final = (
    r"[a-z]{0,5}[\-_/.]?\d[a-z0-9]*(?:[\-_/.][a-z0-9]+)*(?:"
    r" (?=[a-z]{0,3}\d{2,})[a-z]{0,3}\d{2,}[a-z0-9]*){0,6}"
)
_ANNOUNCED: Final = re.compile(
    rf"\b{_KEYWORD}\b(?:[ ,]*(?:[a-z']+ ){{0,3}}?)?\s{{0,2}}{_MARKER}(?:\s?(?:est|le|suivant|client|de"
    rf"|commande|dossier|contrat|:|°)\s?){{0,3}}"
    rf"\s?{_MARKER}?\s?(?P<token>{_TOKEN})"
)
_SAID: Final = re.compile(
    rf"(?:numeros?|\bnum\b\.?|\bn[°ºo]?)\s?(?:de |d'|du )?(?:ma |mon |la |notre )?{_KEYWORD}\b"
    r"[^0-9.!?\n]{0,20}?"
    rf"(?P<token>{_TOKEN})"
)
# Offices of which a short number is their telephone: « le numéro de la CAF, 3230 ».
_OFFICIAL: Final = re.compile(
    r"(?:numeros?|\bnum\b\.?|\bn[°ºo]?)\s?(?:de |d'|du )?(?:la |ma )?(?:caf|fiscale?|secu|ss)\b"
    rf"[^0-9.!?\n]{{0,20}}?(?P<token>{_TOKEN})"
)
# « mon matricule est le 004512 ».
_IS: Final = re.compile(
    rf"\b{_KEYWORD} (?:est|etait|c'est)(?: le| la)? "
    r"(?P<token>(?:[a-z]{1,5}[\-_/]?)?\d[a-z0-9\-_/]*\d[a-z0-9]*)"
)
_DIRECT: Final = re.compile(
    rf"\b{_KEYWORD}\b\.?\s{{0,2}}[(\"«']?\s?"
    rf"(?P<token>(?:[a-z]{{1,5}}[\-_/]?)?\d[a-z0-9\-_/]*\d[a-z0-9]*(?:[\-_/][a-z]{{1,4}}\b)?)"
)
_NUMBERED: Final = re.compile(
    r"(?:\bn\s?[°º]|\bnumero|\bnum\b\.?"
    r"|#)\s?:?\s?(?P<token>(?:[a-z]{1,5}[\-_/]?)?\d[a-z0-9\-_/]{3,}[a-z0-9])"
)
_BARE_CODE: Final = re.compile(
    r"(?<![\w/.,\-])(?=[a-z\-_]*\d)[a-z]{0,6}[\-_]?(?:\d{1,4}[\-_])?[a-z]{0,3}\d{6,}[a-z0-9\-_]*(?![\w])"
)
_BARE_LONG: Final = re.compile(r"(?<![\w.,+])\d{9,}(?![\w]|[.,]\d)")
_BARE_CHUNKS: Final = re.compile(r"(?<![\w.,\-+])[a-z]{1,5}[\-_]\d{2,4}[\-_]\d{4,}(?:[\-_]\w+)*(?!\w)")
_BARE_CODE_DIGITS: Final = 6
# « 100000 », and numbers of directory services.
_ROUND_OR_SHORT: Final = re.compile(r"[1-9]\d?0{4,}|118\d{3}")
_UNIT: Final = re.compile(
    r"\s?(?:€|euros?\b|eur\b|k€|m€|\$|%|km\b|kms\b|m2\b|m²|kg\b|go\b|mo\b|ans?\b|mois\b|jours?\b"
    r"|semaines?\b|heures?\b|h\b|min\b"
    r"|minutes?\b|fois\b|pages?\b|personnes?\b|points?\b|clients?\b|habitants?\b|articles?\b|pieces?\b"
    r"|fcfa\b|d'euros|millions?\b"
    r"|clics?\b|etoiles?\b|places?\b|pouces?\b|watts?\b|w\b|mah\b|ml\b|cl\b|cm\b|mm\b|litres?\b|colis\b"
    r"|commandes?\b|produits?\b)"
)
_COMPANY_NUMBER: Final = re.compile(
    r"(?:\bsiren\b|\bsiret\b|\brcs\b|\btva\b|\bape\b|\bnaf\b|\bean\b|\bisbn\b|code[- ]barres?|\bloi\b"
    r"|\bdecret\b|\barticle\b|\bordonnance\b)[^0-9]{0,25}$"
)
_DATE: Final = re.compile(
    r"(?:[0-3]?\d[/.\-][01]?\d(?:[/.\-](?:19|20)?\d{2})?|(?:19|20)\d{2}[/.\-][01]?\d[/.\-][0-3]?\d"
    r"|(?:19|20)\d{2}|[0-3]\d[01]\d(?:19|20)\d{2}|(?:19|20)\d{2}[01]\d[0-3]\d"
    r"|(?:19|20)\d{2}[\-/](?:19|20)?\d{2}|\d{1,2}h\d{0,2}|\d{1,2}:\d{2}|24/24|7/7|24h/24|\d{1,3}/\d{1,3})"
)

_MONTH: Final = (
    r"(?:janv(?:ier)?|fevr?(?:ier)?|mars|avr(?:il)?|mai|juin|juil(?:let)?|aout|sept(?:embre)?|oct(?:obre)?"
    r"|nov(?:embre)?|dec(?:embre)?)\.?"
)
_DAY: Final = (
    rf"(?:[0-3]?\d\s?[/.\-\s]\s?[01]?\d\s?[/.\-\s]\s?(?:(?:19|20)\d{{2}}|\d{{2}})(?!\d)|(?:19"
    rf"|20)\d{{2}}[/.\-][01]?\d[/.\-][0-3]?\d"
    rf"|[0-3]?\d(?:er)?\s{_MONTH}(?:\s(?:(?:19|20)\d{{2}}|\d{{2}}(?!\d)))?|[0-3]\d[01]\d(?:19|20)\d{{2}})"
)
_BORN: Final = re.compile(
    rf"(?:\bnee?(?:\(e\)|\.e)?s?(?!\w)\s?(?:a [a-z\-' ]{{2,30}}? )?(?:le|en|un|:)?(?:\s?(?:lundi|mardi"
    rf"|mercredi|jeudi|vendredi|samedi|dimanche))?"
    rf"|(?:\bmon|\bson|\bnotre) anniversaire|\bddn\b|\bd\.d\.n\.?|date (?:de |d')?nais+(?:an?ce|\.)"
    rf"|\bnaissance\b|\bnaiss\.?\b|\bdob\b)"
    rf"[\s:=,(\-]*(?:(?:est|c'est|etait|le|du|au|:)\s?:?\s)*\s?(?P<day>{_DAY})"
)
_BORN_YEAR: Final = re.compile(
    r"\b(?:suis|est|etais|etait|sommes|sont) nee?s? en (?P<day>(?:[a-z]+ )?(?:19|20)\d{2})\b"
)

_PLATE_HYPHEN: Final = re.compile(
    r"(?<![\w\-])[a-hj-np-tv-z]{2}[\-–.]\s?\d{3}\s?[\-–.][a-hj-np-tv-z]{2}(?![\w\-])"
)
# « 1-ABC-234 ».
_PLATE_BELGIAN: Final = re.compile(r"(?<![\w\-])[1-9][\-–][a-z]{3}[\-–]\d{3}(?![\w\-])")
# A Swiss plate is a canton and a number, which many other things are: it needs the word before it.
_CANTONS: Final = "ag|ai|ar|be|bl|bs|fr|ge|gl|gr|ju|lu|ne|nw|ow|sg|sh|so|sz|tg|ti|ur|vd|vs|zg|zh"
_PLATE_UPPER: Final = re.compile(r"(?<![\w\-])[A-HJ-NP-TV-Z]{2} ?\d{3} ?[A-HJ-NP-TV-Z]{2}(?![\w\-])")
_PLATE_OLD: Final = re.compile(
    r"(?<![\w\-.,])\d{2,4}[ \-]?[A-HJ-NP-TV-Z]{2,3}[ \-]?(?:0[1-9]|[1-8]\d|9[0-5]|2[AB]|97[1-6])(?![\w\-]"
    r"|[.,]\d)"
)
_PLATE_CONTEXT: Final = re.compile(
    r"(?:immatricul\w*|plaques?(?: d'immatriculation)?|vehicule|voiture|\bimmat\b|camion"
    r"|moto)\b[^0-9.!?]{0,25}?"
    r"(?P<plate>\b[a-hj-np-tv-z]{2}[ \-.]?\d{3}[ \-.]?[a-hj-np-tv-z]{2}\b"
    r"|\b\d{2,4}[ \-.]?[a-hj-np-tv-z]{2,3}[ \-.]?(?:\d{2}|2[ab])\b"
    rf"|\b(?:{_CANTONS})[ \-]?\d{{1,3}}[ .']?\d{{2,3}}\b)"
)
# Quick looks before the slow expressions above.
_BORN_HINT: Final = re.compile(
    # « ne », then a look behind it: an expression that begins with a word boundary is four times slower.
    r"ne(?<![^\W_]ne)e?s?\b[^a-z]{0,4}(?:\d|(?:le|en|un|a|du|au|est|c|etait|lundi|mardi|mercredi|jeudi"
    r"|vendredi|samedi|dimanche)\b)"
    r"|ne(?<![^\W_]ne)e?(?:\(|\.e)"
)
_BORN_WORDS: Final = ("naiss", "anniv", "ddn", "d.d.n", "dob")
_PLATE_HINT: Final = re.compile(
    rf"\d{{2}}[ \-.–]{{0,2}}[a-z]{{2}}|\d[\-–][a-z]{{3}}[\-–]\d|\b(?:{_CANTONS})[ \-]?\d"
)
_MARKS: Final = ("n°", "nº", "n o", "num", "no.", "no ", "ref", "code", "#", ":", "=", "n ")
_FIVE_DIGITS: Final = re.compile(r"\d{5}|\d(?:[a-z/_\-]{0,6}\d){4}")
_PLATE_WORDS: Final = frozenset(
    [
        "DE",
        "EN",
        "ET",
        "LE",
        "LA",
        "ME",
        "TE",
        "SE",
        "CE",
        "NE",
        "JE",
        "MA",
        "TA",
        "SA",
        "LES",
        "DES",
        "CES",
        "MES",
        "SES",
    ]
)
_PLATE_UNITS: Final = frozenset(
    [
        "HP",
        "KM",
        "KG",
        "CM",
        "CL",
        "ML",
        "MM",
        "EN",
        "ET",
        "DE",
        "LE",
        "LA",
        "EUR",
        "KMS",
        "MN",
        "MIN",
        "FR",
        "HT",
        "TT",
        "TTC",
        "CV",
        "MB",
        "GB",
        "MS",
        "DB",
        "KW",
        "NM",
    ]
)


# Expressions with the least digits of what they find.
_BY_MARK: Final = ((_ANNOUNCED, 3), (_SAID, 4), (_OFFICIAL, 7))
_BY_LENGTH: Final = (
    (_DIRECT, 5),
    (_IS, 5),
    (_NUMBERED, 5),
    (_BARE_CODE, 6),
    (_BARE_LONG, 9),
    (_BARE_CHUNKS, 6),
)


def find_birth_dates(folded: str) -> Iterator[Span]:
    """Find dates of birth: a date that « né le », « DDN » or the like announces. Other dates stay.

    Args:
        folded: The folded text of a view.

    Yields:
        Spans of kind `DATE_NAISSANCE`.
    """
    if not any(word in folded for word in _BORN_WORDS) and not _BORN_HINT.search(folded):
        return
    for expression in (_BORN, _BORN_YEAR):
        for match in expression.finditer(folded):
            yield Span(*match.span("day"), BIRTH_DATE)


def find_plates(text: str, folded: str) -> Iterator[Span]:
    """Find licence plates: French of the new form and Belgian; French of the old form, in capitals.

    After « immatriculé », « plaque » or a vehicle, also Swiss ones, and French ones in any case.

    Args:
        text: The text of a view, letter case kept.
        folded: The folded text of the same view.

    Yields:
        Spans of kind `PLAQUE`.
    """
    if not _PLATE_HINT.search(folded):
        return
    for expression in (_PLATE_HYPHEN, _PLATE_BELGIAN):
        for match in expression.finditer(folded):
            yield Span(*match.span(), PLATE)
    for expression in (_PLATE_UPPER, _PLATE_OLD):
        for match in expression.finditer(text):
            words = re.findall("[A-Z]+", match.group())
            if words[0] not in _PLATE_WORDS | _PLATE_UNITS and words[-1] not in _PLATE_UNITS:
                yield Span(*match.span(), PLATE)
    for match in _PLATE_CONTEXT.finditer(folded):
        words = re.findall("[a-z]+", match.group("plate"))
        if words[0].upper() not in _PLATE_WORDS | _PLATE_UNITS:
            yield Span(*match.span("plate"), PLATE)


def find_references(folded: str) -> Iterator[Span]:
    """Find numbers of orders, contracts, files and claims, announced by their word or plain by their length.

    Years, dates, amounts and quantities stay, and so do company numbers (SIREN, SIRET, RCS, VAT).

    Args:
        folded: The folded text of a view.

    Yields:
        Spans of kind `REFERENCE`.
    """
    announced = _BY_MARK if any(mark in folded for mark in _MARKS) else ()
    plain = _BY_LENGTH if _FIVE_DIGITS.search(folded) else ()
    for expression, min_digits in (*announced, *plain):
        for match in expression.finditer(folded):
            token, start, end = _token(match)
            if _is_reference(folded, token, start, end, min_digits):
                yield Span(start, end, REFERENCE)


def _token(match: re.Match[str]) -> tuple[str, int, int]:
    group: str | int = "token" if "token" in match.re.groupindex else 0
    return match.group(group), *match.span(group)


def _is_reference(folded: str, token: str, start: int, end: int, min_digits: int) -> bool:
    digits = re.sub(r"\D", "", token)
    if len(digits) < min_digits or _DATE.fullmatch(token):
        return False
    if _UNIT.match(folded, end) and token.replace(" ", "").isdigit():
        return False
    if token.isdigit() and (
        _ROUND_OR_SHORT.fullmatch(token) or (min_digits == _BARE_CODE_DIGITS and len(token) < 8)
    ):
        return False
    return _COMPANY_NUMBER.search(folded, max(0, start - 40), start) is None


# The least digits that each needs.
FEWEST_PLATE_DIGITS: Final = 3
FEWEST_REFERENCE_DIGITS: Final = 3
