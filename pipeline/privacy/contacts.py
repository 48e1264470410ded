"""E-mail addresses, also those written around the at sign, social handles and personal links."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from pipeline.privacy.lexicons import lexicons
from pipeline.privacy.placeholders import EMAIL, PERSON, REFERENCE
from pipeline.privacy.spans import Span

_TLD: Final = (
    "fr|com|net|org|eu|be|ch|lu|ca|it|es|de|uk|pt|info|biz|io|me|re|nc|pf|gp|mq|yt|tn|ma|dz|sn|ci|cm"
    "|paris|bzh|pro|gouv|coop|co"
)
_PROVIDERS: Final = (
    "gmail|gmal|gmai|googlemail|hotmail|hotmai|hormail|outlook|live|msn|yahoo|ymail|orange|wanadoo|free"
    "|sfr|neuf|bbox|laposte|aol"
    "|icloud|proton|protonmail|gmx|numericable|club-internet|aliceadsl|noos|cegetel|voila|mailo|skynet"
    "|bluewin|videotron"
)
_AT: Final = (
    r"\s{0,3}(?:@|[(\[{<]\s?(?:at|a|arobase|@)\s?[)\]}>]|\s(?:arr?obas[e]?|arobaze?|arobace|a"
    r" commercial)\s)\s{0,3}"
)
_DOT: Final = r"\s{0,2}(?:\.|[(\[]\s?(?:dot|point|\.)\s?[)\]]|\s(?:point|dot)\s)\s{0,2}"
_AT_SIGN: Final = re.compile(r"@|arr?ob|\bat\b|[(\[{<]\s?a\s?[)\]}>]|a commercial")
_LOCAL: Final = rf"[a-z0-9][a-z0-9._%+\-]*(?:(?:{_DOT}|\s?(?:tiret|underscore|_|-)\s?)[a-z0-9_%+\-]+){{0,4}}"
_EMAIL: Final = re.compile(rf"{_LOCAL}{_AT}[a-z0-9\-]+(?:{_DOT}[a-z0-9\-]+)*?{_DOT}(?:{_TLD})(?![a-z0-9])")
_EMAIL_GLUED: Final = re.compile(r"[a-z0-9._%+\-]+\s?@\s?[a-z0-9\-]+(?:\.[a-z0-9\-]+)+")
_EMAIL_NO_TLD: Final = re.compile(rf"{_LOCAL}{_AT}(?:{_PROVIDERS})\b")
_EMAIL_SPELT: Final = re.compile(
    rf"{_LOCAL}\s(?:at|arobase)\s[a-z0-9\-]+(?:{_DOT}[a-z0-9\-]+)*?{_DOT}(?:{_TLD})\b"
)
_WORD_BEFORE: Final = re.compile(r"(?<!\w)(?P<word>[a-z]{3,15}) $")
_EMAIL_BARE: Final = re.compile(r"(?<![\w.])[a-z0-9._%+\-]{2,}@[a-z][a-z0-9\-]+")

_HANDLE: Final = re.compile(r"(?<![\w.@/])@(?P<name>[a-z_][a-z0-9_.]{1,28}[a-z0-9_])")
_NETWORK: Final = (
    r"\b(?:insta(?:gram)?|snap(?:chat)?|tik ?tok|twitter|twitch|facebook|discord|telegram|linkedin"
    r"|pseudo(?: (?:psn|xbox|steam|switch))?)\b"
)
_HANDLE_SAID: Final = re.compile(
    rf"{_NETWORK}\s?(?:(?:est|c'est|=|:|->)\s?){{1,2}}@?"
    r"(?P<name>[a-z_0-9][a-z0-9_.\-]{2,29}(?:#\d{4})?)"
)
# Without a sign between, the name must look like one; « sur insta super.10/10 » holds none.
_HANDLE_BESIDE: Final = re.compile(
    rf"{_NETWORK}\s@?(?P<name>[a-z][a-z0-9_.]{{1,28}}#\d{{4}}"
    r"|(?=[a-z0-9.]{0,28}?(?:_[a-z0-9]|[a-z][0-9]))[a-z][a-z0-9_.\-]{4,29}(?<=[a-z0-9_]))"
)
_PERSONAL_SITES: Final = (
    r"(?:facebook|fb|instagram|twitter|x|tiktok|snapchat|youtube|twitch|pinterest|threads|github|t|wa"
    r"|medium|strava|leboncoin|vinted)"
    r"\.(?:com|fr|me|net|tv)|linkedin\.com/in|doctolib\.fr"
)
_LINK: Final = re.compile(
    rf"(?:https?://|www\.|(?<![\w@.])(?={_PERSONAL_SITES}/))(?P<host>[a-z0-9.\-]+\.[a-z]{{2,}})(?::\d+)?"
    r"(?P<path>[/?#][^\s<>\"'\ue000]*[^\s<>\"'\ue000.,;:!?)\]])?"
)
_PERSONAL_HOST: Final = re.compile(rf"^(?:[a-z\-]+\.)*(?:{_PERSONAL_SITES})")
_IDENTIFYING_PATH: Final = re.compile(
    r"\d{4,}|[?&#][^=]*=|~|/(?:u|user|users|utilisateurs?|profil|profile|membres?|member|compte|account"
    r"|clients?|in|people"
    r"|commandes?|orders?|dossiers?|suivi|tracking|partage|share|s|d|file)/"
    # A token: one long word with digits in it, such as opens an account or a password.
    r"|/(?=[a-z_]*\d[a-z_]*\d)[a-z0-9_]{12,}"
)

# Handles of companies and public services are brand names: they stay.
_HOUSE_HANDLE: Final = re.compile(
    r"sncf|ratp|orange|sfr|bouygues|free|darty|fnac|boulanger|amazon|cdiscount|carrefour|leclerc|auchan"
    r"|lidl|intermarche|ikea"
    r"|decathlon|leroy_?merlin|castorama|maif|macif|maaf|matmut|axa|allianz|groupama|gmf|edf|engie|veolia"
    r"|laposte|colissimo|chronopost"
    r"|mondial_?relay|dpd|ups|airfrance|bnp|creditagricole|credit_?mutuel|societe_?generale|lcl|boursorama"
    r"|paypal|apple|samsung"
    r"|google|microsoft|netflix|spotify|doctolib|ameli|caf|pole_?emploi|france_?travail|impots|service"
    r"|support|contact|conso"
    r"|officiel|^mail$|official|france$|_fr$|tripadvisor|trustpilot|indeed|booking|airbnb|blablacar|uber"
    r"|deliveroo|vinted|leboncoin|sephora"
)


def find_emails(folded: str) -> Iterator[Span]:
    """Find e-mail addresses: plain, split by spaces or lines, glued to words, spelt (« arobase », « point »).

    Args:
        folded: The folded text of a view.

    Yields:
        Spans of kind `EMAIL`.
    """
    if not _AT_SIGN.search(folded):
        return
    for expression in (_EMAIL, _EMAIL_GLUED, _EMAIL_NO_TLD, _EMAIL_SPELT, _EMAIL_BARE):
        for match in expression.finditer(folded):
            yield Span(_with_first_name(folded, match.start()), match.end(), EMAIL)


def _with_first_name(folded: str, start: int) -> int:
    """« jean dupont@gmail.com »: where the address begins, with a first name that a space cut off."""
    before = _WORD_BEFORE.search(folded, max(0, start - 20), start)
    if before and lexicons().is_first_name(before.group("word")):
        return before.start("word")
    return start


def find_links(folded: str) -> Iterator[Span]:
    """Find the personal part of links: the site stays, the path that names a person or a file goes.

    Args:
        folded: The folded text of a view.

    Yields:
        Spans of kind `PERSONNE` on the path of social sites, `REFERENCE` on other paths that identify.
    """
    if "/" not in folded:
        return
    for match in _LINK.finditer(folded):
        path = match.group("path")
        if not path or len(path) < 2:
            continue
        whole = match.group("host") + path
        start = match.start("path") + 1
        if _PERSONAL_HOST.match(whole):
            offset = path.find("/in/") + 4 if "/in/" in path else 1
            if offset < len(path):
                yield Span(match.start("path") + offset, match.end("path"), PERSON)
        elif _IDENTIFYING_PATH.search(path):
            yield Span(start, match.end("path"), REFERENCE)


def find_handles(folded: str) -> Iterator[Span]:
    """Find social handles of people; those of companies are brand names and stay.

    Args:
        folded: The folded text of a view.

    Yields:
        Spans of kind `PERSONNE`, at sign included.
    """
    for match in _HANDLE.finditer(folded) if "@" in folded else ():
        if not _HOUSE_HANDLE.search(match.group("name")):
            yield Span(*match.span(), PERSON)
    for expression in (_HANDLE_SAID, _HANDLE_BESIDE):
        for match in expression.finditer(folded):
            name = match.group("name")
            if not _HOUSE_HANDLE.search(name) and name not in _NOT_A_HANDLE:
                yield Span(*match.span("name"), PERSON)


_NOT_A_HANDLE: Final = frozenset(
    [
        "nul",
        "nulle",
        "super",
        "bien",
        "top",
        "genial",
        "trop",
        "tres",
        "plus",
        "pas",
        "une",
        "aussi",
        "vraiment",
        "pour",
        "mieux",
        "comme",
        "leur",
        "mon",
        "bon",
        "bonne",
        "dans",
        "mort",
    ]
)


FINDERS: Final = (find_emails, find_links, find_handles)
