"""Values of dimensions: trimmed, and without personal data."""

from __future__ import annotations

import re
from collections.abc import Sequence

import polars as pl

from pipeline.errors import SourceError
from pipeline.privacy.lexicons import lexicons
from pipeline.privacy.masking import mask_texts
from pipeline.privacy.placeholders import PERSON, placeholder
from pipeline.privacy.views import fold

# Worth the masker's look: an at sign, many digits, a title before a name, or a sentence.
_SUSPECT = r"@|(?:\d[\s.\-/]*){8}|(?i:\b(?:m\.|mr|mme|mlle|monsieur|madame|mademoiselle|dr)\s)|^.{60}"
_MAX_PERSONAL = 0.5
_FEW = 3
_WORD = re.compile(r"[^\W\d_]+(?:-[^\W\d_]+)*")
_MAX_NAME_WORDS = 4


def read_dimension(values: pl.Series, name: str, column: str, where: str) -> pl.Series:
    """Read the values of a dimension.

    Args:
        values: The column as read.
        name: Name of the dimension, for errors.
        column: Name of its column, for errors.
        where: File name, for errors.

    Returns:
        Texts; null where there is no value. What looks like an e-mail address, a phone number or another
        personal datum is masked; so are names of persons where most values look like them.

    Raises:
        SourceError: Most values are personal data: the column is no dimension.
    """
    texts = _as_labels(values)
    distinct = texts.drop_nulls().unique(maintain_order=True)
    suspects = distinct.filter(distinct.str.contains(_SUSPECT)).to_list()
    masked, counts = mask_texts(suspects)
    personal = {old: new for old, new, found in zip(suspects, masked, counts, strict=True) if found}
    personal |= mask_persons(distinct.to_list())
    if len(personal) >= _FEW and len(personal) > _MAX_PERSONAL * len(distinct):
        raise SourceError.because(
            f"the dimension «{name}» holds personal data",
            expected="names of units, regions, channels and the like",
            got=f"{len(personal)} of {len(distinct)} distinct values with e-mail addresses, phones or names",
            where=f"{where}, column «{column}»",
            do="Take the column out of `dimensions`; `respondent` stores a keyed hash of who answered",
        )
    return texts.replace(list(personal), list(personal.values())) if personal else texts


def mask_persons(values: Sequence[str]) -> dict[str, str]:
    """Give a placeholder to each person of a column of names; nothing of a column of anything else.

    Places and brands bear first names too: that most values look like names is only a reason to have the
    masker look at them, in one letter case (« DURAND PAUL », « paul durand »), by which it tells them apart.
    The whole value goes, so that no surname is left of it.

    Args:
        values: Distinct values of a column.

    Returns:
        Value → placeholder, for the persons alone.

    >>> mask_persons(["Sophie Martin", "BENALI KARIM", "Lyon"])
    {'Sophie Martin': '[PERSONNE]', 'BENALI KARIM': '[PERSONNE]'}
    >>> mask_persons(["Nancy", "Jean Jaurès", "Yves Rocher", "Équipe 2"])
    {}
    """
    if sum(map(_is_name_alone, values)) <= _MAX_PERSONAL * len(values):
        return {}
    _, counts = mask_texts([value.title() for value in values])
    return {
        value: placeholder(PERSON) for value, found in zip(values, counts, strict=True) if PERSON in found
    }


def _is_name_alone(value: str) -> bool:
    words = [fold(word) for word in _WORD.findall(value)]
    if not 1 <= len(words) <= _MAX_NAME_WORDS:
        return False
    known = lexicons()
    if known.is_first_name(words[0]):  # whatever follows: « Sophie Petit », « Marie Le Goff »
        return True
    names = [word for word in words if known.is_first_name(word) or word in known.surnames]
    # « Équipe Sophie » and « Garage Dupont » are no persons; an initial is no word.
    others = [word for word in words if word not in names and len(word) > 1]
    return bool(names) and not any(map(known.is_ordinary, others))


def _as_labels(values: pl.Series) -> pl.Series:
    if values.dtype.is_float():
        # 75001.0 is a spreadsheet's way to write 75001.
        whole = values.cast(pl.Int64, strict=False)
        texts = whole.cast(pl.String).zip_with((whole == values).fill_null(False), values.cast(pl.String))
    else:
        texts = values.cast(pl.String, strict=False)
    texts = texts.str.replace_all(r"\s+", " ").str.strip_chars()
    return texts.set((texts == "").fill_null(False), None)


def mask_name(name: str) -> str:
    """Mask personal data in the name of a file: people put names and addresses there."""
    return mask_texts([name])[0][0]
