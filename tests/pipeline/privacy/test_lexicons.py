import pytest

from pipeline.privacy.lexicons import lexicons


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


@pytest.mark.parametrize("word", ["vannessa", "chritophe", "nathlaie", "stephane"])
def test_nearly_first_name_allows_one_slip_of_the_pen(word):
    assert lexicons().is_nearly_first_name(word)


@pytest.mark.parametrize("word", ["table", "agence", "merci", "remboursement"])
def test_nearly_first_name_refuses_plain_words(word):
    assert not lexicons().is_nearly_first_name(word)
