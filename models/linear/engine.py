"""Score texts straight from their bytes, compiled: no Python object for a text, a word or a feature.

Every text gets scores as a whole, and each of its clauses gets scores of its own: « accueil charmant, mais
deux heures d'attente » is a praise, then a complaint.
"""

# Numba infers the types of compiled functions from their calls.
# ruff: noqa: ANN001, ANN201, ANN202, C901
# mypy: disable-error-code="no-untyped-def, assignment"

from __future__ import annotations

import numpy as np
from numba import njit

from models.linear.grams import MAX_WORD_GRAMS, letter_grams, word_grams
from models.linear.tokens import MAX_LETTERS, MAX_TOKENS, tokenise

_CACHE_BITS = 14
_CACHE_MASK = np.uint64((1 << _CACHE_BITS) - 1)


@njit(cache=True, nogil=True, inline="always")
def _add(target, weights, row, n_columns):
    for c in range(n_columns):
        target[c] += weights[row, c]


@njit(cache=True, nogil=True, inline="always")
def _write(
    out, at, word_sum, word_square, letter_sum, letter_square, rating_sum, rating_square, scales, offsets
):
    """Write one row: each part divided by its length, in units of the scores, ratings last."""
    n_columns, n_ratings = word_sum.shape[0], rating_sum.shape[0]
    word_factor = np.float32(1 / np.sqrt(word_square)) if word_square > 0 else np.float32(0)
    letter_factor = np.float32(1 / np.sqrt(letter_square)) if letter_square > 0 else np.float32(0)
    rating_factor = np.float32(1 / np.sqrt(rating_square)) if rating_square > 0 else np.float32(0)
    for c in range(n_columns):
        out[at, c] = (word_factor * word_sum[c] + letter_factor * letter_sum[c]) * scales[c] + offsets[c]
    for c in range(n_ratings):
        k = n_columns + c
        out[at, k] = rating_factor * rating_sum[c] * scales[k] + offsets[k]


@njit(cache=True, nogil=True)
def score(
    data,
    starts,
    table,
    contrast,
    word_rows,
    letter_rows,
    squares,
    weights,
    rating_rows,
    rating_squares,
    rating_weights,
    scales,
    offsets,
    out,
):
    """Score texts and their clauses.

    `out` (n, columns + ratings) receives the texts' scores. Returns the clauses' scores, likewise, and the
    n + 1 positions where each text's clauses begin; a text without a word has one clause, of offsets alone.
    """
    n_texts = starts.shape[0] - 1
    n_columns, n_ratings = weights.shape[1], rating_weights.shape[1]
    hashes = np.empty(MAX_TOKENS + 1, np.uint64)
    clauses = np.empty(MAX_TOKENS + 1, np.int32)
    breaks = np.empty(MAX_TOKENS + 1, np.bool_)
    letters = np.empty((MAX_TOKENS + 1, MAX_LETTERS), np.uint8)
    n_letters = np.empty(MAX_TOKENS + 1, np.int32)
    features = np.empty(MAX_WORD_GRAMS + 4, np.uint64)
    places = np.empty(MAX_WORD_GRAMS + 4, np.int32)
    grams = np.empty(8 * MAX_LETTERS, np.uint64)
    text_seen = np.full(weights.shape[0], -1, np.int64)
    clause_seen = np.full(weights.shape[0], -1, np.int64)
    rating_seen = np.full(rating_weights.shape[0], -1, np.int64)
    rating_clause_seen = np.full(rating_weights.shape[0], -1, np.int64)
    # What one word's letters add does not depend on the text: frequent words are kept.
    cached_hash = np.zeros(1 << _CACHE_BITS, np.uint64)
    cached_sum = np.zeros((1 << _CACHE_BITS, n_columns), np.int32)
    cached_square = np.zeros(1 << _CACHE_BITS, np.float64)
    clause_out = np.empty((max(4 * n_texts, 16), n_columns + n_ratings), np.float32)
    clause_starts = np.zeros(n_texts + 1, np.int64)
    at = 0
    word_sum, letter_sum = np.empty(n_columns, np.int32), np.empty(n_columns, np.int32)
    rating_sum = np.empty(n_ratings, np.int32)
    c_word, c_letter = np.empty(n_columns, np.int32), np.empty(n_columns, np.int32)
    c_rating = np.empty(n_ratings, np.int32)
    for i in range(n_texts):
        n, n_clauses = tokenise(
            data, starts[i], starts[i + 1], table, contrast, hashes, clauses, breaks, letters, n_letters
        )
        m = word_grams(hashes, clauses, breaks, n, True, features, places)
        word_sum[:] = 0
        letter_sum[:] = 0
        rating_sum[:] = 0
        word_square, letter_square, rating_square = 0.0, 0.0, 0.0
        n_rows = max(n_clauses, 1)
        if at + n_rows > clause_out.shape[0]:
            clause_out = np.concatenate((clause_out, np.empty_like(clause_out)))
        k, x = 0, 0
        for clause in range(n_rows):
            stamp = at + clause
            c_word[:] = 0
            c_letter[:] = 0
            c_rating[:] = 0
            c_word_square, c_letter_square, c_rating_square = 0.0, 0.0, 0.0
            first = x
            while k < m and places[k] == clause:
                row = word_rows[features[k]]
                if row >= 0 and clause_seen[row] != stamp:
                    clause_seen[row] = stamp
                    c_word_square += squares[row]
                    _add(c_word, weights, row, n_columns)
                    if text_seen[row] != i:
                        text_seen[row] = i
                        word_square += squares[row]
                        _add(word_sum, weights, row, n_columns)
                row = rating_rows[features[k]]
                if row >= 0 and rating_clause_seen[row] != stamp:
                    rating_clause_seen[row] = stamp
                    c_rating_square += rating_squares[row]
                    _add(c_rating, rating_weights, row, n_ratings)
                    if rating_seen[row] != i:
                        rating_seen[row] = i
                        rating_square += rating_squares[row]
                        _add(rating_sum, rating_weights, row, n_ratings)
                k += 1
            while x < n and clauses[x] == clause:
                if n_letters[x] > 0:
                    in_clause, in_text = False, False
                    for y in range(x):
                        if hashes[y] == hashes[x]:
                            in_text = True
                            if y >= first:
                                in_clause = True
                                break
                    if not in_clause:
                        slot = np.int64((hashes[x] ^ (hashes[x] >> np.uint64(31))) & _CACHE_MASK)
                        if cached_hash[slot] != hashes[x]:
                            cached_hash[slot] = hashes[x]
                            cached_square[slot] = 0.0
                            cached_sum[slot, :] = 0
                            z = letter_grams(letters[x], n_letters[x], 2, 5, grams)
                            for j in range(z):
                                row = letter_rows[grams[j]]
                                if row >= 0:
                                    cached_square[slot] += squares[row]
                                    _add(cached_sum[slot], weights, row, n_columns)
                        c_letter_square += cached_square[slot]
                        _add(c_letter, cached_sum, slot, n_columns)
                        if not in_text:
                            letter_square += cached_square[slot]
                            _add(letter_sum, cached_sum, slot, n_columns)
                x += 1
            _write(
                clause_out,
                stamp,
                c_word,
                c_word_square,
                c_letter,
                c_letter_square,
                c_rating,
                c_rating_square,
                scales,
                offsets,
            )
        at += n_rows
        clause_starts[i + 1] = at
        _write(
            out,
            i,
            word_sum,
            word_square,
            letter_sum,
            letter_square,
            rating_sum,
            rating_square,
            scales,
            offsets,
        )
    return clause_out[:at], clause_starts
