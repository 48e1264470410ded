from __future__ import annotations

from collections import Counter
from dataclasses import replace

import krippendorff
import numpy as np
import polars as pl
import pytest
from sklearn.metrics import cohen_kappa_score
from sqlalchemy import select

from models.decisions import DecidedPositions
from models.gold import gold_from_records
from models.oof import read_oof
from models.registry import SHIPPED
from pipeline.errors import ReviewError
from pipeline.review.agreement import agreement, alphas, blind_readings, kappas
from pipeline.review.campaigns import create_campaign, find_campaign
from pipeline.review.decisions import Ballot, record
from pipeline.review.drift import drift_by_source, shares_by_source, stability_index
from pipeline.review.labels import VerbatimLabels
from pipeline.review.pace import seconds_a_review, sequence
from pipeline.review.planner import plan, shrinking
from pipeline.review.population import Scope, read_population
from pipeline.review.quality import (
    accuracy_by_group,
    calibration,
    confusion,
    f1_by_label,
    measured,
)
from pipeline.review.queue import claim
from pipeline.review.sampling import Design, Mix
from pipeline.review.tables import content, item
from tests.pipeline.review.authored import MODEL_ID, gold, make_workspace, verbatim_id

BOTH = ("customer", "employee")
PLACES = {verbatim_id(i): i for i in range(2000)}


def reading(sentiment="negative", **themes):
    return VerbatimLabels(sentiment, "none", "none", themes)


def test_agreement_matches_krippendorffs_known_example(labels):
    # Two readers, 100 verbatims, the table of Cohen (1960) style: po 0.7, pe 0.5.
    pairs = [("positive", "positive")] * 45 + [("positive", "negative")] * 15
    pairs += [("negative", "positive")] * 15 + [("negative", "negative")] * 25
    readings = {str(i): [reading(a), reading(b)] for i, (a, b) in enumerate(pairs)}
    first = agreement(readings, labels)[0]
    assert first.label == "sentiment"
    assert first.share_same == pytest.approx(0.7)
    assert first.kappa == pytest.approx(0.375)
    # Nominal alpha: 1 - Do / De with De = 2 * 120 * 80 / (200 * 199).
    assert first.alpha == pytest.approx(1 - 0.3 / (2 * 120 * 80 / (200 * 199)))
    assert first.alpha_interval[0] < first.alpha < first.alpha_interval[1]


def test_resampled_agreement_is_that_of_the_libraries(labels):
    generator = np.random.default_rng(4)
    counts = generator.multinomial(3, [0.7, 0.2, 0.1], size=40)
    pairs = generator.choice(3, p=[0.7, 0.2, 0.1], size=(40, 2))
    samples = generator.multinomial(40, np.full(40, 1 / 40), size=20)
    for sample, alpha, kappa in zip(samples, alphas(counts, samples), kappas(pairs, samples), strict=True):
        held = np.repeat(np.arange(40), sample)
        assert alpha == pytest.approx(
            krippendorff.alpha(value_counts=counts[held], level_of_measurement="nominal")
        )
        assert kappa == pytest.approx(cohen_kappa_score(pairs[held, 0], pairs[held, 1]))
    alike = np.tile([2, 0, 0], (40, 1))
    assert np.isnan(alphas(alike, samples)).all()
    assert np.isnan(kappas(np.zeros_like(pairs), samples)).all()


def test_agreement_tells_what_is_missing_and_what_cannot_be_told(labels):
    few = agreement({str(i): [reading(), reading()] for i in range(5)}, labels)[0]
    assert (few.n_missing, few.alpha) == (15, None)
    same = agreement({str(i): [reading(), reading()] for i in range(30)}, labels)[0]
    assert (same.share_same, same.alpha, same.kappa) == (1.0, None, None)


@pytest.fixture
def reviewed(desk, workspace, labels, lead, bob, stamp):
    """A campaign of 100, half mixed, all reviewed truthfully; two people where it wants two."""
    design = Design(100, Mix(0.5, 0.25, 0.25, 0.0), double_share=0.3, seed=2)
    number = create_campaign(desk, workspace, labels, lead, name="Tout", model_id=MODEL_ID, design=design)
    for person in (lead, bob):
        items = claim(desk, person, number, n_items=100, audiences=BOTH, lease_minutes=60)
        ballots = [
            Ballot(
                entry.verbatim_id,
                VerbatimLabels(**gold(PLACES[entry.verbatim_id])),
                "review",
                f"{person.id}:{entry.verbatim_id}",
                number,
                seconds=9.0,
            )
            for entry in items
        ]
        record(desk, person, ballots, stamp)
    return number


def test_quality_measures_only_what_chance_chose(desk, workspace, labels, lead, reviewed, stamp):
    by_hand = [Ballot(verbatim_id(i), VerbatimLabels(**gold(i)), "list", f"h{i}") for i in range(180)]
    record(desk, lead, by_hand, stamp)
    entries = measured(desk, workspace, labels)
    assert len(entries) == 100
    assert sum(entry.weight for entry in entries) == pytest.approx(180, rel=0.25)
    scores = {score.name: score for score in f1_by_label(entries, labels)}
    means = scores["theme:means"]
    assert means.low <= means.value <= means.high
    assert means.value > 0.5
    truth = {PLACES[e.verbatim_id]: e for e in entries}
    weights = np.array([e.weight for e in truth.values()])
    right = np.array([e.model.sentiment == gold(i)["sentiment"] for i, e in truth.items()])
    assert accuracy_by_group(entries, "sentiment")[0].value == pytest.approx(
        np.average(right, weights=weights)
    )
    table = confusion(entries, "sentiment", labels.sentiment)
    assert table.sum(axis=1) == pytest.approx(1)
    assert np.trace(table) > 2
    assert all(abs(b.mean_predicted - b.share_right) < 0.3 for b in calibration(entries, labels, "sentiment"))
    assert calibration(entries, labels, "themes")


def test_quality_refuses_and_says_how_many_are_missing(desk, workspace, labels):
    entries = measured(desk, workspace, labels)
    assert entries == []
    assert all(score.value is None and score.n_missing >= 50 for score in f1_by_label(entries, labels))
    assert confusion(entries, "sentiment", labels.sentiment) is None
    assert calibration(entries, labels, "themes") == []
    assert accuracy_by_group(entries, "sentiment")[0].n_missing == 50


def test_blind_readings_are_the_double_ones(desk, reviewed, labels):
    readings = blind_readings(desk)
    assert 15 <= len(readings) <= 45
    assert all(len(given) == 2 for given in readings.values())
    assert find_campaign(desk, reviewed).n_reviewed == 100
    assert seconds_a_review(desk) == 9.0


def test_intervals_shrink_as_reviews_come_in(desk, workspace, labels, reviewed):
    population = read_population(workspace, MODEL_ID, Scope())
    steps = shrinking(population, sequence(desk, reviewed, labels), "sentiment:negative", labels)
    assert steps[-1].n_reviews == 100
    assert steps[-1].half_width < steps[0].half_width
    truth = np.mean([gold(i)["sentiment"] == "negative" for i in range(180)])
    assert abs(steps[-1].estimate - truth) < 2 * steps[-1].half_width + 0.02


def test_intervals_of_few_reviews_allow_for_errors_that_none_of_them_met(labels):
    # A model that is sure of itself and wrong once in twenty: most draws of 17 meet no error.
    generator = np.random.default_rng(0)
    truth = generator.random(1000) < 0.4
    said = truth ^ (generator.random(1000) < 0.05)
    names = [str(i) for i in range(1000)]
    population = pl.DataFrame({"verbatim_id": names, "p_sentiment_negative": np.where(said, 0.98, 0.02)})
    inside = []
    for _ in range(200):
        chosen = generator.choice(1000, 17, replace=False)
        reviewed = pl.DataFrame(
            {
                "verbatim_id": [names[i] for i in chosen],
                "probability": [0.017] * 17,
                "sentiment": ["negative" if truth[i] else "positive" for i in chosen],
            }
        )
        last = shrinking(population, reviewed, "sentiment:negative", labels)[-1]
        inside.append(abs(last.estimate - truth.mean()) <= last.half_width <= last.half_width_people + 0.01)
    assert np.mean(inside) >= 0.95


def test_plan_foretells_the_interval_that_a_draw_then_has(tmp_path, labels):
    workspace = make_workspace(tmp_path, 1500)
    population = read_population(workspace, MODEL_ID, Scope())
    whole = plan(population, "sentiment:negative", labels, columns=[], half_width=0.05)[0]
    assert whole.n_with_model < whole.n_people_only <= 1500
    estimates = []
    generator = np.random.default_rng(0)
    p = population["p_sentiment_negative"].to_numpy()
    y = np.array(
        [gold(PLACES[key])["sentiment"] == "negative" for key in population["verbatim_id"]], dtype=float
    )
    for _ in range(400):
        chosen = generator.choice(1500, whole.n_with_model, replace=False)
        estimates.append(p.mean() + (y[chosen] - p[chosen]).mean())
    inside = np.mean(np.abs(np.array(estimates) - y.mean()) <= 0.05)
    assert inside >= 0.93


def test_plan_by_cell_never_asks_for_more_than_there_is(tmp_path, labels):
    population = read_population(make_workspace(tmp_path, 300), MODEL_ID, Scope())
    cells = plan(population, "theme:means", labels, columns=["audience", "month"], half_width=0.03)
    assert sum(cell.n_verbatims for cell in cells) == 300
    assert all(1 <= cell.n_with_model <= cell.n_verbatims for cell in cells)
    with pytest.raises(ReviewError, match="more than 0 and less than 50 points"):
        plan(population, "theme:means", labels, columns=[], half_width=0.6)
    with pytest.raises(ReviewError, match="a label of the codebook"):
        plan(population, "theme:prix", labels, columns=[], half_width=0.03)


def test_plan_takes_the_most_for_a_theme_that_is_not_trained_and_some_for_a_rare_label(tmp_path, labels):
    population = read_population(make_workspace(tmp_path, 300), MODEL_ID, Scope())
    columns = [name for name in population.columns if name.startswith("p_theme_means_")]
    untrained = population.with_columns(pl.lit(None, pl.Float32).alias(name) for name in columns)
    whole = plan(untrained, "theme:means", labels, columns=[], half_width=0.05)[0]
    assert whole.expected == 0.5
    assert whole.n_with_model == whole.n_people_only == 169  # 384.1 without the finite population correction
    never = population.with_columns(pl.lit(0.0, pl.Float32).alias("p_incivility_abusive"))
    rare = plan(never, "incivility:abusive", labels, columns=[], half_width=0.05)[0]
    assert rare.n_with_model == rare.n_people_only == 50  # 3 / 0.05, corrected likewise


def test_quality_is_silent_on_a_theme_not_trained_and_on_reviews_older_than_a_theme(
    desk, workspace, labels, reviewed
):
    entries = measured(desk, workspace, labels)
    untrained = [
        replace(
            entry,
            probabilities={
                k: v for k, v in entry.probabilities.items() if not k.startswith("p_theme_means_")
            },
        )
        for entry in entries
    ]
    assert "theme:means" not in {score.name for score in f1_by_label(untrained, labels)}
    others = [theme for theme in labels.themes if theme != "means"]
    older = [replace(entry, themes_read=others) for entry in entries[:40]]
    mixed = {score.name: score for score in f1_by_label([*older, *entries[40:]], labels)}
    alone = {score.name: score for score in f1_by_label(entries[40:], labels)}
    assert mixed["theme:means"].value == pytest.approx(alone["theme:means"].value)
    assert accuracy_by_group(older, "theme:means")[0].n == 0


def sentiment_shares(positive):
    return {"sentiment": {"positive": positive, "negative": 1 - positive, "mixed": 0.0, "neutral": 0.0}}


def customers_sentiment(store):
    """Say how often the model gave each sentiment to the customers of the workspace."""
    query = select(content.c.tagged).join(item, item.c.verbatim_id == content.c.verbatim_id)
    with store.reading() as connection:
        texts = list(connection.scalars(query.where(item.c.audience == "customer")))
    given = Counter(VerbatimLabels.from_json(text).sentiment for text in texts)
    return {"sentiment": {value: n / len(texts) for value, n in given.items()}}


def test_drift_is_told_from_the_nearest_source_and_measured_by_their_own_distances(desk):
    far, near = sentiment_shares(1.0), customers_sentiment(desk)
    training = {"customer": {"avis": far, "enquete_d_avant": near}}
    customers = drift_by_source(desk, training)[0]
    assert (customers.source, customers.nearest, customers.label) == (
        "enquete",
        "enquete_d_avant",
        "sentiment",
    )
    assert customers.index == pytest.approx(0)
    assert customers.yardstick == pytest.approx(stability_index(far["sentiment"], near["sentiment"]))
    assert customers.level == "usual"

    # Two sources alike among themselves, and not like ours.
    training = {"customer": {"avis": far, "avis_bis": sentiment_shares(0.99)}}
    customers = drift_by_source(desk, training)[0]
    assert customers.nearest == "avis_bis"
    assert customers.index > customers.yardstick > 0
    assert customers.level == "beyond"


def test_drift_gives_no_verdict_without_enough_verbatims_or_sources(desk):
    employees = drift_by_source(desk, {"employee": {"barometre_d_avant": sentiment_shares(0.5)}})[1]
    assert (employees.source, employees.n, employees.index, employees.n_missing) == (
        "barometre",
        80,
        None,
        20,
    )
    alone = drift_by_source(desk, {"customer": {"avis": sentiment_shares(0.5)}})[0]
    assert alone.index > 0
    assert (alone.yardstick, alone.level) == (None, "unknown")
    assert {entry.level for entry in drift_by_source(desk, {})} == {"unknown"}


def test_shares_by_source_counts_decided_labels_of_what_was_drawn_at_random(labels):
    rows = [("avis", "random")] * 120 + [("avis", "relational")] * 50 + [("forum", "random")] * 30
    verbatim = {
        "audience": "customer",
        "text": "Merci !",
        "sentiment": "negative",
        "themes": {"means": "mixed"},
    }
    found = gold_from_records(
        [
            {**verbatim, "id": i, "source": source, "stratum": stratum}
            for i, (source, stratum) in enumerate(rows)
        ],
        labels,
    )
    decided = DecidedPositions(
        sentiment=np.array([0] * 30 + [1] * 170),
        enchantment=np.zeros(200, dtype=np.intp),
        incivility=np.zeros(200, dtype=np.intp),
        themes={"means": np.array([0] * 60 + [1] * 140)},  # the other themes are unknown to the model
        confidence=np.ones(200, dtype=np.float32),
    )
    shares = shares_by_source(found, decided)
    assert list(shares["customer"]) == ["avis"]
    avis = shares["customer"]["avis"]
    assert set(avis) == {"sentiment", "enchantment", "incivility", "theme:means"}
    assert avis["sentiment"] == {"positive": 0.25, "negative": 0.75, "mixed": 0.0, "neutral": 0.0}
    assert avis["theme:means"]["absent"] == 0.5
    assert avis["theme:means"][labels.polarities[0]] == 0.5


def test_shipped_model_tells_sources_of_both_audiences_to_compare_with(labels):
    gold_, predictions, _ = read_oof(SHIPPED / "blend", labels)
    training = shares_by_source(gold_, predictions.decided)
    assert len(training["customer"]) >= 2
    assert len(training["employee"]) >= 2


def test_sequence_is_empty_without_reviews(desk, workspace, labels, lead):
    number = create_campaign(desk, workspace, labels, lead, name="Vide", model_id=MODEL_ID, design=Design(10))
    empty = sequence(desk, number, labels)
    assert empty.is_empty()
    population = read_population(workspace, MODEL_ID, Scope())
    assert shrinking(population, empty, "sentiment:negative", labels) == []
    assert isinstance(empty, pl.DataFrame)
