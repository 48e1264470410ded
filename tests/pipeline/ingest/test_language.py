from __future__ import annotations

import polars as pl
import pytest

from pipeline.ingest.language import find_not_french


@pytest.mark.parametrize(
    "text",
    [
        "RAS",
        "Top",
        "super service",
        "Very good!",
        "jador cé tro bien cet boutic",
        "ok jusquà present rien à redire",
        "Le staff est super friendly, best customer service ever !",
        "Nickel chrome, team au top, feeling good",
        "c est bienedededdededde",
        "SUPER , j aime .",
        "👍👍 merci",
        "QR code KO, wifi HS, badge OK",
        "Bof bof bof bof",
    ],
)
def test_find_not_french_keeps_short_misspelt_and_mixed_texts(text):
    assert find_not_french(pl.Series([text])).to_list() == [False]


@pytest.mark.parametrize(
    "text",
    [
        "The staff was very kind and helpful with us, thank you so much",
        "Muy buena atención, el personal fue muy amable con nosotros",
        "Sehr gute Beratung, schnelle Lieferung, gerne wieder",
        "Personale molto gentile e disponibile, grazie mille davvero",
        "Очень хорошее обслуживание, спасибо большое",
    ],
)
def test_find_not_french_finds_other_languages(text):
    assert find_not_french(pl.Series([text, None, "Très bien"])).to_list() == [True, False, False]
