"""Names after a title (« Madame Durand ») and after an initial (« P. Martin »)."""

from __future__ import annotations

import re
from typing import Final

from pipeline.privacy import name_contexts as ctx
from pipeline.privacy.name_extent import AFTER_INITIAL, extend
from pipeline.privacy.reading import Reading
from pipeline.privacy.tokens import Shape

_MIN_SURNAME: Final = 4
_SURE_TITLES: Final = frozenset(["mr", "mme", "mlle", "melle", "madame", "monsieur", "dr", "m"])
# Titles that are also ordinary words.
_MEANING_MORE: Final = frozenset(["m", "me", "maitre", "docteur", "professeur"])
# Titles that no « monsieur du Rayon » has.
_SHORT_TITLES: Final = frozenset(["m", "mr", "mme", "mlle", "melle"])
# The article that no role of such a person has: it belongs to the name.
_MISFITS: Final = {"mme": "le", "mlle": "le", "mr": "la"}
_SAINTS: Final = frozenset(["saint", "sainte", "st", "ste"])
_ALSO_SURNAMES: Final = frozenset(["bon", "jeune"])
_NO_SURNAME: Final = (
    ctx.NOT_AFTER_TITLE | ctx.ROLES | ctx.LOOSE_ROLES | ctx.OFFICES | ctx.NOT_FAMILY
) - _ALSO_SURNAMES
_AT_WORK: Final = re.compile(
    r" (?:(?:m'|nous )(?:a|avait)|a ete|du (?:sav|service|guichet|rayon|magasin|drive|standard|support)"
    r"|au (?:guichet|standard|telephone)|de l'(?:agence|accueil))\b"
)


def after_title(reading: Reading, index: int) -> int:
    """Last word of the name after « Madame », « M. », « Dr »…; -1 where no title stands before."""
    if index == 0 or not _follows_title(reading, index):
        return -1
    token = reading.tokens[index]
    if token.shape is Shape.INITIAL:
        return _initial_after_title(reading, index)
    if token.folded in ctx.PARTICLES and (last := _after_particle(reading, index)) >= 0:
        return last
    if (last := _after_saint(reading, index)) >= 0:
        return last
    works = _AT_WORK.match(reading.view.folded, token.end) is not None
    if set(token.folded) == {"x"} or (
        token.folded in ctx.NOT_AFTER_TITLE and not (works and token.folded in _ALSO_SURNAMES)
    ):
        return -1
    known = token.folded in reading.lex.surnames or reading.lex.is_first_name(token.folded)
    title = reading.tokens[index - 1]
    if reading.is_proper(index):
        if not (known or works) and _is_no_person(reading, index):
            return -1
        return _with_lower_surname(reading, extend(reading, index))
    house = reading.lex.is_house(token.folded)
    named = (house and works) or (known and not house) or reading.is_unknown(token)
    if named and title.folded in _SURE_TITLES:
        return _with_lower_surname(reading, extend(reading, index))
    return _after_particle(reading, index)


def _after_particle(reading: Reading, index: int) -> int:
    """« Mme de Villiers », « mme n'diaye »: `index` is the particle."""
    if index + 1 >= len(reading.tokens):
        return -1
    token, follower = reading.tokens[index], reading.tokens[index + 1]
    clan = token.folded in ("n", "o") and reading.gap(index + 1) == "'"
    if token.folded in ctx.PARTICLES and reading.gap(index + 1) in (" ", "'"):
        return _after_plain_particle(reading, index)
    if clan and reading.is_unknown(follower):
        return extend(reading, index + 1)
    return -1


def _after_plain_particle(reading: Reading, index: int) -> int:
    """« Mme de La Rochefoucault », « mr el amrani », « M. LE GALL »."""
    position = index + 1
    while position + 1 < len(reading.tokens) and reading.tokens[position].folded in ctx.PARTICLES:
        position += 1
    if (last := _after_saint(reading, position)) >= 0:
        return last
    token = reading.tokens[position]
    if token.folded in _NO_SURNAME or reading.lex.is_house(token.folded):
        return -1
    if _is_ordinary_surname(reading, index, position):
        return extend(reading, position)
    listed = token.folded in reading.lex.surnames
    capital = token.shape in (Shape.CAPITALISED, Shape.CAPITALS)
    ordinary_article = reading.tokens[index].folded in ("le", "la", "les", "l", "du")
    if ordinary_article and reading.tokens[index].shape is Shape.LOWER:
        # « monsieur le Maire », « madame la Présidente ».
        return -1
    named = reading.is_unknown(token) or (listed and capital)
    plain = reading.is_proper(position) and not reading.lex.is_ordinary(token.folded)
    return extend(reading, position) if named or plain else -1


def _is_ordinary_surname(reading: Reading, index: int, position: int) -> bool:
    """« Mme Le Bras », « Mr DE LA TOUR », « M. du Bois »: `index` is the particle, `position` the word."""
    title, particle, word = (reading.tokens[at] for at in (index - 1, index, position))
    before = reading.back(index - 1)
    if title.folded not in _SURE_TITLES or before in ctx.ARTICLES:
        return False
    if reading.is_proper(position):
        of = particle.folded in ("de", "du", "des", "d") and title.folded in _SHORT_TITLES
        return of or particle.shape is not Shape.LOWER
    # « MME LE BRAS », where all is in capitals; not « BONJOUR MME LE COLIS… ».
    shouted = particle.shape is word.shape is Shape.CAPITALS and before not in ctx.THANKS
    return shouted and _MISFITS.get(title.folded) == particle.folded


def _after_saint(reading: Reading, index: int) -> int:
    """« Mme Saint-Martin », « Mme de Saint Exupéry »: a place elsewhere, a surname after a title."""
    head, *parts = reading.tokens[index].folded.split("-")
    if head not in _SAINTS or not reading.is_proper(index):
        return -1
    if parts:
        return extend(reading, index)
    joined = index + 1 < len(reading.tokens) and reading.gap(index + 1) == " "
    return extend(reading, index + 1) if joined and reading.is_proper(index + 1) else -1


def _is_no_person(reading: Reading, index: int) -> bool:
    """« pas moi, melle. Bref… », « taille M. Parfait »; « Mme Lyon » and « Mr Peugeot » are persons."""
    token, title = reading.tokens[index], reading.tokens[index - 1]
    if reading.is_unknown(token):
        return False
    dotted = reading.gap(index).startswith(".")
    # « Madame monsieur Simple et rapide »: a salutation, then a sentence.
    greets = index > 1 and title.folded == "monsieur" and reading.tokens[index - 2].folded == "madame"
    if greets or (dotted and len(title.folded) > 3):
        return True
    is_name = dotted and reading.lex.is_house(token.folded) and not reading.lex.is_ordinary(token.folded)
    return title.folded in _MEANING_MORE and not is_name


def _with_lower_surname(reading: Reading, last: int) -> int:
    """« monsieur leonard angstrom »: after a title and a first name, an unlisted word is the surname."""
    if last + 1 >= len(reading.tokens) or not reading.lex.is_first_name(reading.tokens[last].folded):
        return last
    token = reading.tokens[last + 1]
    adjacent = reading.gap(last + 1) == " " and len(token.folded) >= _MIN_SURNAME
    return last + 1 if adjacent and reading.is_unknown(token) else last


def _follows_title(reading: Reading, index: int) -> bool:
    title = reading.tokens[index - 1]
    if title.folded not in ctx.TITLES and title.folded not in ("m", "me"):
        return False
    gap = reading.gap(index)
    if not re.fullmatch(r"\.?\s{0,2}", gap):
        return False
    if title.folded in ctx.TITLES:
        return not (index >= 2 and reading.tokens[index - 2].folded == "croque")
    dotted = gap.startswith(".")
    raw = reading.view.text[title.start : title.end]
    follows_number = re.search(r"\d\s*$", reading.view.text[: title.start]) is not None
    if title.folded == "m":
        return not follows_number and (dotted or (raw == "M" and reading.is_proper(index)))
    return raw == "Me" and reading.is_proper(index) and reading.is_unknown(reading.tokens[index])


def _initial_after_title(reading: Reading, index: int) -> int:
    token = reading.tokens[index]
    extended = extend(reading, index)
    if extended > index:
        return extended
    follower = reading.view.text[token.end : token.end + 1]
    is_letter_of_anybody = token.folded in ("x", "y", "z")
    return (
        index
        if not is_letter_of_anybody and (follower in ("", ".", ",", "!", ")", ";") and reading.telling)
        else -1
    )


def initial_and_surname(reading: Reading, index: int) -> int:
    """« P. Martin », « J.-P. Durand »: the initial alone is nothing."""
    last = index
    while last + 1 < len(reading.tokens) and reading.tokens[last + 1].shape is Shape.INITIAL:
        if not re.fullmatch(AFTER_INITIAL, reading.gap(last + 1)):
            return -1
        last += 1
    if last + 1 >= len(reading.tokens) or not reading.gap(last + 1).startswith((".", " ")):
        return -1
    if reading.tokens[index].folded == "m" and last == index and reading.gap(index + 1).startswith("."):
        # « M. Martin »: a title, which the next word's rule reads.
        return -1
    follower = reading.tokens[last + 1]
    dotted = reading.gap(last + 1).startswith(".")
    if (
        not reading.is_proper(last + 1)
        or len(reading.gap(last + 1)) > 2
        or reading.lex.is_house(follower.folded)
    ):
        return -1
    listed = follower.folded in reading.lex.surnames
    if listed or (dotted and reading.is_unknown(follower) and follower.shape is Shape.CAPITALISED):
        return extend(reading, last + 1)
    return -1
