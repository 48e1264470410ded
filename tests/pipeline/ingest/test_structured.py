from __future__ import annotations

import datetime as dt
import json
import sqlite3
from pathlib import Path

import polars as pl
import pytest

from pipeline.config import SourceConfig
from pipeline.errors import SourceError
from pipeline.ingest.batches import find_inputs, ingest_input
from pipeline.privacy.pseudonym import respondent_key

LINES = [
    {"id": 1, "Avis": "très bien", "meta": {"agence": "Lyon", "notes": [1, 2]}, "quand": "2026-03-12"},
    {"id": 2, "Avis": "déçu 😞", "meta": {"agence": None}, "quand": "2026-03-13", "note": 4},
]


def _jsonl(*lines) -> bytes:
    return "\n".join(
        line if isinstance(line, str) else json.dumps(line, ensure_ascii=False) for line in lines
    ).encode()


def test_ingest_reads_json_lines_and_rejects_bad_ones(ingest, rows, rejects):
    content = _jsonl(LINES[0], '{"Avis": "coupé', "[1, 2]", "", LINES[1], "nul" * 3)
    section = {"record_id": "id", "date": "quand", "dimensions": {"unit": "meta.agence"}}
    report = ingest(content, "avis.jsonl", rating={"column": "note", "scale": "nps"}, **section)
    assert rejects(report) == [(2, "bad_json"), (3, "bad_json"), (5, "bad_json")]
    kept = rows(report)
    assert [row["row"] for row in kept] == [1, 4]
    assert [row["dimensions"] for row in kept] == [{"unit": "Lyon"}, {}]
    assert [row["rating"] for row in kept] == [None, 4]


def test_ingest_reads_json_lines_in_utf16(ingest, rows):
    assert [row["text"] for row in rows(ingest(_jsonl(*LINES).decode().encode("utf-16"), "avis.jsonl"))] == [
        "très bien",
        "déçu 😞",
    ]


def test_ingest_keeps_a_text_that_was_cut_inside_an_emoji(ingest, rows):
    lines = (r'{"Avis": "Très bien \ud83d", "tags": ["a\ude00"]}', r'{"Avis": "Déçu \ud83d\ude1e"}')
    report = ingest(_jsonl(*lines), "avis.jsonl", dimensions={"tag": "tags"})
    assert [row["text"] for row in rows(report)] == ["Très bien", "Déçu 😞"]
    assert rows(report)[0]["dimensions"] == {"tag": "a"}


def test_ingest_fails_when_no_json_line_has_a_column(ingest):
    with pytest.raises(SourceError, match=r"expected «Agence»"):
        ingest(_jsonl(*LINES), "avis.jsonl", dimensions={"unit": "Agence"})


def _parquet(path: Path) -> Path:
    pl.DataFrame(
        {
            "Avis": ["très bien", None, "déçu"],
            "Jour": [dt.datetime(2026, 3, 12, 10), None, dt.datetime(2062, 1, 1)],
            "Note": [4, 5, 3],
            "Code": [75001.0, None, 2.0],
            "Genre": pl.Series(["a", "b", "a"], dtype=pl.Categorical),
            "Autre": [[1], [2], [3]],
        }
    ).write_parquet(path)
    return path


def test_ingest_reads_typed_columns_of_parquet(ingest, rows, rejects, tmp_path):
    section = {
        "date": "Jour",
        "rating": {"column": "Note", "scale": "csat"},
        "dimensions": {"unit": "Code", "kind": "Genre", "other": "Autre"},
        "respondent": "Code",
    }
    report = ingest(_parquet(tmp_path / "avis.parquet"), **section)
    assert rejects(report) == [(2, "empty"), (3, "wrong_date")]
    (row,) = rows(report)
    assert row["date"] == dt.date(2026, 3, 12)
    assert row["dimensions"]["unit"] == "75001"
    assert row["dimensions"]["kind"] == "a"


def test_ingest_fails_when_the_file_is_no_parquet(ingest):
    with pytest.raises(SourceError, match=r"a Parquet file cannot be read"):
        ingest(b"PAR1 of a sort", "avis.parquet")


@pytest.fixture
def base(tmp_path) -> Path:
    path = tmp_path / "avis.db"
    with sqlite3.connect(path) as connection:
        connection.execute("create table avis (id integer, jour text, client text, texte text)")
        connection.executemany(
            "insert into avis values (?, ?, ?, ?)",
            [(i, "2026-03-12", f"C{i % 50}", f"très bien reçu, visite {i}") for i in range(2_500)],
        )
    connection.close()
    return path


def _sql_source(url: str, query: str = "select * from avis order by id") -> SourceConfig:
    return SourceConfig.model_validate(
        {
            "name": "base",
            "audience": "customer",
            "sql": {"url": url, "query": query},
            "text": "texte",
            "date": "jour",
            "record_id": "id",
            "respondent": "client",
        }
    )


def test_ingest_streams_a_query(base, workspace, secret, rows, monkeypatch):
    monkeypatch.setattr("pipeline.ingest.structured.CHUNK_ROWS", 400)
    monkeypatch.setattr("pipeline.ingest.batch_writer.PART_ROWS", 1_000)
    monkeypatch.setenv("BASE_DES_AVIS", f"sqlite:///{base}")
    source = _sql_source("env:BASE_DES_AVIS")
    (item,) = find_inputs(source, base.parent)

    report = ingest_input(workspace, source, item, secret)
    again = ingest_input(workspace, source, item, secret)

    assert (report.rows_read, report.n_verbatims, report.n_respondents) == (2_500, 2_500, 50)
    assert {row["batch_id"] for row in rows(report)} == {report.batch_id}
    assert again.skipped
    assert again.batch_id == report.batch_id
    assert workspace.names("batches") == [report.batch_id]
    assert [path.name for path in Path(workspace.path("batches")).iterdir()] == [report.batch_id]
    marker = Path(workspace.path("batches", report.batch_id, "batch.json")).read_text()
    assert str(base) not in marker


def test_ingest_reads_whole_floats_of_a_query_as_the_numbers_they_are(base, workspace, secret, rows):
    query = "select id, jour, texte, case when id = 3 then 0.5 else id * 1.0 end as client from avis limit 4"
    source = _sql_source(f"sqlite:///{base}", query)
    (item,) = find_inputs(source, base.parent)
    report = ingest_input(workspace, source, item, secret)
    register = source.register_of_persons
    keys = [respondent_key(secret, register, key) for key in ("0", "1", "2", "0.5")]
    assert [row["respondent"] for row in rows(report)] == keys


def test_ingest_makes_another_batch_when_the_rows_of_a_query_change(base, workspace, secret):
    source = _sql_source(f"sqlite:///{base}")
    (item,) = find_inputs(source, base.parent)
    first = ingest_input(workspace, source, item, secret)
    with sqlite3.connect(base) as connection:
        connection.execute("delete from avis where id = 7")
    connection.close()
    second = ingest_input(workspace, source, item, secret)
    assert second.batch_id != first.batch_id
    assert second.n_verbatims == 2_499


@pytest.mark.parametrize(
    ("url", "query", "message"),
    [
        (
            "sqlite:///{base}",
            "select secret from nowhere",
            r"got OperationalError \(query of source «base»\)",
        ),
        ("env:NOT_SET_ANYWHERE", "select 1", r"environment variable NOT_SET_ANYWHERE"),
        ("klingon://x", "select 1", r"a query cannot be read"),
        ("no url", "select 1", r"a query cannot be read"),
    ],
)
def test_ingest_says_what_failed_when_a_query_does(base, workspace, secret, url, query, message):
    source = _sql_source(url.format(base=base), query)
    with pytest.raises(SourceError, match=message) as caught:
        ingest_input(workspace, source, find_inputs(source, base.parent)[0], secret)
    assert "nowhere" not in str(caught.value)
