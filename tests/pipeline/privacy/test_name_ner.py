"""Names by a spaCy pipeline: a tiny stand-in whose `entity_ruler` plays the recogniser."""

import polars as pl
import pytest

from pipeline.errors import PrivacyError
from pipeline.privacy import name_ner
from pipeline.privacy.masking import mask_column, mask_text, mask_texts
from pipeline.privacy.views import view_of

spacy = pytest.importorskip("spacy")

# The rules alone cannot know that these are persons.
UNLISTED = "Hier Zorvane Kelbrun riait derrière son comptoir."
STAND_INS = (
    "Zorvane Kelbrun",
    "Bonjour Zorvane",
    "Madame Kelbrun",
    "Darty",
    "Bonjour",
    "Quelle attente",
    "[PERSONNE]",
)


@pytest.fixture(scope="module")
def stand_in(tmp_path_factory):
    pipeline = spacy.blank("fr")
    pipeline.add_pipe("entity_ruler").add_patterns(
        [{"label": "PER", "pattern": words} for words in STAND_INS] + [{"label": "LOC", "pattern": "Quimper"}]
    )
    folder = tmp_path_factory.mktemp("stand_in")
    pipeline.to_disk(folder)
    return folder


@pytest.fixture
def recognised(stand_in, monkeypatch):
    monkeypatch.setenv(name_ner.CHOICE, str(stand_in))


@pytest.fixture
def rules_alone(monkeypatch):
    monkeypatch.setenv(name_ner.CHOICE, name_ner.OFF)


def test_rules_stand_alone_when_off(rules_alone):
    assert name_ner.finders() == ()
    assert mask_text(UNLISTED) == (UNLISTED, {})


def test_rules_stand_alone_when_no_model_is_installed(monkeypatch):
    monkeypatch.delenv(name_ner.CHOICE, raising=False)
    monkeypatch.setattr(name_ner, "MODELS", ("fr_core_news_never_made",))
    assert name_ner.chosen_model() == ""


def test_an_installed_model_is_taken_by_itself(monkeypatch):
    monkeypatch.delenv(name_ner.CHOICE, raising=False)
    monkeypatch.setattr(name_ner, "MODELS", ("fr_core_news_never_made", "json"))
    assert name_ner.chosen_model() == "json"


def test_entities_are_added_to_what_the_rules_find(recognised):
    text = f"{UNLISTED} Merci à Sandrine, 06 12 34 56 78."
    masked, counts = mask_text(text)
    assert masked == "Hier [PERSONNE] riait derrière son comptoir. Merci à [PERSONNE], [TELEPHONE]."
    assert counts == {"PERSONNE": 2, "TELEPHONE": 1}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Hier Bonjour Zorvane dit tout bas.", "Hier Bonjour [PERSONNE] dit tout bas."),
        ("Hier Madame Kelbrun riait.", "Hier Madame [PERSONNE] riait."),
        ("Chez Darty ce fut long.", "Chez Darty ce fut long."),
        ("Bonjour", "Bonjour"),
        ("Quelle attente à Quimper !", "Quelle attente à Quimper !"),
        ("", ""),
    ],
)
def test_entities_lose_what_is_no_name(recognised, text, expected):
    assert mask_text(text)[0] == expected


def test_masking_twice_changes_nothing(recognised):
    masked, _ = mask_text(UNLISTED)
    assert mask_text(masked) == (masked, {})


def test_columns_pass_their_screen_when_a_model_reads_them(recognised):
    texts = [UNLISTED, "Rien à dire", None]
    masked, counts = mask_column(pl.Series("text", texts))
    assert masked.to_list()[:2] == mask_texts(texts[:2])[0]
    assert masked.to_list()[2] is None
    assert counts == [{"PERSONNE": 1}, {}, {}]


def test_find_names_takes_persons_only(stand_in):
    pipeline = spacy.load(stand_in)
    text = "Quimper, un jour Zorvane Kelbrun"
    spans = list(name_ner.find_names(view_of(text), pipeline))
    assert [text[span.start : span.end] for span in spans] == ["Zorvane Kelbrun"]


def test_a_text_too_long_is_left_to_the_rules(stand_in):
    pipeline = spacy.load(stand_in)
    pipeline.max_length = 10
    assert list(name_ner.find_names(view_of("Hier Zorvane Kelbrun riait."), pipeline)) == []


def test_a_model_that_is_not_there_fails_with_what_to_do(monkeypatch):
    monkeypatch.setenv(name_ner.CHOICE, "no_such_model")
    with pytest.raises(PrivacyError, match="MIROIR_NER=off"):
        mask_text("Bonjour")
