from __future__ import annotations

import csv
import io

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipeline.errors import SourceError
from pipeline.ingest.delimited import read_delimited
from pipeline.ingest.dialect import sniff
from pipeline.ingest.encoding import scan

# Letters, accents, signs that quoting must protect, emoji; no control signs but line ends.
_SIGNS = "aàbcdéèêëfgœîôuù 'ÇÉ’«»€…;,\t|\"\n0123456789-_.😊"
_CELL = st.text(alphabet=_SIGNS, max_size=30)


def _read(
    content: bytes, declared: list[str], encoding: str | None = None
) -> tuple[list[tuple], list[tuple]]:
    found = encoding or scan(io.BytesIO(content), "essai.csv").encoding
    kept, broken = [], []
    for chunk in read_delimited(
        io.BytesIO(content),
        encoding=found,
        delimiter=None,
        layout="auto",
        declared=declared,
        where="essai.csv",
    ):
        columns = [chunk.frame[name].to_list() for name in chunk.frame.columns]
        kept += list(zip(chunk.rows.to_list(), *columns, strict=True))
        broken += [(item.row, item.reason) for item in chunk.broken]
    return kept, broken


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    cells=st.lists(st.tuples(_CELL, _CELL, _CELL), min_size=1, max_size=12),
    delimiter=st.sampled_from([";", ",", "\t", "|"]),
    quoting=st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]),
    line_end=st.sampled_from(["\n", "\r\n"]),
)
def test_read_delimited_gives_back_what_was_written(cells, delimiter, quoting, encoding, line_end):
    stream = io.StringIO(newline="")
    writer = csv.writer(stream, delimiter=delimiter, quoting=quoting, lineterminator=line_end)
    writer.writerow(["Id", "Réponse libre", "Unité"])
    writer.writerows(cells)

    kept, broken = _read(stream.getvalue().encode(encoding), ["Id", "Réponse libre", "Unité"], encoding)

    assert broken == []
    assert [row[1:] for row in kept] == cells
    assert [row[0] for row in kept] == list(range(1, len(cells) + 1))


@settings(max_examples=150, deadline=None)
@given(lines=st.lists(st.text(alphabet='ab é;"\n', max_size=25), max_size=15))
def test_read_delimited_accounts_for_every_row_when_quotes_are_broken(lines):
    content = ("Id;Avis\n" + "\n".join(lines)).encode()
    kept, broken = _read(content, ["Id", "Avis"], "utf-8")
    numbers = sorted([row[0] for row in kept] + [row[0] for row in broken])
    assert numbers == list(range(1, len(numbers) + 1))


def test_read_delimited_loses_no_row_when_a_quote_is_not_closed():
    content = 'Id;Avis;Note\n1;"Jamais fermé;3\n2;Suivant;4\n3;"Encore un;5\n4;Dernier;1\n'.encode()
    kept, broken = _read(content, ["Id", "Avis", "Note"])
    assert broken == []
    assert [row[1] for row in kept] == ["1", "2", "3", "4"]
    assert [row[2] for row in kept] == ["Jamais fermé", "Suivant", "Encore un", "Dernier"]


def test_read_delimited_loses_one_row_at_most_when_a_quote_stays_open_in_a_long_file():
    lines = "".join(f"{i};avis numéro {i};3\n" for i in range(30_000))
    kept, broken = _read(("Id;Avis;Note\n" + '0;"ouvert;3\n' + lines).encode(), ["Id"])
    assert len(kept) + len(broken) == 30_001
    assert len(broken) == 0


@pytest.mark.parametrize("cell", ["x" * 200_000, '"' + "x" * 200_000 + '"', '"' + "x;" * 100_000 + '"'])
def test_read_delimited_loses_one_row_when_a_cell_is_too_big_for_the_csv_module(cell):
    content = f"Id;Avis;Note\n1;avant;3\n2;{cell};4\n3;après;5\n".encode()
    kept, broken = _read(content, ["Id", "Avis"])
    assert kept == [(1, "1", "avant"), (3, "3", "après")]
    assert broken == [(2, "ragged_row")]


def test_read_delimited_keeps_a_huge_cell_whole_when_it_is_the_only_column():
    kept, broken = _read(("Avis\nbien\n" + "x" * 200_000 + "\nmal\n").encode(), ["Avis"])
    assert [(row, len(text)) for row, text in kept] == [(1, 4), (2, 200_000), (3, 3)]
    assert broken == []


def test_read_delimited_keeps_several_lines_in_one_cell():
    kept, broken = _read(b'Id;Avis\r\n1;"un\r\n\r\ndeux ""trois"""\r\n2;ok\r\n', ["Avis"])
    assert [row[1] for row in kept] == ['un\r\n\r\ndeux "trois"', "ok"]
    assert broken == []


def test_read_delimited_reads_a_single_column_whose_texts_hold_separators():
    kept, broken = _read("Avis\nBonjour, merci ; à bientôt\nOui, très bien, rien à dire\n".encode(), ["Avis"])
    assert [row[1] for row in kept] == ["Bonjour, merci ; à bientôt", "Oui, très bien, rien à dire"]
    assert broken == []


def test_read_delimited_takes_trailing_blank_cells_but_no_other_ones():
    kept, broken = _read(b"a;b\n1;2;;\n1;2;3\n1\n", ["a"])
    assert [row[0] for row in kept] == [1]
    assert broken == [(2, "ragged_row"), (3, "ragged_row")]


def test_read_delimited_survives_nul_bytes():
    kept, _ = _read(b"Id;Avis\n1;bon\x00jour\n", ["Avis"], "utf-8")
    assert kept == [(1, "bon\x00jour")]


def test_read_delimited_reads_old_mac_line_ends():
    kept, _ = _read("Id;Avis\r1;très bien\r2;déçu\r".encode("mac_roman"), ["Avis"])
    assert [row[1] for row in kept] == ["très bien", "déçu"]


def test_read_delimited_finds_the_header_under_titles():
    kept, _ = _read("Enquête 2026;\n;\nId;Avis\n1;bien\n".encode(), ["Avis"])
    assert kept == [(1, "bien")]


def test_read_delimited_fails_when_the_file_is_empty():
    with pytest.raises(SourceError, match="holds nothing"):
        _read(b"\n\n", ["Avis"])


@pytest.mark.parametrize(
    ("sample", "delimiter", "quote"),
    [
        ("a;b;c\n1,5;2,5;3,5\n2,5;1;1\n", ";", '"'),
        ('a,b\n"1;2;3",2\n\'x,3\n', ",", '"'),
        ("a\tb\nil dit: oui, non\tb\n", "\t", '"'),
        ("sep=|\na|b\n1|2\n", "|", '"'),
        ("'a';'b'\n'l''un';'x;y'\n'2';'3'\n", ";", "'"),
        ("Avis\nl'un, l'autre\n'oui', non\n", "\x1f", '"'),
        ('Id,Avis\n1,"Dit \\"oui\\", puis non"\n2,"Un \\"non\\" net"\n', ",", '"'),
    ],
)
def test_sniff_finds_separator_and_quote(sample, delimiter, quote):
    found = sniff(sample)
    assert (found.delimiter, found.quote) == (delimiter, quote)


def test_read_delimited_reads_quotes_escaped_by_backslashes():
    kept, broken = _read(b'Id,Avis\n1,"Dit \\"oui\\", puis non"\n2,"Un \\"non\\" net"\n', ["Avis"])
    assert [row[1] for row in kept] == ['Dit "oui", puis non', 'Un "non" net']
    assert broken == []
