"""From tokens to hashed features: words, pairs, triples, pairs over a gap, and letters inside words."""

# Numba infers the types of compiled functions from their calls.
# ruff: noqa: ANN001, ANN201, ANN202, C901
# mypy: disable-error-code="no-untyped-def, assignment"
from __future__ import annotations

import numpy as np
from numba import njit

from models.linear.tokens import MAX_LETTERS, MAX_TOKENS, mix, tokenise

WORD_BITS = 22
LETTER_BITS = 20
_WORD_MASK = np.uint64((1 << WORD_BITS) - 1)
_LETTER_MASK = np.uint64((1 << LETTER_BITS) - 1)
_P1 = np.uint64(0x9E3779B97F4A7C15)
_P2 = np.uint64(0xC2B2AE3D27D4EB4F)
_P3 = np.uint64(0x165667B19E3779F9)
MAX_WORD_GRAMS = 4 * MAX_TOKENS
MIN_LETTERS_GRAM, MAX_LETTERS_GRAM = 2, 5


@njit(cache=True, nogil=True)
def word_grams(hashes, clauses, breaks, n, skip, features, places):
    """Hash every word, pair, triple and pair over a gap; give their number. No pair spans two sentences."""
    m = 0
    since = 0
    for i in range(n):
        since = 0 if breaks[i] else since + 1
        a = hashes[i]
        features[m] = mix(a) & _WORD_MASK
        places[m] = clauses[i]
        m += 1
        if since >= 1:
            b = hashes[i - 1]
            features[m] = mix(a * _P1 + b) & _WORD_MASK
            places[m] = clauses[i]
            m += 1
            if since >= 2:
                c = hashes[i - 2]
                features[m] = mix((a * _P1 + b) * _P1 + c) & _WORD_MASK
                places[m] = clauses[i]
                m += 1
                if skip:
                    features[m] = mix(a * _P2 + c) & _WORD_MASK
                    places[m] = clauses[i]
                    m += 1
    return m


@njit(cache=True, nogil=True)
def letter_grams(letters, length, low, high, features):
    """Hash the letter sequences of one word, its edges included as spaces; give their number."""
    m = 0
    for i in range(length + 2):
        h = np.uint64(0xCBF29CE484222325)
        for j in range(high):
            k = i + j
            if k >= length + 2:
                break
            byte = np.uint64(32) if k == 0 or k == length + 1 else np.uint64(letters[k - 1])
            h = (h ^ byte) * _P3
            if j + 1 >= low:
                features[m] = mix(h) & _LETTER_MASK
                m += 1
    return m


@njit(cache=True, nogil=True)
def _unique(keys, n, out, counts, at):
    part = np.sort(keys[:n])
    for i in range(n):
        if i > 0 and part[i] == part[i - 1]:
            counts[at - 1] += 1
        else:
            out[at] = part[i]
            counts[at] = 1
            at += 1
    return at


@njit(cache=True, nogil=True)
def featurise(data, offsets, table, contrast, skip, low, high, by_clause):
    """Featurise rows; with `by_clause`, one row a clause, else one row a text."""
    n_rows = offsets.shape[0] - 1
    hashes = np.empty(MAX_TOKENS + 1, np.uint64)
    clauses = np.empty(MAX_TOKENS + 1, np.int32)
    breaks = np.empty(MAX_TOKENS + 1, np.bool_)
    letters = np.empty((MAX_TOKENS + 1, MAX_LETTERS), np.uint8)
    n_letters = np.empty(MAX_TOKENS + 1, np.int32)
    wf = np.empty(MAX_WORD_GRAMS + 4, np.uint64)
    wp = np.empty(MAX_WORD_GRAMS + 4, np.int32)
    lf = np.empty(MAX_TOKENS * 8 * MAX_LETTERS, np.uint64)
    lbuf = np.empty(8 * MAX_LETTERS, np.uint64)
    key = np.empty(MAX_WORD_GRAMS + 4, np.uint64)
    cap = 1 << 16
    w_out = np.empty(cap, np.uint32)
    w_cnt = np.empty(cap, np.uint16)
    l_out = np.empty(cap, np.uint32)
    l_cnt = np.empty(cap, np.uint16)
    rcap = 1 << 12
    w_ptr = np.zeros(rcap, np.int64)
    l_ptr = np.zeros(rcap, np.int64)
    owner = np.zeros(rcap, np.int32)
    words = np.zeros(rcap, np.int32)
    r = 0
    w_at = 0
    l_at = 0
    for row in range(n_rows):
        n, n_clauses = tokenise(
            data, offsets[row], offsets[row + 1], table, contrast, hashes, clauses, breaks, letters, n_letters
        )
        m = word_grams(hashes, clauses, breaks, n, skip, wf, wp)
        groups = n_clauses if by_clause else 1
        for g in range(max(groups, 1)):
            k = 0
            for x in range(m):
                if not by_clause or wp[x] == g:
                    key[k] = wf[x]
                    k += 1
            while w_at + k >= w_out.shape[0]:
                w_out = np.concatenate((w_out, np.empty_like(w_out)))
                w_cnt = np.concatenate((w_cnt, np.empty_like(w_cnt)))
            w_at = _unique(key, k, w_out, w_cnt, w_at)
            # distinct words of the group
            k = 0
            n_words = 0
            for x in range(n):
                if not by_clause or clauses[x] == g:
                    n_words += 1
                    if n_letters[x] > 0:
                        seen = False
                        for y in range(x):
                            if hashes[y] == hashes[x] and (not by_clause or clauses[y] == g):
                                seen = True
                                break
                        if not seen:
                            z = letter_grams(letters[x], n_letters[x], low, high, lbuf)
                            lf[k : k + z] = lbuf[:z]
                            k += z
            while l_at + k >= l_out.shape[0]:
                l_out = np.concatenate((l_out, np.empty_like(l_out)))
                l_cnt = np.concatenate((l_cnt, np.empty_like(l_cnt)))
            l_at = _unique(lf, k, l_out, l_cnt, l_at)
            if r + 2 >= owner.shape[0]:
                w_ptr = np.concatenate((w_ptr, np.zeros_like(w_ptr)))
                l_ptr = np.concatenate((l_ptr, np.zeros_like(l_ptr)))
                owner = np.concatenate((owner, np.zeros_like(owner)))
                words = np.concatenate((words, np.zeros_like(words)))
            owner[r] = row
            words[r] = n_words
            w_ptr[r + 1] = w_at
            l_ptr[r + 1] = l_at
            r += 1
    return (
        w_ptr[: r + 1].copy(),
        w_out[:w_at].copy(),
        w_cnt[:w_at].copy(),
        l_ptr[: r + 1].copy(),
        l_out[:l_at].copy(),
        l_cnt[:l_at].copy(),
        owner[:r].copy(),
        words[:r].copy(),
    )
