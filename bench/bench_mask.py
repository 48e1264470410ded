"""Speed of masking, against the same expressions run by Python's `re` on every text.

    python -m bench.bench_mask [TEXTS.parquet] [--rows N]

Without a file it makes texts from authored samples. CPU seconds per million verbatims, one process.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
import time
from collections.abc import Callable
from pathlib import Path

import polars as pl

from pipeline.privacy import screens
from pipeline.privacy.masking import find_structured, mask_column
from pipeline.privacy.views import view_of

_SAMPLES = Path(__file__).parents[1] / "data"
_NAIVE = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        r"(?:(?:\+|00)33\s?|0)[1-9](?:[\s.\-]?\d{2}){4}",
        r"\+\d{1,3}(?:[\s.\-]?\d){7,12}",
        r"[\w.+\-]+@[\w\-]+(?:\.[\w\-]+)+",
        r"\b[A-Z]{2}\d{2}(?:\s?[A-Z0-9]){11,30}\b",
        r"\b(?:\d[ \-]?){13,19}\b",
        r"\b[12]\s?\d{2}\s?\d{2}\s?(?:\d{2}|2[AB])\s?\d{3}\s?\d{3}(?:\s?\d{2})?\b",
        r"\b[A-Z]{2}[ \-]?\d{3}[ \-]?[A-Z]{2}\b",
        r"\b(?:commande|contrat|dossier|sinistre|facture|client|r[ée]f[ée]rence)\s?(?:n°|num[ée]ro)?\s?:?\s?[A-Z0-9\-]*\d{4,}",
        r"\b(?:né|née|ddn|date de naissance)\b.{0,12}\d{1,2}[/. ]\w+[/. ]\d{2,4}",
        r"\b\d{1,4}\s?(?:bis|ter)?,?\s(?:rue|avenue|boulevard|chemin|impasse|place)\s[^.,\n]{3,60}",
    )
)


def main() -> None:
    """Print one line a path, in CPU seconds per million verbatims."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("texts", nargs="?", type=Path, help="Parquet file with a column `text`")
    parser.add_argument("--rows", type=int, default=100_000)
    options = parser.parse_args()
    column = _load(options.texts, options.rows)
    mask_column(column.head(100))
    sys.stdout.write(f"{len(column)} verbatims, {column.str.len_chars().mean():.0f} signs on average\n")
    for name, run in (
        ("ten expressions, Python re", lambda: _run_naive(column)),
        ("screen of the fixed forms", lambda: screens.may_hold_numbers_or_links(column)),
        ("fixed forms, screen and rules", lambda: _run_structured(column)),
        ("everything, names included", lambda: mask_column(column)),
    ):
        sys.stdout.write(f"{name:32}{_cpu_seconds(run) / len(column) * 1e6:8.1f} CPU-s per million\n")


def _cpu_seconds(run: Callable[[], object]) -> float:
    start = time.process_time()
    run()
    return time.process_time() - start


def _run_naive(column: pl.Series) -> None:
    for text in column.to_list():
        for pattern in _NAIVE:
            pattern.sub("[X]", text)


def _run_structured(column: pl.Series) -> None:
    for text in column.filter(screens.may_hold_numbers_or_links(column)).to_list():
        find_structured(view_of(text))


def _load(path: Path | None, n_rows: int) -> pl.Series:
    if path is not None:
        texts = pl.read_parquet(path, columns=["text"])["text"].drop_nulls()
    else:
        lines = (line for file in sorted(_SAMPLES.rglob("*.jsonl")) for line in file.open(encoding="utf-8"))
        texts = pl.Series("text", [record["text"] for record in map(json.loads, lines) if "text" in record])
    if texts.is_empty():
        raise SystemExit("no texts found: give a Parquet file with a column `text`")
    repeats = -(-n_rows // len(texts))
    return pl.concat([texts] * repeats).head(n_rows)


if __name__ == "__main__":
    main()
