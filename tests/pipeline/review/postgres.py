"""A real PostgreSQL server for tests, in a temporary folder, on a free port."""

from __future__ import annotations

import itertools
import os
import shutil
import socket
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path

UNPRIVILEGED = "postgres"


@dataclass
class PostgresServer:
    """A running server."""

    folder: Path
    port: int
    programs: Path
    numbers: itertools.count = field(default_factory=itertools.count)

    def new_database(self) -> str:
        """Make an empty database and give its URL."""
        name = f"essai{next(self.numbers)}"
        _run(
            [str(self.programs / "createdb"), "-h", "127.0.0.1", "-p", str(self.port), "-U", "postgres", name]
        )
        return f"postgresql://postgres@127.0.0.1:{self.port}/{name}"

    def stop(self) -> None:
        """Stop the server and leave nothing behind."""
        # Without waiting: in a container whose first process does not bury others' children, pg_ctl would
        # take the dead server for a living one until its minute is over.
        _run([str(self.programs / "pg_ctl"), "-D", str(self.folder), "-m", "immediate", "-W", "stop"])
        for _ in range(100):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.port)):
                    break
            time.sleep(0.05)
        shutil.rmtree(self.folder, ignore_errors=True)


def find_postgres() -> Path | None:
    """Find the folder of PostgreSQL's programs: Debian's, or the one on the path."""
    debian = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    if debian:
        return debian[-1].parent
    found = shutil.which("initdb")
    return Path(found).parent if found else None


def start_postgres(parent: Path) -> PostgresServer:
    """Start a server; as root it runs under the account `postgres`, which PostgreSQL insists on."""
    programs = find_postgres()
    if programs is None:
        raise FileNotFoundError("initdb")
    folder = parent / "data"
    if os.getuid() == 0:
        folder = Path("/tmp") / f"miroir-postgres-{os.getpid()}"
        folder.mkdir(mode=0o700)
        shutil.chown(folder, UNPRIVILEGED)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    _run(
        [
            str(programs / "initdb"),
            "-D",
            str(folder),
            "-U",
            "postgres",
            "--auth=trust",
            "-E",
            "UTF8",
            "--locale=C",
            "--no-sync",
        ]
    )
    options = f"-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={folder} -c fsync=off"
    _run(
        [str(programs / "pg_ctl"), "-D", str(folder), "-o", options, "-l", str(folder / "log"), "-w", "start"]
    )
    return PostgresServer(folder, port, programs)


def _run(command: list[str]) -> None:
    if os.getuid() == 0:
        command = ["runuser", "-u", UNPRIVILEGED, "--", *command]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd="/tmp")
