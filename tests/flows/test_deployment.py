"""The deployments of `prefect.yaml` on a real server: a schedule creates runs, a worker carries one out."""

import os
import re
import socket
import subprocess
import sys
import time
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import httpx
import pytest

from pipeline.job import open_job
from pipeline.privacy.canaries import grep_files_for
from pipeline.publish.release import current_release
from tests.small_run import CANARIES

ROOT = Path(__file__).resolve().parents[2]
PREFECT = str(Path(sys.executable).with_name("prefect"))
START_SECONDS = 120
SCHEDULE_SECONDS = 60


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_for(condition, seconds, what):
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if answer := condition():
            return answer
        time.sleep(0.5)
    raise TimeoutError(f"{what}: nothing within {seconds} s")


@pytest.fixture
def server(tmp_path):
    port = free_port()
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PREFECT_")} | {
        "PREFECT_HOME": str(tmp_path / "home"),
        "PREFECT_API_URL": f"http://127.0.0.1:{port}/api",
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "PREFECT_SERVER_UI_ENABLED": "false",
        "DO_NOT_TRACK": "1",
        "MIROIR_HOME": str(ROOT),
        "PYTHONPATH": str(ROOT),
    }
    with (tmp_path / "server.log").open("wb") as log:
        process = subprocess.Popen(
            [PREFECT, "server", "start", "--host", "127.0.0.1", "--port", str(port)],
            env=environment,
            cwd=tmp_path,
            stdout=log,
            stderr=subprocess.STDOUT,
        )
    client = httpx.Client(base_url=environment["PREFECT_API_URL"], timeout=30)

    def is_up():
        try:
            return client.get("/health").status_code == 200
        except httpx.TransportError:
            return False

    try:
        wait_for(is_up, START_SECONDS, "the server")
        yield client, environment
    finally:
        client.close()
        process.terminate()
        process.wait(timeout=30)


def test_readme_sets_what_deployments_read():
    read = set(re.findall(r"\{\{ \$(\w+) \}\}", (ROOT / "prefect.yaml").read_text(encoding="utf-8")))
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert [name for name in sorted(read | {"PREFECT_API_URL"}) if f"{name}=" not in readme] == []


def test_schedule_creates_runs_and_a_worker_publishes(server, small_run):
    client, environment = server

    def prefect(*arguments, cwd=ROOT):
        command = [PREFECT, *arguments]
        return subprocess.run(command, env=environment, cwd=cwd, check=True, capture_output=True, timeout=240)

    prefect("work-pool", "create", "miroir", "--type", "process")
    prefect("--no-prompt", "deploy", "--all")

    def scheduled():
        runs = client.post(
            "/flow_runs/filter", json={"flow_runs": {"state": {"type": {"any_": ["SCHEDULED"]}}}}
        )
        return [run for run in runs.json() if run["auto_scheduled"]]

    runs = wait_for(scheduled, SCHEDULE_SECONDS, "a scheduled run")
    expected = datetime.fromisoformat(runs[0]["expected_start_time"]).astimezone(ZoneInfo("Europe/Paris"))
    assert (expected.hour, expected.minute) == (5, 0)

    prefect("deployment", "run", "miroir/quotidien", "-p", f"config_path={small_run.config}")
    prefect("worker", "start", "--pool", "miroir", "--run-once", "--limit", "1")

    def ended():
        answer = client.post("/flow_runs/filter", json={"sort": "START_TIME_DESC"})
        return [
            run
            for run in answer.json()
            if run["name"].startswith("miroir") and run["state_type"] == "COMPLETED"
        ]

    wait_for(ended, 240, "the deployed run")
    assert current_release(open_job(small_run.config).workspace) is not None
    # Prefect's database, logs and results, and the workspace: nothing planted is left in any of them.
    assert grep_files_for(small_run.customers, CANARIES), "the check must see the planted data"
    assert grep_files_for(Path(environment["PREFECT_HOME"]), CANARIES) == []
    assert grep_files_for(small_run.workspace, CANARIES) == []
