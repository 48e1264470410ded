import os
import shutil
import socket
import subprocess
import tempfile
from pathlib import Path

import pytest

from bench.authored_release import LINEAGE, authored_tables
from pipeline.publish.release import point_to, write_release
from pipeline.workspace import Workspace


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.fixture(scope="session")
def two_releases(tmp_path_factory):
    """A workspace with two releases of a small company; the pointer names the second."""
    workspace = Workspace(str(tmp_path_factory.mktemp("deux")))
    releases = []
    for seed in (1, 2):
        tables = authored_tables(3, 2, seed=seed)
        releases.append(write_release(workspace, tables, {**LINEAGE, "batches": [str(seed)]}))
    point_to(workspace, releases[1])
    return workspace, releases


def find_server():
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    path = shutil.which("initdb") or (str(found[-1]) if found else None)
    return Path(path).parent if path else None


@pytest.fixture(scope="session")
def postgresql():
    """A real PostgreSQL of its own on loopback; its URL."""
    server = find_server()
    if server is None:
        pytest.skip("no PostgreSQL server is installed")
    with tempfile.TemporaryDirectory(prefix="miroir-pg-") as folder:
        as_user = []
        if os.geteuid() == 0:
            shutil.chown(folder, "postgres", "postgres")
            as_user = ["runuser", "-u", "postgres", "--"]
        data, port = f"{folder}/data", free_port()
        quiet = {"check": True, "capture_output": True}
        subprocess.run(
            [*as_user, server / "initdb", "-D", data, "-A", "trust", "-U", "miroir", "-E", "UTF8"], **quiet
        )
        options = f"-p {port} -k {folder} -c listen_addresses=127.0.0.1 -c fsync=off"
        control = [*as_user, server / "pg_ctl", "-D", data]
        subprocess.run([*control, "-o", options, "-l", f"{folder}/log", "-w", "start"], **quiet)
        try:
            yield f"postgresql://miroir@127.0.0.1:{port}/postgres"
        finally:
            subprocess.run([*control, "-m", "immediate", "stop"], **quiet)
