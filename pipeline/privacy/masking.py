"""Mask personal data with the codebook's placeholders.

`mask_texts` takes Python strings; `mask_column` takes a column. Both give the same result, and masking a
masked text changes nothing.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any, Final

import polars as pl
import pyarrow as pa

from pipeline.privacy import addresses, contacts, files, name_ner, names, numbers, screens
from pipeline.privacy.spans import Span, merge, replace
from pipeline.privacy.views import View, view_of

# Each pass masks what the one before it brought to light; real texts need two.
_MAX_PASSES: Final = 20
_DIGIT: Final = re.compile("[0-9]")


def mask_text(text: str) -> tuple[str, dict[str, int]]:
    """Mask one text.

    Args:
        text: What a person wrote.

    Returns:
        The masked text, and how many placeholders of each kind were written into it.

    >>> mask_text("Merci à Madame Durand, 06 12 34 56 78 !")
    ('Merci à Madame [PERSONNE], [TELEPHONE] !', {'PERSONNE': 1, 'TELEPHONE': 1})
    """
    return _mask(text, name_ner.finders())


def _mask(text: str, recognisers: Sequence[name_ner.Finder]) -> tuple[str, dict[str, int]]:
    counts: Counter[str] = Counter()
    for _ in range(_MAX_PASSES):
        view = view_of(text)
        recognised = (span for find in recognisers for span in find(view))
        spans = merge([*find_structured(view), *names.find_names(view), *recognised])
        if not spans:
            break
        text, found = replace(text, view, spans)
        counts += found
    return text, dict(sorted(counts.items()))


def mask_texts(texts: Sequence[str]) -> tuple[list[str], list[dict[str, int]]]:
    """Mask texts.

    Args:
        texts: What people wrote.

    Returns:
        The masked texts, and for each how many placeholders of each kind (`{"PERSONNE": 2}`).
    """
    masked: list[str] = []
    counts: list[dict[str, int]] = []
    recognisers = name_ner.finders()
    for text in texts:
        masked_text, found = _mask(text, recognisers)
        masked.append(masked_text)
        counts.append(found)
    return masked, counts


def mask_column(
    texts: pl.Series | pa.Array[Any] | pa.ChunkedArray[Any],
) -> tuple[pl.Series, list[dict[str, int]]]:
    """Mask a column of texts, fast.

    Args:
        texts: A column of strings; nulls stay null.

    Returns:
        The masked column as a Polars series, and for each row how many placeholders of each kind.
    """
    column = texts if isinstance(texts, pl.Series) else pl.Series("text", texts.to_pylist(), dtype=pl.String)
    values = column.to_list()
    counts: list[dict[str, int]] = [{} for _ in values]
    screened = screens.may_hold_numbers_or_links(column).fill_null(False).to_list()
    recognisers = name_ner.finders()
    for row, (value, is_structured) in enumerate(zip(values, screened, strict=True)):
        if value is None:
            continue
        if is_structured or recognisers or _may_hold_names(value):
            values[row], counts[row] = _mask(value, recognisers)
    return pl.Series(column.name, values, dtype=pl.String), counts


def _may_hold_names(text: str) -> bool:
    view = view_of(text)
    return screens.may_hold_names(view.text, view.folded)


def find_structured(view: View) -> list[Span]:
    """Find everything but names: what a form, a checksum or an announcing word gives away.

    Args:
        view: The view of a text.

    Returns:
        Spans in no order, which may overlap.
    """
    spans: list[Span] = []
    for find in contacts.FINDERS:
        spans += find(view.folded)
    n_digits = len(_DIGIT.findall(view.folded))
    if numbers.may_hold_number(view.folded):
        for find, least in numbers.FINDERS:
            if n_digits >= least:
                spans += find(view.folded)
    if n_digits:
        spans += files.find_birth_dates(view.folded)
    if n_digits >= files.FEWEST_REFERENCE_DIGITS:
        spans += _apart(files.find_references(view.folded), spans)
    if n_digits >= files.FEWEST_PLATE_DIGITS:
        spans += files.find_plates(view.text, view.folded)
    spans += addresses.find_addresses(view)
    return spans


def _apart(references: Iterable[Span], surer: Sequence[Span]) -> list[Span]:
    """References that do not take in a number whose kind is sure: « numero0612345678svp »."""
    return [
        reference
        for reference in references
        if not any(reference.start <= span.start and span.end <= reference.end for span in surer)
    ]
