"""Fixed folds: who is held out when a model is judged. Every model uses these, so that figures compare."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.gold import AUTHORED, GoldSet

N_RANDOM_FOLDS = 5


@dataclass(frozen=True, slots=True)
class Fold:
    """One split.

    Attributes:
        name: The source held out, or `random-0` …, `authored-0` ….
        train: Positions to learn from.
        test: Positions to judge on; never in `train`.
    """

    name: str
    train: NDArray[np.intp]
    test: NDArray[np.intp]


def source_folds(gold: GoldSet) -> tuple[Fold, ...]:
    """Hold out each real source in turn; authored verbatims are always learnt from.

    This is how a new customer's or a new employer's verbatims will meet the model, so it is the main figure.
    """
    sources = sorted(set(gold.sources.tolist()) - {AUTHORED})
    return tuple(
        Fold(
            name=source,
            train=np.flatnonzero(gold.sources != source),
            test=np.flatnonzero(gold.sources == source),
        )
        for source in sources
    )


def random_folds(gold: GoldSet, n_folds: int = N_RANDOM_FOLDS) -> tuple[Fold, ...]:
    """Split everything at random inside sources; texts that begin alike stay together."""
    return _hashed_folds(gold, n_folds, np.ones(len(gold), dtype=np.bool_), "random")


def authored_folds(gold: GoldSet, n_folds: int = N_RANDOM_FOLDS) -> tuple[Fold, ...]:
    """Hold out a part of the authored verbatims in turn; real ones are always learnt from."""
    return _hashed_folds(gold, n_folds, gold.sources == AUTHORED, "authored")


def fold_numbers(texts: Sequence[str], n_folds: int) -> NDArray[np.intp]:
    """Give each text the number of its fold, by a hash of its first letters.

    The number depends on the text alone: adding or removing others moves nobody. Texts that share their first
    forty letters (a template, a copy, the same with other capitals) share the fold.

    >>> int(fold_numbers(["Très bien !"], 5)[0] == fold_numbers(["tres bien"], 5)[0])
    1
    """
    return np.array([number % n_folds for number in text_numbers(texts)], dtype=np.intp)


def text_numbers(texts: Sequence[str]) -> list[int]:
    """Give each text a 64-bit number that texts which begin alike share."""
    return [_number(text) for text in texts]


def _number(text: str) -> int:
    folded = unicodedata.normalize("NFKD", text.lower()).encode("ascii", "ignore").decode()
    start = re.sub(r"[^a-z0-9]", "", folded)[:40]
    return int.from_bytes(hashlib.sha256(start.encode()).digest()[:8], "big")


def _hashed_folds(gold: GoldSet, n_folds: int, eligible: NDArray[np.bool_], name: str) -> tuple[Fold, ...]:
    numbers = fold_numbers(gold.batch.texts, n_folds)
    folds = []
    for k in range(n_folds):
        test = eligible & (numbers == k)
        folds.append(Fold(f"{name}-{k}", np.flatnonzero(~test), np.flatnonzero(test)))
    return tuple(folds)
