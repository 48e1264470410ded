"""What a question asks for, told by words: what is good, what is lacking, or neither.

Patterns are over the question without accents or capitals, each from the start of a word. Where a question is
taken wrongly, this is the place to say so: one line, and one more case in its test.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from functools import lru_cache
from typing import Final

OPEN, GOOD, LACKING = range(3)
KINDS: Final = ("open", "good", "lacking")

_NEITHER = (r"en cas d", r"(?:a|vers) qui\b", r"lorsqu", r"quand (?:un|ca|vous)\b", r"salaries en\b")
_GOOD = (
    r"points? (?:les plus )?forts?\b",
    r"positi",
    r"atouts?\b",
    r"^(?:les )?avantages?\b",
    r"a (?:garder|conserver|preserver)\b",
    r"(?:fonctionn|march)\w* bien\b",
    r"(?:va|se passe) bien\b",
    r"(?:le|les) (?:plus|mieux) (?:agreable|apprecie|reussi)",
    r"qu'?avez[- ]vous (?:le plus |particulierement )?(?:aime|apprecie)\b",
    r"ce que vous (?:avez )?(?:le plus )?(?:aime|apprecie)z?\b",
    r"(?:qu'|que |ce que )(?:aimez|appreciez|preferez)[- ]vous",
    r"qu'?est[- ]ce que vous (?:aimez|appreciez|preferez)",
    r"qui (?:vous )?(?:a |ont )?(?:le plus )?(?:plait|plaisent|plu|aide(?:nt)?|motive(?:nt)?|facilite(?:nt)?"
    r"|soutient|rend fiere?|fait rester|donne envie|satisfait)\b(?! pas| votre)",
    r"de quoi .*fiere?s?\b",
    r"merci\b(?! de| pour vos)",
    r"bonnes? (?:surprises?|pratiques?|choses)",
    r"(?:belle|meilleure?)s? (?:surprise|souvenir|moment|experience|reussite)",
    r"reussites?\b",
    r"raisons? de (?:votre |vos )?satisfaction",
    r"raisons etes[- ]vous tres satisfait",
    r"pourquoi (?:nous )?recommand",
    r"coups? de coeur",
)
_LACKING = (
    r"amelior",
    r"points? (?:les plus )?faibles?\b",
    r"negati",
    r"inconvenients?\b",
    r"manqu",
    r"difficultes?\b",
    r"empech",
    r"frein",
    r"(?:qui|quoi|que) (?:vous )?(?:a |ont )?(?:gene|deplai|deplu|decoi|decu|irrite|agace|pese|fatigue|bloque"
    r"|enerve|complique)",
    r"insatisf",
    r"mecontent",
    r"ne (?:fonctionn|march|v)\w* (?:pas|plus)",
    r"(?:moins|pas) (?:bien|plu|aime|apprecie|agreable|satisfait)",
    r"deplu\b",
    r"dur\b",
    r"a (?:arreter|changer|revoir|corriger|demarrer|supprimer)\b",
    r"changeriez|(?:pouviez|aimeriez[- ]vous|voudriez[- ]vous) changer",
    r"perdre du temps",
    r"regret",
    r"(?:quels? )?problemes? (?:avez|rencontr)",
    r"irritants?\b",
    r"obstacles?\b",
    r"decepti|decev|decus?\b",
    r"suggestions?\b",
    r"pourrions[- ]nous|devrions[- ]nous|devons[- ]nous|faudrait[- ]il|peut[- ]on (?:mieux|faire)",
    r"(?:rendr|aider|faciliter|ameliorer|simplifier)ai(?:t|ent)\b|ferait gagner",
    r"mieux (?:vous )?(?:aider|accompagner|servir)",
    r"penible|lourd|inutile|stress",
)


def _any_of(patterns: Sequence[str]) -> re.Pattern[str]:
    return re.compile(rf"(?<!\w)(?:{'|'.join(patterns)})")


_LEAST, _MOST = "le moins", "le plus"
_PATTERNS = _any_of(_NEITHER), _any_of(_GOOD), _any_of(_LACKING)


@lru_cache(maxsize=4096)
def kind_of(question: str | None) -> int:
    """Tell what a question asks for: `GOOD`, `LACKING`, or `OPEN` where it asks for neither, or for both.

    >>> [KINDS[kind_of(each)] for each in ("Points forts", "Que faudrait-il améliorer ?", "Pourquoi ?", None)]
    ['good', 'lacking', 'open', 'open']
    >>> KINDS[kind_of("Points positifs et négatifs")]
    'open'
    """
    plain = (question or "").lower().replace("’", "'").replace("œ", "oe")
    plain = unicodedata.normalize("NFD", plain)
    plain = " ".join("".join(c for c in plain if not unicodedata.combining(c)).split())
    if _LEAST in plain:  # « ce que vous appréciez le moins » asks for what is lacking in words of the good
        return OPEN if _MOST in plain else LACKING
    neither, good, lacking = (bool(pattern.search(plain)) for pattern in _PATTERNS)
    if neither or good == lacking:
        return OPEN
    return GOOD if good else LACKING
