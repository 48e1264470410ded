from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from models.decisions import decide_positions
from models.gold import UNKNOWN, gold_from_records
from models.predictions import Predictions
from models.promotion import compare
from tests.models.tiny_taggers import LABELS, KeywordTagger

TEXTS = (
    "Merci, accueil souriant 😊",
    "Deux heures d'attente",
    "le site rame encore",
    "toujours en panne, nul",
    "RAS",
)
SENTIMENTS = ("positive", "negative", "negative", "negative", "neutral")


def gold_of(n_customers, n_employees):
    records = [
        {
            "id": f"{audience}{k}",
            "audience": audience,
            "text": TEXTS[k % 5],
            "sentiment": SENTIMENTS[k % 5],
            "enchantment": "none",
            "incivility": "none",
            "themes": {"means": "negative"} if SENTIMENTS[k % 5] == "negative" else {},
        }
        for audience, n in (("customer", n_customers), ("employee", n_employees))
        for k in range(n)
    ]
    return gold_from_records(records, LABELS)


def said(gold, tagger):
    probabilities = tagger.predict(gold.batch)
    return Predictions(decide_positions(probabilities, tagger.rule), probabilities)


GOOD, POOR = KeywordTagger("bon"), KeywordTagger("court", negative=("attente",))


def test_better_challenger_is_promoted_and_named_better():
    gold = gold_of(100, 80)
    verdict = compare(gold, said(gold, POOR), said(gold, GOOD))
    assert verdict.is_promoted
    found = {(each.audience, each.measure): each for each in verdict.comparisons}
    accuracy = found["customer", "sentiment.accuracy"]
    assert (accuracy.champion, accuracy.challenger) == pytest.approx((0.4, 0.8))
    assert accuracy.is_better
    assert accuracy.low <= 0.4 <= accuracy.high
    assert found["employee", "themes.micro_f1"].challenger == pytest.approx(1.0)


def test_worse_challenger_is_refused_when_one_audience_alone_loses():
    gold = gold_of(100, 80)
    mixed = said(gold, POOR)
    for row in np.flatnonzero(gold.audiences == "customer"):
        mixed.decided.sentiment[row] = said(gold, GOOD).decided.sentiment[row] if row < 1 else 0
    verdict = compare(gold, said(gold, POOR), mixed)
    assert not verdict.is_promoted
    assert {each.audience for each in verdict.worse} == {"customer"}


def test_equal_challenger_is_not_worse():
    gold = gold_of(60, 60)
    verdict = compare(gold, said(gold, GOOD), said(gold, GOOD))
    assert verdict.is_promoted
    assert all(each.low == each.high == 0 for each in verdict.comparisons)


def test_nobody_is_promoted_on_too_few_verbatims_of_an_audience():
    gold = gold_of(100, 8)
    verdict = compare(gold, said(gold, POOR), said(gold, GOOD))
    assert verdict.unjudged == ("employee",)
    assert not verdict.is_promoted
    gold = gold_of(100, 0)
    verdict = compare(gold, said(gold, POOR), said(gold, GOOD))
    assert verdict.n_judged == {"own": {"customer": 100, "employee": 0}}
    assert not verdict.is_promoted
    # A company that hears its customers alone needs no employee to judge.
    assert compare(gold, said(gold, POOR), said(gold, GOOD), audiences=("customer",)).is_promoted


def test_nobody_is_promoted_on_authored_verbatims_alone():
    gold = gold_of(100, 100)
    verdict = compare(gold, said(gold, POOR), said(gold, GOOD), kinds=np.full(200, "authored"))
    assert {each.kind for each in verdict.comparisons} == {"authored"}
    assert verdict.unjudged == ("customer", "employee")
    assert not verdict.is_promoted


def test_what_is_lost_on_own_verbatims_counts_whatever_many_authored_ones_say():
    gold = gold_of(1060, 0)
    kinds = np.array(["own"] * 60 + ["authored"] * 1000)
    champion, challenger = said(gold, POOR), said(gold, POOR)
    good = said(gold, GOOD)
    champion.decided.sentiment[:60] = good.decided.sentiment[:60]
    challenger.decided.sentiment[60:] = good.decided.sentiment[60:]
    verdict = compare(gold, champion, challenger, kinds=kinds, audiences=("customer",))
    assert verdict.n_judged == {
        "own": {"customer": 60, "employee": 0},
        "authored": {"customer": 1000, "employee": 0},
    }
    assert {each.kind for each in verdict.worse} == {"own"}
    assert any(each.is_better and each.kind == "authored" for each in verdict.comparisons)
    assert not verdict.is_promoted


def test_verbatims_read_for_one_theme_alone_judge_nobody():
    gold = gold_of(100, 100)
    for name in ("sentiment", "enchantment", "incivility"):
        getattr(gold, name)[:] = UNKNOWN
    gold.themes[:, 1:] = UNKNOWN
    verdict = compare(gold, said(gold, POOR), said(gold, GOOD))
    assert verdict.n_judged == {"own": {"customer": 0, "employee": 0}}
    assert verdict.comparisons == ()
    assert not verdict.is_promoted


def test_a_theme_that_the_champion_does_not_know_is_no_loss():
    gold = gold_of(60, 60)
    knowing = said(gold, POOR)
    without = {theme: columns for theme, columns in knowing.decided.themes.items() if theme != "support"}
    told = {theme: columns for theme, columns in knowing.probabilities.themes.items() if theme != "support"}
    gold.themes[:, LABELS.themes.index("support")] = 1
    champion = Predictions(
        replace(knowing.decided, themes=without), replace(knowing.probabilities, themes=told)
    )
    verdict = compare(gold, champion, knowing)
    assert verdict.new_themes == ("support",)
    assert verdict.is_promoted
    micro = next(each for each in verdict.comparisons if each.measure == "themes.micro_f1")
    assert micro.low == micro.high == 0


def test_challenger_that_lost_a_theme_is_refused():
    gold = gold_of(60, 60)
    full = said(gold, GOOD)
    probabilities = replace(full.probabilities, themes={"means": full.probabilities.themes["means"]})
    decided = replace(full.decided, themes={"means": full.decided.themes["means"]})
    verdict = compare(gold, full, Predictions(decided, probabilities))
    assert verdict.untrained == ("feedback", "listening", "recognition", "support", "training")
    assert not verdict.is_promoted


def with_rare_labels(gold):
    gold.enchantment[::7], gold.incivility[::6] = LABELS.enchantment.index("relational"), 1
    return gold


def misread(gold, rng, share):
    """What a model says that errs at random, in all labels, on a share of the verbatims."""
    perfect = said(gold, GOOD).decided
    codes = {
        "sentiment": (gold.sentiment, 4),
        "enchantment": (gold.enchantment, 3),
        "incivility": (gold.incivility, 3),
    }
    found = {
        name: np.where(rng.random(len(gold)) < share, rng.integers(0, n, len(gold)), right).astype(np.intp)
        for name, (right, n) in codes.items()
    }
    themes = {
        theme: np.where(rng.random(len(gold)) < share, rng.integers(0, 5, len(gold)), gold.themes[:, k])
        for k, theme in enumerate(LABELS.themes)
    }
    return Predictions(replace(perfect, **found, themes=themes), None)


def test_a_challenger_just_as_good_is_seldom_refused():
    """Two models that err by the same law: a refusal is chance, and is to happen once in twenty or forty."""
    gold = with_rare_labels(gold_of(100, 100))
    rng = np.random.default_rng(0)
    verdicts = [
        compare(gold, misread(gold, rng, 0.3), misread(gold, rng, 0.3), n_resamples=60) for _ in range(30)
    ]
    assert all(len(each.comparisons) >= 10 for each in verdicts)
    # Each figure alone, at 95 %, refuses several times as many.
    alone = sum(any(figure.high < 0 for figure in each.comparisons) for each in verdicts)
    refused = sum(not each.is_promoted for each in verdicts)
    assert refused <= 3 < alone


def test_a_loss_of_one_in_ten_is_refused_among_many_figures():
    gold = gold_of(200, 200)
    champion = misread(gold, np.random.default_rng(0), 0.2)
    sentiment = champion.decided.sentiment.copy()
    right = np.flatnonzero(sentiment == gold.sentiment)[::8]
    sentiment[right] = 3 - sentiment[right]
    challenger = replace(champion, decided=replace(champion.decided, sentiment=sentiment))
    verdict = compare(gold, champion, challenger, n_resamples=100)
    assert {(each.audience, each.measure) for each in verdict.worse} >= {
        ("customer", "sentiment.accuracy"),
        ("employee", "sentiment.accuracy"),
    }
    assert {each.n_together for each in verdict.comparisons} == {len(verdict.comparisons)}


def test_same_seed_gives_the_same_intervals():
    gold = gold_of(60, 60)
    once, again = (compare(gold, said(gold, POOR), said(gold, GOOD), seed=7) for _ in range(2))
    assert once == again


def test_interval_covers_the_difference_as_often_as_it_says():
    """Draw small samples of a large population: 95 % of the intervals should hold its difference."""
    rng = np.random.default_rng(1)
    population = gold_of(2000, 0)
    one, other = said(population, POOR), said(population, GOOD)
    rows = rng.integers(0, 2000, (60, 120))
    flips = rng.random((2, 2000)) < 0.3
    one.decided.sentiment[flips[0]] = 3
    other.decided.sentiment[flips[1]] = 3
    truth = np.mean(other.decided.sentiment == population.sentiment) - np.mean(
        one.decided.sentiment == population.sentiment
    )
    held = 0
    for mine in rows:
        from models.promotion import take_predictions

        verdict = compare(
            population.take(mine),
            take_predictions(one, mine),
            take_predictions(other, mine),
            audiences=("customer",),
            n_resamples=200,
        )
        accuracy = next(each for each in verdict.comparisons if each.measure == "sentiment.accuracy")
        held += accuracy.low <= truth <= accuracy.high
    assert held >= 51  # 57 expected; fewer than 51 has a chance under 1 in 100
