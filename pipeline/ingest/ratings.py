"""Ratings as people and exports write them, checked against their scale."""

from __future__ import annotations

import re

import polars as pl

from pipeline.config import RatingScale

_FULL_STARS = "★⭐🌟"
_STARS = re.compile(rf"[{_FULL_STARS}☆✩½\s\ufe0f]+")
_NUMBER = r"(?P<value>-?\d+(?:[.,]\d+)?)"
_UNIT = rf"(?:étoiles?|etoiles?|stars?|points?|pts?|[{_FULL_STARS}]\ufe0f?)?"
_OUT_OF = re.compile(
    rf"^(?:not[ée]e?|note|rated)?\s*:?\s*{_NUMBER}\s*(?:/|sur|out of)\s*(?P<top>\d+(?:[.,]\d+)?)\s*{_UNIT}$",
    re.IGNORECASE,
)
_PLAIN = re.compile(
    rf"^{_NUMBER}\s*(?:étoiles?|etoiles?|stars?|points?|pts?|{'|'.join(_FULL_STARS)})?\ufe0f?$", re.IGNORECASE
)
_LABELLED = re.compile(r"^(?P<value>\d{1,2})\s*(?:[-–—:=(]|\s)\s*\D+$")


def read_ratings(values: pl.Series, scale: RatingScale) -> tuple[pl.Series, pl.Series]:
    """Read ratings and check them.

    Args:
        values: Numbers or texts (`4,5`, `4/5`, `★★★★`, `9 - Très probable`).
        scale: Bounds, both included.

    Returns:
        Ratings as float64, null where there is none or one off the scale; and whether a rating that was
        given is off its scale, or is no rating.
    """
    if values.dtype.is_numeric():
        given, ratings = values.is_not_null(), values.cast(pl.Float64).fill_nan(None)
        given = ratings.is_not_null()
    else:
        texts = values.cast(pl.String, strict=False).str.strip_chars()
        texts = texts.set(texts == "", None)
        given = texts.is_not_null()
        distinct = texts.drop_nulls().unique().to_list()
        ratings = texts.replace_strict(
            pl.Series(distinct, dtype=pl.String),
            pl.Series([read_rating(text, scale) for text in distinct], dtype=pl.Float64),
            default=None,
            return_dtype=pl.Float64,
        )
    sound = ratings.is_between(scale.low, scale.high).fill_null(False)
    return ratings.set(~sound, None), given & ~sound


def read_rating(text: str, scale: RatingScale) -> float | None:
    """Read one rating, which may still be off its scale.

    Args:
        text: What was written, without space around it.
        scale: Its bounds: a rating out of another number than the top is none.

    Returns:
        The number, or null when there is none.

    >>> stars = RatingScale(1, 5)
    >>> read_rating("4,5", stars), read_rating("★★★☆☆", stars), read_rating("8/10", stars)
    (4.5, 3.0, None)
    """
    if _STARS.fullmatch(text):
        return sum(text.count(star) for star in _FULL_STARS) + 0.5 * text.count("½")
    if found := _OUT_OF.match(text):
        return _number(found["value"]) if _number(found["top"]) == scale.high else None
    if found := _PLAIN.match(text) or _LABELLED.match(text):
        return _number(found["value"])
    return None


def _number(text: str) -> float:
    return float(text.replace(",", "."))
