"""Attack the releases of a large simulated company; count the hidden cells recovered to within one person.

python -m bench.bench_attack [--people 6000] [--units 60] [--months 6] [--targets 60]
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
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
from pipeline.protect import attack
from pipeline.protect.suppression import protect

DIMENSIONS = ("channel", "region", "unit")
N_REGIONS, N_CHANNELS = 8, 3
THEME = "listening"
SENTIMENTS = ("positive", "negative", "mixed", "neutral")


def draw(rng: np.random.Generator, n: int, units: int, months: int, first: int) -> dict[str, np.ndarray]:
    """Draw people: many small units, a few large ones."""
    weight = np.random.default_rng(7).pareto(0.9, units) + 0.02
    return {
        "number": first + np.arange(n),
        "audience": np.where(rng.random(n) < 0.35, "employee", "customer"),
        "unit": rng.choice(units, n, p=weight / weight.sum()),
        "channel": rng.integers(N_CHANNELS, size=n),
        "month": rng.integers(months, size=n),
        "sentiment": rng.choice(4, n, p=[0.4, 0.35, 0.15, 0.1]),
        "theme": rng.random(n) < 0.25,
    }


def write(folder: Path, name: str, people: dict[str, np.ndarray], labels: LabelSpace) -> BatchFiles:
    """Write people as a batch, tagged without error: the worst case for protection."""
    n = len(people["number"])
    ids = [f"{number:032x}" for number in people["number"]]
    members = [
        [("unit", f"u{u:03d}"), ("region", f"r{u % N_REGIONS}"), ("channel", f"c{c}")]
        for u, c in zip(people["unit"], people["channel"], strict=True)
    ]
    verbatims = {
        "verbatim_id": ids,
        "batch_id": [name] * n,
        "source": ["bench"] * n,
        "row": people["number"],
        "audience": people["audience"],
        "respondent": [f"{number * 2654435761:032x}" for number in people["number"]],
        "date": pa.array([dt.date(2026, 1 + int(m), 9) for m in people["month"]], pa.date32()),
        "text": ["Rien à redire"] * n,
        "n_masked": np.zeros(n, np.int32),
        "dimensions": pa.array(members, pa.map_(pa.string(), pa.string())),
    }
    target = schema.annotation_schema(labels)
    sentiment = np.array(SENTIMENTS)[people["sentiment"]]
    told = np.where(people["theme"], "positive", None)
    tags: dict[str, object] = {
        "verbatim_id": ids,
        "model_id": ["bench"] * n,
        "codebook_hash": [labels.codebook_hash] * n,
        "sentiment": sentiment,
        "enchantment": ["none"] * n,
        "incivility": ["none"] * n,
        "confidence": np.ones(n, np.float32),
        "needs_review": np.zeros(n, bool),
        "is_learnt": np.zeros(n, bool),
        schema.theme_column(THEME): pa.array(told.tolist(), pa.string()),
        schema.theme_probability_column(THEME, "positive"): people["theme"].astype(np.float32),
        schema.enchantment_column("none"): np.ones(n, np.float32),
        schema.incivility_column("none"): np.ones(n, np.float32),
    }
    tags |= {schema.sentiment_column(s): (sentiment == s).astype(np.float32) for s in SENTIMENTS}
    for field in target:
        empty = np.zeros(n, np.float32) if field.name.startswith("p_") else pa.nulls(n, field.type)
        tags.setdefault(field.name, empty)
    paths = f"{folder}/{name}-v.parquet", f"{folder}/{name}-a.parquet"
    filled = {f.name: verbatims.get(f.name, pa.nulls(n, f.type)) for f in schema.VERBATIM}
    pq.write_table(pa.table(filled, schema=schema.VERBATIM), paths[0])
    pq.write_table(pa.table({f.name: tags[f.name] for f in target}, schema=target), paths[1])
    return BatchFiles(name, (paths[0],), (paths[1],))


def counts(people: dict[str, np.ndarray]) -> dict[attack.Cell, int]:
    """Count people by cell, as the attacker names cells."""
    found: dict[attack.Cell, int] = {}
    for a, u, c, m in zip(
        people["audience"], people["unit"], people["channel"], people["month"], strict=True
    ):
        members = (f"c{c}", f"r{u % N_REGIONS}", f"u{u:03d}")
        for period in ("all", f"2026-{m + 1:02d}"):
            for k in (None, 0, 1, 2):
                cell = tuple(members[i] if i == k else None for i in range(3))
                found[str(a), period, cell] = found.get((str(a), period, cell), 0) + 1
    return found


def main() -> None:
    """Run the attacks and print one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--people", type=int, default=6000)
    parser.add_argument("--units", type=int, default=60)
    parser.add_argument("--months", type=int, default=6)
    parser.add_argument("--targets", type=int, default=60, help="Hidden cells attacked by each attack.")
    options = parser.parse_args()
    labels, config = read_codebook().label_space, ProtectConfig()
    rng = np.random.default_rng(11)
    nested = {f"u{u:03d}": f"r{u % N_REGIONS}" for u in range(options.units)}
    knowledge = attack.Knowledge(
        DIMENSIONS,
        {"unit": ("region", nested)},
        config.round_counts,
        {"customer": config.customer.weight_of, "employee": config.employee.weight_of},
    )
    started = time.perf_counter()
    old = draw(rng, options.people, options.units, options.months, 0)
    new = draw(rng, options.people // 100, options.units, options.months, 10**7)
    with tempfile.TemporaryDirectory() as temporary:
        batches = [write(Path(temporary), name, p, labels) for name, p in (("old", old), ("new", new))]
        first = _release(batches[:1], labels, config, None)
        second = _release(batches, labels, config, first["_shown"])
    before = counts(old)
    now = counts({name: np.concatenate([old[name], new[name]]) for name in old})
    measures = first["measures"]
    results: dict[str, object] = {"people": options.people, "units": options.units, "months": options.months}
    for name, view in (
        ("counts", attack.view_counts(measures, knowledge)),
        ("themes", attack.view_counts(measures, knowledge, "theme_net", THEME)),
        ("sums", attack.bound_sums(measures, knowledge, "sentiment_negative")[0]),
    ):
        hidden = [i for i in np.flatnonzero(view.hidden) if before.get(view.cells[i], 0) > 0]
        targets = rng.permutation(hidden)[: options.targets].tolist()
        low, high = attack.bound(view, knowledge, targets)
        results[name] = {
            "hidden": len(hidden),
            "attacked": len(targets),
            "recovered": int(
                (attack.recovered_sums if name == "sums" else attack.recovered)(low, high).sum()
            ),
            "narrowest": float((high - low).min()),
        }
    shown = attack.view_counts(second["measures"], knowledge)
    open_cells = {cell for cell, hidden in zip(shown.cells, shown.hidden, strict=True) if not hidden}
    few = [
        c for c in now if c in open_cells and c in before and 0 < now[c] - before[c] < config.employee.changes
    ]
    targets = [few[i] for i in rng.permutation(len(few))[: options.targets]]
    low, high = attack.bound_between(measures, second["measures"], knowledge, targets)
    results["releases"] = {
        "changed by a few": len(few),
        "attacked": len(targets),
        "recovered": int(attack.recovered(low, high).sum()),
        "narrowest": float((high - low).min()) if len(targets) else None,
    }
    results["seconds"] = round(time.perf_counter() - started, 1)
    sys.stdout.write(json.dumps(results) + "\n")


def _release(
    batches: list[BatchFiles], labels: LabelSpace, config: ProtectConfig, ledger: pa.Table | None
) -> dict[str, pa.Table]:
    return protect(
        estimate(EstimateInputs(tuple(batches), DIMENSIONS), EstimateConfig(), labels), config, ledger
    )


if __name__ == "__main__":
    main()
