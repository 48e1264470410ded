"""How fast files become masked batches, and in how much memory.

    python bench/bench_ingest.py [--rows 100000] [--kind csv|parquet|jsonl]

Texts are the authored ones of `data/gold/authored.jsonl`, repeated; each row has its own respondent, so that
nothing is rejected as a duplicate. One line a measure, as JSON.
"""

from __future__ import annotations

import argparse
import cProfile
import json
import pstats
import resource
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from random import Random

import polars as pl

from pipeline.config import SourceConfig
from pipeline.ingest.batches import find_inputs, ingest_input
from pipeline.ingest.language import find_not_french
from pipeline.workspace import Workspace

GOLD = Path(__file__).parents[1] / "data" / "gold" / "authored.jsonl"
SECRET = b"a secret of thirty-two bytes, ok"
CHUNK_ROWS = 50_000


def frames(n_rows: int) -> Iterator[pl.DataFrame]:
    """Make rows chunk by chunk: identifier, date, unit, rating, text."""
    texts = [json.loads(line)["text"] for line in GOLD.read_text(encoding="utf-8").splitlines()]
    random = Random(7)
    for start in range(0, n_rows, CHUNK_ROWS):
        rows = range(start, min(n_rows, start + CHUNK_ROWS))
        yield pl.DataFrame(
            {
                "Id": [f"P{row}" for row in rows],
                "Date": [f"{1 + row % 28:02d}/{1 + row % 6:02d}/2026 14:{row % 60:02d}:33" for row in rows],
                "Agence": [f"Agence {row % 40}" for row in rows],
                "Note": [str(row % 11) for row in rows],
                "Avis": [random.choice(texts) for _ in rows],
            }
        )


def write_input(path: Path, n_rows: int) -> None:
    """Write the rows in the format that the name says."""
    if path.suffix == ".parquet":
        pl.concat(frames(n_rows)).write_parquet(path)
        return
    with path.open("wb") as stream:
        for i, frame in enumerate(frames(n_rows)):
            if path.suffix == ".csv":
                frame.write_csv(stream, include_header=i == 0, separator=";")
            else:
                frame.write_ndjson(stream)


def measure_ingest(path: Path, profile: bool) -> dict[str, object]:
    """Ingest a file into a new workspace and measure it."""
    source = SourceConfig.model_validate(
        {
            "name": "bench",
            "audience": "customer",
            "path": str(path),
            "text": "Avis",
            "respondent": "Id",
            "date": "Date",
            "rating": {"column": "Note", "scale": "nps"},
            "dimensions": {"unit": "Agence"},
        }
    )
    (item,) = find_inputs(source, path.parent)
    with tempfile.TemporaryDirectory() as folder:
        profiler = cProfile.Profile()
        started, cpu = time.perf_counter(), time.process_time()
        if profile:
            profiler.enable()
        report = ingest_input(Workspace(folder), source, item, SECRET)
        profiler.disable()
        seconds, cpu_seconds = time.perf_counter() - started, time.process_time() - cpu
    if profile:
        pstats.Stats(profiler).sort_stats("cumtime").print_stats("pipeline", 40)
    return {
        "step": "ingest",
        "kind": path.suffix[1:],
        "rows": report.rows_read,
        "kept": report.n_verbatims,
        "seconds": round(seconds, 1),
        "cpu_seconds": round(cpu_seconds, 1),
        "verbatims_per_cpu_second": round(report.answers_read / cpu_seconds),
        "megabytes_peak": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
    }


def measure_language(n_rows: int) -> dict[str, object]:
    """Measure the language check alone."""
    texts = next(frames(min(n_rows, CHUNK_ROWS)))["Avis"]
    cpu = time.process_time()
    find_not_french(texts)
    return {"step": "language", "verbatims_per_cpu_second": round(len(texts) / (time.process_time() - cpu))}


def main() -> None:
    """Run the measures asked for and print each as a line of JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--kind", choices=("csv", "parquet", "jsonl"), default="csv")
    parser.add_argument("--profile", action="store_true", help="show where the time goes")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"bench.{arguments.kind}"
        write_input(path, arguments.rows)
        for result in (measure_ingest(path, arguments.profile), measure_language(arguments.rows)):
            print(json.dumps(result))


if __name__ == "__main__":
    main()
