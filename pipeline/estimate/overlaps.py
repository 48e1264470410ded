"""Count who is in two cells of different dimensions at once: nesting and near-equal groups show there."""

from __future__ import annotations

from itertools import combinations

import pyarrow as pa

from pipeline.estimate.frame import Frame

SCHEMA = pa.schema(
    [
        pa.field("by_period", pa.bool_(), nullable=False),
        pa.field("period", pa.string(), nullable=False),
        pa.field("audience", pa.string(), nullable=False),
        pa.field("first", pa.string(), nullable=False),  # a dimension
        pa.field("first_member", pa.string()),  # null: verbatims without this dimension
        pa.field("second", pa.string(), nullable=False),
        pa.field("second_member", pa.string()),
        pa.field("n_verbatims", pa.int64(), nullable=False),
        pa.field("n_respondents", pa.int64(), nullable=False),
    ]
)


def count_overlaps(frame: Frame, *, with_periods: bool) -> pa.Table:
    """Count verbatims and people of every pair of members of two dimensions.

    Args:
        frame: The open frame.
        with_periods: Also by period.

    Returns:
        `SCHEMA`, ordered.
    """
    parts = [SCHEMA.empty_table()]
    for first, second in combinations(frame.dimensions, 2):
        for by_period in (False, True) if with_periods else (False,):
            period = "coalesce(period, 'all')" if by_period else "'all'"
            a, b = frame.dimension(first), frame.dimension(second)
            table = frame.table(f"""
                SELECT {by_period} AS by_period, {period} AS period, audience,
                       '{first}' AS first, {a} AS first_member, '{second}' AS second, {b} AS second_member,
                       count(*)::BIGINT AS n_verbatims, count(DISTINCT person)::BIGINT AS n_respondents
                FROM frame {"WHERE period IS NOT NULL" if by_period else ""}
                GROUP BY ALL ORDER BY ALL
                """)
            parts.append(table.cast(SCHEMA))
    return pa.concat_tables(parts)
