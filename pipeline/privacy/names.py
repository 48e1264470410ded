"""Names of persons, by rules in context and a gazetteer of first names."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from pipeline.privacy import name_contexts as ctx
from pipeline.privacy.lexicons import lexicons
from pipeline.privacy.name_extent import extend, leftwards, listed, listed_before
from pipeline.privacy.name_signatures import repeat, signature
from pipeline.privacy.name_titles import after_title, initial_and_surname
from pipeline.privacy.placeholders import PERSON
from pipeline.privacy.reading import Reading
from pipeline.privacy.screens import may_hold_names
from pipeline.privacy.spans import Span
from pipeline.privacy.tokens import Shape
from pipeline.privacy.views import View

_BEFORE_PERSONS: Final = frozenset(
    ["que", "qu", "avec", "par", "avant", "puis", "demande", "contacte", "appelle"]
)
# Only after these does an unlisted word in lower case count as a name.
_BEFORE_LOWER: Final = ctx.TITLES | ctx.CALLED | ctx.NAMED | ctx.CERTAIN | {"m", "me", "est"}


def find_names(view: View) -> Iterator[Span]:
    """Find names of persons.

    Args:
        view: The view of a text.

    Yields:
        Spans of kind `PERSONNE`, the title (« Madame ») left out.
    """
    if not may_hold_names(view.text, view.folded):
        return
    reading = Reading(view, lexicons())
    for first, last in _read(reading):
        yield Span(reading.tokens[first].start, reading.tokens[last].end, PERSON)


def _read(reading: Reading) -> list[tuple[int, int]]:
    found: dict[int, int] = {}
    index = 0
    while index < len(reading.tokens):
        last = -1 if index in reading.shielded else _name_at(reading, index)
        if last >= index:
            start = leftwards(reading, index)
            found[start] = last
            found.update(listed_before(reading, start))
            index = last + 1
            for next_first, next_last in listed(reading, last):
                found[next_first] = next_last
                index = next_last + 1
        else:
            index += 1
    found.update(signature(reading))
    repeat(reading, found)
    return sorted(found.items())


def _name_at(reading: Reading, index: int) -> int:
    """Index of the last word of the name that begins here; -1 where none does."""
    token = reading.tokens[index]
    listed = token.folded in reading.lex.first_names or "-" in token.folded
    if token.shape is Shape.LOWER and not listed and not _may_name_lower(reading, index):
        return extend(reading, index) if _is_surname_in_lower_case(reading, index) else -1
    if (last := after_title(reading, index)) >= 0:
        return last
    if token.shape is Shape.INITIAL:
        return initial_and_surname(reading, index)
    known = reading.lex.is_first_name(token.folded)
    if known and _is_person(reading, index):
        return extend(reading, index)
    if not known and (_announced(reading, index) or _is_surname(reading, index)):
        return extend(reading, index)
    return -1


def _may_name_lower(reading: Reading, index: int) -> bool:
    return index > 0 and reading.tokens[index - 1].folded in _BEFORE_LOWER


def _is_person(reading: Reading, index: int) -> bool:
    """Whether a first name of the gazetteer stands for a person here."""
    token = reading.tokens[index]
    proper = reading.is_proper(index)
    needs_context = token.folded in reading.lex.needs_context
    ordinary = reading.lex.is_ordinary(token.folded)
    before = reading.back(index)
    if before in ("chez", "l", "marque") and not _surname_follows(reading, index):
        return False
    if not proper and before in ctx.ARTICLES:
        return False
    if not proper and token.folded in ctx.LOWER_NAMES:
        return _is_person_in_lower_case(reading, index)
    if not needs_context and len(token.folded) > 2:
        if not ordinary:
            return True
        if proper and not reading.starts_sentence(index):
            return True
    if proper and _surname_follows(reading, index):
        return True
    return _in_context(reading, index, proper=proper, needs_context=needs_context)


def _is_person_in_lower_case(reading: Reading, index: int) -> bool:
    """« merci rose », « la conseillère marine », « reçu par pierre », « maxime le livreur »."""
    before, far = reading.back(index), reading.back(index, 2)
    follower = reading.tokens[index + 1].folded if index + 1 < len(reading.tokens) else ""
    if before in ctx.ROLES or (before in ctx.LOOSE_ROLES and before not in ("equipe", "personne")):
        return follower != "et"
    return (
        _is_thanked(reading, index)
        or (before == "par" and far in ctx.DONE_BY_SOMEBODY)
        or _is_called(reading, index)
        or ctx.FOLLOWED_BY_ROLE.match(reading.view.folded, reading.tokens[index].end) is not None
    )


def _is_thanked(reading: Reading, index: int) -> bool:
    """« merci Ange », « merci infiniment à Ange »."""
    for steps in range(1, 5):
        word = reading.back(index, steps)
        if word in ctx.THANKS:
            return True
        if word not in ctx.LINKS:
            return False
    return False


def _heads_pair(reading: Reading, index: int) -> bool:
    """« Blanche et Constant forment »: two capitalised first names joined by « et »."""
    if index + 2 >= len(reading.tokens) or reading.tokens[index + 1].folded != "et":
        return False
    pair = (reading.tokens[index], reading.tokens[index + 2])
    joined = reading.gap(index + 1) == " " == reading.gap(index + 2)
    return joined and all(
        token.shape is Shape.CAPITALISED
        and reading.lex.is_first_name(token.folded)
        and not reading.lex.is_house(token.folded)
        for token in pair
    )


def _surname_follows(reading: Reading, index: int) -> bool:
    if index + 1 >= len(reading.tokens) or not re.fullmatch(" {1,2}", reading.gap(index + 1)):
        return False
    follower = reading.tokens[index + 1]
    if not reading.is_proper(index + 1) or reading.lex.is_house(follower.folded):
        return False
    if reading.lex.is_house(reading.tokens[index].folded):
        return follower.folded in reading.lex.surnames
    return follower.folded in reading.lex.surnames or reading.is_unknown(follower)


def _in_context(reading: Reading, index: int, *, proper: bool, needs_context: bool) -> bool:
    token = reading.tokens[index]
    before = reading.back(index)
    far = reading.back(index, 2)
    house = reading.lex.is_house(token.folded)
    if not proper:
        named = _is_called(reading, index)
        return named or (before == "a" and far in ctx.THANKS and not needs_context and len(token.folded) > 2)
    if _is_thanked(reading, index) or _is_called(reading, index) or _heads_pair(reading, index):
        return True
    # « le gestionnaire AVIVA », « le service client de France ».
    doubtful = house and (token.shape is Shape.CAPITALS or before in ctx.PARTICLES)
    if not doubtful and _has_role(reading, index, ctx.ROLES | ctx.LOOSE_ROLES):
        # « un client Fidèle ».
        return not (needs_context and reading.lex.is_ordinary(token.folded) and before.startswith("client"))
    if before in ctx.BY_WHOM or (before == "a" and far == "grace"):
        return not house
    if not house and _acts(reading, index):
        return True
    follows = ctx.FOLLOWED_BY_PERSON.match(reading.view.folded, token.end)
    if follows is None or before in ctx.ARTICLES or before in ("de", "d", "en", "a"):
        return False
    return not (needs_context and follows.group().strip().startswith("d"))


def _acts(reading: Reading, index: int) -> bool:
    """« Claire a », « avec Iris », « que Perle »: a capitalised name that is also a word, as a person."""
    token = reading.tokens[index]
    if token.shape is not Shape.CAPITALISED or token.folded in ctx.MEANS_MORE or len(token.folded) < 4:
        return False
    if reading.starts_sentence(index):
        act = ctx.PERSON_DOES.match(reading.view.folded, token.end)
        # « Fidèle à l'enseigne »: folded, « à » looks like « a ».
        return act is not None and reading.view.text[act.end() - 1] != "à"
    return reading.back(index) in _BEFORE_PERSONS


def _announced(reading: Reading, index: int) -> bool:
    """Whether the context alone says that an unlisted word is a name."""
    token = reading.tokens[index]
    if not reading.is_unknown(token):
        return False
    if _is_called(reading, index):
        return True
    if not reading.is_proper(index):
        return False
    if _has_role(reading, index, ctx.ROLES) or _is_met(reading, index):
        return True
    if ctx.STRONGLY_FOLLOWED.match(reading.view.folded, token.end) and token.shape is Shape.CAPITALISED:
        return True
    if token.shape is not Shape.CAPITALISED:
        return False
    before, far = reading.back(index), reading.back(index, 2)
    thanked = before in ctx.THANKS or (before == "a" and far in ctx.THANKS)
    follows = ctx.FOLLOWED_BY_PERSON.match(reading.view.folded, token.end) is not None
    if reading.lex.is_nearly_first_name(token.folded):
        return thanked or follows or before in ctx.BY_WHOM or before == "eu"
    if follows and (thanked or before in ctx.BY_WHOM):
        return True
    return far in ctx.THANKS and before == "a"


def _is_met(reading: Reading, index: int) -> bool:
    """« affaire à Oluwaseun Adeyemi », « reçu par … »: two unlisted words; one alone may be a company."""
    before, far = reading.back(index), reading.back(index, 2)
    met = (before == "a" and far == "affaire") or (before == "par" and far in ctx.DONE_BY_SOMEBODY)
    return met and not reading.lex.is_house(reading.tokens[index].folded) and _surname_follows(reading, index)


def _is_surname(reading: Reading, index: int) -> bool:
    token = reading.tokens[index]
    if (
        token.folded not in reading.lex.surnames
        or not reading.is_proper(index)
        or not reading.is_unknown(token)
    ):
        return False
    return reading.back(index) not in ("chez", "le", "la", "les", "l", "un", "une", "saint", "sainte")


def _is_surname_in_lower_case(reading: Reading, index: int) -> bool:
    """« mon conseiller lefebvre », « reçue par dupont »: a surname that is no word, where a person stands."""
    token = reading.tokens[index]
    if token.folded not in reading.lex.surnames or not reading.is_unknown(token):
        return False
    before = reading.back(index)
    return (
        before in ctx.ROLES
        or (before in ctx.LOOSE_ROLES and before not in ("equipe", "personne"))
        or (before == "par" and reading.back(index, 2) in ctx.DONE_BY_SOMEBODY)
    )


def _is_called(reading: Reading, index: int) -> bool:
    """« je m'appelle », « nommé », « un certain », « mon nom est », « au nom de »."""
    before, far = reading.back(index), reading.back(index, 2)
    if before in ctx.CALLED:
        return far in ctx.REFLEXIVE
    if before in ctx.NAMED or (before in ctx.CERTAIN and far in ("un", "une", "d")):
        word = reading.tokens[index].folded
        in_lower_case = reading.lex.is_first_name(word) and word not in reading.lex.needs_context
        return in_lower_case or reading.is_proper(index)
    if before == "est" and far in ("nom", "prenom"):
        return True
    named_after = before in ("de", "d") and far == "nom" and reading.back(index, 3) in ("au", "du")
    return named_after and reading.is_proper(index)


def _has_role(reading: Reading, index: int, roles: frozenset[str]) -> bool:
    for steps in range(1, 5):
        word = reading.back(index, steps)
        if word in roles:
            return True
        if word not in ctx.ROLE_FILLERS:
            return False
    return False
