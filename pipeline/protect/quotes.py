"""Choose verbatims that may be quoted: masked, from groups large enough, and without a telling detail.

A verbatim is quoted for the smallest cell that may be shown with enough respondents (member and month,
else member, else month, else all). Left out are: an employee's verbatim that names a person (its mask is
there), one with a name, number or capitalised word that fewer than `MIN_USERS` people use, and one where
many words are used by nobody else. The order is that of a keyed shuffle, and a month is the finest date
that goes with a quote.

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


def choose_quotes(
    candidates: pa.Table, groups: pa.Table, hidden: pa.Array, config: ProtectConfig
) -> pa.Table:
    """Keep quotes that may be shown, each for the smallest cell that is large enough.

    Args:
        candidates: From `find_candidates`.
        groups: `_groups` with the column `node`.
        hidden: Names of hidden nodes.
        config: Thresholds.

    Returns:
        `schema.quotes_schema`, at most `PER_CELL` quotes a cell, theme and polarity, in a shuffled order.
    """
    skipped = ("period", "audience", "theme", "polarity", "sentiment", "enchantment", "text", "telling")
    dimensions = tuple(name for name in candidates.column_names if name not in skipped)
    target = schema.quotes_schema(dimensions)
    safe = candidates.filter(pc.invert(candidates["telling"]))
    people = dict(zip(groups["node"].to_pylist(), groups["n_respondents"].to_pylist(), strict=True))
    for name in hidden.to_pylist():
        people[name] = 0
    rows: list[dict[str, object]] = []
    taken: Counter[tuple[object, ...]] = Counter()
    place: dict[tuple[str, str], dict[str, Any]] = {}  # audience and text → the cell it is quoted for
    for row in safe.to_pylist():
        limits = config.customer if row["audience"] == "customer" else config.employee
        group = "all" if row["theme"] is None else f"theme_{row['theme']}"
        told = (row["audience"], row["text"])
        for cell in _cells(row, dimensions):
            node = "|".join([row["audience"], cell["period"], *(cell[d] or "" for d in dimensions), group])
            key = (node, row["polarity"], row["enchantment"] if row["theme"] is None else None)
            enough = people.get(node, 0) >= max(limits.quotes, limits.scores)
            if enough and taken[key] < PER_CELL and place.setdefault(told, cell) == cell:
                taken[key] += 1
                rows.append({**row, **cell})
                break
    table = pa.Table.from_pylist([{name: row[name] for name in target.names} for row in rows], schema=target)
    return table.take(pa.array(_shuffled(len(table)), pa.int64()))


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
