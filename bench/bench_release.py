"""The release: writing it, the first page of the dashboard, and readers during publications.

A company of 200 units, 24 months and two audiences (authored, nothing measured).
"""

from __future__ import annotations

import tempfile
import time

from fastapi.testclient import TestClient

from bench.authored_release import DIMENSIONS, LINEAGE, authored_tables
from bench.polling import run_polling
from pipeline.codebook import read_codebook
from pipeline.config import PublishConfig
from pipeline.publish.contract import contract_files
from pipeline.publish.describing import describing_tables
from pipeline.publish.pages.documents import document_files
from pipeline.publish.pages.view import PAGES
from pipeline.publish.release import point_to, write_release
from pipeline.serve.app import create_app
from pipeline.workspace import Workspace

REPEATS = 5


def main() -> None:
    """Print the figures as a table."""
    with tempfile.TemporaryDirectory() as folder:
        workspace = Workspace(folder)
        print(f"release written in {write_large(workspace):.1f} s")
        client = TestClient(create_app(workspace))
        started = time.perf_counter()
        client.get("/api/v1/release")
        print(f"release read and checked in {(time.perf_counter() - started) * 1000:.0f} ms, once")
        for page, path in PAGES.items():
            times = [_server_ms(client, f"{path}?period=2025-{month:02d}") for month in range(1, REPEATS + 1)]
            print(f"{page:12} {sorted(times)[REPEATS // 2]:5.0f} ms server time, a period not seen before")
    with tempfile.TemporaryDirectory() as folder:
        print(run_polling(folder, n_readers=200, n_publications=50, n_kills=10))


def write_large(workspace: Workspace) -> float:
    """Write the release with all that goes with it; give the seconds."""
    tables = authored_tables(200, 24)
    started = time.perf_counter()
    codebook, config = read_codebook(), PublishConfig()
    tables |= describing_tables(tables["measures"], DIMENSIONS, codebook)
    files = contract_files({name: table.schema for name, table in tables.items()}, DIMENSIONS, config)
    files |= document_files(tables, config, codebook, workspace)
    point_to(workspace, write_release(workspace, tables, LINEAGE, files=files))
    return time.perf_counter() - started


def _server_ms(client: TestClient, path: str) -> float:
    answer = client.get(path)
    answer.raise_for_status()
    return float(answer.headers["server-timing"].removeprefix("app;dur="))


if __name__ == "__main__":
    main()
