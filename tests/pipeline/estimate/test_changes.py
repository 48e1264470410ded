"""Changes from one period to the next: mix and tone, what is refused, and how sure they are."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.config import EstimateConfig
from pipeline.estimate.changes import mix_and_tone
from pipeline.estimate.measures import estimate
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


def test_changes_compare_with_period_before(world):
    world.add(
        [verbatim(i, date=dt.date(2026, 1 + i // 50, 9)) for i in range(100)],
        [annotation(i, sentiment="positive" if i < 40 or i >= 90 else "negative") for i in range(100)],
    )
    table = estimate(world.inputs(), EstimateConfig(), LABELS)["changes"]
    row = one(table, measure="sentiment_negative", period="2026-02")
    assert (row["value"], row["before"]) == (pytest.approx(0.6, abs=1e-3), pytest.approx(0.2, abs=1e-3))
