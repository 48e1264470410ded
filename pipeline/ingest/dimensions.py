"""Values of dimensions: trimmed, and without personal data."""

from __future__ import annotations

import polars as pl

from pipeline.errors import SourceError
from pipeline.privacy.masking import mask_texts

# Worth the masker's look: an at sign, many digits, a title before a name, or a sentence.
_SUSPECT = r"@|(?:\d[\s.\-/]*){8}|(?i:\b(?:m\.|mr|mme|mlle|monsieur|madame|mademoiselle|dr)\s)|^.{60}"
_MAX_PERSONAL = 0.5
_FEW = 3


def read_dimension(values: pl.Series, name: str, column: str, where: str) -> pl.Series:
    """Read the values of a dimension.

    Args:
        values: The column as read.
        name: Name of the dimension, for errors.
        column: Name of its column, for errors.
        where: File name, for errors.

    Returns:
        Texts; null where there is no value. What looks like an e-mail address, a phone number or another
        personal datum is masked.

    Raises:
        SourceError: Most values are personal data: the column is no dimension.
    """
    texts = _as_labels(values)
    distinct = texts.drop_nulls().unique(maintain_order=True)
    suspects = distinct.filter(distinct.str.contains(_SUSPECT)).to_list()
    if not suspects:
        return texts
    masked, counts = mask_texts(suspects)
    personal = {old: new for old, new, found in zip(suspects, masked, counts, strict=True) if found}
    if len(personal) >= _FEW and len(personal) > _MAX_PERSONAL * len(distinct):
        raise SourceError.because(
            f"the dimension «{name}» holds personal data",
            expected="names of units, regions, channels and the like",
            got=f"{len(personal)} of {len(distinct)} distinct values with e-mail addresses, phones or names",
            where=f"{where}, column «{column}»",
            do="Take the column out of `dimensions`; `respondent` stores a keyed hash of it",
        )
    return texts.replace(list(personal), list(personal.values())) if personal else texts


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
