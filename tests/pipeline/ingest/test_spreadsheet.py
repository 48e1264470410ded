from __future__ import annotations

import datetime as dt
import io
import zipfile
from pathlib import Path

import pytest
import xlsxwriter

from pipeline.errors import SourceError


def _workbook(path: Path, **sheets) -> Path:
    book = xlsxwriter.Workbook(str(path))
    day = book.add_format({"num_format": "dd/mm/yyyy"})
    for name, rows in sheets.items():
        sheet = book.add_worksheet(name)
        for i, row in enumerate(rows):
            for j, value in enumerate(row):
                if isinstance(value, dt.date):
                    sheet.write_datetime(i, j, dt.datetime(value.year, value.month, value.day), day)
                elif value is not None:
                    sheet.write(i, j, value)
    book.close()
    return path


ROWS = [
    ["Date", "Note", "Magasin", "Avis"],
    [dt.date(2026, 3, 12), 4, 75001, "très bien"],
    [46093, 4.5, 75001, "déçu\nvraiment"],
    [None, None, None, None],
    ["12 mars 2026", "★★", "Lyon", None],
]
SECTION = {
    "date": "Date",
    "rating": {"column": "Note", "scale": "stars"},
    "dimensions": {"unit": "Magasin"},
}


def test_ingest_reads_dates_serials_numbers_and_skips_blank_rows(ingest, rows, rejects, tmp_path):
    report = ingest(_workbook(tmp_path / "avis.xlsx", Feuil1=ROWS), **SECTION)
    kept = rows(report)
    assert [row["date"] for row in kept] == [dt.date(2026, 3, 12)] * 2
    assert [row["rating"] for row in kept] == [4, 4.5]
    assert [row["dimensions"] for row in kept] == [{"unit": "75001"}] * 2
    assert kept[1]["text"] == "déçu\nvraiment"
    assert rejects(report) == [(3, "empty")]
    assert report.rows_read == 3


def test_ingest_takes_the_sheet_that_holds_the_columns(ingest, rows, tmp_path):
    path = _workbook(
        tmp_path / "avis.xlsx", Notes=[["Export du", "1/7"], ["a", "b"], ["c", "d"]], Données=ROWS
    )
    assert len(rows(ingest(path, **SECTION))) == 2


def test_ingest_takes_the_sheet_that_is_named(ingest, rows, tmp_path):
    other = [["Avis"], ["de la bonne feuille"]]
    path = _workbook(tmp_path / "avis.xlsx", Une=[["Avis"], ["a"], ["b"]], Deux=other)
    assert [row["text"] for row in rows(ingest(path, sheet="deux"))] == ["de la bonne feuille"]


def test_ingest_repeats_a_cell_merged_over_rows_but_no_answer(ingest, rows, rejects, tmp_path):
    path = tmp_path / "avis.xlsx"
    book = xlsxwriter.Workbook(str(path))
    sheet = book.add_worksheet()
    sheet.merge_range("B2:D2", "Enquête")
    sheet.write_row("B3", ["Magasin", "Avis", "Autre"])
    sheet.merge_range("B4:B6", "Lyon")
    sheet.merge_range("B7:B8", "Brest")
    sheet.write_column("C4", ["un accueil", "deux accueils", "trois accueils"])
    sheet.merge_range("C7:C8", "quatre accueils")
    sheet.write_column("D4", list("abcde"))
    book.close()
    report = ingest(path, dimensions={"unit": "Magasin"})
    units = [row["dimensions"]["unit"] for row in rows(report)]
    assert units == ["Lyon", "Lyon", "Lyon", "Brest"]
    assert rejects(report) == [(5, "empty")]


HEAD, *DATA = ROWS
MONTHS = {
    "Janvier": ROWS,
    "Février": [["Export"], HEAD, *DATA],
    "Codes": [["Magasin", "Nom"], [75001, "Paris"]],
}


def test_ingest_refuses_to_choose_when_several_sheets_hold_answers(ingest, tmp_path):
    path = _workbook(tmp_path / "avis.xlsx", **MONTHS)
    with pytest.raises(SourceError, match=r'got «Janvier», «Février» .* `sheet: "\*"`'):
        ingest(path, **SECTION)


def test_ingest_reads_every_sheet_that_holds_answers_when_asked_to(ingest, rows, rejects, tmp_path):
    report = ingest(_workbook(tmp_path / "avis.xlsx", **MONTHS), sheet="*", **SECTION)
    assert [row["row"] for row in rows(report)] == [1, 2, 4, 5]
    assert rejects(report) == [(3, "empty"), (6, "empty")]
    assert report.rows_read == 6


def test_ingest_passes_over_a_sheet_without_a_row_of_data(ingest, rows, tmp_path):
    path = _workbook(tmp_path / "avis.xlsx", Modèle=[HEAD], Données=ROWS)
    assert len(rows(ingest(path, **SECTION))) == 2


def test_ingest_fails_when_every_sheet_is_wanted_and_one_lacks_a_column(ingest, tmp_path):
    path = _workbook(tmp_path / "avis.xlsx", Janvier=ROWS, Février=[["Date", "Avis"], ["1/2/2026", "bien"]])
    with pytest.raises(SourceError, match=r"expected the columns of «Janvier», got .* in «Février»"):
        ingest(path, sheet="*", **SECTION)


def test_ingest_fails_when_the_sheet_is_missing(ingest, tmp_path):
    path = _workbook(tmp_path / "avis.xlsx", Une=[["Avis"], ["a"]])
    with pytest.raises(SourceError, match=r"expected «Trois», got «Une»"):
        ingest(path, sheet="Trois")


@pytest.mark.parametrize("name", ["avis.xlsx", "avis.ods", "avis.xls"])
def test_ingest_fails_when_the_file_is_no_workbook(ingest, name):
    with pytest.raises(SourceError, match=r"a workbook cannot be read: expected an XLSX") as caught:
        ingest(b"Avis\ntexte secret de Jean\n", name)
    assert "secret" not in str(caught.value)


def test_ingest_fails_when_a_workbook_would_unpack_too_large(ingest, monkeypatch):
    monkeypatch.setattr("pipeline.ingest.spreadsheet._MAX_UNPACKED_BYTES", 1000)
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/worksheets/sheet1.xml", b"0" * 10_000)
    with pytest.raises(SourceError, match=r"MB once unpacked"):
        ingest(stream.getvalue(), "bombe.xlsx")


def test_ingest_fails_when_the_workbook_is_empty(ingest, tmp_path):
    with pytest.raises(SourceError, match=r"a workbook holds nothing"):
        ingest(_workbook(tmp_path / "vide.xlsx", Une=[]))
