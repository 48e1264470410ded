"""Learning the ordinary words, and writing them as the shipped file holds them."""

from array import array

import polars as pl
import pytest

from pipeline.privacy.lexicons import hash_word
from pipeline.privacy.ordinary_words import main, ordinary_in_reviews, ordinary_in_sentences, to_bytes

NAMES = frozenset(["sandrine"])


def test_sentences_keep_words_more_often_in_lower_case():
    learnt = ordinary_in_sentences(["La table est mise chez Zoltan."] * 6)
    assert hash_word("table") in learnt
    assert hash_word("zoltan") not in learnt


def test_sentences_leave_rare_words_out():
    assert ordinary_in_sentences(["un mot"] * 4) == set()


@pytest.mark.parametrize("opening", ["", "Oui. ", "Quoi ?  ", "« ", "Bref :\n"])
def test_a_capital_that_opens_a_sentence_does_not_count(opening):
    texts = [f"{opening}Table mise", "la table"] * 5
    assert hash_word("table") in ordinary_in_sentences(texts)


def test_capitals_within_a_sentence_outweigh_lower_case():
    texts = ["chez Zoltan et Zoltan, merci zoltan"] * 6
    assert hash_word("zoltan") not in ordinary_in_reviews(texts, NAMES)


def test_reviews_never_teach_a_listed_name():
    learnt = ordinary_in_reviews(["merci sandrine, livraizon rapide"] * 4, NAMES)
    assert hash_word("livraizon") in learnt
    assert hash_word("sandrine") not in learnt


def test_command_writes_sorted_hashes_and_no_text(tmp_path):
    sentences, reviews, output = tmp_path / "s.parquet", tmp_path / "r.parquet", tmp_path / "ordinary.bin"
    pl.DataFrame({"text": ["la table est mise"] * 5}).write_parquet(sentences)
    pl.DataFrame({"text": ["livraizon rapide", None] * 4}).write_parquet(reviews)
    main([str(sentences), str(reviews), "--output", str(output)])
    words = ["la", "table", "est", "mise", "livraizon", "rapide"]
    assert output.read_bytes() == to_bytes(map(hash_word, words))
    assert list(array("I", output.read_bytes())) == sorted(map(hash_word, words))
