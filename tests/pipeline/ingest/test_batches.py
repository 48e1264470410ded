from __future__ import annotations

import datetime as dt
import json
from pathlib import Path

import polars as pl
import pytest
from fsspec.implementations.http import HTTPFileSystem

from pipeline.config import SourceConfig
from pipeline.errors import SourceError
from pipeline.ingest.batches import find_inputs, ingest_input
from pipeline.schema import REJECT, VERBATIM

AWKWARD = """Id;Date;Avis;Note;Agence
1;12/03/2026 14:05:33;Très bon accueil de Madame Durand 😊;4,5;Lyon
2;31/02/2026;Nul;1;Lyon
3;;;3;Paris
4;12 mars 2026;"Super

conseillère ""disponible"", 06 12 34 56 78";9;Paris
5;46093;Ok bien;★★★★;
6;1;2
7;2026-03-01;"Pas clos;4;Lyon
8;2026-03-02;Suite normale;4;Lyon
8;2026-03-02;suite  NORMALE.;4;Lyon
9;2026-03-02;!!! 10/10;4;Lyon
10;2026-03-02;The staff was very kind and helpful with us, thank you so much;4;Lyon
"""
SECTION = {
    "date": "Date",
    "respondent": "Id",
    "rating": {"column": "Note", "scale": "stars"},
    "dimensions": {"unit": "Agence"},
    "constants": {"region": "Sud"},
}


def test_ingest_input_keeps_and_rejects_every_row_when_rows_are_awkward(ingest, rows, rejects):
    report = ingest(AWKWARD.encode(), **SECTION)

    assert rejects(report) == [
        (2, "wrong_date"),
        (3, "empty"),
        (4, "rating_off_scale"),
        (6, "ragged_row"),
        (9, "duplicate"),
        (10, "no_letters"),
        (11, "not_french"),
    ]
    kept = rows(report)
    assert [row["row"] for row in kept] == [1, 5, 7, 8]
    assert kept[0]["text"] == "Très bon accueil de Madame [PERSONNE] 😊"
    assert kept[0]["date"] == kept[1]["date"] == dt.date(2026, 3, 12)
    assert [row["rating"] for row in kept] == [4.5, 4, 4, 4]
    assert kept[0]["dimensions"] == {"region": "Sud", "unit": "Lyon"}
    assert kept[1]["dimensions"] == {"region": "Sud"}
    assert report.rows_read == report.answers_read == 11
    assert report.n_verbatims + sum(report.rejects.values()) == report.answers_read
    assert report.n_respondents == 4
    assert report.masks == {"PERSONNE": 1}


@pytest.mark.parametrize("nothing", ["NULL", "null", "N/A", "#N/A", "nan", "\\N"])
def test_ingest_input_takes_what_programs_write_for_nothing_as_nothing(nothing, ingest, rows, rejects):
    lines = f"{nothing};{nothing};{nothing};{nothing};RAS\n" * 3 + f"C1;{nothing};3;Lyon;Très bien\n"
    report = ingest(("Id;Date;Note;Agence;Avis\n" + lines).encode(), **{**SECTION, "constants": {}})

    assert rejects(report) == []
    kept = rows(report)
    assert [row["date"] for row in kept] == [None] * 4
    assert [row["rating"] for row in kept] == [None, None, None, 3]
    assert [row["dimensions"].get("unit") for row in kept] == [None, None, None, "Lyon"]
    assert report.n_respondents == 4  # each of those who gave no name is somebody


def test_ingest_input_takes_not_a_number_for_nothing_when_a_column_holds_numbers(
    tmp_path, ingest, rows, rejects
):
    numbers = [75001.0, float("nan"), float("nan")]
    path = tmp_path / "avis.parquet"
    pl.DataFrame({"Id": numbers, "Agence": numbers, "Avis": ["RAS"] * 3}).write_parquet(path)
    report = ingest(path, respondent="Id", dimensions={"unit": "Agence"})

    assert rejects(report) == []
    assert report.n_respondents == 3
    assert [row["dimensions"].get("unit") for row in rows(report)] == ["75001", None, None]


def test_ingest_input_takes_nothing_for_no_record_identifier(ingest, rejects):
    lines = "".join(f"NULL;avis numéro {i}\n" for i in range(30))
    report = ingest(("Ligne;Avis\n" + lines).encode(), record_id="Ligne")
    assert rejects(report) == []


def test_ingest_input_writes_the_declared_schemas(ingest, workspace):
    report = ingest(AWKWARD.encode(), **SECTION)
    verbatims = workspace.read_table("batches", report.batch_id, "verbatims", "part-00000.parquet")
    assert verbatims.schema.equals(VERBATIM)
    assert workspace.read_table("batches", report.batch_id, "rejects.parquet").schema.equals(REJECT)


def test_ingest_input_skips_when_the_batch_is_whole(ingest):
    first, again = ingest(AWKWARD.encode(), **SECTION), ingest(AWKWARD.encode(), "moved.csv", **SECTION)
    assert not first.skipped
    assert again.skipped
    assert again.batch_id == first.batch_id


def _bytes_of(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_ingest_input_writes_the_same_bytes_when_it_was_interrupted(ingest, workspace):
    whole = ingest(AWKWARD.encode(), **SECTION)
    folder = Path(workspace.path("batches", whole.batch_id))
    before = _bytes_of(folder)
    (folder / "batch.json").unlink()
    (folder / "verbatims" / "part-00007.parquet").write_bytes(b"left over")

    again = ingest(AWKWARD.encode(), **SECTION)

    assert not again.skipped
    assert _bytes_of(folder) == before


def test_ingest_input_cuts_parts_when_there_are_many_rows(ingest, rows, workspace, monkeypatch):
    monkeypatch.setattr("pipeline.ingest.batch_writer.PART_ROWS", 1000)
    monkeypatch.setattr("pipeline.ingest.delimited.CHUNK_ROWS", 300)
    lines = "".join(f"{i};avis numéro {i}\n" for i in range(2500))
    report = ingest(("Id;Avis\n" + lines).encode(), respondent="Id")
    parts = workspace.names("batches", report.batch_id, "verbatims")
    assert parts == [f"part-{i:05d}.parquet" for i in range(3)]
    assert [row["row"] for row in rows(report)] == list(range(1, 2501))
    assert report.n_respondents == 2500


def test_ingest_input_gives_the_same_id_when_the_export_grows(ingest, rows):
    old = "Id;Avis\na;très bien\nb;RAS\n;RAS\n"
    new = "Id;Avis\nz;nouveau venu\na;très bien\nb;RAS\n;RAS\n;RAS\n"
    first = [row["verbatim_id"] for row in rows(ingest(old.encode(), "old.csv", respondent="Id"))]
    second = [row["verbatim_id"] for row in rows(ingest(new.encode(), "new.csv", respondent="Id"))]
    assert second[1:4] == first
    assert len(set(second)) == 5


def test_ingest_input_leaves_no_raw_text_in_the_marker(ingest, workspace):
    report = ingest(AWKWARD.encode(), "avis de jean.dupont@exemple.fr.csv", **SECTION)
    marker = workspace.read_json("batches", report.batch_id, "batch.json")
    assert "jean.dupont" not in json.dumps(marker)
    assert marker["n_verbatims"] == 4


def test_ingest_input_leaves_no_batch_when_a_column_is_missing(ingest, workspace):
    with pytest.raises(SourceError, match=r"expected «Agence»"):
        ingest(b"Date;Avis\n1/1/2026;bon accueil\n", dimensions={"unit": "Agence"})
    assert not any(workspace.exists("batches", name, "batch.json") for name in workspace.names("batches"))


def test_find_inputs_lists_what_it_cannot_read(tmp_path, workspace, secret):
    for name in ("b.csv", "a.xlsx", "note.pdf", ".hidden.csv", "~$a.xlsx"):
        (tmp_path / name).write_bytes(b"x")
    source = SourceConfig(name="dossier", audience="customer", path=".", text="Avis")
    items = find_inputs(source, tmp_path)
    assert [(item.name, item.kind) for item in items] == [
        ("a.xlsx", "spreadsheet"),
        ("b.csv", "delimited"),
        ("note.pdf", "unsupported"),
    ]
    with pytest.raises(SourceError, match=r"no supported kind: expected CSV.*got «pdf»"):
        ingest_input(workspace, source, items[2], secret)


def test_find_inputs_fails_when_there_is_none(tmp_path):
    source = SourceConfig(name="vide", audience="customer", path="*.csv", text="Avis")
    with pytest.raises(SourceError, match="no input"):
        find_inputs(source, tmp_path)


@pytest.mark.parametrize(
    "path",
    ["memory://bob:motdepasse@hote/exports/*.csv", "inconnu://bob:motdepasse@hote/a.csv?cle=motdepasse"],
)
def test_find_inputs_tells_no_password_when_a_url_gives_nothing(path, tmp_path):
    source = SourceConfig(name="vide", audience="customer", path=path, text="Avis")
    with pytest.raises(SourceError, match=r"source «vide».*://…\)") as caught:
        find_inputs(source, tmp_path)
    assert "motdepasse" not in str(caught.value)
    assert "hote" not in str(caught.value)


def test_find_inputs_leaves_the_query_of_a_web_address_out_of_the_name(tmp_path, monkeypatch):
    url = "https://hote.example/exports/avis.csv?cle=motdepasse"
    monkeypatch.setattr(HTTPFileSystem, "isdir", lambda *_: False)
    monkeypatch.setattr(HTTPFileSystem, "glob", lambda *_: [url])
    source = SourceConfig(name="avis", audience="customer", path=url, text="Avis")
    (item,) = find_inputs(source, tmp_path)
    assert (item.kind, item.url, item.name) == ("delimited", url, "avis.csv")


def test_find_inputs_reads_remote_files(workspace, secret, tmp_path):
    import fsspec

    filesystem = fsspec.filesystem("memory")
    filesystem.makedirs("/exports", exist_ok=True)
    filesystem.pipe("/exports/b.csv", "Avis\ntrès bien\n".encode())
    filesystem.pipe("/exports/a.jsonl", '{"Avis": "déçu"}\n'.encode())
    source = SourceConfig(name="nuage", audience="customer", path="memory://exports", text="Avis")
    items = find_inputs(source, tmp_path)
    reports = [ingest_input(workspace, source, item, secret) for item in items]
    assert [item.name for item in items] == ["a.jsonl", "b.csv"]
    assert [report.n_verbatims for report in reports] == [1, 1]


@pytest.mark.parametrize("suffix", [".gz", ".bz2", ".xz"])
def test_ingest_reads_compressed_files(ingest, suffix):
    import bz2
    import gzip
    import lzma

    compress = {".gz": gzip.compress, ".bz2": bz2.compress, ".xz": lzma.compress}[suffix]
    plain = ingest(AWKWARD.encode(), **SECTION)
    packed = ingest(compress(AWKWARD.encode()), f"avis.csv{suffix}", **SECTION)
    assert packed.batch_id == plain.batch_id
    with pytest.raises(SourceError, match="a file cannot be read"):
        ingest(b"not compressed", f"autre.csv{suffix}", **SECTION)


def test_ingest_counts_a_row_without_respondent_as_one_person(ingest, rows):
    content = "Q1;Q2\ntrès bien;à garder\nRAS;RAS\nRAS;RAS\n".encode()
    report = ingest(content, questions={"Q1": "Quoi ?", "Q2": "Et encore ?"})
    kept = rows(report)
    assert report.n_respondents == 3
    assert [row["respondent"] == kept[0]["respondent"] for row in kept] == [True, True, *[False] * 4]
    assert len({row["verbatim_id"] for row in kept}) == 6


def test_ingest_keeps_the_questions_asked_for(ingest, rows, rejects):
    content = "Question;Réponse\nPourquoi ?;très bien\nAutre ?;non merci\npourquoi ? ;déçu\n".encode()
    section = {"text": "Réponse", "question_column": "Question", "only_questions": ["Pourquoi ?"]}
    report = ingest(content, **section)
    assert [row["question"] for row in rows(report)] == ["Pourquoi ?", "pourquoi ?"]
    assert rejects(report) == [(2, "other_question")]
    wide = ingest(b"Q1;Q2\nbien;mal\n", questions={"Q1": "Quoi ?", "Q2": "Et ?"}, only_questions=["Et ?"])
    assert (wide.answers_read, wide.n_verbatims) == (1, 1)
    with pytest.raises(SourceError, match="no question of source"):
        ingest(b"Q1;Q2\nbien;mal\n", questions={"Q1": "Quoi ?"}, only_questions=["Qui ?"])


def test_ingest_tells_a_duplicate_from_an_answer_of_another_day(ingest, rejects):
    lines = [
        "1;a;01/03/2026;RAS",
        "2;a;01/03/2026;ras.",
        "3;a;02/03/2026;RAS",
        "4;b;01/03/2026;RAS",
        "1;c;03/03/2026;Autre",
    ]
    content = "\n".join(["N;Qui;Jour;Avis", *lines]).encode()
    report = ingest(content, respondent="Qui", date="Jour", record_id="N")
    assert rejects(report) == [(2, "duplicate"), (5, "repeated_record")]


def test_ingest_keeps_the_rows_of_one_side_when_a_file_holds_both(ingest, rows, rejects):
    lines = ("Type;Avis", "Collaborateur;Une équipe soudée", "Client;Un bon accueil", ";Un mot de personne")
    content = "\n".join(lines).encode()
    staff = ingest(content, audience="employee", only_rows={"type": ["collaborateur"]})
    assert [row["text"] for row in rows(staff)] == ["Une équipe soudée"]
    assert rejects(staff) == [(2, "other_row"), (3, "other_row")]
    both = ingest(content, only_rows={"Type": ["Client", "Collaborateur"]})
    assert both.n_verbatims == 2
