import polars as pl
import pyarrow as pa
import pytest

from pipeline.privacy.masking import mask_column, mask_text, mask_texts


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Appelez-moi au 06 12 34 56 78, merci", "Appelez-moi au [TELEPHONE], merci"),
        ("Écrire à jean.dupont@orange.fr 😀", "Écrire à [EMAIL] 😀"),
        ("Madame Durand a été adorable", "Madame [PERSONNE] a été adorable"),
        (
            "le 01/02/2023 à 10h30, 12 000 000 euros, le 3631",
            "le 01/02/2023 à 10h30, 12 000 000 euros, le 3631",
        ),
        ("", ""),
    ],
)
def test_mask_text_writes_the_placeholder(text, expected):
    assert mask_text(text)[0] == expected


def test_mask_texts_counts_by_kind():
    masked, counts = mask_texts(["RAS", "tel 0612345678 et 0712345678"])
    assert masked == ["RAS", "tel [TELEPHONE] et [TELEPHONE]"]
    assert counts == [{}, {"TELEPHONE": 2}]


@pytest.mark.parametrize(
    "wrap", [lambda texts: pl.Series("t", texts), pa.array, lambda texts: pa.chunked_array([texts])]
)
def test_mask_column_keeps_nulls_and_order(wrap):
    masked, counts = mask_column(wrap(["tel 0612345678", None, "RAS"]))
    assert masked.to_list() == ["tel [TELEPHONE]", None, "RAS"]
    assert counts == [{"TELEPHONE": 1}, {}, {}]
