import pytest

from bench.authored_release import LINEAGE
from pipeline.errors import ReleaseError, WorkspaceError
from pipeline.publish.reading import Reader, read_snapshot
from pipeline.publish.release import point_to, write_release
from pipeline.workspace import Workspace


def test_snapshot_holds_every_table_and_knows_its_dimensions(published, authored):
    snapshot = read_snapshot(published)
    assert {name: frame.height for name, frame in snapshot.tables.items()} == {
        name: table.num_rows for name, table in authored.items()
    }
    assert snapshot.dimensions == ("region", "step", "unit")


def test_reader_says_what_to_do_before_the_first_release(tmp_path):
    with pytest.raises(ReleaseError, match="Run `miroir run` first"):
        Reader(Workspace(str(tmp_path))).current()


def test_reader_keeps_the_last_good_release_when_the_next_is_damaged(tmp_path, authored):
    workspace = Workspace(str(tmp_path))
    good = write_release(workspace, authored, LINEAGE)
    point_to(workspace, good)
    reader = Reader(workspace)
    assert reader.current().release.release_id == good.release_id
    bad = write_release(workspace, authored, {**LINEAGE, "batches": ["other"]})
    workspace.write_bytes(b"abime", "releases", bad.release_id, "tables", "measures.parquet")
    point_to(workspace, bad)
    assert reader.current().release.release_id == good.release_id
    assert "cannot be trusted" in reader.problem
    point_to(workspace, good)
    assert reader.current().release.release_id == good.release_id
    assert reader.problem is None


def test_reader_refuses_a_manifest_that_the_pointer_does_not_vouch_for(tmp_path, authored):
    workspace = Workspace(str(tmp_path))
    release = write_release(workspace, authored, LINEAGE)
    point_to(workspace, release)
    workspace.write_json(
        {**release.manifest, "created_at": "2001-01-01"}, "releases", release.release_id, "manifest.json"
    )
    with pytest.raises(ReleaseError, match="the manifest that the pointer vouches for"):
        read_snapshot(workspace)


def test_pointer_cannot_lead_out_of_the_releases(tmp_path):
    workspace = Workspace(str(tmp_path))
    workspace.write_json({"release_id": "../secret", "manifest_sha256": ""}, "releases", "current.json")
    with pytest.raises(ReleaseError, match="identifier in the pointer"):
        read_snapshot(workspace)


def test_reader_takes_a_release_whose_files_were_put_back(tmp_path, authored):
    workspace = Workspace(str(tmp_path))
    good = write_release(workspace, authored, LINEAGE)
    point_to(workspace, good)
    reader = Reader(workspace)
    reader.current()
    late = write_release(workspace, authored, {**LINEAGE, "batches": ["other"]})
    place = ("releases", late.release_id, "tables", "measures.parquet")
    content = workspace.filesystem.cat_file(workspace.path(*place))
    workspace.remove(*place)
    point_to(workspace, late)
    assert reader.current().release.release_id == good.release_id
    workspace.write_bytes(content, *place)
    reader._retry_at = 0  # a minute has passed
    assert reader.current().release.release_id == late.release_id
    assert reader.problem is None


def test_reader_keeps_its_release_while_the_store_does_not_answer(tmp_path, authored, monkeypatch):
    class EndpointConnectionError(Exception):
        """As botocore's, no OSError."""

    def refuse(*_):
        raise EndpointConnectionError("Could not connect")

    workspace = Workspace(str(tmp_path))
    point_to(workspace, write_release(workspace, authored, LINEAGE))
    reader = Reader(workspace)
    held = reader.current()
    with monkeypatch.context() as patch:
        patch.setattr("pipeline.publish.reading._pointer_text", refuse)
        assert reader.current() is held
        assert "EndpointConnectionError" in reader.problem
        with pytest.raises(WorkspaceError, match="a store that answers"):
            Reader(workspace).current()
    assert reader.current() is held
    assert reader.problem is None


def test_a_pointer_that_is_no_pointer_is_told(tmp_path):
    workspace = Workspace(str(tmp_path))
    workspace.write_bytes(b"{", "releases", "current.json")
    with pytest.raises(ReleaseError, match=r"a pointer in current\.json"):
        Reader(workspace).current()
