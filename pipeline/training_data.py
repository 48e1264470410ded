"""Gather what the linear model learns from: labelled verbatims and rated reviews, masked first."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from models.folds import text_numbers
from models.gold import GoldSet, gold_from_records, joined_gold, read_gold, record_problem
from models.labels import LabelSpace
from models.linear.design import count_features
from models.linear.ratings import RatedReviews
from models.tagger import VerbatimBatch
from pipeline.errors import ConfigError
from pipeline.privacy.masking import mask_column

GOLD_FOLDER = Path(__file__).resolve().parents[1] / "data" / "gold"
REVIEW_LABELS = "review_labels.jsonl"
REVIEWS = "reviews.parquet"
LABELLED = "labelled_real.jsonl"


@dataclass(frozen=True, slots=True)
class TrainingData:
    """What to learn from.

    Attributes:
        gold: Masked labelled verbatims.
        reviews: Masked rated reviews that are no labelled verbatim, or None.
    """

    gold: GoldSet
    reviews: RatedReviews | None


def gather(
    data: Path, labels: LabelSpace, own: Sequence[Path], report: Callable[[str], None]
) -> TrainingData:
    """Gather the data that the shipped model was trained on, and somebody's own labelled verbatims.

    Args:
        data: Folder with `labelled_real.jsonl` and `reviews.parquet`; the texts stay there.
        labels: The codebook's label space.
        own: Labelled verbatims to learn from as well.
        report: Told what is being done.

    Raises:
        ConfigError: The folder lacks one of the two files.
    """
    for name in (LABELLED, REVIEWS):
        if not (data / name).is_file():
            raise ConfigError.because(
                "the training data cannot be found",
                expected=f"{LABELLED} and {REVIEWS}",
                got=f"no {name}",
                where=str(data),
                do="Name their folder with --data or MIROIR_TRAINING_DATA, or train on your own with --gold",
            )
    report("reading labelled verbatims and reviews")
    reviews = pl.read_parquet(data / REVIEWS)
    authored = sorted(path for path in GOLD_FOLDER.glob("authored*.jsonl"))
    shipped = read_gold([data / LABELLED, *authored, *own], labels)
    joined = gold_from_records(_labelled_reviews(reviews, labels, set(shipped.batch.texts)), labels)
    report("masking")
    gold = masked(joined_gold(shipped, joined))
    return TrainingData(gold, _rated(reviews, gold, report))


def masked(gold: GoldSet) -> GoldSet:
    """Mask the texts of labelled verbatims."""
    texts, _ = mask_column(pl.Series("text", list(gold.batch.texts), dtype=pl.String))
    batch = VerbatimBatch(
        texts=texts.to_list(), audiences=gold.batch.audiences, questions=gold.batch.questions
    )
    return replace(gold, batch=batch)


def _labelled_reviews(reviews: pl.DataFrame, labels: LabelSpace, known: set[str]) -> list[dict[str, Any]]:
    """Give the shipped labels of reviews their texts back: the labels name them by hash."""
    path = GOLD_FOLDER / REVIEW_LABELS
    if not path.is_file():
        return []
    by_hash = {}
    for line in path.read_text(encoding="utf-8").splitlines():
        record = json.loads(line)
        by_hash[record["sha256"]] = record
    records = []
    for text, source in zip(reviews["text"], reviews["source"], strict=True):
        found = by_hash.get(hashlib.sha256(text.encode()).hexdigest())
        if found is not None and text not in known:
            record = {**found, "id": found["sha256"][:12], "text": text, "source": source}
            if record_problem(record, labels) is None:
                records.append(record)
    return records


def _rated(reviews: pl.DataFrame, gold: GoldSet, report: Callable[[str], None]) -> RatedReviews:
    """Keep rated reviews that are no labelled verbatim nor begin like one."""
    rated = reviews.filter(pl.col("rating").is_not_null())
    texts, _ = mask_column(rated["text"])
    report("counting words of the rated reviews")
    labelled = np.array(text_numbers(gold.batch.texts), dtype=np.uint64)
    fresh = np.flatnonzero(~np.isin(np.array(text_numbers(texts.to_list()), dtype=np.uint64), labelled))
    kept = texts.gather(fresh).to_list()
    counts, _ = count_features(kept, with_letters=False)
    return RatedReviews(
        counts=counts,
        stars=rated["rating"].to_numpy()[fresh].astype(np.int8),
        sources=rated["source"].to_numpy()[fresh].astype(np.str_),
    )
