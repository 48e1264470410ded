"""What changed between two releases, key by key."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl
import pyarrow as pa

from pipeline.schema import MEASURE_VALUES

# Columns that a figure is made of; every other column of a table says which figure it is.
VALUE_COLUMNS = frozenset(MEASURE_VALUES.names) - {"theme", "measure"}


@dataclass(frozen=True, slots=True)
class TableDifference:
    """How one table differs between two releases.

    Attributes:
        added: Rows whose key only the newer release has.
        removed: Rows whose key only the older release has.
        changed: Rows of both whose figures differ, with columns `<name>_before` and `<name>_after`.
    """

    added: pl.DataFrame
    removed: pl.DataFrame
    changed: pl.DataFrame

    @property
    def is_empty(self) -> bool:
        """Whether nothing differs."""
        return self.added.is_empty() and self.removed.is_empty() and self.changed.is_empty()


def compare_tables(before: pa.Table, after: pa.Table) -> TableDifference:
    """Compare two versions of a table by its key columns.

    Args:
        before: The older table.
        after: The newer one. Dimensions may have been added or removed: a missing one is null.

    Returns:
        Rows added, removed and changed.
    """
    old, new = _frame(before), _frame(after)
    keys = sorted((set(old.columns) | set(new.columns)) - VALUE_COLUMNS)
    old, new = _with_columns(old, keys), _with_columns(new, keys)
    values = [name for name in new.columns if name not in keys and name in old.columns]
    both = old.join(new, on=keys, how="inner", suffix="_after", nulls_equal=True)
    differs = pl.any_horizontal([pl.col(name).ne_missing(pl.col(f"{name}_after")) for name in values])
    changed = both.filter(differs) if values else both.clear()
    return TableDifference(
        added=new.join(old, on=keys, how="anti", nulls_equal=True),
        removed=old.join(new, on=keys, how="anti", nulls_equal=True),
        changed=changed.rename({name: f"{name}_before" for name in values}),
    )


def _frame(table: pa.Table) -> pl.DataFrame:
    frame = pl.from_arrow(table)
    if not isinstance(frame, pl.DataFrame):
        raise TypeError(f"a table is expected, got {type(table).__name__}")
    return frame


def _with_columns(frame: pl.DataFrame, names: list[str]) -> pl.DataFrame:
    missing = [pl.lit(None, pl.String).alias(name) for name in names if name not in frame.columns]
    return frame.with_columns(missing)
