"""Changes from one period to the next: mix and tone, what is refused, and how sure they are."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.config import EstimateConfig
from pipeline.estimate.calibration import Calibration
from pipeline.estimate.changes import change_of, mix_and_tone
from pipeline.estimate.coverage import cells_of
from pipeline.estimate.engine import PARTIAL, estimate_means, no_reviews
from pipeline.estimate.measures import estimate
from pipeline.estimate.ratios import figures_of
from pipeline.estimate.scores import Measure, Score, ScoreBook
from pipeline.estimate.wording import MEASURE_WORDING
from tests.pipeline.estimate.conftest import LABELS, annotation, verbatim
from tests.pipeline.estimate.test_measures import one, rows_of

SHIPPED = Path(__file__).resolve().parents[3] / "models" / "shipped" / "blend" / "oof.parquet"
SHARES = st.floats(0.01, 1)


@settings(max_examples=100, deadline=None)
@given(share=SHARES, later=SHARES, net=st.floats(-1, 1), net_later=st.floats(-1, 1))
def test_mix_and_tone_add_up_to_change(share, later, net, net_later):
    before, now = np.array([share * net]), np.array([later * net_later])
    mix, tone = mix_and_tone(np.array([share]), before, np.array([later]), now)
    assert mix[0] + tone[0] == pytest.approx(now[0] - before[0], abs=1e-12)


def test_mix_and_tone_stay_on_the_scale_when_share_and_balance_disagree():
    mix, tone = mix_and_tone(np.array([0.001]), np.array([0.05]), np.array([0.1]), np.array([0.05]))
    assert (mix[0], tone[0]) == (pytest.approx(0.074, abs=0.001), pytest.approx(-0.074, abs=0.001))


def test_mix_and_tone_are_not_given_when_a_share_is_not():
    share, balance = np.array([np.nan, 0.2, 0.0]), np.array([0.1, 0.1, 0.0])
    mix, tone = mix_and_tone(share, balance, np.array([0.2, np.nan, 0.0]), np.array([0.1, 0.1, 0.0]))
    assert np.isnan(mix).tolist() == np.isnan(tone).tolist() == [True, True, False]
    assert (mix[2], tone[2]) == (0, 0)


def two_months(world, n, audience="customer", negative=(0.3, 0.3)):
    """Two months of n people; a third speaks of means; nobody reviewed."""
    rows, tags = [], []
    for i in range(2 * n):
        month, place = i // n, (i % n) / n
        rows.append(verbatim(i, audience=audience, date=dt.date(2026, 2 + month, 9)))
        said = "negative" if place < negative[month] else "positive"
        tags.append(annotation(i, sentiment=said, themes={"means": said} if i % 3 == 0 else {}))
    world.add(rows, tags)
    return estimate(world.inputs(calibration=pq.read_table(SHIPPED)), EstimateConfig(), LABELS)


def test_every_measure_of_changes_has_words(world):
    tables = two_months(world, 40, "employee")
    assert set(tables["changes"]["measure"].to_pylist()) <= MEASURE_WORDING.keys()


def test_changes_of_a_balance_are_refused_when_a_share_is(world):
    tables = two_months(world, 40, "employee")
    shares = {
        (row["theme"], row["period"]): row["value"]
        for row in rows_of(tables["measures"], measure="theme_share")
    }
    rows = rows_of(tables["changes"], measure="theme_balance")
    refused = [row for row in rows if row["theme"] and None in both_months(shares, row["theme"])]
    assert refused
    for row in refused:
        told = [row[name] for name in ("value", "mix", "tone", "low", "high", "p_adjusted")]
        assert (told, row["reason"]) == ([None] * 6, "too_unsure")
    assert one(tables["changes"], measure="theme_balance", theme=None)["value"] is None
    assert all(-2 <= row["low"] <= row["high"] <= 2 for row in rows if row["value"] is not None)


def both_months(shares, theme):
    return [shares[theme, period] for period in ("2026-02", "2026-03")]


def read_off_lines(rng, prevalences, n, shift):
    """Two months of 600 companies, each read off a line of its own around the one that is known."""
    n_companies = 600
    low, high = (mean + rng.normal(0, np.sqrt(shift), (n_companies, 1)) for mean in (0.1, 0.8))
    true = np.concatenate([rng.random((n_companies, n)) < p for p in prevalences]).astype(float)
    line = (np.concatenate([low, low]), np.concatenate([high, high]))
    predicted = np.where(true == 1, line[1], line[0]) + rng.normal(0, 0.17, true.shape)
    known = Calibration(*(np.array([x]) for x in (0.1, 0.8, 0.03, 0.03, shift, shift, 20.0)))
    yes, measure = Score("yes", ()), Measure("yes", "yes")
    means = estimate_means(cells_of(predicted, "customer"), (yes,), {"customer": known}, no_reviews(1))
    book = ScoreBook(LABELS, (yes,), (measure,))
    figures = figures_of(measure, book, means, cells_of(predicted, "customer"), 0.95)
    before = np.arange(n_companies)
    return figures, change_of(figures, before, before + n_companies)


def test_change_covers_when_two_months_are_read_off_one_line(rng):
    for prevalences in ((0.3, 0.3), (0.3, 0.55), (0.03, 0.08)):
        _, change = read_off_lines(rng, prevalences, 200, 0.003)
        truth = prevalences[1] - prevalences[0]
        given = ~np.isnan(change.value)
        held = np.abs(change.value - truth) <= change.half_width(0.95)
        assert given.mean() > 0.9
        assert held[given].mean() >= 0.93, prevalences


def test_change_is_surer_than_two_figures_when_their_error_is_common(rng):
    figures, change = read_off_lines(rng, (0.3, 0.3), 200, 0.003)
    whole = figures.whole()[0]
    apart = np.sqrt(whole[:600] + whole[600:])
    sampling = np.sqrt(figures.sampling[:600] + figures.sampling[600:])
    assert np.nanmedian(np.sqrt(change.variance) / apart) < 0.6
    assert (np.sqrt(change.variance) > sampling).all()


def test_change_counts_errors_whole_where_one_month_was_reviewed():
    rng = np.random.default_rng(1)
    figures, _ = read_off_lines(rng, (0.3, 0.3), 200, 0.003)
    method = figures.method.copy()
    method[600:] = PARTIAL
    change = change_of(replace(figures, method=method), np.arange(600), np.arange(600, 1200))
    whole = figures.whole()[0]
    assert change.variance == pytest.approx(whole[:600] + whole[600:], nan_ok=True)


def test_changes_find_a_rise_of_negative_verbatims_that_nobody_reviewed(world):
    tables = two_months(world, 200, negative=(0.3, 0.55))
    row = one(tables["changes"], measure="sentiment_negative")
    assert row["value"] > 0.2
    assert row["significant"]
    assert row["low"] > 0


def test_changes_compare_with_period_before(world):
    world.add(
        [verbatim(i, date=dt.date(2026, 1 + i // 50, 9)) for i in range(100)],
        [annotation(i, sentiment="positive" if i < 40 or i >= 90 else "negative") for i in range(100)],
    )
    table = estimate(world.inputs(), EstimateConfig(), LABELS)["changes"]
    row = one(table, measure="sentiment_negative", period="2026-02")
    assert (row["value"], row["before"]) == (pytest.approx(0.6, abs=1e-3), pytest.approx(0.2, abs=1e-3))
