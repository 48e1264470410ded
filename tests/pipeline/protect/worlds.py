"""Simulated companies: units in regions, channels, months, both audiences; some units tiny."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from tests.pipeline.estimate.conftest import World, annotation, verbatim

N_REGIONS, N_CHANNELS = 3, 2
SENTIMENTS = ("positive", "negative", "mixed", "neutral")
REGION_OF = {f"u{unit:02d}": f"region{unit % N_REGIONS}" for unit in range(60)}


def people(rng: np.random.Generator, n: int, n_units: int, n_months: int, first: int) -> list[tuple]:
    """Draw people: (number, audience, unit, channel, month, sentiment, theme polarity or nothing)."""
    size = rng.pareto(1.0, n_units) + 0.15  # a few large units, many small ones
    drawn = []
    for i in range(n):
        unit = int(rng.choice(n_units, p=size / size.sum()))
        drawn.append(
            (
                first + i,
                "employee" if rng.random() < 0.35 else "customer",
                f"u{unit:02d}",
                f"c{rng.integers(N_CHANNELS)}",
                int(rng.integers(n_months)),
                SENTIMENTS[rng.choice(4, p=[0.4, 0.35, 0.15, 0.1])],
                str(rng.choice(["positive", "negative"])) if rng.random() < 0.3 else None,
            )
        )
    return drawn


def write(folder: Path, batches: Sequence[Sequence[tuple]]) -> World:
    """Write each list of people as a batch; a tagger that is never wrong is the worst case for protection."""
    folder.mkdir(parents=True, exist_ok=True)
    world = World(folder)
    for drawn in batches:
        world.add(
            [
                verbatim(
                    number,
                    audience=audience,
                    date=dt.date(2026, 1 + month, 10),
                    rating=float((number * 7) % 11),
                    rating_scale="nps",
                    dimensions=[("unit", unit), ("region", REGION_OF[unit]), ("channel", channel)],
                )
                for number, audience, unit, channel, month, _, _ in drawn
            ],
            [
                annotation(number, sentiment=sentiment, themes={"listening": polarity} if polarity else {})
                for number, _, _, _, _, sentiment, polarity in drawn
            ],
        )
    return world


def true_counts(drawn: Sequence[tuple], dimensions: Sequence[str], *, theme: bool = False) -> dict:
    """Count people by cell, as the attacker names cells."""
    counts: dict = {}
    for _, audience, unit, channel, month, _, polarity in drawn:
        if theme and polarity is None:
            continue
        members = {"unit": unit, "region": REGION_OF[unit], "channel": channel}
        for period in ("all", f"2026-{1 + month:02d}"):
            cells = [tuple(None for _ in dimensions)]
            cells += [tuple(members[d] if d == name else None for d in dimensions) for name in dimensions]
            for cell in cells:
                key = (audience, period, cell)
                counts[key] = counts.get(key, 0) + 1
    return counts
