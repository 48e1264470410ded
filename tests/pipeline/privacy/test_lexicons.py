from array import array

import pytest

from pipeline.privacy.lexicons import build_ordinary, lexicons


def test_build_ordinary_keeps_words_more_often_in_lower_case():
    sentences = ["La table est mise chez Zoltan."] * 6
    table, zoltan = (
        array("I", build_ordinary([f"x {word} {word}"], min_count=1)) for word in ("table", "zoltan")
    )
    learnt = set(array("I", build_ordinary(sentences)))
    assert set(table) & learnt
    assert not set(zoltan) & learnt


def test_build_ordinary_leaves_rare_words_out():
    assert build_ordinary(["un mot"] * 4) == b""


@pytest.mark.parametrize("word", ["conseiller", "pierre", "claire", "manuel"])
def test_ordinary_words_are_known(word):
    assert lexicons().is_ordinary(word)


@pytest.mark.parametrize("word", ["sandrine", "jean-pierre", "fatou"])
def test_first_names_are_known_alone_and_joined(word):
    assert lexicons().is_first_name(word)
    assert not lexicons().is_ordinary(word)


@pytest.mark.parametrize("word", ["darty", "lyon", "saint-malo", "cdiscountmerci"])
def test_houses_are_known(word):
    assert lexicons().is_house(word)


def test_nearly_first_name_allows_one_other_letter():
    assert lexicons().is_nearly_first_name("sandrima") is False
    assert lexicons().is_nearly_first_name("sandrime")
