import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.privacy.views import fold, view_of


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        ("Éloïse", "eloise"),
        ("06\u00a012", "06 12"),
        ("l’été", "l'ete"),
        ("S\u0430ndrine", "sandrine"),
        ("Zoe\u0301", "zoe"),
        ("a\u200bb", "ab"),
        ("\uff10\uff16", "06"),
        ("jean&#64;free", "jean@free"),
        ("A&amp;B", "a&b"),
        ("𝐉𝐮𝐥𝐢𝐞", "julie"),
        ("[EMAIL] ok", "\ue000" * 7 + " ok"),
        ("", ""),
    ],
)
def test_view_of_reads_through_disguise(text, folded):
    assert view_of(text).folded == folded


@given(st.text(max_size=80))
def test_view_has_one_folded_sign_a_sign(text):
    view = view_of(text)
    assert len(view.text) == len(view.folded)
    assert view.origin(0, len(view.text))[1] == len(text)


@given(st.text(max_size=80))
def test_fold_keeps_the_length(text):
    assert len(fold(text)) == len(text)


def test_origin_points_back_into_the_original():
    text = "x&#64;y\u200bz"
    view = view_of(text)
    assert view.text == "x@yz"
    assert text[slice(*view.origin(1, 2))] == "&#64;"
    assert text[slice(*view.origin(2, 3))] == "y\u200b"
