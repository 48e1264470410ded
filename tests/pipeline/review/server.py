"""The desk as a process of its own: it can be killed like one."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]

START = """
import sys
import uvicorn
from pipeline.config import ReviewConfig
from pipeline.review.desk import open_desk
from pipeline.review.web.app import create_app
from pipeline.workspace import Workspace

root, port, database = sys.argv[1], int(sys.argv[2]), sys.argv[3] or None
desk = open_desk(Workspace(root), ReviewConfig(database=database))
uvicorn.run(create_app(desk), port=port, access_log=False, log_level="warning")
"""


@dataclass
class DeskServer:
    """A running desk."""

    root: Path
    port: int
    database: str
    process: subprocess.Popen | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Start and wait until it answers."""
        environment = {**os.environ, "OMP_NUM_THREADS": "1"}
        self.process = subprocess.Popen(
            [sys.executable, "-c", START, str(self.root), str(self.port), self.database],
            cwd=ROOT,
            env=environment,
        )
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            try:
                urllib.request.urlopen(f"{self.url}/login", timeout=2)
                return
            except (urllib.error.URLError, ConnectionError, TimeoutError):
                time.sleep(0.05)
        raise TimeoutError(self.url)

    def kill(self) -> None:
        """End it as a power cut would."""
        if self.process and self.process.poll() is None:
            self.process.send_signal(signal.SIGKILL)
            self.process.wait()


def new_server(root: Path, database: str = "") -> DeskServer:
    """Choose a free port for a desk; `start` starts it."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    return DeskServer(root, port, database)
