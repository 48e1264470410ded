"""Differences are no surer than what is known of their variances."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from pipeline.estimate.differences import Difference, shared_freedom, welch


def of_two(first, second):
    """The difference of the means of two samples, one pair a row."""
    parts = [(x.var(axis=1, ddof=1) / x.shape[1], np.full(len(x), x.shape[1] - 1.0)) for x in (first, second)]
    value = first.mean(axis=1) - second.mean(axis=1)
    return Difference(value, parts[0][0] + parts[1][0], welch(*parts))


def test_difference_gives_welchs_test(rng):
    first, second = rng.normal(0, 1, (20, 4)), rng.normal(0.5, 3, (20, 9))
    columns = of_two(first, second).columns(0.95, np.inf)
    known = stats.ttest_ind(first, second, axis=1, equal_var=False)
    low, high = known.confidence_interval(0.95)
    assert columns["p_adjusted"] == pytest.approx(known.pvalue)
    assert columns["low"] == pytest.approx(low)
    assert columns["high"] == pytest.approx(high)


def test_difference_covers_when_its_variance_is_known_from_few(rng):
    """Three sources on one side, eight on the other: Welch nearly holds 95 %, 1.96 standard errors do not."""
    gap = of_two(rng.normal(0, 1, (4000, 3)), rng.normal(0, 0.5, (4000, 8)))
    covered = (np.abs(gap.value) <= gap.half_width(0.95)).mean()
    assert covered == pytest.approx(0.93, abs=0.02)
    assert (np.abs(gap.value) <= 1.96 * np.sqrt(gap.variance)).mean() < covered - 0.06


def test_difference_is_cut_at_the_largest_there_can_be():
    gap = Difference(np.array([1.9]), np.array([0.04]), np.array([2.0]))
    columns = gap.columns(0.95, 2.0)
    assert columns["high"] == 2.0
    assert columns["low"] < 1.9 - 4 * 0.2


def test_welch_knows_all_when_nothing_varies():
    assert np.isinf(welch((np.zeros(1), np.full(1, 3.0)), (np.zeros(1), np.full(1, np.nan)))[0])
    assert np.isinf(welch((np.full(1, 0.01), np.full(1, np.inf)), (np.zeros(1), np.full(1, 4.0)))[0])


def test_shared_freedom_leaves_out_what_is_not_there():
    found = shared_freedom(np.array([[0.1, 0.0], [0.0, 0.0]]), np.array([[3.0, np.nan], [3.0, 3.0]]))
    assert found.tolist() == [pytest.approx(3.0), np.inf]
