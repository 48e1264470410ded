"""Small worlds: verbatims and annotations as Parquet, made of a plan of cells."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipeline import schema
from pipeline.codebook import read_codebook
from pipeline.estimate.measures import BatchFiles, EstimateInputs

LABELS = read_codebook().label_space


def verbatim(number: int, **changes: Any) -> dict[str, Any]:
    row = {
        "verbatim_id": f"v{number:07d}",
        "batch_id": "b1",
        "source": "enquete",
        "row": number,
        "audience": "customer",
        "respondent": f"r{number:07d}",
        "date": dt.date(2026, 3, 15),
        "question": None,
        "text": "Très bien reçue à l’agence 😊",
        "rating": None,
        "rating_scale": None,
        "n_masked": 0,
        "dimensions": [],
    }
    return row | changes


def annotation(number: int, **labels: Any) -> dict[str, Any]:
    """An annotation that is sure of its labels, unless `probabilities` says otherwise."""
    themes: dict[str, str] = labels.get("themes", {})
    row: dict[str, Any] = {
        "verbatim_id": labels.get("verbatim_id", f"v{number:07d}"),
        "model_id": "m",
        "codebook_hash": LABELS.codebook_hash,
        "sentiment": labels.get("sentiment", "neutral"),
        "enchantment": labels.get("enchantment", "none"),
        "incivility": labels.get("incivility", "none"),
        "confidence": 0.9,
        "needs_review": False,
        "is_learnt": labels.get("is_learnt", False),
    }
    for name in schema.probability_columns(LABELS):
        row[name] = 0.0
    row[schema.sentiment_column(row["sentiment"])] = 1.0
    row[schema.enchantment_column(row["enchantment"])] = 1.0
    row[schema.incivility_column(row["incivility"])] = 1.0
    for theme in LABELS.themes:
        row[schema.theme_column(theme)] = themes.get(theme)
        if theme in themes:
            row[schema.theme_probability_column(theme, themes[theme])] = 1.0
    return row | labels.get("probabilities", {})


class World:
    """Writes batches and gives the inputs of `estimate`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.batches: list[BatchFiles] = []

    def add(self, verbatims: Sequence[dict[str, Any]], annotations: Sequence[dict[str, Any]]) -> None:
        number = len(self.batches)
        v, a = self.folder / f"v{number}.parquet", self.folder / f"a{number}.parquet"
        pq.write_table(pa.Table.from_pylist(list(verbatims), schema=schema.VERBATIM), v)
        pq.write_table(pa.Table.from_pylist(list(annotations), schema=schema.annotation_schema(LABELS)), a)
        self.batches.append(BatchFiles(f"b{number}", (str(v),), (str(a),)))

    def inputs(self, dimensions: Sequence[str] = (), **more: Any) -> EstimateInputs:
        return EstimateInputs(tuple(self.batches), tuple(dimensions), **more)


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(20260301)
