"""From UTF-8 bytes to tokens, compiled: words, signs, placeholders, each with its clause."""

# Numba infers the types of compiled functions from their calls.
# ruff: noqa: ANN001, ANN201, C901
# mypy: disable-error-code="no-untyped-def, assignment"
from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from models.linear.alphabet import SENTENCE_END, SEPARATOR, SIGN, SKIPPED

MAX_TOKENS = 1024
"""Tokens read of one verbatim; what comes after is not read."""
MAX_LETTERS = 24
"""Letters kept of one word."""

_PRIME = np.uint64(0x100000001B3)
_BASIS = np.uint64(0xCBF29CE484222325)
_MIX = np.uint64(0xFF51AFD7ED558CCD)

CONTRAST_WORDS = (
    "mais",
    "malgre",
    "cependant",
    "toutefois",
    "neanmoins",
    "hormis",
    "sauf",
    "pourtant",
    "dommage",
    "bemol",
    "helas",
    "malheureusement",
    "contre",
    "revanche",
    "seul",
    "seule",
    "excepte",
    "contrairement",
    "alors",
    "heureusement",
    "sinon",
    "sans",
)
"""Words (folded) that open a new clause."""


@njit(cache=True, nogil=True, inline="always")
def mix(value):
    """Spread the bits of a 64-bit hash."""
    value ^= value >> np.uint64(33)
    value *= _MIX
    value ^= value >> np.uint64(29)
    return value


def word_hash(word: str) -> int:
    """Hash a folded word as the compiled code does (FNV-1a, 64 bits)."""
    value = int(_BASIS)
    for byte in word.encode("ascii"):
        value = ((value ^ byte) * int(_PRIME)) & 0xFFFFFFFFFFFFFFFF
    return value


CONTRAST_HASHES: NDArray[np.uint64] = np.array(sorted(word_hash(w) for w in CONTRAST_WORDS), dtype=np.uint64)


@njit(cache=True, nogil=True)
def tokenise(data, start, stop, table, contrast, hashes, clauses, breaks, letters, n_letters):
    """Split the bytes `data[start:stop]` into tokens.

    Writes, for each of the n tokens: its hash, its clause number, whether a sentence ended before it,
    its letters (row of `letters`) and their number (0 for a sign). Returns n and the number of clauses.
    """
    n = 0
    clause = 0
    clause_used = False
    broken = True
    length = 0
    run = 0
    last = 0
    h = _BASIS
    placeholder = False
    i = start
    while i <= stop and n < MAX_TOKENS:
        first = 0
        second = 0
        kind = SEPARATOR
        cp = 32
        if i == stop:
            i += 1
        else:
            byte = data[i]
            if byte < 0x80:
                cp = np.int64(byte)
                i += 1
            elif byte < 0xE0 and i + 1 < stop:
                cp = ((np.int64(byte) & 0x1F) << 6) | (np.int64(data[i + 1]) & 0x3F)
                i += 2
            elif byte < 0xF0 and i + 2 < stop:
                cp = (
                    ((np.int64(byte) & 0x0F) << 12)
                    | ((np.int64(data[i + 1]) & 0x3F) << 6)
                    | (np.int64(data[i + 2]) & 0x3F)
                )
                i += 3
            elif i + 3 < stop:
                cp = (
                    ((np.int64(byte) & 0x07) << 18)
                    | ((np.int64(data[i + 1]) & 0x3F) << 12)
                    | ((np.int64(data[i + 2]) & 0x3F) << 6)
                    | (np.int64(data[i + 3]) & 0x3F)
                )
                i += 4
            else:
                cp = 32
                i = stop
            if cp < 0x10000:
                read = np.int64(table[cp])
                if read > SIGN:
                    first = read & 0xFF
                    second = read >> 8
                    kind = -1
                else:
                    kind = read
            else:
                kind = SKIPPED if 0x1F3FB <= cp <= 0x1F3FF else SIGN
            # « 12.50 » and « 10:30 » are one sentence.
            if kind == SENTENCE_END and i < stop and length > 0 and 48 <= last <= 57 and 48 <= data[i] <= 57:
                kind = SEPARATOR
        if kind == SKIPPED:
            continue
        if kind == -1:
            if length == 0:
                placeholder = i - start >= 2 and data[i - 2] == 91 and 65 <= data[i - 1] <= 90
                if placeholder:
                    h = (h ^ np.uint64(91)) * _PRIME
            while first > 0:
                run = run + 1 if first == last else 1
                last = first
                if run <= 2 and length < MAX_LETTERS:
                    letters[n, length] = first
                    length += 1
                    h = (h ^ np.uint64(first)) * _PRIME
                first = second
                second = 0
            continue
        if length > 0:
            for c in range(contrast.shape[0]):
                if contrast[c] == h:
                    if clause_used:
                        clause += 1
                        clause_used = False
                    break
            hashes[n] = h
            clauses[n] = clause
            breaks[n] = broken
            n_letters[n] = 0 if placeholder else length
            n += 1
            clause_used = True
            broken = False
            length = 0
            run = 0
            last = 0
            h = _BASIS
            placeholder = False
        if kind == SIGN and n < MAX_TOKENS:
            h_sign = mix(np.uint64(cp) + np.uint64(0x9E3779B97F4A7C15))
            if n > 0 and hashes[n - 1] == h_sign:
                continue
            hashes[n] = h_sign
            clauses[n] = clause
            breaks[n] = broken
            n_letters[n] = 0
            n += 1
            clause_used = True
            if cp == 33 or cp == 63:
                clause += 1
                clause_used = False
                broken = True
        elif kind == SENTENCE_END:
            if clause_used:
                clause += 1
                clause_used = False
            broken = True
    return n, (clause + 1 if clause_used else clause)
