import pytest

from bench.authored_release import LINEAGE
from pipeline.errors import ReleaseError
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
