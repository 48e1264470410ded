"""A release opened by the programs that people have: pandas, DuckDB, a spreadsheet."""

import shutil
import subprocess
from contextlib import closing
from pathlib import Path

import duckdb
import pytest

from pipeline.publish.release import current_release


@pytest.fixture(scope="module")
def folder(published):
    return Path(published.base) / "releases" / current_release(published).release_id / "tables"


def expected(authored):
    rows = authored["measures"].to_pylist()
    return len(rows), sum(row["value"] for row in rows if row["value"] is not None)


def test_pandas_reads_the_csv_as_numbers(folder, authored):
    pandas = pytest.importorskip("pandas")
    frame = pandas.read_csv(folder / "measures.csv", sep=";", decimal=",", encoding="utf-8-sig")
    n_rows, total = expected(authored)
    assert len(frame) == n_rows
    assert frame["value"].dtype == float
    assert frame["value"].sum() == pytest.approx(total)
    assert set(frame["suppressed"]) <= {"oui", "non"}


def test_duckdb_reads_the_parquet_and_the_csv_alike(folder, authored):
    n_rows, total = expected(authored)
    for source in (
        f"read_parquet('{folder}/measures.parquet')",
        f"read_csv('{folder}/measures.csv', delim=';', decimal_separator=',')",
    ):
        ((count, value),) = duckdb.sql(f"SELECT count(*), sum(value) FROM {source}").fetchall()
        assert count == n_rows
        assert value == pytest.approx(total)


@pytest.mark.skipif(shutil.which("soffice") is None, reason="LibreOffice is not installed")
def test_a_spreadsheet_opens_the_csv_with_numbers(folder, authored, tmp_path):
    openpyxl = pytest.importorskip("openpyxl")
    french = "CSV:59,34,UTF8,1,,1036,false,true"
    command = [
        "soffice",
        "--headless",
        f"--infilter={french}",
        "--convert-to",
        "xlsx",
        "--outdir",
        str(tmp_path),
    ]
    subprocess.run([*command, str(folder / "measures.csv")], check=True, capture_output=True, timeout=120)
    with closing(openpyxl.load_workbook(tmp_path / "measures.xlsx", read_only=True)) as workbook:
        rows = list(workbook.active.iter_rows(values_only=True))
    column = rows[0].index("value")
    values = [row[column] for row in rows[1:] if row[column] is not None]
    assert all(isinstance(value, (int, float)) for value in values)
    assert sum(values) == pytest.approx(expected(authored)[1])
