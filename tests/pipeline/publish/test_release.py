import datetime as dt

import pyarrow as pa
import pytest

from pipeline.errors import ReleaseError
from pipeline.publish.release import (
    current_release,
    find_release,
    list_releases,
    point_to,
    read_release_table,
    roll_back,
    rolled_back,
    verify_release,
    write_release,
)
from pipeline.workspace import Workspace

NOON = dt.datetime(2026, 3, 12, 12, tzinfo=dt.UTC)


@pytest.fixture(params=["local", "memory"])
def workspace(request, tmp_path):
    if request.param == "local":
        return Workspace(str(tmp_path))
    return Workspace(f"memory://{tmp_path.name}")


def tables(value):
    return {"measures": pa.table({"measure": ["n"], "value": [value]})}


def test_release_is_whole_and_verifiable(workspace):
    release = write_release(workspace, tables(1.0), {"batches": ["a"]}, files={"docs/lisez.txt": b"bonjour"})
    assert release.release_id.startswith("0001-")
    assert sorted(release.manifest["files"]) == [
        "docs/lisez.txt",
        "tables/measures.csv",
        "tables/measures.parquet",
    ]
    assert verify_release(workspace, release) == []
    assert read_release_table(workspace, release, "measures").to_pylist() == [{"measure": "n", "value": 1.0}]


def test_same_lineage_gives_the_same_release(workspace):
    first = write_release(workspace, tables(1.0), {"batches": ["a"]}, clock=NOON)
    again = write_release(workspace, tables(1.0), {"batches": ["a"]})
    other = write_release(workspace, tables(2.0), {"batches": ["a", "b"]})
    assert again == first
    assert [each.release_id for each in list_releases(workspace)] == [first.release_id, other.release_id]
    assert other.rank == 2


def test_pointer_moves_only_when_told_and_can_go_back(workspace):
    assert current_release(workspace) is None
    first = write_release(workspace, tables(1.0), {"batches": ["a"]})
    assert current_release(workspace) is None
    second = write_release(workspace, tables(2.0), {"batches": ["b"]})
    for release in (first, second, first):
        point_to(workspace, release)
        assert current_release(workspace).release_id == release.release_id


def test_releases_after_the_one_rolled_back_to_stay_out_until_asked_for(workspace):
    first, second, third = (write_release(workspace, tables(n), {"batches": [n]}) for n in (1.0, 2.0, 3.0))
    point_to(workspace, third)
    assert rolled_back(workspace) == frozenset()
    assert roll_back(workspace, first) == [second.release_id, third.release_id]
    assert current_release(workspace) == first
    assert roll_back(workspace, second) == [first.release_id, third.release_id]
    assert rolled_back(workspace) == {first.release_id, third.release_id}


def test_roll_back_when_the_current_release_is_lost(workspace):
    first, second = (write_release(workspace, tables(n), {"batches": [n]}) for n in (1.0, 2.0))
    point_to(workspace, second)
    workspace.remove("releases", second.release_id)
    roll_back(workspace, first)
    assert current_release(workspace) == first


def test_half_a_release_is_no_release_and_is_cleared(workspace):
    half = "0001-0123456789ab"
    workspace.write_bytes(b"reste", "releases", half, "tables", "old.csv")
    assert list_releases(workspace) == []
    release = write_release(workspace, tables(1.0), {"batches": ["a"]})
    assert not workspace.exists("releases", half)
    assert release.rank == 1


def test_damage_is_found(workspace):
    release = write_release(workspace, tables(1.0), {"batches": ["a"]})
    workspace.write_bytes(b"autre", "releases", release.release_id, "tables", "measures.csv")
    workspace.write_bytes(b"en trop", "releases", release.release_id, "tables", "more.csv")
    assert verify_release(workspace, release) == ["tables/measures.csv", "tables/more.csv"]


def test_find_release_refuses_none_and_several(workspace):
    write_release(workspace, tables(1.0), {"batches": ["a"]})
    write_release(workspace, tables(2.0), {"batches": ["b"]})
    with pytest.raises(ReleaseError, match="2 releases for «000»"):
        find_release(workspace, "000")
    with pytest.raises(ReleaseError, match="0 releases for «0009»"):
        find_release(workspace, "0009")


def test_unknown_table_is_named_with_those_there_are(workspace):
    release = write_release(workspace, tables(1.0), {"batches": ["a"]})
    with pytest.raises(ReleaseError, match="one of measures"):
        read_release_table(workspace, release, "mirror")
