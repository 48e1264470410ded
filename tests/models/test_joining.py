"""Verbatims made of others carry the labels that the codebook gives the whole."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from models.encoder.joining import MOST_SHORT_WORDS, judgement_table, put_in, with_joined
from models.gold import UNKNOWN, GoldSet, gold_from_records
from pipeline.codebook import read_codebook

LABELS = read_codebook().label_space
NONE: dict[str, Any] = {"audience": "customer", "enchantment": "none", "incivility": "none", "themes": {}}
LONG = "Commande passée lundi. " + "Le vendeur a été poli mais lent. " * 8


def gold_of(*records: dict[str, Any]) -> GoldSet:
    return gold_from_records([{**NONE, "id": str(k), **record} for k, record in enumerate(records)], LABELS)


WAITING: dict[str, Any] = {
    "text": "Une heure de queue", "sentiment": "negative", "themes": {"means": "negative"}
}  # fmt: skip
KIND: dict[str, Any] = {
    "text": "Hôtesse adorable", "sentiment": "positive", "themes": {"recognition": "positive"}
}  # fmt: skip
INSULT: dict[str, Any] = {"text": "Bande de charlots", "sentiment": "negative", "incivility": "abusive"}
REVIEW: dict[str, Any] = {
    "text": LONG,
    "sentiment": "negative",
    "source": "a",
    "themes": {"means": "negative"},
}


def added(gold: GoldSet) -> GoldSet:
    found = with_joined(gold, 60, np.random.default_rng(0))
    joined = found.take(np.arange(len(gold), len(found)))
    assert len(joined) > 5
    return joined


def test_nothing_is_added_without_short_authored_verbatims() -> None:
    gold = gold_of(REVIEW, {**REVIEW, "id": "b"})
    assert len(with_joined(gold, 5, np.random.default_rng(0))) == 2


def test_praise_beside_criticism_is_mixed_and_themes_add_up() -> None:
    joined = added(gold_of(WAITING, KIND))
    assert {LABELS.sentiment[code] for code in joined.sentiment} == {"mixed"}
    means, recognition = (LABELS.themes.index(theme) for theme in ("means", "recognition"))
    assert {LABELS.polarities[code - 1] for code in joined.themes[:, means]} == {"negative"}
    assert {LABELS.polarities[code - 1] for code in joined.themes[:, recognition]} == {"positive"}


def test_an_insult_put_into_a_review_makes_it_abusive() -> None:
    joined = added(gold_of(REVIEW, INSULT))
    assert {LABELS.incivility[code] for code in joined.incivility} == {"abusive"}
    assert all("Bande de charlots" in text and "Commande passée" in text for text in joined.batch.texts)
    assert set(joined.sources.tolist()) == {"a"}


def test_an_unknown_label_stays_unknown() -> None:
    joined = added(gold_of({**REVIEW, "incivility": None}, INSULT))
    assert set(joined.incivility.tolist()) == {UNKNOWN}


def test_parts_are_of_one_audience() -> None:
    gold = gold_of(WAITING, KIND, {**WAITING, "audience": "employee", "text": "Le logiciel rame"})
    joined = added(gold)
    assert not any("logiciel" in text and "queue" in text for text in joined.batch.texts)


def test_the_same_seed_gives_the_same_verbatims() -> None:
    gold = gold_of(WAITING, KIND, INSULT, REVIEW)
    once, again = (with_joined(gold, 3, np.random.default_rng(7)) for _ in range(2))
    assert once.batch.texts == again.batch.texts


def test_long_authored_verbatims_are_not_put_into_others() -> None:
    essay = {**KIND, "text": " ".join(["mot"] * (MOST_SHORT_WORDS + 1))}
    assert len(with_joined(gold_of(REVIEW, essay), 4, np.random.default_rng(0))) == 2


def test_an_answer_is_not_put_into_a_text_without_its_question() -> None:
    answer = {**WAITING, "text": "Les horaires", "question": "Que faut-il améliorer ?"}
    assert len(with_joined(gold_of(REVIEW, answer), 4, np.random.default_rng(0))) == 2


@pytest.mark.parametrize(
    ("one", "other", "together"),
    [
        ("", "negative", "negative"),
        ("", "neutral", "neutral"),
        ("neutral", "positive", "positive"),
        ("positive", "negative", "mixed"),
        ("mixed", "positive", "mixed"),
        ("negative", "negative", "negative"),
    ],
)
def test_two_judgements_of_a_theme_make_one(one: str, other: str, together: str) -> None:
    values = ("", *LABELS.polarities)
    table = judgement_table(values)
    for pair in ((one, other), (other, one)):
        assert values[table[values.index(pair[0]), values.index(pair[1])]] == together


def test_a_text_is_put_between_sentences_only() -> None:
    rng = np.random.default_rng(0)
    found = {put_in("Bon accueil. Rien d'autre.", "Merci", rng) for _ in range(200)}
    assert all("Bon accueil." in text and "Rien d'autre." in text for text in found)
    assert {text.index("Merci") for text in found} >= {0, len("Bon accueil. ")}
