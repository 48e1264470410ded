from __future__ import annotations

import csv
import datetime as dt
import io
import json
from xml.etree import ElementTree

import openpyxl
import pytest

from pipeline.errors import ReviewError
from pipeline.review.decisions import Ballot, record
from pipeline.review.exchange import (
    argilla_settings,
    label_studio_interface,
    read_exchange,
    to_argilla,
    to_label_studio,
)
from pipeline.review.exports import disarm, to_csv, to_xlsx, training_lines
from pipeline.review.labels import VerbatimLabels
from pipeline.review.search import rows_by_id
from tests.pipeline.review.authored import gold, verbatim_id


@pytest.fixture
def rows(desk, bob, stamp):
    given = [Ballot(verbatim_id(i), VerbatimLabels(**gold(i)), "list", f"k{i}") for i in range(18)]
    record(desk, bob, given, stamp)
    with desk.reading() as connection:
        return rows_by_id(connection, [verbatim_id(i) for i in range(20)])


@pytest.mark.parametrize("cell", ["=1+1", "+33", "-2", "@cmd", "\tx", "  =HYPERLINK()"])
def test_disarm_marks_what_a_spreadsheet_would_run(cell):
    assert disarm(cell) == f"'{cell}"
    assert disarm("l'été = bien") == "l'été = bien"


def test_csv_is_what_a_french_spreadsheet_opens(rows, codebook):
    content = to_csv(rows, codebook, "fr", {"region": "Région", "unit": "Unité"})
    assert content.startswith(b"\xef\xbb\xbf")
    lines = list(csv.reader(io.StringIO(content.decode("utf-8-sig")), delimiter=";"))
    assert len(lines) == 21
    first = dict(zip(lines[0], lines[1], strict=True))
    assert first["Moyens"] == "négatif"
    second = dict(zip(lines[0], lines[2], strict=True))
    assert (second["Date"], second["Région"], second["Unité"]) == ("2026-01-02", "Nord", "Agence 1")
    assert first["Confiance de la machine"].replace(",", "").isdigit()
    assert not any(cell.startswith(("=", "+", "@")) for line in lines for cell in line)


def test_xlsx_holds_texts_and_no_formula(rows, codebook):
    sheet = openpyxl.load_workbook(io.BytesIO(to_xlsx(rows, codebook, "fr", {"unit": "Unité"}))).active
    kinds = {cell.data_type for line in sheet.iter_rows() for cell in line}
    assert "f" not in kinds
    assert sheet.max_row == 21
    assert "<script>" in str(sheet.cell(19, 6).value)
    assert (sheet.cell(3, 4).value, sheet.cell(3, 9).value) == (dt.datetime(2026, 1, 2), "Agence 1")


def test_training_lines_are_the_reviewed_ones_in_the_codebooks_format(rows, labels):
    records = [json.loads(line) for line in training_lines(rows, labels)]
    assert len(records) == 18
    assert records[1]["themes"] == gold(1)["themes"]
    assert set(records[0]) >= {"id", "audience", "text", "sentiment", "enchantment", "themes", "incivility"}
    assert "themes_read" not in records[1]
    older = [json.loads(line) for line in training_lines(rows, labels, {records[1]["id"]: ["means"]})]
    assert older[1]["themes_read"] == ["means"]


@pytest.mark.parametrize("write", [to_label_studio, to_argilla])
def test_labels_come_back_as_they_went(rows, codebook, write):
    read = read_exchange(write(rows).encode(), codebook)
    assert read.labels == {verbatim_id(i): VerbatimLabels(**gold(i)) for i in range(18)}
    assert read.rejected == {"unanswered": 2}


def test_label_studio_answers_are_understood_by_french_name(codebook):
    result = [
        {"from_name": name, "to_name": "text", "type": "choices", "value": {"choices": [choice]}}
        for name, choice in (
            ("sentiment", "Mitigé"),
            ("enchantment", "Aucun"),
            ("incivility", "Rapportée"),
            ("theme_listening", "négatif"),
        )
    ]
    tasks = [
        {"data": {"verbatim_id": "v1"}, "annotations": [{"result": result}]},
        {"data": {"verbatim_id": "v2"}, "annotations": [{"result": result, "was_cancelled": True}]},
        {"data": {}, "annotations": [{"result": result}]},
        {
            "data": {"verbatim_id": "v3"},
            "annotations": [{"result": [*result[:3], {**result[3], "value": {"choices": ["furieux"]}}]}],
        },
    ]
    read = read_exchange(json.dumps(tasks).encode(), codebook)
    assert read.labels == {"v1": VerbatimLabels("mixed", "none", "reported", {"listening": "negative"})}
    assert read.rejected == {"unanswered": 1, "no_id": 1, "not_codebook": 1}


@pytest.mark.parametrize("content", [b"pas du json", b'{"autre": 1}', b"[1, 2]", "é".encode("latin-1")])
def test_read_exchange_refuses_other_files(content, codebook):
    with pytest.raises(ReviewError, match="JSON of Label Studio or Argilla"):
        read_exchange(content, codebook)


def test_interface_and_settings_name_every_label(codebook):
    tree = ElementTree.fromstring(label_studio_interface(codebook))
    assert len(tree.findall("Choices")) == 3 + len(codebook.themes)
    questions = json.loads(argilla_settings(codebook))["questions"]
    assert {entry["name"] for entry in questions} >= {"sentiment", "theme_means"}
