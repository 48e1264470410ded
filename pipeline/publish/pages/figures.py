"""Figures of one cell, as pages use them: a value with its interval, or why there is none."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import polars as pl

from pipeline.publish.reading import Snapshot
from pipeline.reading_order import in_reading_order

Kind = Literal["share", "net", "gap", "index", "mean", "effect", "points", "count"]
ALL = "all"
CACHED_CELLS = 512

_FIELDS = (
    "value",
    "low",
    "high",
    "level",
    "n_verbatims",
    "n_respondents",
    "n_reviewed",
    "method",
    "suppressed",
    "reason",
)


@dataclass(frozen=True, slots=True)
class Figure:
    """One published figure.

    Attributes:
        kind: How its value reads.
        value: Null when suppressed or without data.
        extra: Columns that only its table has (`quadrant`, `expected`…).
    """

    measure: str
    kind: Kind
    theme: str | None = None
    value: float | None = None
    low: float | None = None
    high: float | None = None
    level: float | None = None
    n_verbatims: int | None = None
    n_respondents: int | None = None
    n_reviewed: int | None = None
    method: str | None = None
    suppressed: bool = False
    reason: str | None = "no_data"
    period: str = ALL
    audience: str = ""
    extra: Mapping[str, Any] | None = None

    @property
    def is_known(self) -> bool:
        """Whether there is a value to draw."""
        return self.value is not None

    @property
    def is_earlier(self) -> bool:
        """Whether it is the figure of an earlier release, given again since too few people changed."""
        return self.is_known and self.reason == "held_back"

    @property
    def excludes_zero(self) -> bool:
        """Whether the interval lies on one side of zero."""
        return self.low is not None and self.high is not None and (self.low > 0 or self.high < 0)


_KINDS: tuple[tuple[str, Kind], ...] = (
    ("rating_difference", "effect"), ("correlation", "effect"), ("perception", "points"),
    ("employee_customers", "share"),
    ("symmetry_index", "index"), ("rating_effect", "effect"), ("driver", "effect"), ("effect", "effect"),
    ("rating", "mean"), ("nps", "net"), ("enps", "net"), ("gap", "gap"), ("net", "net"), ("balance", "net"),
    ("n_", "count"), ("count", "count"), ("verbatims", "count"),
)  # fmt: skip


def kind_of(measure: str) -> Kind:
    """Say how the values of a measure read.

    >>> kind_of("theme_net"), kind_of("enchantment_rate"), kind_of("symmetry_index")
    ('net', 'share', 'index')
    """
    for mark, kind in _KINDS:
        if mark in measure:
            return kind
    return "share"


class Figures:
    """The figures of one cell, all periods and audiences, by name."""

    def __init__(self, rows: Mapping[tuple[str, str, str, str | None], Figure]) -> None:
        self._rows = rows

    def get(self, measure: str, audience: str, theme: str | None = None, period: str = ALL) -> Figure:
        """Give a figure; one that says `no_data` when the release has none."""
        found = self._rows.get((period, audience, measure, theme))
        return found or Figure(measure, kind_of(measure), theme, period=period, audience=audience)

    def has(self, measure: str) -> bool:
        """Tell whether any figure of a measure is there."""
        return any(key[2] == measure for key in self._rows)

    def measures(self) -> list[str]:
        """List the measures, in the order of the table."""
        return list(dict.fromkeys(key[2] for key in self._rows))

    def __iter__(self) -> Iterator[Figure]:
        return iter(self._rows.values())

    def __len__(self) -> int:
        return len(self._rows)


def cell_figures(snapshot: Snapshot, cell: Mapping[str, str], table: str = "measures") -> Figures:
    """Gather the figures of one cell.

    Args:
        snapshot: The release.
        cell: Dimension → member; a dimension that is not named means everybody together.
        table: `measures` or another table with its columns.

    Returns:
        Every figure of that cell; empty when the release has no such crossing.
    """
    key = (table, tuple(sorted(cell.items())))
    if key not in snapshot.cache:
        if len(snapshot.cache) >= CACHED_CELLS:
            snapshot.cache.clear()
        snapshot.cache[key] = Figures(
            {
                (f.period, f.audience, f.measure, f.theme): f
                for f in _figures(select_cell(snapshot, cell, table))
            }
        )
    figures: Figures = snapshot.cache[key]
    return figures


def select_cell(snapshot: Snapshot, cell: Mapping[str, str], table: str) -> pl.DataFrame:
    """Keep the rows of one cell."""
    frame = snapshot.table(table)
    if frame is None:
        return pl.DataFrame()
    conditions = [
        pl.col(name) == cell[name] if name in cell else pl.col(name).is_null()
        for name in snapshot.dimensions
        if name in frame.columns
    ]
    return frame.filter(*conditions) if conditions else frame


def member_figures(
    snapshot: Snapshot,
    dimension: str,
    cell: Mapping[str, str],
    period: str,
    measures: Sequence[str],
    table: str = "measures",
) -> dict[str, Figures]:
    """Gather the figures of every member of a dimension in one period.

    Args:
        snapshot: The release.
        dimension: Whose members are wanted.
        cell: Other dimensions that are held.
        period: The period.
        measures: Measures wanted.
        table: `measures` or another table with its columns.

    Returns:
        Member → figures, members sorted.
    """
    frame = snapshot.table(table)
    if frame is None or dimension not in frame.columns:
        return {}
    key = ("members", table, dimension, tuple(sorted(cell.items())), period, tuple(measures))
    if key not in snapshot.cache:
        held = {name: value for name, value in cell.items() if name != dimension}
        conditions = [
            pl.col(name) == held[name] if name in held else pl.col(name).is_null()
            for name in snapshot.dimensions
            if name != dimension and name in frame.columns
        ]
        rows = frame.filter(
            pl.col("period") == period,
            pl.col(dimension).is_not_null(),
            pl.col("measure").is_in(list(measures)),
            *conditions,
        )
        parts = {str(member): part for (member,), part in rows.partition_by(dimension, as_dict=True).items()}
        snapshot.cache[key] = {
            member: Figures({(f.period, f.audience, f.measure, f.theme): f for f in _figures(parts[member])})
            for member in in_reading_order(parts)
        }
    members: dict[str, Figures] = snapshot.cache[key]
    return members


def table_figures(frame: pl.DataFrame) -> list[tuple[Figure, dict[str, Any]]]:
    """Turn the rows of a table into figures, each with its whole row."""
    return list(zip(_figures(frame), frame.iter_rows(named=True), strict=True))


def _figures(frame: pl.DataFrame) -> Iterator[Figure]:
    common = {*_FIELDS, "measure", "theme", "period", "audience"}
    for row in frame.iter_rows(named=True):
        measure = str(row.get("measure"))
        yield Figure(
            measure=measure,
            kind=kind_of(measure),
            theme=row.get("theme"),
            period=str(row.get("period")),
            audience=str(row.get("audience")),
            extra={name: value for name, value in row.items() if name not in common},
            **{name: row.get(name) for name in _FIELDS if name != "suppressed"},
            suppressed=bool(row.get("suppressed")),
        )


def members(snapshot: Snapshot, dimension: str) -> list[str]:
    """List the members of a dimension that the release names, in reading order."""
    key = ("names", dimension)
    if key not in snapshot.cache:
        frame = snapshot.table("measures")
        names = [] if frame is None else frame.get_column(dimension).drop_nulls().unique().to_list()
        snapshot.cache[key] = in_reading_order(names)
    found: list[str] = snapshot.cache[key]
    return found


def periods(snapshot: Snapshot) -> list[str]:
    """List the periods of a release, oldest first, without the whole time."""
    if "periods" not in snapshot.cache:
        frame = snapshot.table("measures")
        found = [] if frame is None else frame.get_column("period").unique().sort().to_list()
        snapshot.cache["periods"] = [period for period in found if period != ALL]
    result: list[str] = snapshot.cache["periods"]
    return result
