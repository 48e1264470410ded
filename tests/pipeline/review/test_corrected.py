"""A table goes out of the desk, is corrected in a spreadsheet, and comes back."""

from __future__ import annotations

import csv
import io
from dataclasses import replace

import openpyxl
import pytest

from pipeline.errors import ReviewError
from pipeline.review.corrected import read_corrected
from pipeline.review.exports import READ_COLUMN, WAS_COLUMN, to_csv, to_xlsx
from pipeline.review.search import rows_by_id
from tests.pipeline.review.authored import verbatim_id

DIMENSIONS = {"unit": "Unité", "team": "Soutien"}


@pytest.fixture
def rows(desk):
    """Verbatims as the machine labelled them; the first is about means, badly."""
    with desk.reading() as connection:
        return rows_by_id(connection, [verbatim_id(i) for i in range(6)])


def saved_by_excel(content, changes, encoding="cp1252"):
    """Change cells of a CSV, (line, column name) → value, and save it as a French Excel does."""
    lines = list(csv.reader(io.StringIO(content.decode("utf-8-sig")), delimiter=";"))
    for (line, name), value in changes.items():
        lines[line - 1][lines[0].index(name)] = value
    stream = io.StringIO(newline="")
    csv.writer(stream, delimiter=";", lineterminator="\r\n").writerows(lines)
    return stream.getvalue().encode(encoding, "replace")


def test_a_table_that_nobody_touched_says_nothing(rows, codebook):
    for content in (to_csv(rows, codebook, "fr", DIMENSIONS), to_xlsx(rows, codebook, "en", DIMENSIONS)):
        read = read_corrected(content, codebook)
        assert (read.labels, read.rejected, read.wrong) == ({}, {"unchanged": len(rows)}, ())


@pytest.mark.parametrize("encoding", ["cp1252", "utf-8", "utf-8-sig"])
def test_a_csv_brings_back_what_was_changed_or_read(rows, codebook, encoding):
    changes = {
        (2, "Sentiment"): " Mitigé ",
        (2, "Soutien"): "positif",
        (3, READ_COLUMN["fr"]): "x",
        (4, READ_COLUMN["fr"]): "non",
    }
    changed = saved_by_excel(to_csv(rows, codebook, "fr", DIMENSIONS), changes, encoding)
    read = read_corrected(changed, codebook)
    before = rows[0].labels
    assert read.labels == {
        rows[0].verbatim_id: replace(
            before, sentiment="mixed", themes={**before.themes, "support": "positive"}
        ),
        rows[1].verbatim_id: rows[1].labels,
    }
    assert read.rejected == {"unchanged": len(rows) - 2}


def test_a_workbook_brings_back_a_theme_taken_away(rows, codebook):
    book = openpyxl.load_workbook(io.BytesIO(to_xlsx(rows, codebook, "fr", DIMENSIONS)))
    sheet = book.active
    at = {cell.value: cell.column for cell in sheet[1]}
    choices = {str(each.sqref).split(":")[0]: each.formula1 for each in sheet.data_validations.dataValidation}
    assert '"positif,négatif' in choices[sheet.cell(2, at["Moyens"]).coordinate]
    theme, *others = rows[0].labels.themes
    sheet.cell(2, at[codebook.themes[theme].name.fr]).value = None
    stream = io.BytesIO()
    book.save(stream)
    read = read_corrected(stream.getvalue(), codebook)
    assert read.labels == {
        rows[0].verbatim_id: replace(
            rows[0].labels, themes={each: rows[0].labels.themes[each] for each in others}
        )
    }


def test_a_cell_that_is_not_of_the_codebook_is_named(rows, codebook):
    changes = {(3, "Sentiment"): "bof", (3, "Moyens"): "?", (4, "Sentiment"): ""}
    changed = saved_by_excel(to_csv(rows, codebook, "fr", DIMENSIONS), changes)
    read = read_corrected(changed, codebook)
    assert read.labels == {}
    assert read.rejected["not_codebook"] == 2
    assert [(each.line, each.column, each.value) for each in read.wrong] == [
        (3, "Sentiment", "bof"),
        (3, "Moyens", "?"),
        (4, "Sentiment", ""),
    ]


def test_a_verbatim_labelled_twice_otherwise_is_left_out(rows, codebook):
    changes = {
        (2, "Sentiment"): "neutre",
        (3, "Sentiment"): "positif",
        (3, "Identifiant"): rows[0].verbatim_id,
    }
    read = read_corrected(saved_by_excel(to_csv(rows, codebook, "fr", {}), changes), codebook)
    assert (read.labels, read.rejected["twice"]) == ({}, 1)


@pytest.mark.parametrize("missing", ["Identifiant", WAS_COLUMN["fr"], READ_COLUMN["fr"], "Écoute"])
def test_a_table_without_one_of_its_columns_is_refused(rows, codebook, missing):
    changed = saved_by_excel(to_csv(rows, codebook, "fr", {}), {(1, missing): "Autre"}, "utf-8")
    with pytest.raises(ReviewError, match="change, add or remove no column"):
        read_corrected(changed, codebook)


@pytest.mark.parametrize("content", [b"", b"non", b"PK\x03\x04 abc", "a;b\n1;2\n".encode("utf-16")])
def test_what_is_no_export_is_refused(content, codebook):
    with pytest.raises(ReviewError, match="exported from this desk"):
        read_corrected(content, codebook)
