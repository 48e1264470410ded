"""The perception gap: what employees think that customers would say, minus what customers say.

Employees answer a question such as « À votre avis, quelle note les clients donneraient-ils ? » on the
scale that customers rate on. The question, or the source, is named in the configuration
(`estimate.perception`).
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa
from scipy import stats

from pipeline import schema
from pipeline.config import PerceptionConfig
from pipeline.estimate.differences import Difference, welch
from pipeline.estimate.frame import Frame
from pipeline.estimate.tables import NODES, PEOPLE, SPAN, fill, ordered, with_private

GAP, MINE, OTHERS, SHARE = (
    "perception_gap",
    "perception_gap_employee_customers",
    "perception_gap_other_employees",
    "employee_customers",
)
MIN_PEOPLE = 5


def build_perception(frame: Frame, config: PerceptionConfig | None, level: float) -> pa.Table:
    """Lay out the perception gap in points out of a hundred of the scale, over the whole time.

    Args:
        frame: The open frame.
        config: Which ratings of employees are estimates; null when nobody was asked.
        level: Confidence level.

    Returns:
        `schema.mirror_schema`, with private columns: the gap, the gap of employees who are and are not
        customers themselves, and the share of those who are, as far as they were asked.
    """
    target = with_private(schema.mirror_schema(frame.dimensions))
    if config is None:
        return target.empty_table()
    customers = _mean(frame, "audience = 'customer' AND rating_scale = $scale", config)
    asked = _asked(config)
    sides = {GAP: asked}
    rows = []
    if config.customer_dimension is not None:
        column = frame.dimension(config.customer_dimension)
        sides |= {MINE: f"{asked} AND {column} = $yes", OTHERS: f"{asked} AND {column} <> $yes"}
        rows += _share(frame, column, config, level)
    for measure, condition in sides.items():
        employees = _mean(frame, condition, config)
        if min(employees[2], customers[2]) < MIN_PEOPLE:
            continue
        value = employees[0] - customers[0]
        freedom = welch(*((np.array(side[1]), np.array(side[2] - 1.0)) for side in (employees, customers)))
        gap = Difference(np.array(value), np.array(employees[1] + customers[1]), freedom)
        fewest = min(employees[2], customers[2])
        rows.append(
            _line(frame, measure, value, float(gap.half_width(level)), level, fewest, (-100.0, 100.0))
            | {"customer_value": customers[0], "employee_value": employees[0]}
            | {"n_respondents": employees[2] + customers[2], "n_verbatims": employees[3] + customers[3]}
        )
    if not rows:
        return target.empty_table()
    table = pa.Table.from_pylist([{**dict.fromkeys(_COLUMNS), **row} for row in rows])
    keys = pa.table({name: [None] * len(rows) for name in frame.dimensions} | {"period": ["all"] * len(rows)})
    columns = {name: table[name] for name in table.column_names}
    return ordered(fill(keys, columns | {"suppressed": False, "audience": "both"}, target), frame.dimensions)


def set_estimates_aside(frame: Frame, config: PerceptionConfig | None) -> None:
    """Take the estimates out of the ratings: they say nothing of what employees live themselves.

    Args:
        frame: The open frame; its ratings change.
        config: Which ratings of employees are estimates; null when nobody was asked.
    """
    if config is not None:
        condition = _asked(config)
        frame.connection.execute(
            f"UPDATE frame SET rating = NULL, rating_scale = NULL WHERE {condition}",
            _values(config, condition),
        )


def _asked(config: PerceptionConfig) -> str:
    """Say in SQL which rows carry an estimate."""
    return "audience = 'employee' AND rating_scale = $scale AND " + (
        "question = $question" if config.question is not None else "source = $source"
    )


def _values(config: PerceptionConfig, condition: str) -> dict[str, str | None]:
    """Give the values that a condition names."""
    values = {"scale": config.scale, "question": config.question, "source": config.source, "yes": config.yes}
    return {name: value for name, value in values.items() if f"${name}" in condition}


_COLUMNS = ("customer_value", "employee_value", "n_respondents", "n_verbatims")


def _mean(frame: Frame, condition: str, config: PerceptionConfig) -> tuple[float, float, int, int]:
    """Mean over people in hundredths of the scale, its variance, people and verbatims."""
    scale = config.bounds
    row = frame.connection.execute(
        f"""
        SELECT avg(r), coalesce(var_samp(r), 0), count(*), sum(n) FROM (
            SELECT round(avg(rating), 6) AS r, count(*) AS n FROM frame
            WHERE rating IS NOT NULL AND {condition} GROUP BY person ORDER BY person)
        """,
        _values(config, condition),
    ).fetchall()[0]
    if row[0] is None:
        return 0.0, 0.0, 0, 0
    span, people = scale.high - scale.low, int(row[2])
    # As for mean ratings: five who agree do not make an interval of no width.
    spread = (row[1] * (people - 1) + span**2 / 4) / people
    factor = 100 / span
    return (row[0] - scale.low) * factor, spread / people * factor**2, people, int(row[3])


def _share(frame: Frame, column: str, config: PerceptionConfig, level: float) -> list[dict[str, object]]:
    row = frame.connection.execute(
        f"""
        SELECT count(DISTINCT person) FILTER ({column} = $yes), count(DISTINCT person), count(*)
        FROM frame WHERE audience = 'employee' AND {column} IS NOT NULL
        """,
        {"yes": config.yes},
    ).fetchall()[0]
    if row[1] < MIN_PEOPLE:
        return []
    yes, people, verbatims = (int(value) for value in row)
    centre = (yes + 2) / (people + 4)
    half = stats.norm.ppf(0.5 + level / 2) * np.sqrt(centre * (1 - centre) / (people + 4))
    line = _line(frame, SHARE, yes / people, half, level, people, (0.0, 1.0))
    node = "|".join(["employee", "all", *("" for _ in frame.dimensions), "all"])
    return [line | {"n_respondents": people, "n_verbatims": verbatims, NODES: [node]}]


def _line(
    frame: Frame,
    measure: str,
    value: float,
    half: float,
    level: float,
    people: int,
    scale: tuple[float, float],
) -> dict[str, object]:
    stem = "|".join(["all", *("" for _ in frame.dimensions)])
    return {
        "measure": measure,
        "value": round(value, 6),
        "low": round(max(value - half, scale[0]), 6),
        "high": round(min(value + half, scale[1]), 6),
        "level": level,
        "method": "count",
        NODES: [f"customer|{stem}|all", f"employee|{stem}|all"],
        SPAN: scale[1] - scale[0],
        PEOPLE: people,
    }
