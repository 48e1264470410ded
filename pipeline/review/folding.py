"""Fold French text so that a search finds « été » under « ETE »."""

from __future__ import annotations

import unicodedata

import polars as pl

_LIGATURES = {"œ": "oe", "æ": "ae", "’": "'"}


def fold(text: str) -> str:
    """Lower the case, drop accents, open ligatures.

    >>> fold("Cœur à l’ÉCOUTE")
    "coeur a l'ecoute"
    """
    decomposed = unicodedata.normalize("NFD", text.lower())
    bare = "".join(sign for sign in decomposed if not unicodedata.combining(sign))
    for sign, plain in _LIGATURES.items():
        bare = bare.replace(sign, plain)
    return bare


def folded(column: pl.Expr) -> pl.Expr:
    """Fold a whole column, as `fold` does."""
    bare = column.str.to_lowercase().str.normalize("NFD").str.replace_all(r"\p{Mn}", "")
    return bare.str.replace_many(list(_LIGATURES), list(_LIGATURES.values()))
