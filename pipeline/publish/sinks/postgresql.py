"""The tables in PostgreSQL: bulk load into temporary tables, then one transaction replaces every row.

Tables stay the same objects, so views and grants of their readers survive, and a reader in the middle of a
`REPEATABLE READ` transaction keeps the old release: renaming schemas would show it empty tables instead. A
column more (a dimension declared later) is added at the end of its table.

A table that no delivery made is never touched: `_tables` lists those that one did.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence, Set
from contextlib import contextmanager
from typing import Any

import pyarrow as pa

from pipeline.config import PostgresqlSink
from pipeline.errors import SinkError
from pipeline.publish.release import Release, read_release_table
from pipeline.publish.sinks.opening import failed, import_extra, resolve
from pipeline.workspace import Workspace

RELEASE_TABLE = "release"
RELEASE_COLUMNS = [("release_id", "text"), ("created_at", "text")]
MADE_TABLE = "_tables"
MADE_COLUMNS = [("table_name", "text")]
# Where a session's temporary tables lie: nobody else's are there, and a killed delivery leaves none.
STAGING = "pg_temp"
# Tables of a schema → their columns and their types, in order.
Columns = dict[str, list[tuple[str, str]]]
# Two publishers take turns: a lock that PostgreSQL frees when its holder dies.
LOCK = 7_464_001


def put_postgresql(workspace: Workspace, release: Release, sink: PostgresqlSink) -> None:
    """Replace the tables of a schema by those of a release.

    Args:
        workspace: Where the release is.
        release: What is published.
        sink: Where to; `release` there says which one it is.

    Raises:
        SinkError: The database cannot be reached, or refuses, or the schema holds tables of somebody else;
            readers keep the release before.
    """
    dbapi = import_extra("adbc_driver_postgresql.dbapi", "postgresql")
    tables = {name: read_release_table(workspace, release, name) for name in release.tables}
    tables[RELEASE_TABLE] = pa.table({"release_id": [release.release_id], "created_at": [release.created_at]})
    try:
        with _connected(dbapi, resolve(sink.url, sink.name)) as connection, connection.cursor() as cursor:
            cursor.execute(f"SELECT pg_advisory_lock({LOCK})")
            existing = _columns(cursor, sink.db_schema)
            names = {*tables, MADE_TABLE}
            made = _made_before(cursor, sink.db_schema, existing, names)
            _refuse_others(sink, existing.keys(), made, names)
            tables[MADE_TABLE] = pa.table({"table_name": sorted(made | names)})
            for name, table in tables.items():
                cursor.adbc_ingest(name, table, mode="create", temporary=True)
            _swap(cursor, tables.keys(), existing, sink)
            for name in (made & existing.keys()) - tables.keys():
                cursor.execute(f"DELETE FROM {_quoted(sink.db_schema)}.{_quoted(name)}")
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


def _made_before(cursor: Any, schema: str, existing: Columns, names: Set[str]) -> set[str]:  # noqa: ANN401
    """Name the tables of a schema that deliveries made; none when there was no delivery."""
    if existing.get(RELEASE_TABLE) != RELEASE_COLUMNS:
        return set()
    if existing.get(MADE_TABLE) != MADE_COLUMNS:
        # Deliveries did not always keep the list; each of them replaced the tables of its names.
        return set(names)
    cursor.execute(f"SELECT table_name FROM {_quoted(schema)}.{_quoted(MADE_TABLE)}")
    return {name for (name,) in cursor.fetchall()}


def _refuse_others(sink: PostgresqlSink, existing: Set[str], made: Set[str], names: Set[str]) -> None:
    """Refuse to move in with somebody else's tables, or to write over one.

    Raises:
        SinkError: A first delivery finds tables in the schema, or a later one finds one of its names taken.
    """
    others = existing - made
    taken = sorted(others & names if made else others)
    if taken:
        raise SinkError.because(
            f"sink «{sink.name}» cannot be written",
            expected="a schema that Miroir alone fills",
            got=f"{len(taken)} table(s) that it did not make: {', '.join(taken[:5])}",
            where=f"schema «{sink.db_schema}»",
            do="Name another one in `db_schema`; one that does not exist is made",
        )


def _swap(cursor: Any, names: Set[str], existing: Columns, sink: PostgresqlSink) -> None:  # noqa: ANN401
    schema = _quoted(sink.db_schema)
    cursor.execute(f"CREATE SCHEMA IF NOT EXISTS {schema}")
    staged = _columns(cursor, STAGING)
    for name in names:
        target, source = f"{schema}.{_quoted(name)}", f"{STAGING}.{_quoted(name)}"
        if name in existing:
            _reshape(cursor, target, existing[name], staged[name])
        else:
            cursor.execute(f"CREATE TABLE {target} (LIKE {source})")
        # By name: an added column stands last.
        columns = ", ".join(_quoted(column) for column, _ in staged[name])
        cursor.execute(f"DELETE FROM {target}")
        cursor.execute(f"INSERT INTO {target} ({columns}) SELECT {columns} FROM {source}")
    _grant(cursor, schema, names, sink.readers)


def _reshape(
    cursor: Any,  # noqa: ANN401
    target: str,
    before: Sequence[tuple[str, str]],
    now: Sequence[tuple[str, str]],
) -> None:
    """Give a table the columns of the release; only views on a column that went or changed its type go."""
    for column, _ in (each for each in before if each not in now):
        cursor.execute(f"ALTER TABLE {target} DROP COLUMN {_quoted(column)} CASCADE")
    for column, kind in (each for each in now if each not in before):
        cursor.execute(f"ALTER TABLE {target} ADD COLUMN {_quoted(column)} {kind}")


def _grant(cursor: Any, schema: str, names: Set[str], readers: Sequence[str]) -> None:  # noqa: ANN401
    tables = ", ".join(f"{schema}.{_quoted(name)}" for name in names)
    for reader in readers:
        cursor.execute(f"GRANT USAGE ON SCHEMA {schema} TO {_quoted(reader)}")
        cursor.execute(f"GRANT SELECT ON {tables} TO {_quoted(reader)}")


def _columns(cursor: Any, schema: str) -> Columns:  # noqa: ANN401
    """Give each table of a schema with its columns and their types, in order."""
    where = "pg_my_temp_schema()" if schema == STAGING else f"to_regnamespace('{_quoted(schema)}')"
    cursor.execute(
        "SELECT c.relname, a.attname, format_type(a.atttypid, NULL) FROM pg_class AS c "
        "JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped "
        f"WHERE c.relnamespace = {where} AND c.relkind IN ('r', 'p') ORDER BY 1, a.attnum"
    )
    found: Columns = {}
    for table, column, kind in cursor.fetchall():
        found.setdefault(table, []).append((column, kind))
    return found


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
