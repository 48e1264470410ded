"""A large export made of the shipped authored verbatims, the same for every run."""

from __future__ import annotations

import csv
import json
import random
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
GOLD = ROOT / "data" / "gold" / "authored.jsonl"
UNITS = tuple(f"Agence {number:03d}" for number in range(1, 201))
CHANNELS = ("agence", "téléphone", "site", "courriel")
SEED = 20260312


def texts() -> list[str]:
    """Read the authored verbatims of the gold set."""
    with GOLD.open(encoding="utf-8") as lines:
        return [json.loads(line)["text"] for line in lines]


def random_texts(n_rows: int) -> Iterator[str]:
    """Draw texts of one to four authored verbatims, about 50 words, nearly all different."""
    rng = random.Random(SEED)
    pool = texts()
    for _ in range(n_rows):
        yield " ".join(rng.choices(pool, k=rng.randint(1, 4)))


def write_export(path: Path, n_rows: int) -> None:
    """Write a survey export of customers over 24 months, 200 units and 4 channels."""
    rng = random.Random(SEED + 1)
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, delimiter=";")
        writer.writerow(["client", "date", "agence", "canal", "note", "commentaire"])
        for index, text in enumerate(random_texts(n_rows)):
            month = rng.randrange(24)
            date = f"{rng.randint(1, 28):02d}/{month % 12 + 1:02d}/{2024 + month // 12}"
            row = [f"C{index // 2}", date, rng.choice(UNITS), rng.choice(CHANNELS), rng.randint(0, 10), text]
            writer.writerow(row)
