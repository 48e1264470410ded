"""Time every figure of a large release: 1M verbatims × 200 units × 24 months, in seconds and peak memory.

    python -m bench.bench_estimate [--verbatims 1000000] [--units 200] [--months 24]

Verbatims and annotations are drawn at random; no text is needed to count.
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
import resource
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from models.labels import LabelSpace
from pipeline import schema
from pipeline.codebook import read_codebook
from pipeline.config import EstimateConfig, ProtectConfig
from pipeline.estimate.measures import BatchFiles, EstimateInputs, estimate
from pipeline.protect.suppression import protect

DIMENSIONS = ("channel", "region", "unit")
N_REGIONS, N_CHANNELS, PART_ROWS = 10, 5, 50_000


def write_world(folder: Path, n: int, units: int, months: int, labels: LabelSpace, seed: int) -> BatchFiles:
    """Write n verbatims with annotations, by four fifths as many people."""
    rng = np.random.default_rng(seed)
    paths: list[tuple[str, str]] = []
    for part, start in enumerate(range(0, n, PART_ROWS)):
        numbers = np.arange(start, min(start + PART_ROWS, n))
        verbatims = _verbatims(rng, numbers, n, units, months)
        names = f"{folder}/v{part}.parquet", f"{folder}/a{part}.parquet"
        pq.write_table(verbatims, names[0])
        pq.write_table(_annotations(rng, verbatims["verbatim_id"], labels), names[1])
        paths.append(names)
    return BatchFiles("bench", tuple(v for v, _ in paths), tuple(a for _, a in paths))


def _verbatims(rng: np.random.Generator, numbers: np.ndarray, n: int, units: int, months: int) -> pa.Table:
    size = len(numbers)
    unit, channel = rng.integers(units, size=size), rng.integers(N_CHANNELS, size=size)
    start = dt.date(2024, 1, 1).toordinal()
    day = start + rng.integers(int(30.4 * months), size=size)
    members = [
        [("unit", f"u{u:03d}"), ("region", f"r{u % N_REGIONS}"), ("channel", f"c{c}")]
        for u, c in zip(unit, channel, strict=True)
    ]
    columns = {
        "verbatim_id": [f"{number:032x}" for number in numbers],
        "batch_id": ["bench"] * size,
        "source": ["bench"] * size,
        "row": numbers,
        "audience": np.where(rng.random(size) < 0.8, "customer", "employee"),
        "respondent": [f"{person * 2654435761:032x}" for person in rng.integers(int(n * 0.8), size=size)],
        "date": pa.array([dt.date.fromordinal(int(d)) for d in day], pa.date32()),
        "question": pa.nulls(size, pa.string()),
        "text": ["Rien à redire, tout est parfait, merci à toute l'équipe"] * size,
        "rating": rng.integers(11, size=size).astype(float),
        "rating_scale": ["nps"] * size,
        "n_masked": np.zeros(size, np.int32),
        "dimensions": pa.array(members, pa.map_(pa.string(), pa.string())),
    }
    return pa.table(columns, schema=schema.VERBATIM)


def _annotations(rng: np.random.Generator, ids: pa.ChunkedArray, labels: LabelSpace) -> pa.Table:
    size = len(ids)
    target = schema.annotation_schema(labels)
    columns: dict[str, object] = {
        "verbatim_id": ids,
        "model_id": ["bench"] * size,
        "codebook_hash": [labels.codebook_hash] * size,
        "confidence": np.ones(size, np.float32),
        "needs_review": np.zeros(size, bool),
        "is_learnt": np.zeros(size, bool),
    }
    for name, values, alpha in (
        ("sentiment", labels.sentiment, 0.4),
        ("enchantment", labels.enchantment, 0.3),
        ("incivility", labels.incivility, 0.2),
    ):
        drawn = rng.dirichlet([4.0, *[alpha] * (len(values) - 1)], size)
        columns[name] = np.array(values)[drawn.argmax(axis=1)]
        columns |= {f"p_{name}_{value}": drawn[:, k].astype(np.float32) for k, value in enumerate(values)}
    for theme in labels.themes:
        drawn = rng.dirichlet([2.0, *[0.3] * len(labels.polarities)], size)
        told = np.array([None, *labels.polarities], dtype=object)[drawn.argmax(axis=1)]
        columns[schema.theme_column(theme)] = pa.array(told, pa.string())
        for k, polarity in enumerate(labels.polarities, start=1):
            columns[schema.theme_probability_column(theme, polarity)] = drawn[:, k].astype(np.float32)
    return pa.table({field.name: columns[field.name] for field in target}, schema=target)


def _cpu_seconds() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def main() -> None:
    """Run the benchmark and print one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--verbatims", type=int, default=1_000_000)
    parser.add_argument("--units", type=int, default=200)
    parser.add_argument("--months", type=int, default=24)
    parser.add_argument("--folder", help="Where the world is, or is written when it is not there.")
    options = parser.parse_args()
    labels = read_codebook().label_space
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(options.folder or temporary)
        folder.mkdir(parents=True, exist_ok=True)
        if not (folder / "v0.parquet").exists():
            write_world(folder, options.verbatims, options.units, options.months, labels, 1)
            if options.folder:
                return  # measured by a second call, in a process that has not held the world
        parts = len(list(folder.glob("v*.parquet")))
        files = BatchFiles(
            "bench",
            tuple(f"{folder}/v{part}.parquet" for part in range(parts)),
            tuple(f"{folder}/a{part}.parquet" for part in range(parts)),
        )
        wall, cpu = time.perf_counter(), _cpu_seconds()
        tables = estimate(EstimateInputs((files,), DIMENSIONS), EstimateConfig(), labels)
        estimated, estimated_cpu = time.perf_counter(), _cpu_seconds()
        safe = protect(tables, ProtectConfig(), None)
        ended, ended_cpu = time.perf_counter(), _cpu_seconds()
    result = {
        "verbatims": options.verbatims,
        "estimate_seconds": round(estimated - wall, 1),
        "estimate_cpu_seconds": round(estimated_cpu - cpu, 1),
        "protect_seconds": round(ended - estimated, 1),
        "protect_cpu_seconds": round(ended_cpu - estimated_cpu, 1),
        "peak_memory_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
        "rows": {name: len(table) for name, table in safe.items()},
    }
    sys.stdout.write(json.dumps(result) + "\n")


if __name__ == "__main__":
    main()
