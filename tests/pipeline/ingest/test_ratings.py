from __future__ import annotations

import polars as pl
import pytest

from pipeline.config import RATING_SCALES
from pipeline.ingest.ratings import read_ratings


@pytest.mark.parametrize(
    ("written", "scale", "expected"),
    [
        ("4,5", "stars", 4.5),
        ("4.5", "stars", 4.5),
        ("4/5", "stars", 4),
        ("4 / 5", "csat", 4),
        ("★★★★", "stars", 4),
        ("★★★☆☆", "stars", 3),
        ("⭐⭐⭐", "stars", 3),
        ("Noté 4 sur 5 étoiles", "stars", 4),
        ("3 étoiles", "stars", 3),
        ("9", "nps", 9),
        ("0", "enps", 0),
        ("10 - Très probable", "nps", 10),
        ("0 (pas du tout)", "nps", 0),
        ("7/10", "ten", 7),
    ],
)
def test_read_ratings_reads_a_form_met_in_the_field(written, scale, expected):
    ratings, off = read_ratings(pl.Series([written]), RATING_SCALES[scale])
    assert ratings.to_list() == [expected]
    assert off.to_list() == [False]


@pytest.mark.parametrize(
    ("written", "scale"),
    [
        ("11", "nps"),
        ("-1", "nps"),
        ("0", "csat"),
        ("6", "stars"),
        ("8/10", "stars"),
        ("ne sait pas", "enps"),
        ("☆☆", "stars"),
    ],
)
def test_read_ratings_calls_off_scale_what_is_not_on_it(written, scale):
    ratings, off = read_ratings(pl.Series([written, None, ""]), RATING_SCALES[scale])
    assert ratings.to_list() == [None, None, None]
    assert off.to_list() == [True, False, False]


def test_read_ratings_takes_numbers():
    ratings, off = read_ratings(pl.Series([4.0, float("nan"), None, 9.0]), RATING_SCALES["csat"])
    assert ratings.to_list() == [4, None, None, None]
    assert off.to_list() == [False, False, False, True]
