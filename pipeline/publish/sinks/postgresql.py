"""The tables in PostgreSQL: bulk load beside, then one transaction replaces every row.

Tables stay the same objects, so views and grants of their readers survive, and a reader in the middle of a
`REPEATABLE READ` transaction keeps the old release: renaming schemas would show it empty tables instead.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import pyarrow as pa

from pipeline.config import PostgresqlSink
from pipeline.publish.release import Release, read_release_table
from pipeline.publish.sinks.opening import failed, import_extra, resolve
from pipeline.workspace import Workspace

STAGING = "_next"
RELEASE_TABLE = "release"
# Two publishers take turns: a lock that PostgreSQL frees when its holder dies.
LOCK = 7_464_001


def put_postgresql(workspace: Workspace, release: Release, sink: PostgresqlSink) -> None:
    """Replace the tables of a schema by those of a release.

    Args:
        workspace: Where the release is.
        release: What is published.
        sink: Where to; `release` there says which one it is.

    Raises:
        SinkError: The database cannot be reached, or refuses; readers keep the release before.
    """
    dbapi = import_extra("adbc_driver_postgresql.dbapi", "postgresql")
    tables = {name: read_release_table(workspace, release, name) for name in release.tables}
    tables[RELEASE_TABLE] = pa.table({"release_id": [release.release_id], "created_at": [release.created_at]})
    try:
        with _connected(dbapi, resolve(sink.url, sink.name)) as connection, connection.cursor() as cursor:
            cursor.execute(f"SELECT pg_advisory_lock({LOCK})")
            _stage(cursor, tables, sink.db_schema + STAGING)
            connection.commit()
            _swap(cursor, tables, sink)
            connection.commit()
    except dbapi.Error as error:
        raise failed(sink.name, error) from error


@contextmanager
def _connected(dbapi: Any, url: str) -> Iterator[Any]:  # noqa: ANN401
    connection = dbapi.connect(url)
    try:
        yield connection
    finally:
        connection.close()


def _stage(cursor: Any, tables: Mapping[str, pa.Table], staging: str) -> None:  # noqa: ANN401
    cursor.execute(f"DROP SCHEMA IF EXISTS {_quoted(staging)} CASCADE")
    cursor.execute(f"CREATE SCHEMA {_quoted(staging)}")
    for name, table in tables.items():
        cursor.adbc_ingest(name, table, mode="create", db_schema_name=staging)


def _swap(cursor: Any, tables: Mapping[str, pa.Table], sink: PostgresqlSink) -> None:  # noqa: ANN401
    schema, staging = sink.db_schema, sink.db_schema + STAGING
    cursor.execute(f"CREATE SCHEMA IF NOT EXISTS {_quoted(schema)}")
    existing = _columns(cursor, schema)
    staged = _columns(cursor, staging)
    for name in tables:
        target, source = f"{_quoted(schema)}.{_quoted(name)}", f"{_quoted(staging)}.{_quoted(name)}"
        if existing.get(name) != staged[name]:
            # Another shape: readers' views on it have to be made again, so this is for new columns alone.
            cursor.execute(f"DROP TABLE IF EXISTS {target} CASCADE")
            cursor.execute(f"CREATE TABLE {target} (LIKE {source})")
        cursor.execute(f"DELETE FROM {target}")
        cursor.execute(f"INSERT INTO {target} SELECT * FROM {source}")
    for name in existing.keys() - tables.keys():
        cursor.execute(f"DELETE FROM {_quoted(schema)}.{_quoted(name)}")
    _grant(cursor, schema, sink.readers)
    cursor.execute(f"DROP SCHEMA {_quoted(staging)} CASCADE")


def _grant(cursor: Any, schema: str, readers: Sequence[str]) -> None:  # noqa: ANN401
    for reader in readers:
        cursor.execute(f"GRANT USAGE ON SCHEMA {_quoted(schema)} TO {_quoted(reader)}")
        cursor.execute(f"GRANT SELECT ON ALL TABLES IN SCHEMA {_quoted(schema)} TO {_quoted(reader)}")


def _columns(cursor: Any, schema: str) -> dict[str, list[tuple[str, str]]]:  # noqa: ANN401
    """Give each table of a schema with its columns and their types, in order."""
    cursor.execute(
        "SELECT c.table_name, c.column_name, c.data_type FROM information_schema.columns AS c "
        "JOIN information_schema.tables AS t USING (table_schema, table_name) "
        f"WHERE c.table_schema = '{schema}' AND t.table_type = 'BASE TABLE' ORDER BY 1, c.ordinal_position"
    )
    found: dict[str, list[tuple[str, str]]] = {}
    for table, column, kind in cursor.fetchall():
        found.setdefault(table, []).append((column, kind))
    return found


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
