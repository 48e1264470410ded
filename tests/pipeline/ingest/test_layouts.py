from __future__ import annotations

import pytest

from pipeline.ingest.layouts import find_columns, read_header


def test_read_header_joins_two_rows_when_it_is_surveymonkey():
    rows = [
        ["ID", "Votre avis ?", "Vos outils", "", ""],
        ["", "Réponse libre", "Téléphone", "Chat", "Autre (précisez)"],
        ["1", "Bien", "Téléphone", "", ""],
    ]
    header = read_header(rows, (), "auto")
    assert header.layout == "surveymonkey"
    assert header.names == (
        "ID",
        "Votre avis ?",
        "Vos outils | Téléphone",
        "Vos outils | Chat",
        "Vos outils | Autre (précisez)",
    )
    assert header.n_rows == 2


def test_read_header_skips_three_rows_when_it_is_qualtrics():
    rows = [
        ["ResponseId", "Q5_TEXT"],
        ["Response ID", "Pourquoi\ncette note ?"],
        ['{"ImportId":"_id"}', '{"ImportId":"Q5"}'],
    ]
    header = read_header(rows, (), "auto")
    assert (header.layout, header.n_rows) == ("qualtrics", 3)
    assert header.wordings["Q5_TEXT"] == "Pourquoi cette note ?"


def test_read_header_takes_the_row_that_holds_the_declared_columns():
    rows = [
        ["Enquête de mars", "", ""],
        ["Qui", "Quoi", ""],
        ["Id", "Avis", "Date"],
        ["1", "Bien", "1/3/2026"],
    ]
    assert read_header(rows, ("Avis", "Date"), "auto").n_rows == 3


def test_read_header_numbers_names_that_come_twice():
    header = read_header([["Avis", "", "Avis"], ["a", "b", "c"]], (), "plain")
    assert header.names == ("Avis", "colonne 2", "Avis (2)")


@pytest.mark.parametrize("written", ["Votre avis ?", "votre  avis\u00a0?", "VOTRE AVIS ?"])
def test_find_columns_knows_another_spelling(written):
    assert find_columns(["Id", written], ["Votre avis ?"]) == {"Votre avis ?": 1}


def test_find_columns_prefers_the_exact_name():
    assert find_columns(["avis", "Avis"], ["Avis"]) == {"Avis": 1}
