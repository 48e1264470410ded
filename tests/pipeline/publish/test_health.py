from datetime import UTC, datetime, timedelta

import pytest

from bench.authored_release import LINEAGE, authored_tables
from pipeline.codebook import read_codebook
from pipeline.config import DigestConfig, FilesSink, PublishConfig
from pipeline.publish.digests.delivery import deliver_digests
from pipeline.publish.health import read_health, record_run
from pipeline.publish.reading import Reader, read_snapshot
from pipeline.publish.release import point_to, roll_back, write_release
from pipeline.publish.sinks.delivery import put_everywhere
from pipeline.workspace import Workspace

NOW = datetime(2026, 3, 10, 6, tzinfo=UTC)


@pytest.fixture
def workspace(tmp_path):
    made = Workspace(str(tmp_path / "espace"))
    yesterday = NOW - timedelta(hours=30)
    point_to(made, write_release(made, authored_tables(3, 2), LINEAGE, clock=yesterday))
    return made


def test_a_late_release_sends_to_the_sources_when_the_run_went_well(workspace):
    (before,) = read_health(Reader(workspace), 24, NOW).problems
    assert before.endswith("run `miroir run`")
    record_run(workspace, None, NOW - timedelta(hours=1))
    (told,) = read_health(Reader(workspace), 24, NOW).problems
    assert "published nothing new, see whether the sources are fed" in told
    (long_ago,) = read_health(Reader(workspace), 24, NOW + timedelta(days=2)).problems
    assert long_ago.endswith("run `miroir run`")


def test_a_release_of_the_future_is_told(workspace):
    health = read_health(Reader(workspace), 24, NOW - timedelta(days=400))
    assert health.state == "degraded"
    assert "set the clock" in health.problems[0]


def test_a_sink_that_holds_another_release_is_told_until_it_is_served_or_gone(workspace, tmp_path):
    first = read_snapshot(workspace).release
    second = write_release(workspace, authored_tables(3, 2), {**LINEAGE, "batches": ["b"]})
    sink = FilesSink(kind="files", name="copie", url=str(tmp_path / "copie"))
    point_to(workspace, second)
    put_everywhere(workspace, second, [sink])
    roll_back(workspace, first)
    (behind,) = read_health(Reader(workspace), None).problems
    assert behind == f"sink «copie» still holds {second.release_id}: run `miroir deliver`"
    put_everywhere(workspace, first, [sink])
    assert read_health(Reader(workspace), None).state == "ok"
    roll_back(workspace, second)
    put_everywhere(workspace, second, [])
    assert read_health(Reader(workspace), None).state == "ok"


def test_a_failed_digest_is_told_until_it_is_handed_over_or_gone(workspace, tmp_path):
    blocked = tmp_path / "bloque"
    blocked.write_text("ceci est un fichier")
    wanted = DigestConfig(department="Agences", folder=str(blocked / "remis"))
    mistyped = DigestConfig(department="Sièges", themes=("moyens",), folder=str(tmp_path / "remis"))
    snapshot = read_snapshot(workspace)
    deliver_digests(workspace, snapshot, PublishConfig(digests=(wanted, mistyped)), read_codebook())
    told = read_health(Reader(workspace), None).problems
    assert ["Agences" in told[0], "Sièges" in told[1], len(told)] == [True, True, 2]
    blocked.unlink()
    deliver_digests(workspace, snapshot, PublishConfig(digests=(wanted,)), read_codebook())
    assert read_health(Reader(workspace), None).state == "ok"


def test_a_status_file_that_cannot_be_read_is_a_problem_and_no_failure(workspace):
    workspace.write_bytes(b"", "status", "run.json")
    health = read_health(Reader(workspace), None)
    assert health.state == "degraded"
    assert "status/run.json" in health.problems[0]
