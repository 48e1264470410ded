import gzip
import json
import sqlite3
import zipfile

import polars as pl
import pyarrow as pa
import pytest
from pyarrow import ipc

from pipeline.privacy.canaries import grep_files_for

CANARY = "Éléonore Zyxwvut"


def _parquet(path):
    pl.DataFrame({"text": ["rien", f"merci {CANARY}"] * 500}).write_parquet(path, compression="zstd")


def _arrow(path):
    table = pa.table({"text": [CANARY]})
    with ipc.new_file(path, table.schema, options=ipc.IpcWriteOptions(compression="zstd")) as writer:
        writer.write_table(table)


def _sqlite(path):
    connection = sqlite3.connect(path)
    connection.execute('CREATE TABLE "mots dits" (n INTEGER, content BLOB)')
    connection.execute('INSERT INTO "mots dits" VALUES (1, ?)', (f"{'x' * 9000}{CANARY}".encode(),))
    connection.commit()
    connection.close()


def _zip(path):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("part.txt", f"{'a' * 500}{CANARY}")


WRITERS = {
    "plain.txt": lambda path: path.write_text(CANARY, encoding="utf-8"),
    "lower.txt": lambda path: path.write_text(CANARY.lower(), encoding="utf-8"),
    "utf16.txt": lambda path: path.write_text(CANARY, encoding="utf-16"),
    "latin.txt": lambda path: path.write_text(CANARY, encoding="cp1252"),
    "escaped.json": lambda path: path.write_text(json.dumps({"text": CANARY}), encoding="ascii"),
    "table.parquet": _parquet,
    "table.arrow": _arrow,
    "table.db": _sqlite,
    "log.gz": lambda path: path.write_bytes(gzip.compress(f"{'a' * 500}{CANARY}".encode())),
    "book.zip": _zip,
}


@pytest.mark.parametrize("name", WRITERS)
def test_grep_files_for_finds_a_canary_in(name, tmp_path):
    folder = tmp_path / "deep"
    folder.mkdir()
    WRITERS[name](folder / name)
    (tmp_path / "clean.txt").write_text("rien", encoding="utf-8")
    found = grep_files_for(tmp_path, [CANARY, "Absent Absent"])
    assert {leak.needle for leak in found} == {CANARY}
    assert {leak.path for leak in found} == {folder / name}


def test_grep_files_for_finds_nothing_where_nothing_is(tmp_path):
    for name, write in WRITERS.items():
        write(tmp_path / name)
    (tmp_path / "half.parquet").write_bytes(b"PAR1 cut short")
    assert grep_files_for(tmp_path, ["Absent Absent"]) == []


def test_grep_files_for_looks_at_names(tmp_path):
    (tmp_path / "dossier-zyxwvut.txt").touch()
    assert [leak.where for leak in grep_files_for(tmp_path, ["Zyxwvut"])] == ["name"]


def test_grep_files_for_refuses_short_needles(tmp_path):
    with pytest.raises(ValueError, match="at least 4 characters"):
        grep_files_for(tmp_path, ["abc"])
