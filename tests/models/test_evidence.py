from __future__ import annotations

import numpy as np
import pytest

from models.evidence import evidence
from models.labels import LabelSpace
from models.tagger import Decisions, TagProbabilities, VerbatimBatch

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


def test_evidence_is_in_order_of_the_batch_and_empty_where_nothing_carried():
    found = evidence(WordTagger(), batch("RAS", "", "queue", "rien à dire de plus ici", "la queue la queue"))
    assert [len(spans) for spans in found[:4]] == [0, 0, 0, 0]
    assert len(found) == 5
    assert evidence(WordTagger(), batch()) == []


@pytest.mark.parametrize("n_words", [2, 3, 89, 400])
def test_evidence_offsets_stay_inside_the_text(n_words):
    text = " ".join(["mot"] * (n_words - 1) + ["queue"])
    for span in evidence(WordTagger(), batch(text))[0]:
        assert 0 <= span.start < span.end <= len(text)
        assert "queue" in text[span.start : span.end]
