"""Propose a source's section from a file: which column is what, and why."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from models.question_words import OPEN, kind_of
from pipeline.errors import SourceError
from pipeline.ingest import column_words as words
from pipeline.ingest.layouts import plain_key
from pipeline.ingest.profile import Column, Profile, profile_file
from pipeline.reserved_names import RESERVED_DIMENSIONS

Scale = Literal["nps", "enps", "csat", "stars", "ten"]

_MAX_MEMBERS = 60
_MAX_PERSONS = 0.2


@dataclass(frozen=True, slots=True)
class Choice:
    """One line of a proposal.

    Attributes:
        key: Key of the section, for example `date`, or `dimensions.unit`; empty for a column left out.
        column: The column.
        fr: The reason, for a French reader.
        en: The reason, for an English reader.
    """

    key: str
    column: str
    fr: str
    en: str


@dataclass(slots=True)
class Proposal:
    """A proposed source and the reasons for it.

    Attributes:
        profile: What was looked at.
        name: Name of the source.
        audience: `customer` or `employee`.
        choices: Every choice, in the order of the section, columns left out last.
        questions: Column → wording, where there are several open questions.
        scale: Scale of the rating, null without one.
    """

    profile: Profile
    name: str
    audience: Literal["customer", "employee"]
    choices: list[Choice] = field(default_factory=list)
    questions: dict[str, str] = field(default_factory=dict)
    scale: Scale | None = None

    def column(self, key: str) -> str | None:
        """Give the column chosen for a key, or null."""
        return next((choice.column for choice in self.choices if choice.key == key), None)


def propose(path: Path) -> Proposal:
    """Propose a source from a file.

    Args:
        path: A local file of a supported kind.

    Returns:
        The proposal; `pipeline.ingest.proposal_yaml` writes it.

    Raises:
        SourceError: The file cannot be read, or no column looks like an open answer.
    """
    profile = profile_file(path)
    proposal = Proposal(profile, plain_name(path.stem), "customer")
    _choose_audience(proposal)
    left = [column for column in profile.columns if column.n_given]
    left = _choose_texts(proposal, left)
    for choose in (_choose_date, _choose_rating, _choose_identifiers, _choose_dimensions, _leave_out):
        left = choose(proposal, left)
    return proposal


def plain_name(text: str) -> str:
    """Make a plain name of any text.

    >>> plain_name("Étape du parcours (2026)")
    'etape_du_parcours_2026'
    """
    folded = unicodedata.normalize("NFKD", text.lower()).encode("ascii", "ignore").decode()
    name = re.sub(r"[^a-z0-9]+", "_", folded).strip("_")[:40]
    name = name if name[:1].isalpha() else f"s_{name}".rstrip("_")
    return f"{name}_" if name in RESERVED_DIMENSIONS else name


def _choose_audience(proposal: Proposal) -> None:
    profile = proposal.profile
    texts = [_plain(f"{column.name} {column.wording}") for column in profile.columns]
    found = next((match.group() for text in texts if (match := words.EMPLOYEE.search(text))), None)
    found = found or ("nom du fichier" if words.EMPLOYEE.search(_plain(profile.path.stem)) else None)
    if found:
        proposal.audience = "employee"
        fr, en = f"« {found} » parle de collaborateurs", f"«{found}» speaks of employees"
    else:
        fr, en = "rien n'y parle de collaborateurs : à vérifier", "nothing in it speaks of employees: check"
    proposal.choices.append(Choice("audience", "", fr, en))


def _choose_texts(proposal: Proposal, left: list[Column]) -> list[Column]:
    texts = [column for column in left if _is_open(column)]
    title = next((column for column in left if words.TITLE.match(_plain(column.name))), None)
    texts = [column for column in texts if column is not title]
    if not texts:
        raise SourceError.because(
            "no column looks like an open answer",
            expected="a column of texts of several words",
            got=f"{len(left)} columns of short values, numbers or dates",
            where=proposal.profile.path.name,
            do="Write the source by hand; configs/demo.yaml is a complete example",
        )
    name = texts[0].name
    asked = name.rstrip().endswith("?") or kind_of(name) != OPEN
    several = len(texts) > 1 or texts[0].wording != name or asked
    for column in texts:
        n_words, distinct = f"{column.mean_words:.0f}", f"{column.n_distinct / column.n_given:.0%}"
        fr = f"{n_words} mots en moyenne, {distinct} de valeurs différentes"
        en = f"{n_words} words on average, {distinct} distinct values"
        proposal.choices.append(Choice("questions" if several else "text", column.name, fr, en))
        if several:
            proposal.questions[column.name] = column.wording
    chosen = list(texts)
    if title is not None and not several:
        proposal.choices.append(
            Choice("title", title.name, "titre mis avant le texte", "title put before the text")
        )
        chosen.append(title)
    question = next((column for column in left if words.QUESTION.match(_plain(column.name))), None)
    if question is not None and not several:
        fr, en = "chaque ligne dit à quelle question elle répond", "each row says which question it answers"
        proposal.choices.append(Choice("question_column", question.name, fr, en))
        chosen.append(question)
    return [column for column in left if column not in chosen]


def _is_open(column: Column) -> bool:
    key = _plain(f"{column.name} {column.wording}")
    if words.PERSONAL.match(_plain(column.name)) or words.TECHNICAL.match(_plain(column.name)):
        return False
    if column.share_dates > 0.5 or column.share_numbers > 0.6 or column.share_addresses > 0.5:
        return False
    varied = column.n_distinct >= 0.5 * column.n_given
    if column.mean_words >= 5 and varied and column.share_text > 0.5:
        return True
    named = bool(words.TEXT.search(key)) or key.endswith("?")
    return named and varied and column.share_text > 0.3 and column.longest >= 25


def _choose_date(proposal: Proposal, left: list[Column]) -> list[Column]:
    dates = [column for column in left if column.share_dates >= 0.7 and words.DATE.search(_key(column))]
    dates = [column for column in dates if not words.PERSONAL.match(_plain(column.name))]
    dates.sort(key=lambda column: not words.BEST_DATE.search(_plain(column.name)))
    if not dates:
        return left
    share = f"{dates[0].share_dates:.0%}"
    choice = Choice(
        "date",
        dates[0].name,
        f"{share} des valeurs se lisent comme des dates",
        f"{share} of its values read as dates",
    )
    proposal.choices.append(choice)
    return [column for column in left if column is not dates[0]]


def _choose_rating(proposal: Proposal, left: list[Column]) -> list[Column]:
    ratings = [
        column
        for column in left
        if column.share_numbers >= 0.7 and column.high and words.RATING.search(_key(column))
    ]
    ratings = [column for column in ratings if not words.ESTIMATE.search(_key(column))]
    # An overall rating before ratings of details; the one most people gave first.
    ratings.sort(key=lambda column: (not words.OVERALL_RATING.search(_key(column)), -column.n_given))
    if not ratings:
        return left
    column = ratings[0]
    proposal.scale, fr, en = _guess_scale(column, proposal.audience)
    proposal.choices.append(Choice("rating", column.name, fr, en))
    return [other for other in left if other is not column]


def _guess_scale(column: Column, audience: str) -> tuple[Scale, str, str]:
    low, high = column.low or 0.0, column.high or 0.0
    seen = f"{low:g}–{high:g}"
    if high > 5:
        if re.search(r"nps|recommand", _key(column)) or low < 1:
            scale: Scale = "enps" if audience == "employee" else "nps"
            return scale, f"valeurs {seen} : échelle 0–10", f"values {seen}: a 0–10 scale"
        return "ten", f"valeurs {seen} : échelle 1–10, à vérifier", f"values {seen}: a 1–10 scale, check"
    if re.search(r"[ée]toile|star|rating|note", _key(column)):
        return "stars", f"valeurs {seen} : étoiles 1–5", f"values {seen}: 1–5 stars"
    return "csat", f"valeurs {seen} : satisfaction 1–5", f"values {seen}: satisfaction 1–5"


def _choose_identifiers(proposal: Proposal, left: list[Column]) -> list[Column]:
    chosen: list[Column] = []
    unique = [column for column in left if column.n_distinct == column.n_given == proposal.profile.n_rows]
    record = next((column for column in unique if words.RECORD.match(_plain(column.name))), None)
    if record is not None:
        fr, en = "une valeur différente par ligne", "a different value on every row"
        proposal.choices.append(Choice("record_id", record.name, fr, en))
        chosen.append(record)
    people = [c for c in left if c not in chosen and _names_persons(c) and c.longest <= 80]
    # An identifier before an address: it stays when the address changes.
    people.sort(key=lambda column: column.share_addresses)
    if people:
        fr, en = (
            "identifie la personne ; seul un condensé chiffré est gardé",
            "tells persons apart; only a keyed hash is kept",
        )
        proposal.choices.append(Choice("respondent", people[0].name, fr, en))
        chosen.append(people[0])
    return [column for column in left if column not in chosen]


def _choose_dimensions(proposal: Proposal, left: list[Column]) -> list[Column]:
    taken: set[str] = set()
    chosen: list[Column] = []
    for column in left:
        key = _plain(column.name)
        if (
            words.PERSONAL.match(key)
            or words.TECHNICAL.match(key)
            or _names_persons(column)
            or not _is_grouping(column)
        ):
            continue
        known = next((name for name, pattern in words.DIMENSIONS if pattern.search(key)), None)
        name = known if known and known not in taken else plain_name(column.name)
        if name in taken:
            continue
        taken.add(name)
        chosen.append(column)
        n = column.n_distinct
        proposal.choices.append(
            Choice(f"dimensions.{name}", column.name, f"{n} valeurs courtes", f"{n} short values")
        )
    return [column for column in left if column not in chosen]


def _is_grouping(column: Column) -> bool:
    few = 2 <= column.n_distinct <= min(_MAX_MEMBERS, max(3, 0.6 * column.n_given))
    prose = column.share_numbers > 0.6 or column.share_dates > 0.5 or column.share_addresses > 0
    persons = column.share_persons > _MAX_PERSONS
    return few and not prose and not persons and column.longest <= 50 and column.mean_words <= 5


def _leave_out(proposal: Proposal, left: list[Column]) -> list[Column]:
    reasons: Sequence[tuple[Callable[[Column], bool], str, str]] = (
        (_is_personal, "donnée personnelle", "personal data"),
        (lambda c: bool(words.TECHNICAL.match(_plain(c.name))), "donnée technique", "technical data"),
        (lambda c: bool(words.ESTIMATE.search(_key(c))), "note d'estimation", "an estimate"),
        (
            lambda c: proposal.column("date") is None and c.share_dates >= 0.7,
            "se lit comme des dates : à écrire sous `date` si ce sont celles des réponses",
            "reads as dates: write it under `date` if they are the answers'",
        ),
        (lambda c: c.share_numbers >= 0.7, "une seule note par source", "one rating a source"),
        (
            lambda c: True,
            "ni réponse libre, ni regroupement utile",
            "neither an open answer nor a useful grouping",
        ),
    )
    for column in left:
        fr, en = next((fr, en) for holds, fr, en in reasons if holds(column))
        proposal.choices.append(Choice("", column.name, fr, en))
    return []


def _is_personal(column: Column) -> bool:
    key = _plain(column.name)
    persons = column.share_addresses > 0.2 or column.share_persons > _MAX_PERSONS
    return persons or bool(words.PERSONAL.match(key))


def _plain(name: str) -> str:
    """Bring a name to the form that `column_words` are matched against: `dt_rep` reads « dt rep »."""
    return plain_key(name.replace("_", " "))


def _names_persons(column: Column) -> bool:
    name = _plain(column.name)
    return bool(words.RESPONDENT.search(name)) and not words.KIND.match(name)


def _key(column: Column) -> str:
    return _plain(f"{column.name} {column.wording}")
