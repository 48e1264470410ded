import duckdb
import pytest

from bench.authored_release import LINEAGE, authored_tables
from pipeline.config import DeltaSink, DuckdbSink, FilesSink
from pipeline.errors import ReleaseError, SinkError
from pipeline.publish.health import read_health
from pipeline.publish.reading import Reader, read_snapshot
from pipeline.publish.release import write_release
from pipeline.publish.sinks import opening
from pipeline.publish.sinks.delivery import SINKS, put_everywhere, read_state
from pipeline.publish.sinks.files import put_files
from pipeline.workspace import Workspace


@pytest.fixture(scope="module")
def s3():
    pytest.importorskip("s3fs")
    server_module = pytest.importorskip("moto.server")
    server = server_module.ThreadedMotoServer(ip_address="127.0.0.1", port=0)
    server.start()
    host, port = server.get_host_and_port()
    yield {"endpoint_url": f"http://{host}:{port}", "key": "essai", "secret": "essai"}
    server.stop()


def test_duckdb_file_is_swapped_whole_and_an_open_reader_keeps_its_own(two_releases, tmp_path):
    workspace, releases = two_releases
    sink = DuckdbSink(kind="duckdb", name="fichier", path=str(tmp_path / "miroir.duckdb"))
    put_everywhere(workspace, releases[0], [sink])
    reader = duckdb.connect(sink.path, read_only=True)
    put_everywhere(workspace, releases[1], [sink], again=True)
    assert reader.execute("SELECT release_id FROM release").fetchall() == [(releases[0].release_id,)]
    reader.close()
    fresh = duckdb.connect(sink.path, read_only=True)
    assert fresh.execute("SELECT release_id FROM release").fetchall() == [(releases[1].release_id,)]
    rows = fresh.execute("SELECT count(*) FROM measures").fetchall()[0][0]
    assert rows == releases[1].tables["measures"]["rows"]
    fresh.close()
    assert [each.name for each in tmp_path.iterdir()] == ["miroir.duckdb"]


def test_copy_in_a_folder_is_a_release_that_readers_can_trust(two_releases, tmp_path):
    workspace, releases = two_releases
    sink = FilesSink(kind="files", name="partage", url=str(tmp_path / "partage"))
    put_files(workspace, releases[1], sink)
    assert read_snapshot(Workspace(sink.url)).release == releases[1]
    damaged = tmp_path / "partage" / "releases" / releases[1].release_id / "tables" / "alerts.csv"
    damaged.write_text("abime")
    put_files(workspace, releases[1], sink)
    assert read_snapshot(Workspace(sink.url)).release == releases[1]
    assert damaged.read_bytes() != b"abime"


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.filterwarnings("ignore::ResourceWarning")
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_copy_in_an_object_store_is_read_back(two_releases, s3):
    import s3fs

    workspace, releases = two_releases
    s3fs.S3FileSystem(**s3).mkdir("publications")
    sink = FilesSink(kind="files", name="s3", url="s3://publications/miroir", options=s3)
    for release in releases:
        put_files(workspace, release, sink)
    copy = Workspace(sink.url, tuple(s3.items()))
    snapshot = read_snapshot(copy)
    assert snapshot.release == releases[1]
    assert snapshot.tables["measures"].height == releases[1].tables["measures"]["rows"]


def test_delta_tables_name_their_release(two_releases, tmp_path):
    deltalake = pytest.importorskip("deltalake")
    workspace, releases = two_releases
    sink = DeltaSink(kind="delta", name="lac", url=str(tmp_path / "lac"))
    for release in releases:
        put_everywhere(workspace, release, [sink])
    table = deltalake.DeltaTable(f"{sink.url}/measures")
    assert table.to_pyarrow_table().num_rows == releases[1].tables["measures"]["rows"]
    assert table.history(1)[0]["release_id"] == releases[1].release_id


def test_a_failed_sink_leaves_the_others_and_a_rerun_mends_it_alone(two_releases, tmp_path):
    workspace, releases = two_releases
    blocked = tmp_path / "bloque"
    blocked.write_text("ceci est un fichier")
    bad = DuckdbSink(kind="duckdb", name="casse", path=str(blocked / "miroir.duckdb"))
    good = FilesSink(kind="files", name="bon", url=str(tmp_path / "bon"))
    outcomes = put_everywhere(workspace, releases[1], [bad, good])
    assert [bool(each.error) for each in outcomes] == [True, False]
    assert "miroir deliver --only casse" in outcomes[0].error
    health = read_health(Reader(workspace), None)
    assert health.state == "degraded"
    assert any("sink «casse» failed" in problem for problem in health.problems)
    blocked.unlink()
    outcomes = put_everywhere(workspace, releases[1], [bad, good])
    assert [each.is_skipped for each in outcomes] == [False, True]
    assert read_state(workspace)["casse"]["error"] is None
    assert read_health(Reader(workspace), None).state == "ok"


def test_an_unforeseen_error_of_a_driver_leaves_the_other_sinks(two_releases, tmp_path, monkeypatch):
    class NoCredentialsError(Exception):
        """As botocore's, no OSError."""

    def refuse(*_):
        raise NoCredentialsError("Unable to locate credentials")

    workspace, releases = two_releases
    monkeypatch.setitem(SINKS, DuckdbSink, refuse)
    bad = DuckdbSink(kind="duckdb", name="sans_cle", path=str(tmp_path / "miroir.duckdb"))
    good = FilesSink(kind="files", name="ouvert", url=str(tmp_path / "ouvert"))
    outcomes = put_everywhere(workspace, releases[1], [bad, good])
    assert "got NoCredentialsError: Unable to locate" in outcomes[0].error
    assert outcomes[1].error is None
    assert read_state(workspace)["sans_cle"]["error"] == outcomes[0].error


def test_a_damaged_release_reaches_no_sink(tmp_path):
    workspace = Workspace(str(tmp_path / "espace"))
    release = write_release(workspace, authored_tables(3, 2), LINEAGE)
    name = ("tables", "measures.parquet")
    content = bytearray(workspace.filesystem.cat_file(workspace.path("releases", release.release_id, *name)))
    content[len(content) // 3] ^= 1
    workspace.write_bytes(bytes(content), "releases", release.release_id, *name)
    sink = DuckdbSink(kind="duckdb", name="base", path=str(tmp_path / "base.duckdb"))
    with pytest.raises(ReleaseError, match="Put its files back from a copy"):
        put_everywhere(workspace, release, [sink])
    assert not (tmp_path / "base.duckdb").exists()


def test_missing_library_and_variable_say_how_to_get_them(monkeypatch):
    with pytest.raises(SinkError, match=r"pip install 'miroir\[delta\]'"):
        opening.import_extra("bibliotheque_absente", "delta")
    monkeypatch.delenv("URL_DE_LA_BASE", raising=False)
    with pytest.raises(SinkError, match="the variable URL_DE_LA_BASE"):
        opening.resolve("env:URL_DE_LA_BASE", "base")
    assert opening.resolve("clair", "base") == "clair"
