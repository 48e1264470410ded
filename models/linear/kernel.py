"""Regularised logistic regression with many outputs at once, solved among the texts instead of the features.

With some ten thousand texts and millions of hashed features, the likenesses between texts (the Gram matrix)
fit in memory, are computed once, and serve every fold, every head and every penalty.

Source: Kimeldorf and Wahba (1971), the representer theorem; conjugate gradients in the kernel's own metric.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numba import njit, prange
from numpy.typing import NDArray
from scipy import sparse

Floats = NDArray[np.float32]

_NEWTON_STEPS = 6


@dataclass(frozen=True, slots=True)
class Head:
    """One thing to learn.

    Attributes:
        name: What is learnt.
        targets: Shape (n, 1) with 0 or 1, or (n, classes) with rows that sum to 1.
        weights: Weight of each text in the loss, shape (n,); 0 where the label is not known.
        penalty: Strength of the ridge penalty.
    """

    name: str
    targets: Floats
    weights: Floats
    penalty: float


@dataclass(frozen=True, slots=True)
class Solution:
    """What was learnt.

    Attributes:
        dual: Shape (n, columns of all heads in order): scores of new texts are their likeness to the
            training texts times these, plus the offsets.
        offsets: Log-odds of each column before a text is read, shape (columns,).
    """

    dual: Floats
    offsets: Floats


def gram_matrix(features: sparse.csr_matrix) -> Floats:
    """Compute the dot products between all rows.

    Args:
        features: Shape (n, d), sparse.

    Returns:
        Shape (n, n), symmetric.
    """
    used, positions = np.unique(features.indices, return_inverse=True)
    data = features.data.astype(np.float32)
    n = features.shape[0]
    columns = sparse.csr_matrix((data, positions, features.indptr), shape=(n, max(len(used), 1))).tocsc()
    columns.sort_indices()
    gram: Floats = _lower_gram(
        features.indptr.astype(np.int64),
        positions.astype(np.int64),
        data,
        columns.indptr.astype(np.int64),
        columns.indices.astype(np.int64),
        columns.data,
        n,
    )
    _mirror(gram)
    return gram


@njit(cache=True, nogil=True, parallel=True)
def _mirror(gram):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    """Fill the upper triangle from the lower one in place: a copy would not fit beside a large matrix."""
    for i in prange(gram.shape[0]):
        for j in range(i + 1, gram.shape[0]):
            gram[i, j] = gram[j, i]


@njit(cache=True, nogil=True, parallel=True, fastmath=True)
def _lower_gram(row_starts, features, values, column_starts, rows, column_values, n):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    gram = np.zeros((n, n), np.float32)
    for i in prange(n):
        row = gram[i]
        for p in range(row_starts[i], row_starts[i + 1]):
            value = values[p]
            for q in range(column_starts[features[p]], column_starts[features[p] + 1]):
                j = rows[q]
                if j > i:
                    break
                row[j] += value * column_values[q]
    return gram


def fit_heads(
    gram: Floats, heads: Sequence[Head], *, max_steps: int = 40, tolerance: float = 3e-3
) -> Solution:
    """Learn every head by conjugate gradients with an exact line search for each.

    Args:
        gram: Likeness between the training texts, shape (n, n); add a constant to it for an intercept.
        heads: What to learn.
        max_steps: Steps at most.
        tolerance: A head is learnt once its gradient's norm fell by this factor.

    Returns:
        Dual coefficients and offsets; a text whose label is not known has coefficients 0.
    """
    columns, width = _columns(heads)
    dual = np.zeros((gram.shape[0], width), np.float32)
    for known, together in _by_known(heads).items():
        rows = np.frombuffer(known, dtype=np.bool_)
        part = gram if rows.all() else gram[np.ix_(rows, rows)]
        some = [_restricted(heads[k], rows) for k in together]
        learnt = _fit_known(part, some, max_steps, tolerance)
        for k, block in zip(together, _columns(some)[0], strict=True):
            dual[rows, columns[k]] = learnt[:, block]
    return Solution(dual, np.concatenate([_offsets(head) for head in heads]))


def _offsets(head: Head) -> Floats:
    """Give the log-odds of the head's values over its texts, smoothed by one text each."""
    counts = head.weights @ head.targets + 1
    whole = float(head.weights.sum()) + 2
    if head.targets.shape[1] == 1:
        return np.asarray(np.log(counts / (whole - counts)), dtype=np.float32)
    return np.asarray(np.log(counts / counts.sum()), dtype=np.float32)


def _by_known(heads: Sequence[Head]) -> dict[bytes, list[int]]:
    """Group heads that know the same texts: a text without the label has no coefficient."""
    groups: dict[bytes, list[int]] = {}
    for k, head in enumerate(heads):
        groups.setdefault((head.weights > 0).tobytes(), []).append(k)
    return groups


def _restricted(head: Head, rows: NDArray[np.bool_]) -> Head:
    return Head(head.name, head.targets[rows], head.weights[rows], head.penalty)


def _fit_known(gram: Floats, heads: Sequence[Head], max_steps: int, tolerance: float) -> Floats:
    columns, width = _columns(heads)
    n = gram.shape[0]
    dual = np.zeros((n, width), np.float32)
    scores = np.tile(np.concatenate([_offsets(head) for head in heads]), (n, 1))
    way, way_scores = np.zeros_like(dual), np.zeros_like(dual)
    old_gradient, old_norms = np.zeros_like(dual), np.ones(len(heads))
    first_norms: NDArray[np.float64] | None = None
    for _ in range(max_steps):
        gradient = np.empty_like(dual)
        for head, block in zip(heads, columns, strict=True):
            residual = probabilities(scores[:, block]) - head.targets
            gradient[:, block] = head.penalty * dual[:, block] + head.weights[:, None] * residual
        image = gram @ gradient
        norms = np.array([float(np.vdot(gradient[:, b], image[:, b])) for b in columns])
        first_norms = norms if first_norms is None else first_norms
        if np.all(norms <= first_norms * tolerance**2):
            break
        for k, (head, block) in enumerate(zip(heads, columns, strict=True)):
            if norms[k] <= first_norms[k] * tolerance**2:
                # Going on would only follow rounding errors.
                continue
            turned = norms[k] - float(np.vdot(old_gradient[:, block], image[:, block]))
            keep = max(0.0, turned / max(old_norms[k], 1e-20))
            way[:, block] = keep * way[:, block] - gradient[:, block]
            way_scores[:, block] = keep * way_scores[:, block] - image[:, block]
            step = _line_search(head, scores[:, block], dual[:, block], way[:, block], way_scores[:, block])
            dual[:, block] += np.float32(step) * way[:, block]
            scores[:, block] += np.float32(step) * way_scores[:, block]
        old_gradient, old_norms = gradient, norms
    return dual


def probabilities(scores: Floats) -> Floats:
    """Turn one head's scores into probabilities: logistic for one column, else softmax."""
    if scores.shape[1] == 1:
        return np.asarray(1.0 / (1.0 + np.exp(-np.clip(scores, -40, 40))), dtype=np.float32)
    raised = np.exp(scores - scores.max(axis=1, keepdims=True))
    return np.asarray(raised / raised.sum(axis=1, keepdims=True), dtype=np.float32)


def _columns(heads: Sequence[Head]) -> tuple[list[slice], int]:
    blocks, at = [], 0
    for head in heads:
        blocks.append(slice(at, at + head.targets.shape[1]))
        at += head.targets.shape[1]
    return blocks, at


def _line_search(head: Head, scores: Floats, dual: Floats, way: Floats, way_scores: Floats) -> float:
    """Find the best step along the way by a bracketed Newton method, without the Gram matrix."""
    linear = head.penalty * float(np.vdot(dual, way_scores))
    square = head.penalty * float(np.vdot(way, way_scores))
    weights = head.weights[:, None]
    step, low, high = 0.0, 0.0, np.inf
    for _ in range(_NEWTON_STEPS):
        p = probabilities(scores + np.float32(step) * way_scores)
        slope = float(np.sum(weights * (p - head.targets) * way_scores)) + linear + step * square
        moved = p * way_scores
        if p.shape[1] == 1:
            bend = float(np.sum(weights * moved * (1 - p) * way_scores)) + square
        else:
            bend = (
                float(np.sum(weights * moved * way_scores) - np.sum(head.weights * moved.sum(axis=1) ** 2))
                + square
            )
        if slope < 0:
            low = step
        else:
            high = step
        newton = step - slope / bend if bend > 0 else np.inf
        # Where the loss is nearly flat, Newton's step would leap over the valley.
        step = newton if low < newton < high else (low + high) / 2 if np.isfinite(high) else 2 * low
        if abs(slope) < 1e-4 * max(abs(linear), 1.0):
            break
    return step
