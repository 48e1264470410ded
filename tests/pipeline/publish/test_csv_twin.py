import csv
import datetime as dt
import io

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.publish.csv_twin import write_csv_twin


def written(table):
    stream = io.BytesIO()
    write_csv_twin(table, stream)
    return stream.getvalue()


def read_back(table):
    return list(csv.reader(io.StringIO(written(table).decode("utf-8-sig"), newline=""), delimiter=";"))


def test_twin_is_what_a_french_spreadsheet_opens():
    table = pa.table(
        {
            "unité": ["Évreux; centre", None],
            "part": [0.125, -1e-6],
            "n": [3, None],
            "jour": [dt.date(2026, 3, 12), None],
            "masqué": [True, False],
        }
    )
    content = written(table)
    assert content.startswith(b"\xef\xbb\xbf")
    assert content.decode("utf-8-sig").splitlines() == [
        "unité;part;n;jour;masqué",
        '"Évreux; centre";0,125;3;2026-03-12;oui',
        ";-0,000001;;;non",
    ]


@pytest.mark.parametrize("cell", ["=1+1", "+33", "-2", "@SUM(A1)", "\t=1", "\r=1"])
def test_texts_that_begin_as_formulas_are_disarmed(cell):
    assert read_back(pa.table({"a": [cell]}))[1] == ["'" + cell]


@given(st.lists(st.text(st.characters(exclude_categories=["Cs", "Cc"])), min_size=1))
def test_no_text_is_lost_or_left_armed(cells):
    rows = read_back(pa.table({"a": cells, "b": [1] * len(cells)}))[1:]
    assert [row[0].removeprefix("'") for row in rows] == [cell.removeprefix("'") for cell in cells]
    assert not any(row[0].startswith(tuple("=+-@\t\r")) for row in rows)
