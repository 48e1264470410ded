"""What every reader gives: named columns in bounded chunks, and the rows that could not be read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import polars as pl

CHUNK_ROWS = 20_000


@dataclass(frozen=True, slots=True)
class BrokenRow:
    """A row that could not be read.

    Attributes:
        row: Its number, first data row = 1.
        reason: A code of `pipeline.ingest.rejects`.
        detail: What was expected and found; never what was written.
    """

    row: int
    reason: str
    detail: str


@dataclass(frozen=True, slots=True)
class Chunk:
    """Some rows of a source.

    Attributes:
        frame: The declared columns that the source has, under their declared names; texts, or typed
            values where the format has types.
        rows: Number of each row of `frame`, int64, increasing.
        broken: Rows in between that could not be read.
    """

    frame: pl.DataFrame
    rows: pl.Series
    broken: list[BrokenRow]


def pick_columns(records: Sequence[Sequence[str]], picks: Mapping[str, int]) -> dict[str, list[str | None]]:
    """Take columns out of records.

    Args:
        records: Rows of cells.
        picks: Declared name → index of its cell.

    Returns:
        Declared name → one cell a row.
    """
    return {name: [record[i] for record in records] for name, i in picks.items()}


def make_chunk(
    columns: Mapping[str, Sequence[str | None]], rows: Sequence[int], broken: list[BrokenRow]
) -> Chunk:
    """Build a chunk of text columns.

    Args:
        columns: Name → one text or null a row.
        rows: Row numbers.
        broken: Rows that could not be read.

    Returns:
        The chunk; its frame has as many rows as `rows` even without a column.
    """
    series = [pl.Series(name, values, dtype=pl.String) for name, values in columns.items()]
    return Chunk(pl.DataFrame(series), pl.Series("row", rows, dtype=pl.Int64), broken)
