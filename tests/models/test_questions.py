"""What a question asks for shifts what is made of its answers, and leaves all others alone."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from models.blend.questions import FEWEST, QuestionShifts, fit_question_shifts
from models.gold import GoldSet, gold_from_records
from models.question_words import GOOD, KINDS, LACKING, OPEN, kind_of
from models.registry import load_tagger
from models.tagger import TagProbabilities, VerbatimBatch
from tests.models.tiny_taggers import LABELS

ASKED = {
    GOOD: (
        "Quels sont les points forts de votre agence ?",
        "Qu’est-ce qui vous aide à bien servir les clients ?",
        "QU'EST-CE QUI FONCTIONNE BIEN ?",
        "Qu'avez-vous le plus apprécié ?",
        "Ce que vous appréciez le plus",
        "À garder :",
        "Points positifs",
        "De quoi êtes-vous fière ?",
        "Avantages",
        "Votre coup de cœur",
    ),
    LACKING: (
        "Que faudrait-il améliorer ?",
        "Points à améliorer",
        "Qu'est-ce qui vous empêche de bien travailler ?",
        "Qu'est-ce qui ne fonctionne pas ?",
        "Qu'est-ce qui vous plaît le moins ?",
        "Vos suggestions",
        "Inconvénients",
        "Qu'est-ce qui vous aiderait à mieux travailler ?",
        "Que changeriez-vous ?",
        "À arrêter :",
    ),
    OPEN: (
        None,
        "",
        "Pourquoi cette note ?",
        "Points positifs et négatifs",
        "Ce que vous appréciez le plus et le moins",
        "Qu'est-ce qui vous a plu ou déplu ?",
        "Que pensez-vous des outils numériques ?",
        "Êtes-vous satisfait de votre rémunération ?",
        "Que pensez-vous de vos avantages ?",
        "En cas de difficulté, vers qui vous tournez-vous ?",
        "Merci de détailler votre note",
        "Remarques_ENT",
    ),
}
SHIFTS = QuestionShifts(
    sentiment=np.array([[0.0] * 4, [2.0, -2.0, 0.0, 0.0], [0.0] * 4]),
    polarity=np.array([[0.0] * 4, [2.0, -2.0, 0.0, 0.0], [0.0] * 4]),
)


@pytest.mark.parametrize(
    ("question", "kind"), [(question, kind) for kind, asked in ASKED.items() for question in asked]
)
def test_what_a_question_asks_for(question: str | None, kind: int) -> None:
    assert KINDS[kind_of(question)] == KINDS[kind]


def told(n: int) -> TagProbabilities:
    """Answers that read as negative, with a theme that is there at 0.8."""
    sentiment = np.tile(np.array([0.3, 0.6, 0.05, 0.05], dtype=np.float32), (n, 1))
    rare = np.tile(np.array([0.9, 0.05, 0.05], dtype=np.float32), (n, 1))
    theme = np.tile(np.array([0.2, 0.2, 0.5, 0.05, 0.05], dtype=np.float32), (n, 1))
    return TagProbabilities(sentiment, rare, rare, dict.fromkeys(LABELS.themes, theme))


def test_shifts_move_sentiment_and_polarity_not_whether_a_theme_is_there() -> None:
    before = told(3)
    after = SHIFTS.apply(before, ["Points forts", None, "Que faudrait-il améliorer ?"])
    assert after.sentiment[0].argmax() == 0
    assert (after.sentiment[1] == before.sentiment[1]).all()
    assert after.sentiment[2] == pytest.approx(before.sentiment[2], abs=1e-6)  # shifted by nothing
    means = after.themes["means"]
    assert means[0].argmax() == 1
    assert means[:, 0] == pytest.approx(before.themes["means"][:, 0])
    assert means.sum(axis=1) == pytest.approx(1.0)
    assert (after.incivility == before.incivility).all()
    assert (after.enchantment == before.enchantment).all()


def answers(n: int, question: str, sentiment: str) -> GoldSet:
    records = [
        {
            "id": str(k),
            "audience": "employee",
            "question": question,
            "text": f"réponse {k}",
            "sentiment": sentiment,
            "enchantment": "none",
            "incivility": "none",
            "themes": {"means": sentiment},
        }
        for k in range(n)
    ]
    return gold_from_records(records, LABELS)


def test_shifts_are_learnt_where_enough_answered_and_gently() -> None:
    found = fit_question_shifts(told(200), answers(200, "Points forts", "positive"))
    assert found.sentiment[GOOD][0] > 1
    assert found.sentiment[GOOD][1] < -1
    assert found.polarity[GOOD][0] > 1
    assert np.abs(found.sentiment).max() < 6
    assert not found.sentiment[[OPEN, LACKING]].any()

    few = fit_question_shifts(told(FEWEST - 1), answers(FEWEST - 1, "Points forts", "positive"))
    assert not few.sentiment.any()
    open_ones = fit_question_shifts(told(200), answers(200, "Votre avis ?", "positive"))
    assert not open_ones.sentiment.any()
    unknown = replace(answers(200, "Points forts", "positive"), sentiment=np.full(200, -1, dtype=np.int8))
    assert not fit_question_shifts(told(200), unknown).sentiment.any()


def test_the_shipped_blend_hears_the_question() -> None:
    tagger = load_tagger("blend", LABELS)
    texts = ["Être assez nombreux au guichet", "les ateliers du jeudi sur les garanties", "ma collègue Anne"]
    shares = {
        question: tagger.predict(VerbatimBatch(texts, ["employee"] * 3, [question] * 3)).sentiment
        for question in ("Vos points forts ?", "Que faudrait-il améliorer ?")
    }
    good, lacking = shares.values()
    assert (good[:, 0] > lacking[:, 0] + 0.1).all()
    assert (good[:, 1] < lacking[:, 1] - 0.1).all()
