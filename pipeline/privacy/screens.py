"""Cheap looks that tell which texts may hold personal data, so that the rules run on few of them.

A screen may pass a text that holds nothing; it must never stop one that holds something. A property test
compares masking with and without.
"""

from __future__ import annotations

import re
from functools import cache, lru_cache
from typing import Final

import polars as pl

from pipeline.privacy import name_contexts as ctx
from pipeline.privacy.lexicons import lexicons
from pipeline.privacy.views import ODD_SIGNS, fold

# Expressions in the dialect of Rust's regex crate, which Polars runs over a column. Each is short, of ASCII
# classes and without word boundary: joined in one alternation, or with `\b`, they take ten times as long.
_STREET: Final = (
    r"(?i:rue|av[e. ]|boul|bd|bld|blv|chemin|chem|che[. ]|impas|imp[. ]|faub|fbg|esplan|lotis|lot[. ]|hameau"
    r"|rond|sentier|venelle|lieu|z[aic]|place|pl[. ]|all[eé]e|all[. ]|route|rte|quai|cour|square|passage"
    r"|r[eé]sid"
    r"|cit[eé]|villa|prom|voie|mont[eé]e|travers|clos|parvis|mail|domaine|chauss|porte|parc)"
)
_WITHOUT_DIGITS: Final = (
    r"@|[Aa][Rr][Rr]?[Oo][Bb]|[ (\[{<\x{a0}][Aa][Tt][ )\]}>\x{a0}]|[(\[{<] ?[aA] ?[)\]}>]"
    r"|[Aa] [Cc][Oo][Mm][Mm][Ee][Rr]",
    r"(?i:https?:|www\.|[a-z]\.(?:com|fr|me|net|tv)/|\.com/in)",
    r"(?i:insta[^n]|snap|tik ?tok|twit|facebook|discord|telegram|linkedin|pseudo)",
    r"(?i:habite|habitons|habitant|je demeure|demeurant|domicili|je r[eé]side|r[eé]sidant"
    r"|(?:mon|notre) adresse|adresse postale)",
    f"[{ODD_SIGNS}]",
    r"&[#0-9A-Za-z][0-9A-Za-z]+;",
)
_WITH_DIGITS: Final = (
    # Phones, accounts, cards, social security: seven digits close together.
    r"[0-9](?:[^0-9]{0,5}[0-9]){6}",
    # References: five digits in one word, or any after a word that announces them.
    r"[0-9]{5}|[0-9](?:[A-Za-z/_-]{0,6}[0-9]){4}",
    r"(?:(?i:[^a-z]n ?[°ºo]|nº|num|no[ .:]|r[eé]f|code|[^a-z]n [a-z'’]*)|[#:=])[^0-9]{0,45}"
    r"[0-9][A-Za-z0-9/_. -]{0,6}[0-9][A-Za-z0-9/_. -]{0,6}[0-9]",
    # Plates.
    r"[A-Z]{2}[^A-Za-z0-9]{0,3}[0-9]{3}[^A-Za-z0-9]{0,3}[A-Z]{2}",
    r"[A-Za-z]{2}[^A-Za-z0-9 ]{1,3}[0-9]{3}[^A-Za-z0-9 ]{1,3}[A-Za-z]{2}",
    r"[0-9]{2}[ -]?[A-Z]{2,3}[ -]?[0-9]",
    r"(?i:immat|plaque|v[eé]hicule|voiture|camion|moto)[^0-9.!?]{0,40}"
    r"(?:[A-Za-z]{2}[ .-]?[0-9]|[0-9]{2}[ .-]?[A-Za-z]{2})",
    r"[1-9][-–][A-Za-z]{3}[-–][0-9]{3}",
    # Addresses and dates of birth.
    r"[0-9][ ,./a-fA-F\x{a0}-]{0,6}(?i:bis|ter|quater)?[, \x{a0}]{0,4}" + _STREET,
    r"(?i:naiss|anniv|ddn|d\.d\.n|dob )|(?:^|[^A-Za-zÀ-ÿ])[nN][eEéÉ](?:[eE]|\(e\)|\.e)?[sS]?"
    r"[^A-Za-z]{0,4}(?:[0-9]|(?i:le|en|un"
    r"|a|à"
    r"|du|au|est|c|[eé]tait|lundi|mardi|mercredi|jeudi|vendredi|samedi|dimanche)[^A-Za-z])[^!?]{0,60}[0-9]",
)
_WORDS: Final = re.compile(r"[a-z]+")
_INITIAL: Final = re.compile(
    r"(?<![^\W\d_])[A-ZÀ-Ý](?:\.\s?-?|\s)[A-ZÀ-Ý]|(?<![^\W\d_])[mM]\.\s?[^\W\d_]|[^\W\d_]{3}\s[A-ZÀ-Ý]\W*$"
)
_CAPITALISED: Final = re.compile(r"[A-ZÀ-Ý][^\W\d_]+")
_NAME: Final = 2
_ANNOUNCED_NAME: Final = 1
_PERSON_FOLLOWS: Final = re.compile(
    r",\s*(?:elle|il|ma|mon|notre)\b|\bm'a\b|de l'(?:agence|accueil)|du guichet"
)


def may_hold_numbers_or_links(texts: pl.Series) -> pl.Series:
    """Tell which texts of a column may hold personal data of a fixed form.

    Args:
        texts: A column of strings.

    Returns:
        A column of booleans; null where the text is null.
    """
    found = texts.str.contains("[0-9]")
    rows = found.fill_null(False).arg_true()
    digits = texts.gather(rows)
    found = found.scatter(rows, _any_of(digits, _WITH_DIGITS))
    return found | _any_of(texts, _WITHOUT_DIGITS)


def _any_of(texts: pl.Series, expressions: tuple[str, ...]) -> pl.Series:
    found = texts.str.contains(expressions[0])
    for expression in expressions[1:]:
        found = found | texts.str.contains(expression)
    return found


def may_hold_names(text: str, folded: str) -> bool:
    """Tell whether a text may hold a person's name.

    Args:
        text: The text of a view, letter case kept.
        folded: The folded text of the same view.

    Returns:
        False where no rule on names can match.
    """
    words = set(_WORDS.findall(folded))
    if not words.isdisjoint(_sure_words()) or _INITIAL.search(text) or "cordial" in folded:
        return True
    lex = lexicons()
    if not words.isdisjoint(ctx.THANKS) and not words.isdisjoint(lex.first_names):
        return True
    if not words.isdisjoint(ctx.LOWER_NAMES):
        return True
    announced = not words.isdisjoint(_announcing_words()) or _PERSON_FOLLOWS.search(folded) is not None
    weights = [_weigh(capitalised) for capitalised in set(_CAPITALISED.findall(text))]
    return bool(weights) and max(weights) >= (_ANNOUNCED_NAME if announced else _NAME)


@lru_cache(maxsize=100_000)
def _weigh(capitalised: str) -> int:
    """How much a capitalised word alone speaks for a name."""
    lex, word = lexicons(), fold(capitalised)
    if word in lex.first_names or word in lex.surnames:
        return _NAME
    if len(word) <= 2 or lex.is_ordinary(word) or lex.is_house(word):
        return 0
    return _NAME if lex.is_nearly_first_name(word) else _ANNOUNCED_NAME


@cache
def _sure_words() -> frozenset[str]:
    """Words that alone may make or announce a name."""
    lex = lexicons()
    listed = {
        word for word in lex.first_names | lex.surnames if not lex.is_ordinary(word)
    } - lex.needs_context
    return frozenset(listed | ctx.TITLES | ctx.NAMED | ctx.CALLED | ctx.CLOSINGS | {"me", "prenom"})


@cache
def _announcing_words() -> frozenset[str]:
    return ctx.THANKS | ctx.ROLES | ctx.BY_WHOM | ctx.CERTAIN | {"eu", "affaire", "nom"}
