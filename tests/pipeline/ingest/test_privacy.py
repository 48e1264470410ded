"""Raw personal data stays in memory: it is in no file, no error and no log that ingest leaves."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest

from pipeline.errors import SourceError

CANARIES = (
    "canari.dupont@exemple.fr",
    "06 39 98 77 66",
    "Canarivska",
    "CLI-CANARI-77",
    "FR1420041010050500013M02606",
)
ROWS = (
    "Client;Date;Note;Agence;Avis\n"
    "CLI-CANARI-77;12/03/2026;5;Lyon;Écrivez à canari.dupont@exemple.fr, merci à Mme Canarivska\n"
    "CLI-CANARI-77;31/02/2026;5;Lyon;Rappelez le 06 39 98 77 66\n"  # rejected: its text must not be there
    "CLI-CANARI-77;12/03/2026;9;canari.dupont@exemple.fr;Mon IBAN FR1420041010050500013M02606\n"
    "CLI-CANARI-77;Mme Canarivska\n"
)
SECTION = {
    "respondent": "Client",
    "date": "Date",
    "rating": {"column": "Note", "scale": "nps"},
    "dimensions": {"unit": "Agence"},
}


def _canaries_in(folder: Path) -> list[str]:
    found = []
    for path in folder.rglob("*"):
        content = path.read_bytes() if path.is_file() else b""
        found += [canary for canary in CANARIES if canary.encode() in content or canary in str(path)]
    return found


def test_ingest_leaves_no_raw_data_in_the_workspace(ingest, rows, workspace, caplog):
    with caplog.at_level(logging.DEBUG):
        report = ingest(ROWS.encode(), "canari.dupont@exemple.fr.csv", **SECTION)
    assert report.n_verbatims == 2
    assert report.rejects == {"ragged_row": 1, "wrong_date": 1}
    assert _canaries_in(Path(workspace.root)) == []
    # Parquet pages are compressed: look at the values as well.
    values = str(rows(report)) + str(
        workspace.read_table("batches", report.batch_id, "rejects.parquet").to_pylist()
    )
    assert not [canary for canary in CANARIES if canary in values or canary in caplog.text]


@pytest.mark.parametrize(
    ("content", "name", "section"),
    [
        (ROWS.encode(), "a.csv", {"dimensions": {"unit": "Agense"}}),
        (ROWS.encode(), "a.xlsx", {}),
        (ROWS.encode(), "a.parquet", {}),
        (ROWS.encode(), "a.pdf", {}),
        (b'{"Avis": "Mme Canarivska"', "a.jsonl", {"date": "Date"}),
        (ROWS.split("\n", 1)[1].encode(), "sans_entete.csv", {}),
        (b"Avis;Date\n" + b"bien;Mme Canarivska\n" * 30, "a.csv", {"date": "Date"}),
        (b"Avis;Note\n" + b"bien;Mme Canarivska\n" * 30, "a.csv", {"rating": SECTION["rating"]}),
        (
            "".join(["Avis;Id\n", *(f"bien {i};CLI-CANARI-77\n" for i in range(30))]).encode(),
            "a.csv",
            {"record_id": "Id"},
        ),
        (
            "".join(["Avis;Mail\n", *(f"bien {i};canari.dupont@exemple.fr{i}\n" for i in range(9))]).encode(),
            "a.csv",
            {"dimensions": {"unit": "Mail"}},
        ),
    ],
)
def test_ingest_tells_no_raw_data_when_it_fails(ingest, workspace, content, name, section):
    with pytest.raises(SourceError) as caught:
        ingest(content, name, **section)
    error: BaseException | None = caught.value
    while error is not None:
        assert not [canary for canary in CANARIES if canary in repr(error)]
        error = error.__cause__
    assert _canaries_in(Path(workspace.root)) == []
