"""Read what a reader looks for from an address or a form, and write it into an address."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import asdict, fields
from urllib.parse import urlencode

from pipeline.review.refusals import Refusal, refusal
from pipeline.review.search import ListFilter

MAX_CHARS = 300
MAX_DIGITS = 9


def read_filter(given: Mapping[str, str]) -> ListFilter:
    """Read a filter from a query or a form.

    Raises:
        ReviewError: A field cannot be read: leaving it out would ask for more than was meant.
    """
    values: dict[str, object] = {}
    for field in fields(ListFilter):
        text = given.get(field.name, "").strip()[:MAX_CHARS]
        if text:
            values[field.name] = _READERS.get(field.name, str)(text)
    return ListFilter(**values)  # type: ignore[arg-type]


def _share(text: str) -> float:
    """Read a percentage as people write one.

    >>> _share("80,5 %")
    0.805
    """
    try:
        percents = float(re.sub(r"[\s%]", "", text).replace(",", "."))
    except ValueError:
        raise _misread(text, "a percentage from 0 to 100") from None
    if not 0 <= percents <= 100:
        raise _misread(text, "a percentage from 0 to 100")
    return percents / 100


def _whole(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= MAX_DIGITS):
        raise _misread(text, f"a whole number of at most {MAX_DIGITS} digits")
    return int(text)


_READERS: dict[str, Callable[[str], object]] = {
    "confidence_below": _share,
    "confidence_above": _share,
    "reviewer": _whole,
    "page": _whole,
}


def _misread(text: str, expected: str) -> Refusal:
    return refusal(
        "filter",
        "the filter cannot be read",
        expected=expected,
        got=f"«{text[:40]}»",
        where="list",
        do="Go back and correct it",
    )


def filter_query(wanted: ListFilter, **changes: object) -> str:
    """Write a filter as a query string."""
    values = {**asdict(wanted), **changes}
    for name in ("confidence_below", "confidence_above"):
        if values[name] is not None:
            values[name] = f"{100 * values[name]:g}"
    standard = asdict(ListFilter())
    kept = {
        name: value for name, value in values.items() if value not in (None, "") and value != standard[name]
    }
    return urlencode(kept)
