"""Phone, bank, card and social-security numbers: forms by expression, checksums by python-stdnum."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from stdnum import iban, luhn
from stdnum.be import nn
from stdnum.ch import ssn
from stdnum.fr import nir

from pipeline.privacy.placeholders import CARD, IBAN, NIR, PHONE
from pipeline.privacy.spans import Span

# Every expression here reads the folded view: lower case, no accents.
_SEP: Final = r"[\s.,\-/_·]{0,3}"
# People write o for 0, and l or i for 1.
_DIGIT: Final = "[0-9oil]"
# Seen from behind the leading 0: « 1/02/2023 » is the rest of a date.
_NOT_A_DATE: Final = r"(?!\d([./\- ])\d{2}\1(?:19|20)\d{2}(?!\d))"
_PHONE_FR: Final = re.compile(
    rf"(?:(?:(?<![0-9+])(?<![0-9][.,])\(?0\)?|(?<![0-9a-z])o(?=\s?[1-9]))\s?{_NOT_A_DATE}"
    rf"|(?:\+\s?|(?<!\d)00\s?)33{_SEP}(?:\(\s?[0o]\s?\)|[0o])?{_SEP})"
    rf"[1-9il]"
    rf"(?:(?:{_SEP}{_DIGIT}{{2}}){{4}}|{_DIGIT}{{2}}[\s.\-]?{_DIGIT}{{3}}[\s.\-]?{_DIGIT}{{3}}"
    rf"|[\s.\-]{_DIGIT}{{3}}[\s.\-]{_DIGIT}{{3}}[\s.\-]{_DIGIT}{{2}}"
    rf"|{_DIGIT}[\s.\-]{_DIGIT}{{3}}[\s.\-]{_DIGIT}{{4}}|(?:[ .\-]\d){{8}})"
    rf"(?![0-9])"
)
_PHONE_ABROAD: Final = re.compile(
    r"(?:(?<!\d)\+|(?<![0-9a-z.,])00)\s?[1-9]\d{0,2}(?:[\s.\-/()]{0,3}\d){6,12}(?![0-9])"
)
_PHONE_BARE: Final = re.compile(
    rf"(?:\btel\b|telephone|portable|mobile|joignable|appele[rz]?|joindre|whatsapp|\bau\b)[^0-9\n]{{0,25}}"
    rf"(?<!\d)(?P<number>[67](?:{_SEP}\d{{2}}){{4}}|[1-59](?:[ .\-]\d{{2}}){{4}})(?!\d)"
)
# Mobile numbers in any grouping; a date, alone or before an hour, is none: « 06.07.26 12:30 ».
_PHONE_MOBILE: Final = re.compile(
    r"(?<![0-9])(?<![0-9][./\-])0(?!\s?\d([./\- ])\d{2}\1(?:\d{4}|\d{2}\s+\d{1,2}\s?[:h]))"
    r"[ .]{0,2}[67](?:\s?:\s?)?(?:[ .\-]{0,2}\d){8}(?![0-9:h])"
)
# Belgian numbers are dialled at home without their country code: « 02 512 34 56 », « 081/22.33.44 ».
_PHONE_BELGIAN: Final = re.compile(
    r"(?<![0-9])(?<![0-9][.,/])0(?:[2-9][ ./]{1,2}\d{3}|[1-9]\d[ ./]{1,2}\d{2})(?:[ .]\d{2}){2}"
    r"(?![0-9]|[ .]\d)"
)
# Spreadsheets drop the leading 0.
_PHONE_NUMBERED: Final = re.compile(
    r"(?:numero|\bnum\b|n°|fixe|contact|sms)[^0-9\n]{0,25}(?<!\d)"
    r"(?P<number>[1-79](?:[ .\-]\d{2}){4})(?!\d| \d)"
)
_AMOUNT_FOLLOWS: Final = re.compile(
    r"\s*(?:€|euros?\b|eur\b|k€|clients?\b|habitants?\b|d'euros|fcfa|dollars?|\$)"
)
_THOUSANDS: Final = re.compile(r"\+?[1-9]\d{0,2}(?:[ .]\d{3})+")

_DENSE: Final = re.compile(r"\d(?:\D{0,5}\d){6}")
_IBAN_START: Final = re.compile(r"(?=([a-z]{2}[\s.\-]?\d{2}(?:[\s.\-]{0,2}[a-z0-9]){11,32}))")
_IBAN_CONTEXT: Final = re.compile(r"\b(?:iban|rib)\b[^0-9]{0,30}$")
_RIB: Final = re.compile(r"(?<!\d)\d{5}[\s.\-]?\d{5}[\s.\-]?[a-z0-9]{11}[\s.\-]?\d{2}(?!\d)")
_MIN_IBAN_DIGITS: Final = 10

_CARD: Final = re.compile(r"(?<![0-9])[2-6](?:[\s.\-/]{0,2}\d){12,18}(?![0-9])")
_CARD_GROUPED: Final = re.compile(r"[3-6]\d{3}([ .\-])\d{4}\1\d{4}\1\d{4}")
_CARD_CONTEXT: Final = re.compile(r"(?:\bcarte\b|\bcb\b|visa|mastercard)[^0-9]{0,40}$")

_COMPANY_CONTEXT: Final = re.compile(r"\b(?:siren|siret|rcs|tva)\b[^0-9]{0,25}$")

_NIR: Final = re.compile(
    r"(?<![0-9])[12378][\s.\-]?\d{2}[\s.\-]?\d{2}[\s.\-]?(?:\d{2}|2[ab])[\s.\-]?\d{3}[\s.\-]?\d{3}"
    r"(?:[\s.\-/|(]{0,4}(?:cle\s?:?\s?)?\d{2})?(?![0-9])"
)
_NIR_ANY_GROUPS: Final = re.compile(r"(?<![0-9])[12378](?:[ .\-]?[0-9]){12}(?:(?:[ .\-]?[0-9]){2})?(?![0-9])")
_NIR_CONTEXT: Final = re.compile(
    r"(?:\bsecu\b|\bss\b|securite sociale|\bnir\b|\binsee\b|immatricul|assure sociale?)[^0-9]{0,40}$"
)
_NIR_GROUPED: Final = re.compile(
    r"[12][ .\-]\d{2}[ .\-](?:0[1-9]|1[0-2])[ .\-](?:\d{2}|2[ab])[ .\-]\d{3}[ .\-]\d{3}"
)


# Neighbours whose answers come in the same files: Swiss insurance numbers, Belgian national ones.
_AVS: Final = re.compile(r"(?<![0-9])756[ .]?\d{4}[ .]?\d{4}[ .]?\d{2}(?![0-9])")
_NATIONAL: Final = re.compile(r"(?<![0-9])\d{2}[ .]?\d{2}[ .]?\d{2}[ .\-]{0,3}\d{3}[ .\-]{0,3}\d{2}(?![0-9])")
_NATIONAL_CONTEXT: Final = re.compile(r"(?:registre national|numero national|\bniss\b|\bnrn\b)[^0-9]{0,40}$")


def _compact(number: str) -> str:
    return re.sub(r"[^0-9a-z]", "", number)


def _n_digits(text: str) -> int:
    return sum(map(str.isdigit, text))


def may_hold_number(folded: str) -> bool:
    """Whether seven digits stand close together, as in each number of this module."""
    return _DENSE.search(folded) is not None


def find_phones(folded: str) -> Iterator[Span]:
    """Find phone numbers, French in all their groupings and foreign with their country code.

    Short numbers of services (« 3631 », « 36 39 ») are not personal and stay.

    Args:
        folded: The folded text of a view.

    Yields:
        Spans of kind `TELEPHONE`.
    """
    for match in _PHONE_FR.finditer(folded):
        if _n_digits(match.group()) >= 7:
            yield Span(*match.span(), PHONE)
    for match in _PHONE_ABROAD.finditer(folded):
        is_amount = _THOUSANDS.fullmatch(match.group()) and _AMOUNT_FOLLOWS.match(folded, match.end())
        if _n_digits(match.group()) >= 9 and not is_amount:
            yield Span(*match.span(), PHONE)
    for expression in (_PHONE_MOBILE, _PHONE_BELGIAN):
        for match in expression.finditer(folded):
            yield Span(*match.span(), PHONE)
    for expression in (_PHONE_BARE, _PHONE_NUMBERED):
        for match in expression.finditer(folded):
            if not _AMOUNT_FOLLOWS.match(folded, match.end()):
                yield Span(*match.span("number"), PHONE)


def find_ibans(folded: str) -> Iterator[Span]:
    """Find IBANs by mod 97, spaced, dotted or in one piece, and French account numbers (RIB).

    A number of the right form with a wrong checksum is still masked after « IBAN » or « RIB ».

    Args:
        folded: The folded text of a view.

    Yields:
        Spans of kind `IBAN`.
    """
    position = 0
    for match in _IBAN_START.finditer(folded):
        if match.start() < position:
            continue
        end = _iban_end(folded, match.start(), match.group(1))
        if end:
            position = end
            yield Span(match.start(), end, IBAN)
    for match in _RIB.finditer(folded):
        number = _compact(match.group())
        if _n_digits(number) >= 18 and (
            _rib_key_holds(number) or _IBAN_CONTEXT.search(folded, 0, match.start())
        ):
            yield Span(*match.span(), IBAN)


def _iban_end(folded: str, start: int, candidate: str) -> int:
    """Where the IBAN that starts here ends; 0 where none starts."""
    if _n_digits(candidate) < _MIN_IBAN_DIGITS:
        return 0
    positions = [start + index for index, sign in enumerate(candidate) if sign.isalnum()]
    letters = "".join(folded[position] for position in positions)
    for length in range(min(34, len(letters)), 14, -1):
        if iban.is_valid(letters[:length], check_country=False):
            return positions[length - 1] + 1
    at_word_start = start == 0 or not folded[start - 1].isalnum()
    if at_word_start and _IBAN_CONTEXT.search(folded, 0, start):
        run = re.match(
            r"[a-z]{2}[\s.\-]?\d{2}(?:[\s.\-]?(?=[a-z]*\d)[a-z0-9]{1,4}(?![a-z]{2})){3,8}", candidate
        )
        return start + run.end() if run else 0
    return 0


def _rib_key_holds(number: str) -> bool:
    """Whether the two last digits of a French RIB (bank, branch, account, key) are its key."""
    values = str.maketrans("abcdefghijklmnopqrstuvwxyz", "12345678912345678923456789")
    digits = number.translate(values)
    bank, branch, account, key = int(digits[:5]), int(digits[5:10]), int(digits[10:21]), int(digits[21:])
    return (97 - (89 * bank + 15 * branch + 3 * account) % 97) == key


def find_cards(folded: str) -> Iterator[Span]:
    """Find payment-card numbers by Luhn's checksum, or by four groups of four, or by « carte » before them.

    Args:
        folded: The folded text of a view.

    Yields:
        Spans of kind `CARTE`.
    """
    for match in _CARD.finditer(folded):
        number = _compact(match.group())
        announced = _CARD_CONTEXT.search(folded, max(0, match.start() - 60), match.start())
        if _COMPANY_CONTEXT.search(folded, max(0, match.start() - 40), match.start()):
            continue
        if luhn.is_valid(number) or announced or _CARD_GROUPED.fullmatch(match.group()):
            yield Span(*match.span(), CARD)


def find_nirs(folded: str) -> Iterator[Span]:
    """Find social-security numbers by their key: French, Corsica included, Swiss and Belgian.

    Without key (13 signs) or with a wrong one, the number is masked where its context names it, in whatever
    groups, or where its spacing is that of the card. A Belgian one needs its dots or its name, since its key
    is short.

    Args:
        folded: The folded text of a view.

    Yields:
        Spans of kind `NIR`.
    """
    for match in _NIR.finditer(folded):
        number = re.sub(r"[^0-9ab]", "", match.group().replace("cle", "")).upper()
        spaced = _NIR_GROUPED.match(match.group())
        if (len(number) == 15 and nir.is_valid(number)) or spaced or _is_said_nir(folded, match.start()):
            yield Span(*match.span(), NIR)
    for match in _AVS.finditer(folded):
        if ssn.is_valid(_compact(match.group())):
            yield Span(*match.span(), NIR)
    for match in _NATIONAL.finditer(folded):
        written_out = re.fullmatch(r"\d\d\.\d\d\.\d\d[ .\-]+\d{3}[ .\-]+\d\d", match.group()) is not None
        named = _NATIONAL_CONTEXT.search(folded, max(0, match.start() - 80), match.start())
        if named or (written_out and nn.is_valid(_compact(match.group()))):
            yield Span(*match.span(), NIR)
    for match in _NIR_ANY_GROUPS.finditer(folded):
        if _is_said_nir(folded, match.start()):
            yield Span(*match.span(), NIR)


def _is_said_nir(folded: str, start: int) -> bool:
    return _NIR_CONTEXT.search(folded, max(0, start - 80), start) is not None


# With the least digits that each needs.
FINDERS: Final = ((find_phones, 7), (find_ibans, 10), (find_cards, 13), (find_nirs, 11))
