from __future__ import annotations

import io

import pytest

from pipeline.errors import SourceError
from pipeline.ingest.encoding import UNDECODABLE, decoding, scan

FRENCH = (
    "Numéro;Avis\n1;« Très bonne équipe, à l'écoute » : le suivi a été parfait, même à Noël\n"
    "2;Ça m'a coûté 12 €, dès août\n"
)


@pytest.mark.parametrize(
    "encoding",
    ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1252", "mac_roman", "iso8859_15", "cp850"],
)
def test_scan_finds_the_encoding_of_french_text(encoding):
    # DOS 850 has neither the euro nor « … »; ISO 8859-15 is told from Windows-1252 by its euro.
    text = FRENCH.replace("€", "euros").replace("œ", "oe") if encoding == "cp850" else FRENCH
    content = text.encode(encoding)
    found = scan(io.BytesIO(content), "avis.csv")
    with decoding(io.BytesIO(content), found.encoding, newline="") as stream:
        assert stream.read() == text


def test_scan_looks_at_the_whole_stream_when_accents_come_late():
    content = b"Id;Avis\n" + b"1;rien a dire\n" * 200_000 + "2;très déçu, où êtes-vous\n".encode("cp1252")
    assert scan(io.BytesIO(content), "avis.csv").encoding == "cp1252"


def test_scan_counts_sequences_that_a_block_cuts(monkeypatch):
    monkeypatch.setattr("pipeline.ingest.encoding._BLOCK_BYTES", 3)
    found = scan(io.BytesIO(("é" * 50 + "€" * 50 + "😊" * 50).encode()), "avis.csv")
    assert (found.encoding, found.n_broken) == ("utf-8", 0)


def test_scan_keeps_utf8_when_a_few_bytes_are_broken():
    content = ("très bien, déjà reçu\n" * 100).encode() + b"cass\xe9\n"
    found = scan(io.BytesIO(content), "avis.csv")
    assert (found.encoding, found.n_broken) == ("utf-8", 1)
    with decoding(io.BytesIO(content), found.encoding) as stream:
        assert stream.read().endswith(f"cass{UNDECODABLE}\n")


def test_scan_refuses_when_no_encoding_makes_sense():
    with pytest.raises(SourceError, match=r"encoding of a file cannot be found out.*Save the file as UTF-8"):
        scan(io.BytesIO(bytes(range(1, 256)) * 50), "bruit.csv")


def test_scan_refuses_when_the_declared_encoding_is_unknown():
    with pytest.raises(SourceError, match="got «klingon»"):
        scan(io.BytesIO(b"a"), "avis.csv", "klingon")


def test_ingest_rejects_a_cell_that_cannot_be_decoded(ingest, rows, rejects):
    content = b"Avis\n" + "très bien, déjà reçu\n".encode() * 30 + b"service cass\xe9 net\n"
    report = ingest(content)
    assert rejects(report) == [(31, "undecodable")]
    assert len(rows(report)) == 30


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "cp1252", "mac_roman"])
def test_ingest_reads_the_same_rows_in_any_encoding(ingest, rows, encoding):
    report = ingest(FRENCH.encode(encoding))
    assert rows(report)[0]["text"].startswith("« Très bonne équipe, à l'écoute »")
    assert rows(report)[1]["text"] == "Ça m'a coûté 12 €, dès août"
