"""Dense readings of a text: its own scores, and what stands out among its clauses."""

# Numba infers the types of compiled functions from their calls.
# ruff: noqa: ANN001, ANN201, C901
# mypy: disable-error-code="no-untyped-def, assignment"

from __future__ import annotations

import numpy as np
from numba import njit

_SHARPNESS = np.float32(1.5)
_LIMIT = np.float32(8.0)


@njit(cache=True, nogil=True)
def n_pooled(n_sentiments, n_singles, n_themes, n_polarities, n_ratings):
    """Count the readings that `pool` gives."""
    whole = n_singles + n_themes * (1 + n_polarities) + n_ratings
    return whole + 2 * (n_singles + n_themes) + 3 * n_sentiments + 5 + n_themes * (2 + n_polarities) + 1


@njit(cache=True, nogil=True)
def pool(texts, clauses, starts, n_sentiments, n_singles, n_themes, n_polarities):
    """Give each text's readings.

    `texts` (n, columns) and `clauses` (m, columns) hold scores: sentiments, other single labels, presence of
    each theme, polarities of each theme, star ratings. `starts` (n + 1) says whose the clauses are.

    For each text: its scores; the greatest and mean score over clauses of each label and theme; the
    sentiments of the last and first clause and the least of each; least, greatest, last, first and mean
    rating; for each theme the rating, the contrast of the first two sentiments and the polarities of the
    clauses that speak of it; the logarithm of the number of clauses.
    """
    n_ratings = texts.shape[1] - n_singles - n_themes * (1 + n_polarities)
    first_polarity = n_singles + n_themes
    first_rating = first_polarity + n_themes * n_polarities
    out = np.zeros(
        (texts.shape[0], n_pooled(n_sentiments, n_singles, n_themes, n_polarities, n_ratings)), np.float32
    )
    for i in range(texts.shape[0]):
        low, high = starts[i], starts[i + 1]
        count = np.float32(high - low)
        at = 0
        for c in range(texts.shape[1]):
            out[i, at] = texts[i, c]
            at += 1
        for c in range(first_polarity):
            greatest, total = clauses[low, c], np.float32(0)
            for j in range(low, high):
                greatest = max(greatest, clauses[j, c])
                total += clauses[j, c]
            out[i, at + 2 * c], out[i, at + 2 * c + 1] = greatest, total / count
        at += 2 * first_polarity
        for c in range(n_sentiments):
            least = clauses[low, c]
            for j in range(low, high):
                least = min(least, clauses[j, c])
            out[i, at], out[i, at + 1], out[i, at + 2] = clauses[high - 1, c], clauses[low, c], least
            at += 3
        least, greatest, total = np.float32(1e9), np.float32(-1e9), np.float32(0)
        for j in range(low, high):
            rating = np.float32(0)
            for c in range(n_ratings):
                rating += clauses[j, first_rating + c]
            least, greatest, total = min(least, rating), max(greatest, rating), total + rating
            if j == low:
                out[i, at + 3] = rating
            if j == high - 1:
                out[i, at + 2] = rating
        out[i, at], out[i, at + 1], out[i, at + 4] = least, greatest, total / count
        at += 5
        for t in range(n_themes):
            mass = np.float32(0)
            for j in range(low, high):
                present = min(max(clauses[j, n_singles + t], -_LIMIT), _LIMIT)
                weight = np.float32(np.exp(_SHARPNESS * present))
                mass += weight
                for c in range(n_ratings):
                    out[i, at] += weight * clauses[j, first_rating + c]
                out[i, at + 1] += weight * (clauses[j, 0] - clauses[j, 1])
                for p in range(n_polarities):
                    out[i, at + 2 + p] += weight * clauses[j, first_polarity + t * n_polarities + p]
            for k in range(2 + n_polarities):
                out[i, at + k] /= mass
            at += 2 + n_polarities
        out[i, at] = np.log(count)
    return out
