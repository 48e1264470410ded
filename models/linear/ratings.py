"""Learn from stars: what people who gave one to five of them write, as readings for the second stage."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
from numba import njit
from numpy.typing import NDArray
from scipy import sparse

from models.linear.design import N_WORD_FEATURES, Counts
from models.linear.kernel import Floats

N_RATINGS = 4
"""Columns: at least 2, 3, 4, 5 stars."""
MIN_REVIEWS = 20
_EPOCHS, _RATE, _SHRINK = 3, 0.1, 1e-6


@dataclass(frozen=True, slots=True)
class RatingModel:
    """What words say of the stars.

    Attributes:
        ids: Hash of each word feature kept, ascending.
        rarity: Weight of each by its rarity, shape (ids,).
        weights: Shape (ids, 4).
        offsets: Shape (4,).
    """

    ids: NDArray[np.uint32]
    rarity: Floats
    weights: Floats
    offsets: Floats

    def scores(self, counts: Counts) -> Floats:
        """Score texts or clauses: shape (n, 4)."""
        if len(self.ids) == 0:
            return np.tile(self.offsets, (counts.words.shape[0], 1))
        weighed = _weigh(counts.words, self.ids, self.rarity)
        return np.asarray(weighed @ self.weights + self.offsets, dtype=np.float32)


@dataclass(frozen=True, slots=True)
class RatedReviews:
    """Reviews with stars, n of them.

    Attributes:
        counts: Their features.
        stars: 1 to 5, shape (n,).
        sources: Where each comes from.
    """

    counts: Counts
    stars: NDArray[np.int8]
    sources: NDArray[np.str_]


def empty_ratings() -> RatingModel:
    """Give a model that reads nothing: for training without rated reviews."""
    return RatingModel(
        np.zeros(0, np.uint32),
        np.zeros(0, np.float32),
        np.zeros((0, N_RATINGS), np.float32),
        np.zeros(N_RATINGS, np.float32),
    )


def fit_ratings(reviews: RatedReviews, without: Collection[str] = (), *, seed: int = 0) -> RatingModel:
    """Learn which words go with how many stars, by AdaGrad over single reviews.

    Args:
        reviews: Rated reviews; none of them may be a labelled verbatim.
        without: Sources to leave out, so that a fold that holds them out learns nothing of them.
        seed: Of the order of the reviews.

    Source: Duchi, Hazan and Singer (2011).
    """
    kept = np.flatnonzero(~np.isin(reviews.sources, sorted(without)))
    words = reviews.counts.words[kept]
    n_reviews = np.bincount(words.indices, minlength=N_WORD_FEATURES)
    ids = np.flatnonzero(n_reviews >= MIN_REVIEWS)
    rarity = (np.log((len(kept) + 1) / (n_reviews[ids] + 1.0)) + 1).astype(np.float32)
    weighed = _weigh(words, ids, rarity)
    stars, sources = reviews.stars[kept], reviews.sources[kept]
    targets = np.column_stack([stars >= least for least in range(2, 6)]).astype(np.float32)
    order = np.concatenate([np.random.default_rng(seed + e).permutation(len(kept)) for e in range(_EPOCHS)])
    weights, offsets = _adagrad(
        weighed.indptr, weighed.indices, weighed.data, targets, _balance(stars, sources), order, len(ids)
    )
    return RatingModel(ids.astype(np.uint32), rarity, weights, offsets)


def _balance(stars: NDArray[np.int8], sources: NDArray[np.str_]) -> Floats:
    """Weigh each review by the root of how rare its stars are in its source."""
    _, cells, sizes = np.unique(
        np.char.add(sources, stars.astype(np.str_)), return_inverse=True, return_counts=True
    )
    weights = 1 / np.sqrt(sizes[cells])
    return np.asarray(weights / weights.mean(), dtype=np.float32)


def _weigh(words: sparse.csr_matrix, ids: NDArray[np.integer], rarity: Floats) -> sparse.csr_matrix:
    rows = np.full(N_WORD_FEATURES, -1, dtype=np.int32)
    rows[ids] = np.arange(len(ids))
    kept = rows[words.indices] >= 0
    starts = np.concatenate([[0], np.cumsum(kept)])[words.indptr]
    indices = rows[words.indices[kept]]
    data = rarity[indices]
    lengths = np.sqrt(np.maximum(np.add.reduceat(np.append(data**2, 0), starts[:-1]), 1e-12))
    data = data / np.repeat(lengths, np.diff(starts))
    return sparse.csr_matrix(
        (data.astype(np.float32), indices, starts), shape=(words.shape[0], max(len(ids), 1))
    )


@njit(cache=True, nogil=True)
def _adagrad(starts, features, values, targets, sample_weights, order, n_features):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    width = targets.shape[1]
    weights = np.zeros((n_features, width), np.float32)
    squares = np.full((n_features, width), np.float32(1e-2))
    offsets, offset_squares = np.zeros(width, np.float32), np.full(width, np.float32(1e-2))
    slope = np.zeros(width, np.float32)
    for i in order:
        slope[:] = offsets
        for p in range(starts[i], starts[i + 1]):
            for c in range(width):
                slope[c] += values[p] * weights[features[p], c]
        for c in range(width):
            slope[c] = sample_weights[i] * (1 / (1 + np.exp(-slope[c])) - targets[i, c])
            offset_squares[c] += slope[c] ** 2
            offsets[c] -= _RATE * slope[c] / np.sqrt(offset_squares[c])
        for p in range(starts[i], starts[i + 1]):
            row = features[p]
            for c in range(width):
                step = values[p] * slope[c] + _SHRINK * weights[row, c]
                squares[row, c] += step**2
                weights[row, c] -= _RATE * step / np.sqrt(squares[row, c])
    return weights, offsets
