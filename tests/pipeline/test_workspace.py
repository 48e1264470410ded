import subprocess
import sys
from pathlib import Path

import fsspec
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipeline.errors import WorkspaceError
from pipeline.workspace import Workspace

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def workspace(tmp_path):
    return Workspace(str(tmp_path / "espace"))


def test_replacing_leaves_the_old_file_when_writing_fails(workspace):
    workspace.write_bytes(b"avant", "dossier", "fichier")
    with pytest.raises(ZeroDivisionError), workspace.replacing("dossier", "fichier") as stream:
        stream.write(b"apres" * (1 // 0))
    assert workspace.filesystem.cat_file(workspace.path("dossier", "fichier")) == b"avant"
    assert list(fsspec.filesystem("file").find(workspace.path("dossier"))) == [
        workspace.path("dossier", "fichier")
    ]


def test_names_are_sorted_and_leave_temporary_files_out(workspace):
    for name in ("b.parquet", "a.parquet", ".c.parquet.0.tmp"):
        workspace.write_bytes(b"", "parts", name)
    assert workspace.names("parts") == ["a.parquet", "b.parquet"]
    assert workspace.names("nulle part") == []


def test_sweep_removes_what_killed_runs_left(workspace):
    workspace.write_bytes(b"", "parts", "a.parquet")
    workspace.write_bytes(b"", "parts", ".a.parquet.1f.tmp")
    assert workspace.sweep() == 1
    assert workspace.sweep() == 0
    assert workspace.names("parts") == ["a.parquet"]


def test_table_comes_back_as_written(workspace):
    table = pa.table({"texte": ["Très bien 😊", None], "n": [1, 2]})
    workspace.write_table(table, "t.parquet")
    assert workspace.read_table("t.parquet").equals(table)
    assert workspace.read_table("t.parquet", columns=["n"]).column_names == ["n"]


@pytest.mark.parametrize(("content", "got"), [(None, "no file"), (b"{", "no JSON")])
def test_read_json_says_what_is_wrong(workspace, content, got):
    if content is not None:
        workspace.write_bytes(content, "x.json")
    with pytest.raises(WorkspaceError, match=got):
        workspace.read_json("x.json")


@pytest.mark.parametrize(("content", "got"), [(None, "no file"), (b"PAR0", "no Parquet")])
def test_read_table_says_what_is_wrong(workspace, content, got):
    if content is not None:
        workspace.write_bytes(content, "x.parquet")
    with pytest.raises(WorkspaceError, match=got):
        workspace.read_table("x.parquet")


LOCK = (
    "import sys; from pipeline.workspace import Workspace\n"
    "with Workspace(sys.argv[1]).locked(): print('entered')"
)


def lock_elsewhere(workspace):
    command = [sys.executable, "-c", LOCK, workspace.root]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)


def test_lock_keeps_another_process_out_and_lets_it_in_after(workspace):
    with workspace.locked():
        refused = lock_elsewhere(workspace)
    assert "a lock held by another process" in refused.stderr
    assert lock_elsewhere(workspace).stdout == "entered\n"


def write_and_be_stopped(workspace, name, table):
    # The writer's own end gives what was written so far the footer of a whole file.
    with workspace.replacing(name) as stream, pq.ParquetWriter(stream, table.schema) as writer:
        writer.write_table(table)
        raise KeyboardInterrupt


def test_remote_file_is_left_as_it_was_when_writing_fails():
    workspace = Workspace("memory://essai-replacing")
    table = pa.table({"n": [1, 2, 3]})
    workspace.write_table(table, "ancien.parquet")
    for name in ("ancien.parquet", "neuf.parquet"):
        with pytest.raises(KeyboardInterrupt):
            write_and_be_stopped(workspace, name, table.slice(0, 1))
    assert workspace.names() == ["ancien.parquet"]
    assert workspace.count_rows("ancien.parquet") == 3


def test_url_names_the_file_system_of_a_remote_workspace_alone(tmp_path):
    assert Workspace(str(tmp_path)).url("a", "b") == f"{tmp_path}/a/b"
    remote = Workspace("memory://essai-url")
    remote.write_bytes(b"", "a", "b")
    assert remote.url("a", "b") == "memory:///essai-url/a/b"
    assert fsspec.open_files(remote.url("a", "*"))[0].path == remote.path("a", "b")


@pytest.mark.parametrize(("content", "got"), [(None, "no file"), (b"PAR0", "no Parquet")])
def test_count_rows_says_what_is_wrong(workspace, content, got):
    if content is not None:
        workspace.write_bytes(content, "x.parquet")
    with pytest.raises(WorkspaceError, match=got):
        workspace.count_rows("x.parquet")


def test_workspace_lives_in_any_fsspec_file_system():
    workspace = Workspace("memory://espace")
    workspace.write_json({"clé": "é"}, "a", "b.json")
    assert workspace.read_json("a", "b.json") == {"clé": "é"}
    assert workspace.names("a") == ["b.json"]
    workspace.remove("a")
    assert not workspace.exists("a", "b.json")
