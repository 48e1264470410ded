"""The tables in a DuckDB file, made beside and swapped whole: readers keep the file that they opened."""

from __future__ import annotations

import os
import uuid
from pathlib import Path

import duckdb
import pyarrow as pa

from pipeline.config import DuckdbSink
from pipeline.publish.release import Release, read_release_table
from pipeline.publish.sinks.opening import failed
from pipeline.workspace import Workspace


def put_duckdb(workspace: Workspace, release: Release, sink: DuckdbSink) -> None:
    """Write a DuckDB file with every table and the table `release`.

    Raises:
        SinkError: The file cannot be written; the one before stays.
    """
    path = Path(sink.path)
    temporary = path.with_name(f".{path.name}.{uuid.uuid4().hex}.tmp")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _write(workspace, release, temporary)
        os.replace(temporary, path)
    except (duckdb.Error, OSError) as error:
        raise failed(sink.name, error) from error
    finally:
        if temporary.exists():
            temporary.unlink()


def _write(workspace: Workspace, release: Release, path: Path) -> None:
    tables = {name: read_release_table(workspace, release, name) for name in release.tables}
    tables["release"] = pa.table({"release_id": [release.release_id], "created_at": [release.created_at]})
    connection = duckdb.connect(str(path))
    try:
        for name, table in tables.items():
            connection.register("incoming", table)
            connection.execute(f'CREATE TABLE "{name}" AS SELECT * FROM incoming')
            connection.unregister("incoming")
    finally:
        connection.close()
