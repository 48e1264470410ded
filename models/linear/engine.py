"""Score texts straight from their bytes, compiled: no Python object for a text, a word or a feature."""

# Numba infers the types of compiled functions from their calls.
# ruff: noqa: ANN001, ANN201, C901
# mypy: disable-error-code="no-untyped-def, assignment"
from __future__ import annotations

import numpy as np
from numba import njit

from models.linear.grams import MAX_WORD_GRAMS, letter_grams, word_grams
from models.linear.tokens import MAX_LETTERS, MAX_TOKENS, tokenise


@njit(cache=True, nogil=True)
def score(data, offsets, table, contrast, word_rows, letter_rows, squares, weights, out):
    """Sum the weights of each text's features, words and letters each divided by their own length.

    `out` (n, columns) receives integer weights' sums; the caller multiplies by the columns' scales.
    """
    n_columns = weights.shape[1]
    hashes = np.empty(MAX_TOKENS + 1, np.uint64)
    clauses = np.empty(MAX_TOKENS + 1, np.int32)
    breaks = np.empty(MAX_TOKENS + 1, np.bool_)
    letters = np.empty((MAX_TOKENS + 1, MAX_LETTERS), np.uint8)
    n_letters = np.empty(MAX_TOKENS + 1, np.int32)
    features = np.empty(MAX_WORD_GRAMS + 4, np.uint64)
    places = np.empty(MAX_WORD_GRAMS + 4, np.int32)
    grams = np.empty(8 * MAX_LETTERS, np.uint64)
    seen = np.full(weights.shape[0], -1, np.int64)
    word_sum = np.empty(n_columns, np.int32)
    letter_sum = np.empty(n_columns, np.int32)
    for i in range(offsets.shape[0] - 1):
        n, _ = tokenise(
            data, offsets[i], offsets[i + 1], table, contrast, hashes, clauses, breaks, letters, n_letters
        )
        word_sum[:] = 0
        letter_sum[:] = 0
        word_square = 0.0
        letter_square = 0.0
        m = word_grams(hashes, clauses, breaks, n, True, features, places)
        for k in range(m):
            row = word_rows[features[k]]
            if row >= 0 and seen[row] != i:
                seen[row] = i
                word_square += squares[row]
                for c in range(n_columns):
                    word_sum[c] += weights[row, c]
        for x in range(n):
            if n_letters[x] == 0:
                continue
            repeated = False
            for y in range(x):
                if hashes[y] == hashes[x]:
                    repeated = True
                    break
            if repeated:
                continue
            z = letter_grams(letters[x], n_letters[x], 2, 5, grams)
            for k in range(z):
                row = letter_rows[grams[k]]
                if row >= 0:
                    letter_square += squares[row]
                    for c in range(n_columns):
                        letter_sum[c] += weights[row, c]
        word_factor = 1 / np.sqrt(word_square) if word_square > 0 else 0.0
        letter_factor = 1 / np.sqrt(letter_square) if letter_square > 0 else 0.0
        for c in range(n_columns):
            out[i, c] = word_factor * word_sum[c] + letter_factor * letter_sum[c]
