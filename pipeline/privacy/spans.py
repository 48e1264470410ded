"""Spans found in a view, and what becomes of those that touch each other."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

from pipeline.privacy.placeholders import KINDS, placeholder
from pipeline.privacy.views import View

_RANK: Final = {kind: rank for rank, kind in enumerate(KINDS)}


class Span(NamedTuple):
    """A stretch of a view that holds personal data: `[start, end)` and its kind."""

    start: int
    end: int
    kind: str


def merge(spans: Iterable[Span]) -> list[Span]:
    """Join spans that overlap: the union is masked, under the kind with the surest evidence.

    Args:
        spans: Spans in any order.

    Returns:
        Spans in the order of the text, none touching another's characters.

    >>> merge([Span(4, 9, "PERSONNE"), Span(0, 6, "EMAIL")])
    [Span(start=0, end=9, kind='EMAIL')]
    """
    merged: list[Span] = []
    for span in sorted(spans):
        if merged and span.start < merged[-1].end:
            last = merged[-1]
            kind = min(last.kind, span.kind, key=_RANK.__getitem__)
            merged[-1] = Span(last.start, max(last.end, span.end), kind)
        else:
            merged.append(span)
    return merged


def replace(original: str, view: View, spans: Sequence[Span]) -> tuple[str, Counter[str]]:
    """Put placeholders where the spans are.

    Args:
        original: The text as written.
        view: Its view, in whose indexes the spans are given.
        spans: Merged spans, in the order of the text.

    Returns:
        The masked text, and how many placeholders of each kind were written.
    """
    pieces: list[str] = []
    counts: Counter[str] = Counter()
    position = 0
    for span in spans:
        start, end = view.origin(span.start, span.end)
        start = max(start, position)
        pieces += (original[position:start], placeholder(span.kind))
        counts[span.kind] += 1
        position = end
    pieces.append(original[position:])
    return "".join(pieces), counts
