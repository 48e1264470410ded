from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.cascade import CascadeTagger, TopShare
from models.evidence import evidence
from models.labels import LabelSpace
from models.segments import segments
from models.tagger import Decisions, TagProbabilities, VerbatimBatch
from tests.models.tiny_taggers import KeywordTagger

LABELS = LabelSpace(
    sentiment=("positive", "negative"),
    enchantment=("none", "relational"),
    incivility=("none", "reported"),
    themes=("means", "support"),
    polarities=("positive", "negative"),
    codebook_hash="0" * 16,
)


class WordTagger:
    """A tagger whose reasons are known: one word a label."""

    model_id = "mots"
    labels = LABELS

    def predict(self, batch):
        def has(word, high=0.9):
            return np.array([high if word in text else 1 - high for text in batch.texts], dtype=np.float32)

        def two(share):
            return np.stack([1 - share, share], axis=1)

        queue, help_ = has("queue"), has("aidée")
        return TagProbabilities(
            sentiment=two(has("queue", 0.8)),
            enchantment=two(has("bluffée", 0.7)),
            incivility=two(np.zeros(len(batch), dtype=np.float32)),
            themes={
                "means": np.stack([1 - queue, queue / 10, queue * 0.9], axis=1),
                "support": np.stack([1 - help_, help_, 0 * help_], axis=1),
            },
        )

    def decide(self, probabilities):
        n = len(probabilities.sentiment)
        return Decisions(
            sentiment=["negative" if row[1] > 0.5 else "positive" for row in probabilities.sentiment],
            enchantment=["relational" if row[1] > 0.5 else "none" for row in probabilities.enchantment],
            incivility=["none"] * n,
            themes={
                theme: [None if row[0] > 0.5 else "negative" for row in table]
                for theme, table in probabilities.themes.items()
            },
            confidence=np.ones(n, dtype=np.float32),
            needs_review=[False] * n,
        )


def batch(*texts):
    return VerbatimBatch(list(texts), ["customer"] * len(texts), [None] * len(texts))


def test_evidence_points_at_the_words_that_carried_each_label():
    text = "Bonjour 😤 une heure de queue au guichet, puis Fatou m'a aidée très gentiment hier"
    spans = {span.label: span for span in evidence(WordTagger(), batch(text))[0]}
    assert set(spans) == {"sentiment", "theme:means", "theme:support"}
    means, support = spans["theme:means"], spans["theme:support"]
    assert "queue" in text[means.start : means.end]
    assert "aidée" not in text[means.start : means.end]
    assert "aidée" in text[support.start : support.end]
    assert 0 < means.weight <= 1


def test_evidence_keeps_a_mask_whole():
    text = "Bonjour, aidée [PERSONNE]."
    support = [span for span in evidence(WordTagger(), batch(text))[0] if span.label == "theme:support"]
    assert [text[span.start : span.end].endswith("[PERSONNE]") for span in support] == [True]


def test_evidence_is_in_order_of_the_batch_and_empty_where_nothing_carried():
    found = evidence(WordTagger(), batch("RAS", "", "queue", "rien à dire de plus ici", "la queue la queue"))
    assert [len(spans) for spans in found] == [0, 0, 2, 0, 2]
    assert evidence(WordTagger(), batch()) == []


def test_evidence_shows_all_of_a_text_that_says_one_thing_twice():
    text = "la queue la queue"
    means = [span for span in evidence(WordTagger(), batch(text))[0] if span.label == "theme:means"]
    assert [text[span.start : span.end] for span in means] == [text]
    text = "Une heure de queue. Encore la queue le lendemain !"
    means = [span for span in evidence(WordTagger(), batch(text))[0] if span.label == "theme:means"]
    assert len(means) == 2
    assert all("queue" in text[span.start : span.end] for span in means)


def test_evidence_of_a_mixed_sentiment_is_both_praise_and_criticism():
    text = (
        "Merci à toute votre équipe pour son sourire, mais encore deux heures d'attente au guichet hier soir"
    )
    spans = [span for span in evidence(KeywordTagger("mots"), batch(text))[0] if span.label == "sentiment"]
    said = [text[span.start : span.end] for span in spans]
    assert len(said) == 2
    assert "Merci" in said[0]
    assert "attente" in said[1]


def test_evidence_of_a_cascade_is_that_of_the_model_that_read():
    fast, better = KeywordTagger("fast", negative=("attente",)), KeywordTagger("better")
    texts = ("Deux heures d'attente au guichet ce matin", "le site rame chaque jour depuis des semaines")
    cascade = CascadeTagger(fast, better, TopShare(0.5))
    found = evidence(cascade, batch(*texts))
    assert found == [evidence(fast, batch(texts[0]))[0], evidence(better, batch(texts[1]))[0]]
    assert any("rame" in texts[1][span.start : span.end] for span in found[1])


PIECES = st.sampled_from(
    ["la queue", "m'a aidée 😊", "É\u0301motion", "!!! ", "\n", "\r\n\t", "  ", "M. Dupont.", "12,50 €", ";",
     "mais", "merci", "nul", "👩‍🦰 et", "\u00a0", "personne ne répond jamais", "…", "«", "[PERSONNE]",
     "bluffée,"]
)  # fmt: skip


@given(st.lists(PIECES, max_size=40).map("".join), st.sampled_from([WordTagger(), KeywordTagger("mots")]))
@settings(deadline=None, max_examples=150)
def test_spans_lie_in_the_text_and_hold_words_alone(text, tagger):
    (spans,) = evidence(tagger, batch(text))
    for span in spans:
        said = text[span.start : span.end]
        assert 0 <= span.start < span.end <= len(text)
        assert said == said.strip()
        assert 0 < span.weight <= 1
    order = [(span.label, span.start) for span in spans if span.label != "sentiment"]
    assert order == sorted(order, key=lambda each: ([s.label for s in spans].index(each[0]), each[1]))


@given(st.lists(PIECES, max_size=40).map("".join))
@settings(deadline=None, max_examples=150)
def test_segments_keep_every_character_but_white_space(text):
    (places,) = segments([text])
    assert all(start < end for start, end in places)
    assert all(end <= start for (_, end), (start, _) in pairwise(places))
    kept = "".join(text[start:end] for start, end in places)
    assert "".join(kept.split()) == "".join(text.split())
    assert all(text[start:end] == text[start:end].strip() for start, end in places)


def test_segments_follow_sentences_and_the_turns_of_a_long_one():
    text = "Voir M. Dupont du S.A.V. Accueil parfait mais une heure d'attente\nMerci à tous"
    (places,) = segments([text])
    assert [text[start:end] for start, end in places] == [
        "Voir M. Dupont du S.A.V. Accueil parfait",
        "mais une heure d'attente",
        "Merci à tous",
    ]


def test_segments_cut_a_long_text_without_punctuation():
    text = " ".join(f"mot{k}" for k in range(60))
    (places,) = segments([text])
    assert len(places) == 5
    assert max(len(text[start:end].split()) for start, end in places) <= 14


@pytest.mark.parametrize("n_words", [2, 3, 89, 400])
def test_evidence_offsets_stay_inside_the_text(n_words):
    text = " ".join(["mot"] * (n_words - 1) + ["queue"])
    for span in evidence(WordTagger(), batch(text))[0]:
        assert 0 <= span.start < span.end <= len(text)
        assert "queue" in text[span.start : span.end]
