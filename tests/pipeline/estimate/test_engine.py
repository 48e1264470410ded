"""The engine against known answers, a library, and simulation."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.codebook import read_codebook
from pipeline.estimate import engine
from pipeline.estimate.calibration import Calibration, GoldScores, calibrate
from pipeline.estimate.coverage import Grid, cells_of, reviews_of, simulate, summarise, wilson
from pipeline.estimate.curves import binomial
from pipeline.estimate.engine import METHODS, estimate_means
from pipeline.estimate.scores import Score, score_book

YES = Score("yes", ())


def calibration(low=0.1, high=0.8, noise=0.03, shift=0.002, freedom=20.0):
    def one(value):
        return np.array([value])

    return {
        "customer": Calibration(
            one(low), one(high), one(noise), one(noise), one(shift), one(shift), one(freedom)
        )
    }


def draw(rng, n_cells, size, prevalence, low=0.1, high=0.8, noise=0.17):
    true = (rng.random((n_cells, size)) < prevalence).astype(float)
    predicted = np.where(true == 1, high, low) + rng.normal(0, noise, true.shape)
    return predicted, true


def run(predicted, true, reviewed, calibrations):
    counts = np.full(len(true), reviewed)
    reviews = reviews_of(predicted, true, counts)
    return estimate_means(cells_of(predicted, "customer"), (YES,), calibrations, reviews)


def test_estimate_is_exact_when_every_verbatim_is_reviewed(rng):
    predicted, true = draw(rng, 4, 50, 0.3)
    means = run(predicted, true, 50, calibration())
    assert means.value[:, 0] == pytest.approx(true.mean(axis=1))
    assert means.error[:, 0] == pytest.approx(0.0, abs=1e-12)
    assert {METHODS[m] for m in means.method[:, 0]} == {"exact"}


def test_estimate_names_its_method_by_what_is_there(rng):
    predicted, true = draw(rng, 2, 2000, 0.3)
    named = [METHODS[run(predicted, true, n, calibration()).method[0, 0]] for n in (0, 5, 800)]
    assert named == ["calibrated", "partial", "ppi"]
    assert METHODS[run(predicted, true, 0, {}).method[0, 0]] == "count"


def test_estimate_reads_prevalence_back_when_it_differs_from_training(rng):
    predicted, true = draw(rng, 1, 20_000, 0.6)
    assert predicted.mean() == pytest.approx(0.52, abs=0.02)  # plain mean: 8 points off
    assert run(predicted, true, 0, calibration()).value[0, 0] == pytest.approx(true.mean(), abs=0.01)


def test_estimate_narrows_as_more_is_reviewed(rng):
    predicted, true = draw(rng, 40, 1000, 0.3, low=0.3, high=0.6, noise=0.3)
    errors = [run(predicted, true, n, calibration(0.3, 0.6, 0.09)).error.mean() for n in (0, 20, 100, 500)]
    assert errors == sorted(errors, reverse=True)


def test_estimate_agrees_with_ppi_python_when_sample_is_simple(rng):
    ppi = pytest.importorskip("ppi_py")
    true = (rng.random(4000) < 0.35).astype(float)
    predicted = np.clip(0.2 + 0.5 * true + rng.normal(0, 0.2, 4000), 0, 1)
    ours = run(predicted[None], true[None], 400, {})
    theirs = ppi.ppi_mean_pointestimate(true[:400], predicted[:400], predicted[400:])
    low, high = ppi.ppi_mean_ci(true[:400], predicted[:400], predicted[400:], alpha=0.05)
    assert ours.value[0, 0] == pytest.approx(theirs[0], abs=0.004)
    # Theirs speaks of a population without end: a finite one has (1 − 400/4000) of the variance of the
    # labels.
    spread = np.sqrt(ours.error[0, 0]) * 1.96 * 2
    assert 0.85 < spread / (high - low)[0] < 1.02


def test_estimate_is_unbiased_when_review_is_uneven(rng):
    """Doubtful verbatims are reviewed four times as often; weights put that right."""
    weighed, plain, truth = [], [], []
    for _ in range(300):
        predicted, true = draw(rng, 1, 1500, 0.2, low=0.2, high=0.5, noise=0.2)
        probability = np.where(predicted[0] > 0.4, 0.4, 0.1)
        chosen = rng.random(1500) < probability
        reviews = engine.ReviewedCells(
            cell=np.zeros(chosen.sum(), dtype=np.int64),
            row=np.arange(chosen.sum()),
            probability=probability[chosen],
            predicted=predicted[0, chosen][:, None],
            true=true[0, chosen][:, None],
        )
        means = estimate_means(cells_of(predicted, "customer"), (YES,), {}, reviews)
        weighed.append(means.value[0, 0])
        plain.append(true[0, chosen].mean())
        truth.append(true.mean())
    error = np.array(weighed) - np.array(truth)
    assert abs(error.mean()) < 3 * error.std() / np.sqrt(300) + 0.002
    assert np.mean(plain) - np.mean(truth) > 0.08


def test_estimate_takes_hand_chosen_labels_as_known_and_no_more(rng):
    predicted, true = draw(rng, 1, 100, 0.3)
    positive = np.flatnonzero(true[0] == 1)[:5]
    reviews = engine.ReviewedCells(
        cell=np.zeros(5, dtype=np.int64),
        row=np.arange(5),
        probability=np.full(5, np.nan),
        predicted=predicted[0, positive][:, None],
        true=np.ones((5, 1)),
    )
    with_labels = estimate_means(cells_of(predicted, "customer"), (YES,), calibration(), reviews)
    without = run(predicted, true, 0, calibration())
    assert with_labels.value[0, 0] == pytest.approx(without.value[0, 0], abs=0.05)
    assert METHODS[with_labels.method[0, 0]] == "calibrated"


@pytest.mark.parametrize("known", [{}, calibration(low=0.01, high=0.15, noise=0.001, shift=0.01)])
def test_estimate_is_not_carried_away_by_one_label_when_no_line_can_be_read(known):
    """One in twenty has it; a little above nothing is predicted of those reviewed, much of some others."""
    predicted = np.concatenate([[0.02], np.full(19, 0.001), np.full(10, 0.4), np.full(170, 0.001)])[None]
    true = np.zeros((1, 200))
    true[0, [0, *range(20, 29)]] = 1.0
    estimated = run(predicted, true, 20, known).value[0, 0]
    assert estimated == pytest.approx(true.mean(), abs=0.05)


def test_three_labels_are_no_more_than_three_when_no_line_can_be_read(rng):
    predicted, true = draw(rng, 1, 60, 0.15)
    assert run(predicted, true, 3, {}).freedom[0, 0] == pytest.approx(2.0)
    assert run(predicted, true, 3, calibration()).freedom[0, 0] > 10.0


def test_sharpen_moves_cells_that_nobody_reviewed(rng):
    """The company's predictions run 0.15 too high; 400 reviews in one cell put the others right."""
    predicted, true = draw(rng, 5, 2000, 0.3, low=0.25, high=0.95)
    reviews = reviews_of(predicted, true, np.array([400, 0, 0, 0, 0]))
    cells = cells_of(predicted, "customer")
    before = run(predicted, true, 0, calibration(shift=0.01))
    after = estimate_means(cells, (YES,), calibration(shift=0.01), reviews)
    off = np.abs(before.value[1:, 0] - true[1:].mean(axis=1)).mean()
    assert np.abs(after.value[1:, 0] - true[1:].mean(axis=1)).mean() < off / 3
    assert (after.error[1:] < before.error[1:]).all()


@settings(max_examples=40, deadline=None)
@given(n=st.integers(20, 400), share=st.floats(0, 1))
def test_curve_gives_wilsons_interval_when_variance_is_binomial(n, share):
    low, high = binomial(np.array([float(n)])).interval(np.array([share]), 1.959964)
    least, most = wilson(np.array([share]), np.array([n]), 0.95, np.array([0.0]))
    assert low[0] == pytest.approx(least[0], abs=1e-5)
    assert high[0] == pytest.approx(most[0], abs=1e-5)


def test_calibrate_is_wider_when_sources_differ(rng):
    book = score_book(read_codebook().label_space)

    def spread(between):
        true = np.zeros((900, len(book.scores)))
        true[::2] = 1.0
        offset = np.repeat(rng.normal(0, between, 6), 150)[:, None]
        predicted = 0.2 + 0.5 * true + offset + rng.normal(0, 0.1, true.shape)
        source = [f"s{i // 150}" for i in range(900)]
        return calibrate({"customer": GoldScores(predicted, true, source)}, book)["customer"].shift_low[0]

    assert spread(0.2) > 5 * spread(0.0)


def test_calibrate_does_not_take_one_source_for_all_there_are(rng):
    book = score_book(read_codebook().label_space)
    true = np.zeros((5000, len(book.scores)))
    true[::2] = 1.0
    predicted = 0.2 + 0.5 * true + rng.normal(0, 0.1, true.shape)
    told = calibrate({"customer": GoldScores(predicted, true, ["authored"] * 5000)}, book)["customer"]
    k = book.index["means_present"]
    # Its mean is known to a hair where it was judged; a company's verbatims are another source.
    assert 0.03 < told.shift_low[k] ** 0.5 < 0.1
    assert 0.08 < told.shift_high[k] ** 0.5 < 0.2


def test_intervals_cover_when_source_is_new():
    """A small version of `miroir coverage`, on a tagger that differs from source to source."""
    rng = np.random.default_rng(3)
    book = score_book(read_codebook().label_space)
    k, n, sources = book.index["sentiment_positive"], 250, 10
    true = np.zeros((n * sources, len(book.scores)))
    true[:, k] = rng.random(n * sources) < 0.4
    offset = np.repeat(rng.normal(0, 0.05, sources), n)
    predicted = np.zeros_like(true)
    predicted[:, k] = 0.15 + 0.6 * true[:, k] + offset + rng.normal(0, 0.15, n * sources)
    gold = {"customer": GoldScores(predicted, true, [f"s{i // n}" for i in range(n * sources)])}
    grid = Grid(sizes=(100, 1000), prevalences=(0.05, 0.4), reviews=(0, 30, 90), elsewhere=(), repeats=25)
    table = summarise(simulate(gold, book, grid, 5), ["shift", "reviewed"])
    for row in table.to_pylist():
        assert row["covers_miroir_95"] >= 0.92, row
        assert row["width_miroir_95"] < row["width_humans_95"], row


def test_what_the_model_was_told_does_not_speak_for_what_it_was_not(rng):
    """A model that learnt the reviewed verbatims is right on these alone: its errors there show no bias."""
    held = {True: 0, False: 0}
    for _ in range(60):
        predicted, true = draw(rng, 1, 1_000, 0.3, low=0.17)  # a source that it reads a little otherwise
        counts = np.array([150])
        told = np.where(true == 1, 0.8, 0.1)
        predicted[:, :150] = told[:, :150]
        reviews = reviews_of(predicted, true, counts)
        for is_said in held:
            learnt = np.full(150, is_said)
            cells = cells_of(predicted, "customer")
            means = estimate_means(cells, (YES,), calibration(), replace(reviews, learnt=learnt))
            half = 1.96 * np.sqrt(means.error[0, 0])
            held[is_said] += abs(means.value[0, 0] - true.mean()) <= half
    assert held[True] >= 55
    assert held[False] <= 20
