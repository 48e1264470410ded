"""Figures of small worlds, checked by hand."""

from __future__ import annotations

import datetime as dt

import pytest

from pipeline import schema
from pipeline.config import EstimateConfig, ProtectConfig
from pipeline.errors import EstimateError
from pipeline.estimate.measures import EstimateInputs, estimate
from pipeline.protect.suppression import protect
from tests.pipeline.estimate.conftest import LABELS, annotation, verbatim


def rows_of(table, **wanted):
    return [r for r in table.to_pylist() if all(r.get(k) == v for k, v in wanted.items())]


def one(table, **wanted):
    found = rows_of(table, **wanted)
    assert len(found) == 1, f"{len(found)} rows for {wanted}"
    return found[0]


def four_lines(world):
    world.add(
        [verbatim(i, dimensions=[("unit", "Lyon" if i < 3 else "Nîmes")]) for i in range(4)],
        [
            annotation(0, sentiment="positive", enchantment="relational", themes={"listening": "positive"}),
            annotation(1, sentiment="positive", themes={"listening": "negative"}),
            annotation(2, sentiment="negative", incivility="reported", themes={"listening": "negative"}),
            annotation(3, sentiment="mixed", enchantment="other"),
        ],
    )
    return world.inputs(["unit"])


def test_estimate_gives_known_shares_when_tagger_is_sure(world):
    table = estimate(four_lines(world), EstimateConfig(period="month"), LABELS)["measures"]
    total = {"period": "all", "audience": "customer", "unit": None}
    assert one(table, measure="verbatims", **total)["value"] == 4
    assert one(table, measure="sentiment_positive", **total)["value"] == pytest.approx(0.5)
    assert one(table, measure="sentiment_net", **total)["value"] == pytest.approx(0.25)
    assert one(table, measure="theme_share", theme="listening", **total)["value"] == pytest.approx(0.75)
    assert one(table, measure="theme_net", theme="listening", **total)["value"] == pytest.approx(
        -1 / 3, abs=1e-6
    )
    assert one(table, measure="theme_net", theme="listening", **total)["n_verbatims"] == 3
    assert one(table, measure="enchantment_rate", **total)["value"] == pytest.approx(0.5)
    assert one(table, measure="enchantment_relational_share", **total)["value"] == pytest.approx(0.5)
    assert one(table, measure="enchantment_intensity", **total)["value"] == pytest.approx(2 / 3, abs=1e-6)
    assert one(table, measure="incivility_reported", **total)["value"] == pytest.approx(0.25)
    lyon = one(table, measure="sentiment_positive", period="2026-03", unit="Lyon")
    assert lyon["value"] == pytest.approx(2 / 3, abs=1e-4)


def test_estimate_gives_no_interval_when_error_of_model_is_unknown(world):
    table = estimate(four_lines(world), EstimateConfig(), LABELS)["measures"]
    row = one(table, measure="sentiment_positive", period="all", unit=None)
    assert (row["low"], row["high"], row["method"], row["reason"]) == (None, None, "count", "no_calibration")


def test_estimate_gives_no_data_when_theme_is_never_mentioned(world):
    table = estimate(four_lines(world), EstimateConfig(), LABELS)["measures"]
    row = one(table, measure="theme_net", theme="training", period="all", unit=None)
    assert (row["value"], row["reason"], row["suppressed"]) == (None, "no_data", False)


def test_estimate_takes_latest_batch_when_verbatim_comes_again(world):
    world.add([verbatim(1), verbatim(2)], [annotation(1, sentiment="negative"), annotation(2)])
    world.add([verbatim(1), verbatim(3)], [annotation(1, sentiment="positive"), annotation(3)])
    table = estimate(world.inputs(), EstimateConfig(), LABELS)["measures"]
    assert one(table, measure="verbatims", period="all")["value"] == 3
    assert one(table, measure="sentiment_negative", period="all")["value"] == 0


def test_estimate_leaves_out_respondents_who_withdrew(world):
    world.add([verbatim(i) for i in range(5)], [annotation(i) for i in range(5)])
    table = estimate(world.inputs(withdrawn=("r0000002",)), EstimateConfig(), LABELS)["measures"]
    assert one(table, measure="verbatims", period="all")["value"] == 4


def test_estimate_counts_undated_verbatims_in_whole_time_only(world):
    world.add([verbatim(0), verbatim(1, date=None)], [annotation(0), annotation(1)])
    table = estimate(world.inputs(), EstimateConfig(period="quarter"), LABELS)["measures"]
    assert one(table, measure="verbatims", period="all")["value"] == 2
    assert one(table, measure="verbatims", period="2026-T1")["value"] == 1
    assert {row["period"] for row in table.to_pylist()} == {"all", "2026-T1"}


def test_estimate_counts_answers_of_one_row_as_one_person_when_anonymous(world):
    world.add(
        [verbatim(i, respondent=None, row=i // 2) for i in range(6)],
        [annotation(i) for i in range(6)],
    )
    table = estimate(world.inputs(), EstimateConfig(), LABELS)["measures"]
    row = one(table, measure="verbatims", period="all")
    assert (row["n_verbatims"], row["n_respondents"]) == (6, 3)


def test_estimate_counts_a_rating_once_a_person(world):
    ratings = [10, 10, 9, 0]
    world.add(
        [verbatim(i, respondent=f"r{max(i, 1)}", rating=ratings[i], rating_scale="nps") for i in range(4)],
        [annotation(i) for i in range(4)],
    )
    table = estimate(world.inputs(), EstimateConfig(), LABELS)["measures"]
    assert one(table, measure="nps", period="all")["value"] == pytest.approx(1 / 3, abs=1e-6)
    assert one(table, measure="rating_mean_nps", period="all")["value"] == pytest.approx(19 / 3, abs=1e-6)


def test_estimate_is_same_table_when_files_are_listed_otherwise(world):
    many = range(200)
    for part in (0, 1):
        mine = [i for i in many if i % 2 == part]
        world.add(
            [verbatim(i, date=dt.date(2026, 1 + i % 3, 1)) for i in mine],
            [annotation(i, sentiment="positive" if i % 7 else "negative") for i in mine],
        )
    first = estimate(world.inputs(), EstimateConfig(), LABELS)["measures"]
    world.batches.reverse()
    assert estimate(world.inputs(), EstimateConfig(), LABELS)["measures"].equals(first)


def test_estimate_keeps_contract_of_measures_when_protected(world):
    tables = protect(estimate(four_lines(world), EstimateConfig(), LABELS), ProtectConfig(), None)
    assert tables["measures"].schema.equals(schema.measure_schema(["unit"]))
    assert all(row["suppressed"] and row["reason"] == "protected" for row in tables["measures"].to_pylist())
    hidden = tables["measures"].select(["value", "low", "high", "n_verbatims", "n_respondents", "n_reviewed"])
    assert all(value is None for row in hidden.to_pylist() for value in row.values())


def test_estimate_says_what_to_do_when_there_is_no_batch():
    with pytest.raises(EstimateError, match="expected at least one batch"):
        estimate(EstimateInputs((), ()), EstimateConfig(), LABELS)


def test_estimate_says_what_is_wrong_when_part_is_missing(world, tmp_path):
    four_lines(world)
    (tmp_path / "a0.parquet").unlink()
    with pytest.raises(EstimateError, match="expected verbatims and annotations"):
        estimate(world.inputs(), EstimateConfig(), LABELS)
