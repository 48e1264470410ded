"""What holds for every text: idempotence, both paths alike, placeholders untouched, no error on odd signs."""

import polars as pl
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from pipeline.privacy.masking import mask_column, mask_text, mask_texts
from pipeline.privacy.placeholders import KINDS, PLACEHOLDER
from tests.pipeline.privacy.hard_cases import read_hard_cases

CASES = read_hard_cases()

# Real texts are joined from pieces that each mean something to a rule, so that chance finds the seams.
PIECES = st.sampled_from(
    [
        *(case.text for case in CASES),
        *(f"[{kind}]" for kind in KINDS),
        *[
            "merci à",
            "Madame",
            "M.",
            "mme",
            "Cordialement",
            "né le",
            "n° de commande",
            "tel",
            "chez",
            "rue",
            "Rose",
            "Pierre",
            "Sandrine",
            "durand",
            "@",
            ".fr",
            "06",
            "12",
            "€",
        ],
        *[" ", ", ", ". ", "\n", "'", "\xa0", "\u200b", "-", "😀", "("],
    ]
)
TEXTS = st.lists(st.one_of(PIECES, st.text(max_size=6)), max_size=8).map(lambda parts: " ".join(parts))
SLOW = settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@SLOW
@given(TEXTS)
@example("Merci [PERSONNE] Durand et [EMAIL]@orange.fr")
def test_masking_is_idempotent(text):
    once, _ = mask_text(text)
    assert mask_text(once) == (once, {})


@SLOW
@given(st.lists(TEXTS, max_size=5))
def test_column_and_texts_agree(texts):
    column, counts = mask_column(pl.Series("text", texts, dtype=pl.String))
    assert (column.to_list(), counts) == mask_texts(texts)


@SLOW
@given(TEXTS)
def test_placeholders_already_there_stay(text):
    masked, counts = mask_text(text)
    assert len(PLACEHOLDER.findall(masked)) == len(PLACEHOLDER.findall(text)) + sum(counts.values())


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=200))
def test_any_text_is_accepted(text):
    masked, counts = mask_text(text)
    assert isinstance(masked, str)
    assert set(counts) <= set(KINDS)


@settings(max_examples=100, deadline=None)
@given(st.text(alphabet="abcdefghijklmnopqrstuvwxyz ,!", max_size=120))
def test_what_surrounds_a_phone_stays(text):
    masked, _ = mask_text(f"{text}. 06 12 34 56 78")
    assert masked.endswith(". [TELEPHONE]")
