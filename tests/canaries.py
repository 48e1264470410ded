"""Look for planted personal data in every file that a run leaves, through the files' own formats."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from pathlib import Path

import pyarrow.parquet as pq


def files_holding(root: Path, needles: Sequence[str]) -> list[str]:
    """Name the files under a folder that hold one of the needles, with the needle."""
    found = []
    for path in sorted(each for each in root.rglob("*") if each.is_file()):
        contents = list(_readings(path))
        found += [f"{path.relative_to(root)}: {needle}" for needle in needles if _holds(contents, needle)]
    return found


def _readings(path: Path) -> Iterator[str]:
    raw = path.read_bytes()
    yield raw.decode("utf-8", errors="replace")
    yield raw.decode("utf-16-le", errors="replace")
    if raw.startswith(b"PAR1"):
        parquet = pq.ParquetFile(path)
        yield str(parquet.metadata.metadata)
        for group in range(parquet.num_row_groups):
            yield str(parquet.read_row_group(group).to_pylist())
    if raw.startswith(b"SQLite format 3"):
        with sqlite3.connect(f"file:{path}?mode=ro", uri=True) as database:
            yield "\n".join(database.iterdump())


def _holds(contents: Sequence[str], needle: str) -> bool:
    return any(needle.casefold() in content.casefold() for content in contents)
