from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from models.decisions import DecisionRule
from models.evaluation import evaluate
from models.gold import GoldSet, gold_from_records, joined_gold, read_gold
from models.linear.design import count_features
from models.linear.features import build_features, build_gram
from models.linear.ratings import RatedReviews, empty_ratings, fit_ratings
from models.linear.readings import FirstScores, dense_readings, theme_columns
from models.linear.saving import save_linear
from models.linear.tagger import LinearTagger, build_tagger
from models.linear.training import (
    TrainedLinear,
    _export,
    _fit_first,
    _fit_second,
    train_linear,
)
from models.linear.weights import load_weights
from models.registry import SHIPPED, load_tagger
from models.tagger import VerbatimBatch
from models.thresholds import learn_rule
from pipeline.codebook import read_codebook
from pipeline.privacy.lexicons import lexicons
from pipeline.training_data import masked

LABELS = read_codebook().label_space
AUTHORED_FILE = Path(__file__).parents[3] / "data" / "gold" / "authored.jsonl"
ODD_TEXTS = ["", "!! 😀", "...", "ÉTÉ œuvre", "e\u0301te\u0301", "mais", "\ud7ff\u0000x", "a" * 500, "☎️ 👍🏽"]


@pytest.fixture(scope="module")
def gold() -> GoldSet:
    everything = read_gold([AUTHORED_FILE], LABELS)
    return masked(everything.take(np.arange(0, len(everything), 3)))


@pytest.fixture(scope="module")
def trained(gold: GoldSet) -> TrainedLinear:
    return train_linear(gold)


def test_train_linear_learns_what_a_model_that_learnt_nothing_cannot(
    trained: TrainedLinear, gold: GoldSet
) -> None:
    everyone = evaluate(gold, trained.unseen.decided, trained.unseen.probabilities, n_resamples=2).slices[0]
    # Always answering the most frequent value reaches 0.38 and 0.14; every theme everywhere 0.42.
    assert everyone.value("sentiment.accuracy") > 0.50
    assert everyone.value("sentiment.macro_f1") > 0.42
    assert everyone.value("themes.micro_f1") > 0.50
    assert everyone.value("enchantment.relational.average_precision") > 0.40
    assert everyone.value("incivility.any.f1") > 0.40


def test_train_linear_is_deterministic(gold: GoldSet) -> None:
    few = gold.take(np.arange(0, len(gold), 4))
    assert train_linear(few).weights.digest() == train_linear(few).weights.digest()


def test_thresholds_are_learnt_from_what_real_people_wrote(
    gold: GoldSet, monkeypatch: pytest.MonkeyPatch
) -> None:
    few = gold.take(np.arange(0, len(gold), 4))
    real = np.arange(1, len(few), 2)
    sources = np.where(np.arange(len(few)) % 2, "avis", few.sources)
    monkeypatch.setattr("models.thresholds.FEWEST_REAL", len(real))
    trained = train_linear(replace(few, sources=sources))
    assert trained.unseen.probabilities is not None
    said = trained.unseen.probabilities.take(real)
    assert trained.rule == learn_rule(said, few.take(real))
    assert trained.rule != learn_rule(trained.unseen.probabilities, few)


def test_the_engine_gives_what_the_reference_gives(gold: GoldSet) -> None:
    few = gold.take(np.arange(0, len(gold), 3))
    odd = gold_from_records(
        [
            {
                "id": i,
                "text": t,
                "audience": "customer",
                "question": "La formation vous aide-t-elle ?",
                "themes": {},
            }
            | {"sentiment": "neutral", "enchantment": "none", "incivility": "none"}
            for i, t in enumerate(ODD_TEXTS)
        ],
        LABELS,
    )
    few = joined_gold(few, odd)
    features = build_features(few)
    solution = _fit_first(build_gram(features), few, np.arange(len(few)))
    words, letters = features.primal(solution.dual)
    offsets = features.offsets(solution)
    nothing = np.zeros((1, 4), dtype=np.float32)
    reference = FirstScores(
        texts=np.hstack([features.texts.scores(words, letters) + offsets, np.repeat(nothing, len(few), 0)]),
        clauses=np.hstack(
            [features.clauses.scores(words, letters) + offsets, np.repeat(nothing, len(features.owners), 0)]
        ),
        starts=features.starts,
        questions=np.zeros((len(few), 6), dtype=np.float32),
    )
    reference.questions[features.asked] = (
        features.questions.take(features.asked).scores(words, letters) + offsets
    )[:, theme_columns(LABELS)]
    layer = _fit_second(dense_readings(reference, few.batch, LABELS), few)
    tagger = build_tagger(
        _export(features, solution, empty_ratings(), layer), DecisionRule.plain(LABELS), LABELS, 1
    )
    scores = tagger.first_scores(few.batch)
    np.testing.assert_array_equal(scores.starts, reference.starts)
    # The only difference is the rounding of weights to 8 bits.
    for name in ("texts", "clauses", "questions"):
        np.testing.assert_allclose(getattr(scores, name), getattr(reference, name), atol=0.2)
        assert np.abs(getattr(scores, name) - getattr(reference, name)).mean() < 0.02


def test_predict_does_not_depend_on_the_company(trained: TrainedLinear, gold: GoldSet) -> None:
    tagger = _tagger(trained)
    batch = VerbatimBatch(
        texts=[*ODD_TEXTS, *gold.batch.texts[:200]],
        audiences=["employee"] * (200 + len(ODD_TEXTS)),
        questions=[None] * (200 + len(ODD_TEXTS)),
    )
    together = tagger.predict(batch)
    for row in range(0, len(batch), 7):
        alone = tagger.predict(VerbatimBatch([batch.texts[row]], ["employee"], [None]))
        np.testing.assert_allclose(alone.sentiment[0], together.sentiment[row], atol=1e-5)
        np.testing.assert_allclose(alone.themes["means"][0], together.themes["means"][row], atol=1e-5)
    assert np.isfinite(together.sentiment).all()


def test_accents_case_and_composition_do_not_change_the_reading(trained: TrainedLinear) -> None:
    texts = ["Délai très long, équipe à l'écoute", "DELAI TRES LONG, EQUIPE A L’ECOUTE"]
    scores = _tagger(trained).first_scores(VerbatimBatch(texts, ["customer"] * 2, [None] * 2))
    np.testing.assert_array_equal(scores.texts[0], scores.texts[1])


def test_weights_hold_numbers_alone_and_no_name_that_was_masked(gold: GoldSet) -> None:
    name = "Quillévéré"
    texts = [f"Merci à Madame {name}, elle a tout réglé. {i}" for i in range(20)]
    few = gold.take(np.arange(0, len(gold), 5))
    planted = replace(
        few, batch=VerbatimBatch([*texts, *few.batch.texts[20:]], few.batch.audiences, few.batch.questions)
    )
    weights = train_linear(masked(planted)).weights
    assert all(getattr(weights, field).dtype.kind in "iuf" for field in weights.__dataclass_fields__)
    named, _ = count_features([name])
    assert not set(named.words.indices) & set(weights.word_ids.tolist())
    assert count_features(["madame"])[0].words.indices[0] in weights.word_ids


def test_an_own_theme_is_trained_from_a_few_verbatims_without_code(gold: GoldSet, tmp_path: Path) -> None:
    own = replace(LABELS, themes=(*LABELS.themes, "price"), codebook_hash="1" * 16)
    dear = ["Trop cher pour ce que c'est", "Les prix ont encore augmenté", "Tarif excessif, hausse de 20 %"]
    other = ["Accueil souriant", "Le site plante", "Personne ne répond au téléphone"]
    records = [
        {
            "id": f"{kind}{i}",
            "text": f"{text} ({i})",
            "audience": "customer",
            "source": "own",
            "themes": themes,
        }
        | {"themes_read": ["price"]}
        for i in range(20)
        for kind, options, themes in (("d", dear, {"price": "negative"}), ("o", other, {}))
        for text in [options[i % 3]]
    ]
    unasked = replace(gold, labels=own, themes=np.pad(gold.themes, ((0, 0), (0, 1)), constant_values=-1))
    trained = train_linear(joined_gold(unasked, gold_from_records(records, own)))
    save_linear(tmp_path, trained.weights, trained.rule, own, {})
    tagger = load_tagger(str(tmp_path), own)
    tagged = tagger.decide(
        tagger.predict(
            VerbatimBatch(["C'est devenu trop cher", "Accueil très souriant"], ["customer"] * 2, [None] * 2)
        )
    )
    assert list(tagged.themes["price"]) == ["negative", None]


def test_fit_ratings_tells_praise_from_complaint_and_leaves_a_source_out() -> None:
    praise, complaint = "service parfait je recommande", "une honte à fuir absolument"
    texts = [f"{t} {i}" for i in range(60) for t in (praise, complaint)] + ["unique mot propre"] * 60
    stars = np.array([5, 1] * 60 + [3] * 60, dtype=np.int8)
    sources = np.array(["a", "b"] * 60 + ["c"] * 60)
    counts, _ = count_features(texts, with_letters=False)
    model = fit_ratings(RatedReviews(counts, stars, sources))
    scores = model.scores(counts)
    assert scores[0].min() > scores[1].max()
    without = fit_ratings(RatedReviews(counts, stars, sources), {"c"})
    assert len(without.ids) < len(model.ids)


def _tagger(trained: TrainedLinear) -> LinearTagger:
    return build_tagger(trained.weights, trained.rule, LABELS, 1)


def test_no_first_name_has_a_weight_of_its_own_in_the_shipped_model() -> None:
    weights = load_weights(SHIPPED / "linear")
    names = lexicons().first_names - lexicons().needs_context
    assert len(names) > 1_000
    hashed = set(count_features(sorted(names), with_letters=False)[0].words.indices.tolist())
    assert not hashed & set(weights.word_ids.tolist())
    assert not hashed & set(weights.rating_ids.tolist())
