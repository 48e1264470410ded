"""The flows through Prefect, and a deployment's schedule on a real server."""

import pytest
import yaml

from flows.deliver import put_one
from flows.miroir import miroir
from pipeline.errors import SinkError, SourceError
from pipeline.job import open_job
from pipeline.publish.release import current_release
from pipeline.run import run
from tests.small_run import make_small_run


def artifacts():
    from prefect.client.orchestration import get_client

    with get_client(sync_client=True) as client:
        left = sorted(client.read_artifacts(), key=lambda each: each.created)
    return {each.key: each for each in left}


def test_flow_publishes_what_miroir_run_publishes(tmp_path):
    plain, flowing = make_small_run(tmp_path / "a"), make_small_run(tmp_path / "b")
    run(open_job(plain.config))
    (flowing.workspace).mkdir()
    (flowing.workspace / "secret.key").write_bytes((plain.workspace / "secret.key").read_bytes())
    (flowing.workspace / "secret.key").chmod(0o600)
    release_id = miroir(str(flowing.config))
    left, right = (current_release(open_job(each.config).workspace) for each in (plain, flowing))
    assert right.release_id == release_id
    assert left.manifest["files"] == right.manifest["files"]


def test_flow_leaves_artifacts_that_say_what_was_left_out(small_run):
    release_id = miroir(str(small_run.config))
    found = artifacts()
    assert release_id in found["miroir-publication"].data
    assert "| empty |" in found["miroir-ingestion"].data
    assert "clients" in found["miroir-entrees"].data


def test_flow_publishes_then_fails_when_an_input_cannot_be_read(small_run):
    (small_run.customers / "casse.xlsx").write_bytes(b"PK\x03\x04 rien")
    with pytest.raises(SourceError, match=r"casse\.xlsx"):
        miroir(str(small_run.config))
    assert current_release(open_job(small_run.config).workspace) is not None


def test_flow_publishes_hands_digests_over_then_fails_when_a_sink_does(small_run, tmp_path, monkeypatch):
    monkeypatch.setattr("flows.deliver.put_one", put_one.with_options(retry_delay_seconds=0))
    config = yaml.safe_load(small_run.config.read_text("utf-8"))
    config["publish"] = {
        "sinks": [{"kind": "duckdb", "name": "casse", "path": f"{small_run.config}/x.duckdb"}],
        "digests": [{"department": "Direction", "folder": str(tmp_path / "remis")}],
    }
    small_run.config.write_text(yaml.safe_dump(config, allow_unicode=True), "utf-8")
    with pytest.raises(SinkError, match="miroir deliver --only casse"):
        miroir(str(small_run.config))
    assert "**casse**" in artifacts()["miroir-publication"].data
    assert (tmp_path / "remis" / "direction.html").exists()
