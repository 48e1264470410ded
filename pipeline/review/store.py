"""Open the review database: SQLite in write-ahead mode by default, PostgreSQL by URL, one code for both."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, inspect
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, OperationalError, SQLAlchemyError

from pipeline.errors import ReviewError
from pipeline.review import tables
from pipeline.workspace import Workspace

SQLITE_WAIT_SECONDS = 60


@dataclass(frozen=True)
class ReviewStore:
    """The review database.

    Attributes:
        engine: SQLAlchemy engine; every write goes through `writing`.
        clock: Seconds since the epoch; tests put their own.
    """

    engine: Engine
    clock: Any = field(default=time.time)

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """Give a connection that sees one consistent state."""
        with self.engine.connect() as connection:
            yield connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """Give a connection whose changes are all kept, on disk, or none is.

        On SQLite the write lock is taken at once, so that what a writer read is still true when it writes.
        """
        with self.engine.connect() as connection:
            writer = connection.execution_options(miroir_writes=True)
            with writer.begin():
                yield writer

    def now(self) -> float:
        """Tell the time, in seconds since the epoch."""
        return float(self.clock())


def database_url(workspace: Workspace, database: str | None) -> str:
    """Find the URL of the review database.

    Args:
        workspace: Where the default database lies.
        database: A SQLAlchemy URL, `env:NAME`, or None for the default.

    Raises:
        ReviewError: The variable is not set, or the workspace is remote and no database is named.
    """
    if database is None:
        if not workspace.is_local:
            raise ReviewError.because(
                "the review database has no place",
                expected="`review.database` for a workspace that is not a local folder",
                got="none",
                where=workspace.root,
                do="Name a PostgreSQL URL or a local SQLite file",
            )
        return f"sqlite:///{workspace.path('reviews', 'review.sqlite')}"
    if database.startswith("env:"):
        name = database.removeprefix("env:")
        if name not in os.environ:
            raise ReviewError.because(
                "the review database cannot be opened",
                expected=f"its URL in the environment's {name}",
                got="no such variable",
                where="review.database",
                do=f"Set {name}",
            )
        return os.environ[name]
    return database


def open_store(url: str) -> ReviewStore:
    """Open the database, and make its tables when they are not there.

    Args:
        url: SQLAlchemy URL; `postgresql://` takes psycopg.

    Raises:
        ReviewError: The database cannot be reached or is no database.
    """
    try:
        parsed = make_url(url)
    except ArgumentError as error:
        raise _unreachable("something that is no URL", "review.database") from error
    if parsed.drivername in ("postgresql", "postgres"):
        parsed = parsed.set(drivername="postgresql+psycopg")
    shown = parsed.render_as_string(hide_password=True)
    try:
        if parsed.get_backend_name() == "sqlite":
            engine = _sqlite_engine(parsed.database, shown)
        else:
            engine = create_engine(parsed, pool_size=20, max_overflow=20, pool_pre_ping=True)
        with engine.connect() as connection:
            missing = set(tables.metadata.tables) - set(inspect(connection).get_table_names())
        if missing:
            _make_tables(engine)
    except (SQLAlchemyError, ImportError) as error:
        raise _unreachable(type(error).__name__, shown) from error
    return ReviewStore(engine)


def _make_tables(engine: Engine) -> None:
    try:
        with engine.connect() as connection:
            writer = connection.execution_options(miroir_writes=True)
            with writer.begin():
                tables.metadata.create_all(writer)
    except SQLAlchemyError:
        # Another process may have made them in the meantime.
        with engine.connect() as connection:
            if set(tables.metadata.tables) - set(inspect(connection).get_table_names()):
                raise


def _sqlite_engine(path: str | None, shown: str) -> Engine:
    if not path or path == ":memory:":
        raise _unreachable("a database in memory", shown)
    file = Path(path)
    file.parent.mkdir(parents=True, exist_ok=True)
    if not file.exists():
        file.touch(mode=0o600)
    engine = create_engine(
        f"sqlite:///{path}",
        connect_args={"timeout": SQLITE_WAIT_SECONDS, "check_same_thread": False},
        pool_size=20,
        max_overflow=30,
    )

    @event.listens_for(engine, "connect")
    def _set_up(raw: Any, _record: object) -> None:  # noqa: ANN401 - a DB-API connection has no type
        raw.isolation_level = None  # SQLAlchemy's own BEGIN below, not the driver's late one
        cursor = raw.cursor()
        for pragma in (
            "journal_mode=WAL",
            "synchronous=FULL",
            "foreign_keys=ON",
            "case_sensitive_like=ON",
            "cache_size=-65536",
            "mmap_size=1073741824",
            f"busy_timeout={SQLITE_WAIT_SECONDS * 1000}",
        ):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        writes = connection.get_execution_options().get("miroir_writes")
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return engine


def _unreachable(got: str, where: str) -> ReviewError:
    return ReviewError.because(
        "the review database cannot be opened",
        expected="SQLite in a file, or a PostgreSQL server that answers",
        got=got,
        where=where,
        do="Check `review.database`; PostgreSQL needs the extra `miroir[postgresql]`",
    )


__all__ = ["OperationalError", "ReviewStore", "database_url", "open_store"]
