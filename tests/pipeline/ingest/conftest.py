from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pipeline.config import SourceConfig
from pipeline.ingest.batches import BatchReport, find_inputs, ingest_input
from pipeline.workspace import Workspace


@pytest.fixture(scope="session")
def secret() -> bytes:
    return b"a secret of thirty-two bytes, ok"


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return Workspace(str(tmp_path / "workspace"))


@pytest.fixture
def ingest(tmp_path: Path, workspace: Workspace, secret: bytes) -> Callable[..., BatchReport]:
    """Ingest one file: `ingest(content, "a.csv", text="Avis")`."""

    def run(content: bytes | Path, name: str = "avis.csv", **section: Any) -> BatchReport:
        path = content if isinstance(content, Path) else tmp_path / name
        if isinstance(content, bytes):
            path.write_bytes(content)
        columns = {} if "questions" in section else {"text": "Avis"}
        source = SourceConfig.model_validate(
            {"name": "essai", "audience": "customer", "path": str(path)} | columns | section
        )
        (item,) = find_inputs(source, tmp_path)
        return ingest_input(workspace, source, item, secret)

    return run


@pytest.fixture
def rows(workspace: Workspace) -> Callable[[BatchReport], list[dict[str, Any]]]:
    """Read the verbatims of a batch, in order."""

    def read(report: BatchReport) -> list[dict[str, Any]]:
        parts = workspace.names("batches", report.batch_id, "verbatims")
        return [
            {**row, "dimensions": dict(row["dimensions"])}
            for part in parts
            for row in workspace.read_table("batches", report.batch_id, "verbatims", part).to_pylist()
        ]

    return read


@pytest.fixture
def rejects(workspace: Workspace) -> Callable[[BatchReport], list[tuple[int, str]]]:
    """Read the rejects of a batch: row and reason, in order."""

    def read(report: BatchReport) -> list[tuple[int, str]]:
        table = workspace.read_table("batches", report.batch_id, "rejects.parquet").to_pylist()
        return [(row["row"], row["reason"]) for row in table]

    return read
