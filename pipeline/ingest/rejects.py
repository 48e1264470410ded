"""Why an answer is left out: one code a reason, with the words people read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from pipeline.errors import SourceError


@dataclass(frozen=True, slots=True)
class Reason:
    """A reason to leave an answer out.

    Attributes:
        code: What `rejects.parquet` and `batch.json` hold.
        fr: What a French reader sees.
        en: What an English reader sees.
    """

    code: str
    fr: str
    en: str


# In the order in which they are looked for: an answer has the first reason that holds.
_ORDER = (
    # Rows that could not be read: one reject a row.
    Reason("ragged_row", "ligne sans le bon nombre de cellules", "row without the right number of cells"),
    Reason("bad_json", "ligne qui n'est pas un objet JSON", "line that is no JSON object"),
    # Answers of a row that was read.
    Reason("withdrawn", "personne qui s'est retirée", "person who withdrew"),
    Reason("other_row", "ligne non retenue (`only_rows`)", "row not asked for (`only_rows`)"),
    Reason("undecodable", "caractères illisibles", "characters that cannot be decoded"),
    Reason("other_question", "question non retenue", "question not asked for"),
    Reason("empty", "réponse vide", "empty answer"),
    Reason("no_letters", "réponse sans aucune lettre", "answer without a letter"),
    Reason("too_long", "réponse trop longue", "answer too long"),
    Reason("wrong_date", "date impossible, illisible ou à venir", "impossible, unreadable or future date"),
    Reason("rating_off_scale", "note hors de son échelle", "rating off its scale"),
    Reason("not_french", "texte qui n'est pas en français", "text that is not French"),
    Reason("repeated_record", "identifiant de ligne déjà lu", "row identifier already read"),
    Reason("duplicate", "doublon de la même personne", "duplicate of the same person"),
)
REASONS: dict[str, Reason] = {reason.code: reason for reason in _ORDER}


def describe(code: str, language: Literal["fr", "en"] = "fr") -> str:
    """Say a reason in words.

    Args:
        code: A code of `REASONS`.
        language: Language of the reader.

    Returns:
        A short clause without a final stop.

    Raises:
        SourceError: The code is unknown.

    >>> describe("empty")
    'réponse vide'
    """
    if code not in REASONS:
        raise SourceError.because(
            "a reason to reject has no words",
            expected=f"one of {', '.join(REASONS)}",
            got=f"«{code}»",
            where="pipeline/ingest/rejects.py",
            do="Ingest the batch again with this version",
        )
    reason = REASONS[code]
    return reason.fr if language == "fr" else reason.en
