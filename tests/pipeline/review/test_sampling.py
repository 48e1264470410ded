from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.errors import ReviewError
from pipeline.review.campaigns import other_reading
from pipeline.review.population import Scope, dimension_names, read_population
from pipeline.review.sampling import Design, Mix, capped, draw, inclusion_probabilities
from tests.pipeline.review.authored import MODEL_ID, gold, make_workspace, verbatim_id

MIXED = Design(120, Mix(0.3, 0.1, 0.6, 0.0), strata=("audience",))


@pytest.fixture(scope="module")
def population(tmp_path_factory):
    workspace = make_workspace(tmp_path_factory.mktemp("population"), 900)
    return read_population(workspace, MODEL_ID, Scope())


@given(
    st.lists(st.floats(0.01, 100), min_size=2, max_size=60).map(np.array),
    st.integers(1, 60),
)
@settings(max_examples=60, deadline=None)
def test_capped_sums_to_the_size_wanted_and_stays_under_one(size, n_items):
    n_items = min(n_items, len(size))
    probability = capped(size, n_items)
    assert probability.sum() == pytest.approx(n_items)
    assert probability.max() <= 1 + 1e-12
    assert probability.min() > 0


def test_inclusion_probabilities_are_positive_and_lean_to_what_is_wanted(population, labels):
    design = inclusion_probabilities(population, MIXED, labels)
    assert design["probability"].sum() == pytest.approx(120)
    assert design["probability"].min() > 0
    joined = design.join(population, on="verbatim_id")
    unsure = joined.filter(pl.col("confidence") < joined["confidence"].quantile(0.1))
    sure = joined.filter(pl.col("confidence") > joined["confidence"].quantile(0.9))
    assert unsure["probability"].mean() > 1.1 * sure["probability"].mean()
    rude = joined.filter(pl.col("p_incivility_reported") > 0.5)
    assert rude["probability"].mean() > 2 * joined["probability"].mean()


def test_draw_has_a_fixed_size_and_keeps_probabilities():
    probability = capped(np.linspace(0.1, 3, 60) ** 2, 15)
    frame = pl.DataFrame(
        {
            "verbatim_id": [str(i) for i in range(60)],
            "stratum": ["a"] * 25 + ["b"] * 35,
            "probability": probability,
        }
    )
    counts = np.zeros(60)
    n_draws = 1500
    for seed in range(n_draws):
        drawn = draw(frame, seed)
        assert len(drawn) == 15
        counts[drawn["verbatim_id"].cast(pl.Int64).to_numpy()] += 1
    spread = np.sqrt(probability * (1 - probability) / n_draws)
    assert (np.abs(counts / n_draws - probability) <= 5 * spread + 1e-9).all()


@pytest.mark.parametrize("reached", [1.0, 0.5])
def test_weighted_estimates_of_a_mixed_campaign_are_unbiased_where_the_naive_average_is_not(
    population, labels, reached
):
    truth = {verbatim_id(i): float(gold(i)["incivility"] != "none") for i in range(900)}
    share = float(np.mean(list(truth.values())))
    design = inclusion_probabilities(population, MIXED, labels)
    weighted, naive = [], []
    for seed in range(400):
        drawn = draw(design, seed).head(int(120 * reached))
        y = np.array([truth[key] for key in drawn["verbatim_id"]])
        probability = drawn["probability"].to_numpy() * reached
        weighted.append((y / probability).sum() / 900)
        naive.append(y.mean())
    error = np.std(weighted) / np.sqrt(len(weighted))
    assert abs(np.mean(weighted) - share) < 4 * error
    assert abs(np.mean(naive) - share) > 10 * error


def test_same_seed_draws_the_same_queue(population, labels):
    design = inclusion_probabilities(population, MIXED, labels)
    assert draw(design, 7).equals(draw(design, 7))
    assert not draw(design, 7).equals(draw(design, 8))


@pytest.mark.parametrize("mix", [Mix(0.1, 0.4, 0.5, 0.0), Mix(0.6, 0.6, 0.0, 0.0)])
def test_design_is_refused_when_chance_gets_too_little(population, labels, mix):
    with pytest.raises(ReviewError, match=r"at least 0\.2 of them random"):
        inclusion_probabilities(population, Design(10, mix), labels)


def test_read_population_keeps_to_its_scope(tmp_path):
    workspace = make_workspace(tmp_path, 120)
    scope = Scope(("employee",), "2026-02", "2026-04", "region", "Nord")
    rows = read_population(workspace, MODEL_ID, scope)
    assert set(rows["audience"]) == {"employee"}
    assert set(rows["dim_region"]) == {"Nord"}
    assert set(rows["month"]) <= {"2026-02", "2026-03", "2026-04"}
    assert dimension_names(rows) == ("region", "unit")
    with pytest.raises(ReviewError, match="nothing to draw from"):
        read_population(workspace, MODEL_ID, Scope(month_from="2031-01"))


def test_other_reading_is_none_where_no_other_tagger_read_the_scope(tmp_path):
    workspace = make_workspace(tmp_path, 36)
    part = workspace.read_table("annotations", "essai", MODEL_ID, "part-00000.parquet")
    customers = part.slice(0, 10)
    workspace.write_table(customers, "annotations", "essai", "ancien-1", "part-00000.parquet")
    assert len(other_reading(workspace, MODEL_ID, Scope())) == 10
    assert other_reading(workspace, MODEL_ID, Scope(("employee",))) is None
