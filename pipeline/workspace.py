"""The workspace: every file that steps pass to each other, in a local folder or at an fsspec URL."""

from __future__ import annotations

import io
import json
import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import IO, Any

import fsspec
import pyarrow as pa
import pyarrow.parquet as pq
from filelock import FileLock, Timeout

from pipeline.errors import WorkspaceError

COMPRESSION = "zstd"


@dataclass(frozen=True)
class Workspace:
    """A root and the names of what lies under it.

    Attributes:
        root: A local folder or any fsspec URL (`s3://bucket/miroir`).
        options: What fsspec needs to open it, name and value (`endpoint_url`…).
    """

    root: str
    options: tuple[tuple[str, str], ...] = ()

    @cached_property
    def filesystem(self) -> fsspec.AbstractFileSystem:
        """The file system behind the root."""
        return fsspec.core.url_to_fs(self.root, **dict(self.options))[0]

    @cached_property
    def base(self) -> str:
        """The root without its protocol, without a final slash."""
        base: str = fsspec.core.url_to_fs(self.root, **dict(self.options))[1]
        return base.rstrip("/")

    def path(self, *parts: str) -> str:
        """Join parts under the root, in the file system's own form."""
        return "/".join((self.base, *parts))

    def url(self, *parts: str) -> str:
        """Join parts under the root, with the protocol when remote, for what opens files by itself."""
        path = self.path(*parts)
        return path if self.is_local else str(self.filesystem.unstrip_protocol(path))

    def exists(self, *parts: str) -> bool:
        """Tell whether a file or folder is there."""
        return bool(self.filesystem.exists(self.path(*parts)))

    def names(self, *parts: str) -> list[str]:
        """List the names in a folder, sorted, temporary ones left out; empty when there is no such folder."""
        try:
            entries = self.filesystem.ls(self.path(*parts), detail=False, refresh=True)
        except (FileNotFoundError, NotADirectoryError):
            return []
        names = (str(entry).rstrip("/").rsplit("/", 1)[-1] for entry in entries)
        return sorted(name for name in names if name and not name.startswith("."))

    @contextmanager
    def replacing(self, *parts: str) -> Iterator[IO[bytes]]:
        """Open a file that appears whole, or not at all, under its name.

        A local file is written under a temporary name, flushed to disk and renamed. A remote one, at most a
        part of a batch, is written in memory and uploaded when it is whole: a stream to an object store makes
        what was written so far visible even when it is closed by an error.
        """
        target = self.path(*parts)
        folder, name = target.rsplit("/", 1)
        self.filesystem.makedirs(folder, exist_ok=True)
        if not self.is_local:
            content = io.BytesIO()
            yield content
            self.filesystem.pipe_file(target, content.getvalue())
            return
        temporary = f"{folder}/.{name}.{uuid.uuid4().hex}.tmp"
        try:
            with open(temporary, "wb") as stream:
                yield stream
                stream.flush()
                os.fsync(stream.fileno())
            os.replace(temporary, target)
        finally:
            if os.path.exists(temporary):
                os.unlink(temporary)

    @property
    def is_local(self) -> bool:
        """Whether the root is a folder of this machine."""
        protocol = self.filesystem.protocol
        return "file" in ((protocol,) if isinstance(protocol, str) else protocol)

    def write_bytes(self, content: bytes, *parts: str) -> None:
        """Write a whole file at once."""
        with self.replacing(*parts) as stream:
            stream.write(content)

    def write_json(self, content: object, *parts: str) -> None:
        """Write a JSON file, keys sorted, so that the same content gives the same bytes."""
        text = json.dumps(content, ensure_ascii=False, indent=2, sort_keys=True) + "\n"
        self.write_bytes(text.encode("utf-8"), *parts)

    def read_json(self, *parts: str) -> dict[str, Any]:
        """Read a JSON file.

        Raises:
            WorkspaceError: The file is missing or is no JSON.
        """
        try:
            content: dict[str, Any] = json.loads(self.filesystem.cat_file(self.path(*parts)))
            return content
        except FileNotFoundError as error:
            raise self._unreadable("/".join(parts), "no file") from error
        except ValueError as error:
            raise self._unreadable("/".join(parts), "something that is no JSON") from error

    def write_table(self, table: pa.Table, *parts: str) -> None:
        """Write a Parquet file at once; for a stream, give `replacing` to a `ParquetWriter`."""
        with self.replacing(*parts) as stream:
            pq.write_table(table, stream, compression=COMPRESSION)

    def read_table(self, *parts: str, columns: list[str] | None = None) -> pa.Table:
        """Read a whole Parquet file.

        Raises:
            WorkspaceError: The file is missing or is no Parquet.
        """
        # Arrow's threads must not hold a Python stream: one let go of while Python ends aborts the process.
        try:
            if self.is_local:
                with pq.ParquetFile(self.path(*parts)) as file:
                    return file.read(columns=columns)
            with self.filesystem.open(self.path(*parts), "rb") as stream:
                return pq.ParquetFile(stream, pre_buffer=False).read(columns=columns, use_threads=False)
        except FileNotFoundError as error:
            raise self._unreadable("/".join(parts), "no file") from error
        except pa.ArrowInvalid as error:
            raise self._unreadable("/".join(parts), "something that is no Parquet") from error

    def count_rows(self, *parts: str) -> int:
        """Count the rows of a Parquet file, from its footer alone.

        Raises:
            WorkspaceError: The file is missing or is no Parquet.
        """
        try:
            with self.filesystem.open(self.path(*parts), "rb") as stream:
                return int(pq.ParquetFile(stream, pre_buffer=False).metadata.num_rows)
        except FileNotFoundError as error:
            raise self._unreadable("/".join(parts), "no file") from error
        except pa.ArrowInvalid as error:
            raise self._unreadable("/".join(parts), "something that is no Parquet") from error

    def remove(self, *parts: str) -> None:
        """Remove a file or a folder with what it holds; nothing happens when it is not there."""
        if self.exists(*parts):
            self.filesystem.rm(self.path(*parts), recursive=True)

    def sweep(self) -> int:
        """Remove the temporary files that killed runs left in a local workspace; give their number.

        Only the holder of the workspace's lock may sweep.
        """
        leftovers = list(Path(self.base).rglob(".*.tmp")) if self.is_local else []
        for leftover in leftovers:
            leftover.unlink(missing_ok=True)
        return len(leftovers)

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Keep other runs out of a local workspace; the lock dies with its process.

        An object store has no lock: there, the scheduler must allow one run at a time.

        Raises:
            WorkspaceError: Another run holds the lock.
        """
        if not self.is_local:
            yield
            return
        Path(self.base).mkdir(parents=True, exist_ok=True)
        lock = FileLock(self.path(".lock"), timeout=0)
        try:
            lock.acquire()
        except Timeout as error:
            raise WorkspaceError.because(
                "the run cannot start",
                expected="a workspace that no other run is using",
                got="a lock held by another process",
                where=self.root,
                do="Wait for the other run to end",
            ) from error
        try:
            yield
        finally:
            lock.release()

    def _unreadable(self, name: str, got: str) -> WorkspaceError:
        return WorkspaceError.because(
            "a file of the workspace cannot be read",
            expected="a file written by Miroir",
            got=got,
            where=f"{self.root}/{name}",
            do="Run the step that writes it again",
        )
