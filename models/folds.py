"""Fixed folds: who is held out when a model is judged. Every model uses these, so that figures compare."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.gold import AUTHORED, UNKNOWN, GoldSet

N_RANDOM_FOLDS = 5
N_GROUPS = 3


@dataclass(frozen=True, slots=True)
class Fold:
    """One split.

    Attributes:
        name: The sources held out, or `part-0` …, `random-0` ….
        train: Positions to learn from.
        test: Positions to judge on; never in `train`.
    """

    name: str
    train: NDArray[np.intp]
    test: NDArray[np.intp]


def group_folds(gold: GoldSet, n_groups: int = N_GROUPS) -> tuple[Fold, ...]:
    """Hold out groups of real sources whole, and with each group a part of all other verbatims.

    Every verbatim is judged once, by a model that saw neither its source nor the rest of its group: stricter
    than one source at a time, and cheaper. The sources of an audience are spread over the groups, so that
    each is judged by a model that has read another source of its audience, where there is one. Authored
    verbatims, and those of a source that alone knows a theme (held out whole, nothing would be known of the
    theme), are held out in parts by a hash of their text; so is everything where there are not two real
    sources.

    Args:
        gold: Labelled verbatims.
        n_groups: Number of groups.
    """
    group = fold_numbers(gold.batch.texts, n_groups)
    real = set(gold.sources.tolist()) - {AUTHORED} - _alone_with_a_theme(gold)
    names: list[set[str]] = [set() for _ in range(n_groups)]
    if len(real) > 1:
        for audience in sorted(set(gold.batch.audiences)):
            sizes = [0] * n_groups
            for source, count in _sources_by_size(gold, real, audience):
                smallest = sizes.index(min(sizes))
                group[gold.sources == source] = smallest
                names[smallest].add(source)
                sizes[smallest] += count
    return tuple(
        Fold(
            name=" + ".join(sorted(names[k])) or f"part-{k}",
            train=np.flatnonzero(group != k),
            test=np.flatnonzero(group == k),
        )
        for k in range(n_groups)
        if (group == k).any()
    )


def _sources_by_size(gold: GoldSet, real: set[str], audience: str) -> list[tuple[str, int]]:
    """List the real sources of an audience, the largest first."""
    own = gold.sources[gold.audiences == audience]
    names, counts = np.unique(own[np.isin(own, sorted(real))], return_counts=True)
    return [(str(names[k]), int(counts[k])) for k in np.argsort(-counts, kind="stable")]


def _alone_with_a_theme(gold: GoldSet) -> set[str]:
    knowing = [
        set(gold.sources[gold.themes[:, k] != UNKNOWN].tolist()) for k in range(len(gold.labels.themes))
    ]
    return set().union(*(sources for sources in knowing if len(sources) == 1))


def random_folds(gold: GoldSet, n_folds: int = N_RANDOM_FOLDS) -> tuple[Fold, ...]:
    """Split everything at random inside sources; texts that begin alike stay together.

    Kinder than `group_folds`: every source is known. It tells what a company may hope for once some of its
    own verbatims are labelled.
    """
    numbers = fold_numbers(gold.batch.texts, n_folds)
    return tuple(
        Fold(f"random-{k}", np.flatnonzero(numbers != k), np.flatnonzero(numbers == k))
        for k in range(n_folds)
    )


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
