"""Gather what the linear model learns from: labelled verbatims and rated reviews, masked first."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from models.folds import text_numbers
from models.gold import (
    GoldSet,
    gold_from_records,
    joined_gold,
    read_gold,
    record_problem,
    text_hash,
    text_keys,
)
from models.labels import LabelSpace
from models.linear.design import count_features
from models.linear.ratings import RatedReviews
from models.tagger import VerbatimBatch
from models.unlabelled import Unlabelled
from pipeline.errors import ConfigError
from pipeline.privacy.masking import mask_column

GOLD_FOLDER = Path(__file__).resolve().parents[1] / "data" / "gold"
REVIEW_LABELS = "review_labels.parquet"
ANSWERS = ("short_answers.jsonl", "longer_answers.jsonl")
LONG_REVIEWS = 3
"""The series of review labels that, like the authored answers, only models without a limit learn from."""
REVIEWS = "reviews.parquet"
LABELLED = "labelled_real.jsonl"
DATA_VARIABLE = "MIROIR_TRAINING_DATA"
USUAL_DATA = Path("../shared/data")
MOST_VERBATIMS = 32_000
"""Memory grows with the square of the verbatims: at this many, 4 GB a matrix, of which there are two."""


@dataclass(frozen=True, slots=True)
class TrainingData:
    """What to learn from.

    Attributes:
        gold: Masked labelled verbatims.
        reviews: Masked rated reviews that are no labelled verbatim, or None.
    """

    gold: GoldSet
    reviews: RatedReviews | None


def data_folder(named: Path | None, own: Sequence[Path]) -> Path | None:
    """Choose the folder of the training data.

    Args:
        named: The folder that somebody named.
        own: Labelled verbatims that they brought: the usual folder is then not looked for.

    Returns:
        The named folder, else the one of `MIROIR_TRAINING_DATA`, else the usual one where it is there.
    """
    if named is not None:
        return named
    if DATA_VARIABLE in os.environ:
        return Path(os.environ[DATA_VARIABLE])
    return USUAL_DATA if not own and USUAL_DATA.is_dir() else None


def gather(
    data: Path,
    labels: LabelSpace,
    own: Sequence[Path],
    report: Callable[[str], None],
    *,
    most: int | None = None,
) -> TrainingData:
    """Gather the data that the shipped model was trained on, and somebody's own labelled verbatims.

    Args:
        data: Folder with `labelled_real.jsonl` and `reviews.parquet`; the texts stay there.
        labels: The codebook's label space.
        own: Labelled verbatims to learn from as well.
        report: Told what is being done.
        most: Most verbatims to learn from. Authored answers and long reviews are then left out, and evenly
            beyond it reviews labelled by hash, then what else comes with Miroir, then own ones.

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
    authored = authored_files(answers=most is None)
    shipped = read_labelled([data / LABELLED, *authored], own, labels, most, report)
    found = _labelled_reviews(reviews, labels, set(shipped.batch.texts))
    if most is not None:
        found = [record for record in found if record.get("series") != LONG_REVIEWS]
    joined = gold_from_records(found, labels, themes_read=shipped_themes())
    if most is not None:
        joined = at_most(most - len(shipped), joined, report)
    report("masking")
    gold = masked(joined_gold(shipped, joined))
    return TrainingData(gold, _rated(reviews, gold, report))


def authored_files(*, answers: bool) -> list[Path]:
    """List the shipped files of authored verbatims.

    Args:
        answers: With the thousands of answers, for models that can hold that many.
    """
    files = sorted(GOLD_FOLDER.glob("authored*.jsonl"))
    return (
        [*files, *(path for name in ANSWERS if (path := GOLD_FOLDER / name).is_file())] if answers else files
    )


def authored_questions(labels: LabelSpace) -> dict[str, str]:
    """Give the questions that shipped authored verbatims answer, by the verbatims' text keys."""
    gold = read_labelled(authored_files(answers=True), [], labels)
    asked = np.flatnonzero([bool(question) for question in gold.batch.questions])
    answers = masked(gold.take(asked))
    return {
        str(key): str(question)
        for key, question in zip(text_keys(answers), answers.batch.questions, strict=True)
    }


def read_labelled(
    shipped: Sequence[Path],
    own: Sequence[Path],
    labels: LabelSpace,
    most: int | None = None,
    report: Callable[[str], None] = lambda message: None,
) -> GoldSet:
    """Read labelled verbatims: those that come with Miroir, then somebody's own.

    Args:
        shipped: Files whose readers knew the shipped codebook: of a theme added to it they say nothing.
        own: Files whose readers knew the codebook in use.
        labels: The codebook's label space.
        most: Most verbatims in all, somebody's own first.
        report: Told how many were left aside.
    """
    theirs, mine = read_gold(shipped, labels, themes_read=shipped_themes()), read_gold(own, labels)
    if most is not None:
        mine = at_most(most, mine, report)
        theirs = at_most(most - len(mine), theirs, report)
    return joined_gold(theirs, mine)


def shipped_themes() -> frozenset[str] | None:
    """Give the themes that the readers of the shipped labels were asked about; None without these labels."""
    path = GOLD_FOLDER / REVIEW_LABELS
    if not path.is_file():
        return None
    columns = pl.read_parquet_schema(path)
    return frozenset(name.removeprefix("theme_") for name in columns if name.startswith("theme_"))


def thinned(gold: GoldSet, most: int) -> GoldSet:
    """Leave verbatims out evenly, by a hash of their text, until at most so many remain."""
    kept = np.argsort(text_keys(gold), kind="stable")[:most]
    return gold.take(np.sort(kept))


def at_most(most: int, gold: GoldSet, report: Callable[[str], None]) -> GoldSet:
    """Leave verbatims out as `thinned` does, and tell how many."""
    kept = thinned(gold, most)
    if len(kept) < len(gold):
        report(f"{len(gold) - len(kept)} labelled verbatims left aside, {len(kept)} kept of these")
    return kept


def masked(gold: GoldSet) -> GoldSet:
    """Mask the texts of labelled verbatims."""
    texts, _ = mask_column(pl.Series("text", list(gold.batch.texts), dtype=pl.String))
    batch = VerbatimBatch(
        texts=texts.to_list(), audiences=gold.batch.audiences, questions=gold.batch.questions
    )
    return replace(gold, batch=batch)


def labelled_hashes(data: Path) -> set[str]:
    """Give the SHA-256 of every text with labels: the folder's, and those whose labels are shipped."""
    found = {record["sha256"] for record in read_review_labels()}
    return found | {text_hash(record["text"]) for record in _lines(data / LABELLED)}


def read_review_labels() -> list[dict[str, Any]]:
    """Read the shipped labels of public reviews in the codebook's format, `sha256` in place of the text.

    A theme's column `theme_<id>` holds its polarity, or nothing where the theme is absent; a label on which
    two readers differed is nothing too, and is left out.
    """
    path = GOLD_FOLDER / REVIEW_LABELS
    if not path.is_file():
        return []
    return [
        {
            **{
                name: value
                for name, value in row.items()
                if value is not None and not name.startswith("theme_")
            },
            "sha256": row["sha256"].hex(),
            "themes": {
                name.removeprefix("theme_"): value
                for name, value in row.items()
                if name.startswith("theme_") and value is not None
            },
        }
        for row in pl.read_parquet(path).iter_rows(named=True)
    ]


def authored_texts() -> dict[str, list[str]]:
    """Give the shipped authored texts of each audience."""
    texts: dict[str, list[str]] = {}
    for path in sorted(GOLD_FOLDER.glob("authored*.jsonl")):
        for record in _lines(path):
            texts.setdefault(record["audience"], []).append(record["text"])
    return texts


def _lines(path: Path) -> list[dict[str, Any]]:
    if not path.is_file():
        return []
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def _labelled_reviews(reviews: pl.DataFrame, labels: LabelSpace, known: set[str]) -> list[dict[str, Any]]:
    """Give the shipped labels of reviews their texts back: the labels name them by hash."""
    by_hash = {record["sha256"]: record for record in read_review_labels()}
    records = []
    for text, source in zip(reviews["text"], reviews["source"], strict=True):
        found = by_hash.get(text_hash(text))
        if found is not None and text not in known:
            record = {**found, "id": found["sha256"][:12], "text": text, "source": source}
            if record_problem(record, labels) is None:
                records.append(record)
    return records


def unlabelled(data: Path, gold: GoldSet) -> Unlabelled:
    """Read the reviews that are no labelled verbatim nor begin like one, each beginning once, and mask them.

    Args:
        data: Folder with `reviews.parquet`; the texts stay there.
        gold: The masked labelled verbatims.
    """
    reviews = pl.read_parquet(data / REVIEWS)
    texts, _ = mask_column(reviews["text"])
    numbers = np.array(text_numbers(texts.to_list()), dtype=np.uint64)
    labelled = np.array(text_numbers(gold.batch.texts), dtype=np.uint64)
    _, first = np.unique(numbers, return_index=True)
    fresh = np.sort(first[~np.isin(numbers[first], labelled)])
    kept = texts.gather(fresh).to_list()
    return Unlabelled(
        VerbatimBatch(texts=kept, audiences=["customer"] * len(kept), questions=[None] * len(kept)),
        sources=reviews["source"].to_numpy()[fresh].astype(np.str_),
    )


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
