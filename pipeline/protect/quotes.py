"""Choose verbatims that may be quoted: masked, from groups large enough, and without a telling detail.

A verbatim is quoted for the smallest cell that may be shown with enough respondents (member and month,
else member, else month, else all). Left out are: an employee's verbatim that names a person (its mask is
there), one with a name, number or capitalised word that fewer than `MIN_USERS` people use, and one where
many words are used by nobody else. The order is that of a keyed shuffle, and a month is the finest date
that goes with a quote.

Where only a few people of a group changed since a release, a new quote would be their very words: the group
then keeps quotes of the release before and gets no other.

A text that speaks of several themes may be quoted for each, always for the same cell: under two dimensions it
would tell that its author is in both, a cell that is never shown.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipeline import schema
from pipeline.config import ProtectConfig
from pipeline.estimate.candidates import PER_CELL
from pipeline.estimate.scores import theme_group

_COLUMNS = {"period", "audience", "theme", "polarity", "sentiment", "enchantment", "text", "telling"}


def choose_quotes(
    candidates: pa.Table,
    groups: pa.Table,
    hidden: pa.Array,
    config: ProtectConfig,
    near: pa.Array,
    before: pa.Table | None,
) -> pa.Table:
    """Keep quotes that may be shown, each for the smallest cell that is large enough.

    Args:
        candidates: From `find_candidates`.
        groups: `_groups` with the column `node`.
        hidden: Names of hidden nodes.
        config: Thresholds.
        near: Names of nodes that changed by a few, from `near_groups`.
        before: Quotes of the release that readers have; null when there is none.

    Returns:
        `schema.quotes_schema`, at most `PER_CELL` quotes a cell, theme and polarity, in a shuffled order.
    """
    dimensions = _dimensions(candidates)
    target = schema.quotes_schema(dimensions)
    safe = candidates.filter(pc.invert(candidates["telling"]))
    people = dict(zip(groups["node"].to_pylist(), groups["n_respondents"].to_pylist(), strict=True))
    for name in hidden.to_pylist():
        people[name] = 0
    changed_by_few = frozenset(near.to_pylist())
    before = candidates.slice(0, 0) if before is None else before
    known = Counter(_key(row, _dimensions(before)) for row in before.to_pylist())
    rows: list[dict[str, object]] = []
    taken: Counter[tuple[object, ...]] = Counter()
    place: dict[tuple[str, str], dict[str, Any]] = {}  # audience and text → the cell it is quoted for
    for row in safe.to_pylist():
        limits = config.customer if row["audience"] == "customer" else config.employee
        told = (row["audience"], row["text"])
        for cell in _cells(row, dimensions):
            quote = {**row, **cell}
            node = _node(quote, dimensions)
            key = (node, row["polarity"], row["enchantment"] if row["theme"] is None else None)
            enough = people.get(node, 0) >= max(limits.quotes, limits.scores)
            # Once for each time that it was quoted: the same words may be those of who came.
            enough &= node not in changed_by_few or known[_key(quote, dimensions)] > 0
            if enough and taken[key] < PER_CELL and place.setdefault(told, cell) == cell:
                taken[key] += 1
                known[_key(quote, dimensions)] -= 1
                rows.append(quote)
                break
    table = pa.Table.from_pylist([{name: row[name] for name in target.names} for row in rows], schema=target)
    return table.take(pa.array(_shuffled(len(table)), pa.int64()))


def _dimensions(quotes: pa.Table) -> tuple[str, ...]:
    return tuple(name for name in quotes.column_names if name not in _COLUMNS)


def _node(quote: dict[str, Any], dimensions: tuple[str, ...]) -> str:
    """Name the group that a quote is of, as `node_names` does."""
    group = "all" if quote["theme"] is None else theme_group(quote["theme"])
    return "|".join([quote["audience"], quote["period"], *(quote[d] or "" for d in dimensions), group])


def _key(quote: dict[str, Any], dimensions: tuple[str, ...]) -> tuple[Any, ...]:
    """Name a quote of a cell, theme and polarity, whatever dimensions were declared since."""
    members = frozenset((name, quote[name]) for name in dimensions if quote[name] is not None)
    names = ("audience", "period", "theme", "polarity", "text")
    return (members, *(quote[name] for name in names))


def _cells(row: dict[str, Any], dimensions: tuple[str, ...]) -> Iterator[dict[str, Any]]:
    """Name the cells of a quote: member and period, member, period, all."""
    empty: dict[str, Any] = dict.fromkeys(dimensions)
    period = row["period"]
    members = [{**empty, name: row[name]} for name in dimensions if row[name] is not None]
    for member in members:
        if period is not None:
            yield {**member, "period": period}
    for member in members:
        yield {**member, "period": "all"}
    if period is not None:
        yield {**empty, "period": period}
    yield {**empty, "period": "all"}


def _shuffled(n: int) -> list[int]:
    return [int(i) for i in np.random.default_rng(n).permutation(n)]
