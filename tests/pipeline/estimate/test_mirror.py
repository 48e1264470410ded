"""The mirror, links, drivers and alerts."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.config import EstimateConfig, PerceptionConfig
from pipeline.estimate.alerts import MIN_HISTORY, bands, own_variance
from pipeline.estimate.drivers import fit_clustered
from pipeline.estimate.engine import PPI
from pipeline.estimate.links import MIN_UNITS, rank_correlation
from pipeline.estimate.measures import estimate
from pipeline.estimate.ratios import Figures
from pipeline.estimate.significance import adjusted
from pipeline.estimate.symmetry import symmetry
from tests.pipeline.estimate.conftest import LABELS, annotation, verbatim
from tests.pipeline.estimate.test_measures import one, rows_of

SHIPPED = Path(__file__).resolve().parents[3] / "models" / "shipped" / "blend" / "oof.parquet"
NETS = st.lists(st.tuples(st.floats(-1, 1), st.floats(-1, 1)), min_size=3, max_size=6)


@settings(max_examples=50, deadline=None)
@given(pairs=NETS)
def test_symmetry_is_same_when_sides_are_swapped(pairs):
    c, e = np.array(pairs).T
    noise = np.full((1, len(c)), 0.01)
    assert symmetry((c - e)[None], noise).index == symmetry((e - c)[None], noise).index


@settings(max_examples=50, deadline=None)
@given(pairs=NETS)
def test_symmetry_lies_between_0_and_100(pairs):
    c, e = np.array(pairs).T
    value = symmetry((c - e)[None], np.zeros((1, len(c)))).index[0]
    assert 0 <= value <= 100


def test_symmetry_is_0_and_100_at_its_ends():
    assert symmetry(np.zeros((1, 6)), np.zeros((1, 6))).index[0] == 100
    assert symmetry(np.full((1, 6), 2.0), np.zeros((1, 6))).index[0] == 0


def test_symmetry_is_not_given_when_few_themes_are_spoken_of():
    gaps = np.array([[0.1, 0.2, np.nan, np.nan, np.nan, np.nan]])
    assert np.isnan(symmetry(gaps, np.zeros((1, 6))).index[0])


@pytest.mark.parametrize(("apart", "off"), [(0.0, 8), (0.2, 1), (0.4, 2), (0.8, 1)])
def test_symmetry_is_not_pulled_down_by_chance(apart, off):
    """Seen through noise, two sides seem further apart; most of that is taken off, and the interval holds."""
    rng = np.random.default_rng(0)
    gaps = apart + rng.normal(0, 0.3, (2000, 6))
    found = symmetry(gaps, np.full((2000, 6), 0.09))
    true = 100 * (1 - apart / 2)
    assert abs(found.index.mean() - true) < off
    assert (found.least <= found.index + 1e-9).all()
    assert (found.index <= found.most + 1e-9).all()
    assert (found.most + 1.96 * found.error >= true).mean() > 0.9
    assert (found.least - 1.96 * found.error <= true).mean() > 0.9
    if apart == 0:
        assert found.least.mean() < 89


def two_sides(world, n=40):
    """Customers are listened to, employees are not; a dimension tells employees who are customers."""
    rows, tags = [], []
    for i in range(2 * n):
        employee = i >= n
        rows.append(
            verbatim(
                i,
                audience="employee" if employee else "customer",
                rating=6.0 if employee else 8.0,
                rating_scale="ten",
                question="À votre avis, quelle note les clients donneraient-ils ?" if employee else None,
                dimensions=[("is_customer", ("oui", "non")[i % 2])] if employee else [],
            )
        )
        themes = {t: "negative" if employee else "positive" for t in ("listening", "feedback", "support")}
        tags.append(annotation(i, sentiment="mixed", themes=themes))
    world.add(rows, tags)
    return world.inputs(["is_customer"])


def test_mirror_gives_gap_of_both_sides(world):
    table = estimate(two_sides(world), EstimateConfig(period="all"), LABELS)["mirror"]
    row = one(table, measure="gap", theme="listening", period="all", is_customer=None)
    assert (row["value"], row["customer_value"], row["employee_value"]) == (2.0, 1.0, -1.0)
    assert one(table, measure="symmetry_index", is_customer=None)["value"] == pytest.approx(0, abs=5)


def test_mirror_says_one_side_when_employees_are_missing(world):
    world.add([verbatim(i) for i in range(9)], [annotation(i) for i in range(9)])
    assert len(estimate(world.inputs(), EstimateConfig(), LABELS)["mirror"]) == 0


def test_perception_gap_is_estimate_minus_reality_in_points(world):
    perception = PerceptionConfig(
        question="À votre avis, quelle note les clients donneraient-ils ?",
        scale="ten",
        customer_dimension="is_customer",
    )
    config = EstimateConfig(period="all", perception=perception)
    table = estimate(two_sides(world), config, LABELS)["mirror"]
    assert one(table, measure="perception_gap")["value"] == pytest.approx(100 * (6 - 8) / 9, abs=1e-4)
    assert one(table, measure="employee_customers")["value"] == pytest.approx(0.5)
    assert len(rows_of(table, measure="perception_gap_employee_customers")) == 1


def test_perception_gap_has_a_width_and_stays_on_its_scale_when_few_agree(world):
    """Five employees guess 10 where five customers give 1; one employee in fifty is no customer."""
    rows = [
        verbatim(
            i,
            audience="employee" if i < 50 else "customer",
            rating=None if 5 <= i < 50 else (10.0 if i < 5 else 1.0),
            rating_scale=None if 5 <= i < 50 else "ten",
            question="Quelle note ?" if i < 5 else None,
            dimensions=[("is_customer", "oui" if i else "non")] if i < 50 else [],
        )
        for i in range(55)
    ]
    world.add(rows, [annotation(i) for i in range(55)])
    perception = PerceptionConfig(question="Quelle note ?", scale="ten", customer_dimension="is_customer")
    config = EstimateConfig(period="all", perception=perception)
    table = estimate(world.inputs(["is_customer"]), config, LABELS)["mirror"]
    gap, share = one(table, measure="perception_gap"), one(table, measure="employee_customers")
    assert (gap["value"], gap["high"]) == (100, 100)
    assert gap["low"] < 80
    assert (share["value"], share["high"]) == (0.98, 1)


def test_gap_is_no_surer_than_its_sides(world):
    """80 employees, read through three sources, against 400 customers: Student's law, as for each side."""
    rows, tags = [], []
    for i in range(480):
        employee = i >= 400
        rows.append(verbatim(i, audience="employee" if employee else "customer"))
        said = ("negative" if i % 4 else "positive") if employee else ("positive" if i % 4 else "negative")
        tags.append(annotation(i, sentiment=said, themes={"means": said}))
    world.add(rows, tags)
    inputs = world.inputs(calibration=pq.read_table(SHIPPED))
    tables = estimate(inputs, EstimateConfig(period="all", target="process"), LABELS)
    sides = [
        one(tables["measures"], measure="theme_net", theme="means", audience=who)
        for who in ("customer", "employee")
    ]
    gap = one(tables["mirror"], measure="gap", theme="means")
    widths = [side["high"] - side["low"] for side in sides]
    # Welch's quantile is a little smaller than that of the side whose variance is known from the fewest.
    assert gap["high"] - gap["low"] > 0.95 * max(widths)


def test_estimates_of_customers_are_no_rating_of_employees(world):
    perception = PerceptionConfig(
        question="À votre avis, quelle note les clients donneraient-ils ?", scale="ten"
    )
    inputs = two_sides(world)
    without = estimate(inputs, EstimateConfig(period="all"), LABELS)["measures"]
    table = estimate(inputs, EstimateConfig(period="all", perception=perception), LABELS)["measures"]
    assert rows_of(without, measure="rating_mean_ten", audience="employee")
    assert not rows_of(table, measure="rating_mean_ten", audience="employee")
    assert rows_of(table, measure="rating_mean_ten", audience="customer")


def test_links_say_too_few_when_there_are_under_twelve_units():
    rng = np.random.default_rng(0)
    few = rank_correlation(rng.normal(size=11), rng.normal(size=11), 11, 0.95)
    assert all(np.isnan(few))
    a = np.arange(MIN_UNITS, dtype=float)
    assert rank_correlation(a, a**3, MIN_UNITS, 0.95)[0] == pytest.approx(1.0)


def test_links_cover_when_sides_are_independent():
    rng = np.random.default_rng(1)
    found = [rank_correlation(rng.normal(size=20), rng.normal(size=20), 20, 0.95) for _ in range(400)]
    assert 0.92 <= np.mean([low <= 0 <= high for _, low, high in found]) <= 0.99


def test_drivers_agree_with_statsmodels_when_people_wrote_several_times():
    sm = pytest.importorskip("statsmodels.api")
    rng = np.random.default_rng(2)
    person = rng.integers(0, 120, 400)
    design = np.column_stack([np.ones(400), rng.random((400, 3)) < 0.4]).astype(float)
    response = (
        design @ np.array([3.0, 1.0, -1.0, 0.2]) + rng.normal(0, 1, 120)[person] + rng.normal(0, 1, 400)
    )
    ours = fit_clustered(design, response, person)
    theirs = sm.OLS(response, design).fit(cov_type="cluster", cov_kwds={"groups": person})
    assert ours.coefficients == pytest.approx(theirs.params)
    assert np.sqrt(np.diag(ours.covariance)) == pytest.approx(theirs.bse, rel=1e-6)


def test_drivers_find_effect_of_theme_on_rating(world):
    rows, tags = [], []
    for i in range(120):
        heard = i % 2 == 0
        rows.append(verbatim(i, rating=9.0 if heard else 5.0, rating_scale="ten"))
        tags.append(annotation(i, themes={"listening": "positive"} if heard else {}))
    world.add(rows, tags)
    table = estimate(world.inputs(), EstimateConfig(), LABELS)["drivers"]
    row = one(table, measure="rating_difference", theme="listening", polarity="positive")
    assert row["value"] == pytest.approx(4.0)


def test_drivers_are_not_given_when_few_do_not_speak_of_the_theme(world):
    """Of 40 customers, 39 speak of recognition and 25 of listening."""
    rows, tags = [], []
    for i in range(40):
        rows.append(verbatim(i, rating=float(i % 5), rating_scale="ten"))
        themes = {"recognition": "positive"} if i < 39 else {}
        tags.append(annotation(i, themes=themes | ({"listening": "positive"} if i < 25 else {})))
    world.add(rows, tags)
    table = estimate(world.inputs(), EstimateConfig(), LABELS)["drivers"]
    assert {row["theme"] for row in table.to_pylist()} == {"listening"}
    assert {row["_people"] for row in table.to_pylist()} == {15}


def test_alerts_are_rare_in_quiet_months():
    """False alarms: at most 5 % of quiet months, with and without overdispersion, over 40 series at once."""
    rng = np.random.default_rng(4)
    for extra in (0.0, 0.03):
        alarms = []
        for _ in range(150):
            n = np.full((40, 13), 150.0)
            level = rng.uniform(0.1, 0.5, (40, 1)) + rng.normal(0, extra, (40, 13))
            value = rng.binomial(150, np.clip(level, 0.01, 0.99)) / 150
            p = bands(value, np.maximum(value * (1 - value), 0.01) / n, n).p[:, -1]
            alarms.append((adjusted(p) <= 0.05).any())
        assert np.mean(alarms) <= 0.05 + 0.035, extra  # 0.035: two standard errors of 150 months


def test_alerts_see_a_jump():
    rng = np.random.default_rng(5)
    value = rng.binomial(200, 0.2, (20, 12)) / 200
    value[7, -1] = 0.45
    p = bands(value, np.full(value.shape, 0.16 / 200), np.full(value.shape, 200.0)).p[:, -1]
    assert np.flatnonzero(adjusted(p) <= 0.05).tolist() == [7]


def test_alerts_need_history():
    value = np.full((3, MIN_HISTORY), 0.2)
    assert np.isnan(bands(value, value / 100, value * 1000).expected).all()


def test_alerts_allow_for_a_month_that_rests_on_few_labels():
    """Seven months were reviewed, the last one hardly: its error is four times that of chance alone."""
    rng = np.random.default_rng(3)
    error = np.tile([0.0] * 7 + [0.0064], (3000, 1))
    sampling = np.full(error.shape, 0.0016)
    value = 0.3 + rng.normal(0, np.sqrt(error + sampling))
    method, known = np.full(error.shape, PPI, dtype=np.int8), np.zeros(error.shape, dtype=bool)
    figures = Figures(value, error, sampling, np.full(error.shape, 50.0), method, known, noise=error)
    band = bands(figures.value, own_variance(figures), np.full(error.shape, 60.0))
    assert (band.p[:, -1] <= 0.05).mean() < 0.06
