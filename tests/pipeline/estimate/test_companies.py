"""Whole companies are simulated, and their gaps and changes hold the truth."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipeline.codebook import read_codebook
from pipeline.estimate import companies, coverage
from pipeline.estimate.calibration import read_out_of_fold
from pipeline.estimate.companies import simulate_companies
from pipeline.estimate.coverage_report import write_report
from pipeline.estimate.scores import score_book

SHIPPED = Path(__file__).resolve().parents[3] / "models" / "shipped" / "blend" / "oof.parquet"
BOOK = score_book(read_codebook().label_space)


@pytest.fixture(scope="module")
def rows():
    gold = read_out_of_fold(pq.read_table(SHIPPED), BOOK)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(companies, "REVIEWS", (300,))
        return simulate_companies(gold, BOOK, 1, 7)


def test_gaps_and_changes_hold_the_truth(rows):
    given = pl.DataFrame(rows).filter(pl.col("given"))
    held = dict(given.group_by("measure").agg(pl.col("covers_95").mean()).iter_rows())
    for measure in ("gap", "symmetry_index", "theme_share", "theme_net", "sentiment_net", "theme_balance"):
        assert held[measure] >= 0.92, measure


def test_truth_of_a_change_is_none_where_nothing_moved(rows):
    quiet = pl.DataFrame(rows).filter((pl.col("table") == "changes") & ~pl.col("moved") & pl.col("given"))
    assert quiet["off"].mean() == pytest.approx(0, abs=0.02)
    assert not quiet["significant"].fill_null(False).all()


def test_nothing_is_simulated_when_one_audience_has_no_labels():
    gold = read_out_of_fold(pq.read_table(SHIPPED), BOOK)
    assert len(simulate_companies({"customer": gold["customer"]}, BOOK, 1, 7)) == 0


def test_report_tells_how_gaps_and_changes_fared(rows):
    gold = read_out_of_fold(pq.read_table(SHIPPED), BOOK)
    small = coverage.Grid(sizes=(30,), prevalences=(0.2,), reviews=(10,), elsewhere=(), repeats=1)
    page = write_report(coverage.simulate(gold, BOOK, small, 3), rows, "miroir coverage")
    assert "| mirror | symmetry_index | 300 |" in page
    assert "36 companies are drawn" in page
    assert "Gaps, symmetry" not in write_report(coverage.simulate(gold, BOOK, small, 3), pa.table({}), "x")
