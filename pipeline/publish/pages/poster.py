"""Choose the verbatims of the affiche: clear, varied, not only extremes; employees' only once approved."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection, Sequence

from pipeline.publish.pages.view import Quote

MIN_CHARS, BEST_CHARS, MAX_CHARS = 25, 90, 160
PER_SIDE = 5
POSITIVE, NEGATIVE = "positive", "negative"
PLACEHOLDER = re.compile(r"\[[A-Z_]{3,}\]")


def quote_key(text: str) -> str:
    """Name a quote without its text, for approvals: sixteen hex digits."""
    return hashlib.sha256(text.encode("utf-8")).hexdigest()[:16]


def poster_quotes(
    quotes: Sequence[Quote], sentiment: str, blocklist: Collection[str], approved: Collection[str]
) -> list[Quote]:
    """Choose the quotes of one side of the poster.

    Args:
        quotes: Masked quotes that protection allows.
        sentiment: `positive` or `negative`: the side.
        blocklist: Words that keep a quote off the poster, in any case.
        approved: Keys of the quotes that an analyst approved; an employee's needs it.

    Returns:
        At most five: themes and places alternate, the most legible length first.
    """
    fit = [each for each in quotes if each.sentiment == sentiment and is_allowed(each, blocklist, approved)]
    fit.sort(key=lambda each: (_awkwardness(each.text), each.text))
    chosen: list[Quote] = []
    while fit and len(chosen) < PER_SIDE:
        best = min(fit, key=lambda each: (_repeats(each, chosen), _awkwardness(each.text), each.text))
        chosen.append(best)
        fit.remove(best)
    return chosen


def is_allowed(quote: Quote, blocklist: Collection[str], approved: Collection[str]) -> bool:
    """Tell whether a quote may hang on a wall."""
    if quote.audience != "customer" and quote_key(quote.text) not in approved:
        return False
    text = quote.text.casefold()
    blocked = any(re.search(rf"\b{re.escape(word.casefold())}\b", text) for word in blocklist)
    return not blocked and MIN_CHARS <= len(quote.text) <= MAX_CHARS


def _awkwardness(text: str) -> float:
    """Say how hard a quote reads from afar: away from the best length, placeholders, capitals."""
    shouting = sum(char.isupper() for char in text) > len(text) / 3
    return abs(len(text) - BEST_CHARS) / 10 + 4 * len(PLACEHOLDER.findall(text)) + 10 * shouting


def _repeats(quote: Quote, chosen: Sequence[Quote]) -> int:
    same = [(each.theme == quote.theme) + (each.place == quote.place) for each in chosen]
    return sum(same) + 2 * sum(each.audience == quote.audience for each in chosen) // 2
