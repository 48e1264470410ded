"""Read a release as one thing: every byte checked against the manifest that the pointer vouches for."""

from __future__ import annotations

import hashlib
import io
import json
import math
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import polars as pl

from pipeline import layout
from pipeline.errors import ReleaseError, WorkspaceError
from pipeline.publish.release import RELEASE_ID, Release
from pipeline.workspace import Workspace

# A publication may remove nothing and the pointer moves by one replace, so a second look is enough.
ATTEMPTS = 3
# A release that could not be read is looked at again so often: its files may have been put back.
RETRY_SECONDS = 60


@dataclass(frozen=True)
class Snapshot:
    """A whole release in memory: what one answer to a reader is made of.

    Attributes:
        release: Its identifier and manifest.
        tables: Every public table.
        workspace: Where its other files lie.
    """

    release: Release
    tables: Mapping[str, pl.DataFrame]
    workspace: Workspace
    cache: dict[Any, Any] = field(default_factory=dict, compare=False, repr=False)

    @property
    def created_at(self) -> datetime:
        """Moment of publication."""
        return datetime.fromisoformat(self.release.created_at)

    @property
    def dimensions(self) -> tuple[str, ...]:
        """Names of the dimensions, as columns of `measures` between the keys and the values."""
        columns = self.tables["measures"].columns if "measures" in self.tables else []
        return tuple(columns[2 : columns.index("theme")]) if "theme" in columns else ()

    def table(self, name: str) -> pl.DataFrame | None:
        """Give a table, or None when this release has none of that name, or an empty one."""
        table = self.tables.get(name)
        return None if table is None or table.is_empty() else table

    def read_file(self, name: str) -> bytes:
        """Read another file of the release (`report.html`), checked.

        Raises:
            ReleaseError: The release has no such file, or it is not what the manifest says.
        """
        return _read_checked(self.workspace, self.release, name)


def read_snapshot(workspace: Workspace) -> Snapshot:
    """Read the release that the pointer names now.

    Raises:
        ReleaseError: There is none yet, or it is not what its manifest says.
    """
    release = _pointed(workspace)
    tables = {
        name: pl.read_parquet(io.BytesIO(_read_checked(workspace, release, str(files["parquet"]))))
        for name, files in release.tables.items()
    }
    return Snapshot(release, tables, workspace)


class Reader:
    """Keeps the current release at hand for many readers; a broken publication leaves the last good one.

    Args:
        workspace: Where releases lie.
    """

    def __init__(self, workspace: Workspace) -> None:
        self.workspace = workspace
        self.problem: str | None = None
        self._snapshot: Snapshot | None = None
        self._pointer = ""
        self._retry_at = math.inf
        self._lock = threading.Lock()

    def current(self) -> Snapshot:
        """Give the current release, read again only when the pointer has moved.

        Raises:
            ReleaseError: There has never been a good one.
            WorkspaceError: None was read yet, and the store does not answer.
        """
        with self._lock:
            try:
                self._refresh()
            except (ReleaseError, WorkspaceError) as error:
                self.problem = str(error)
                if self._snapshot is None:
                    raise
            except Exception as error:  # drivers of stores raise errors of their own kinds
                unreached = _unreached(self.workspace, error)
                self.problem = str(unreached)
                if self._snapshot is None:
                    raise unreached from error
            if self._snapshot is None:
                raise _unpublished(self.workspace)
            return self._snapshot

    def _refresh(self) -> None:
        for attempt in range(ATTEMPTS):
            pointer = _pointer_text(self.workspace)
            is_due = time.monotonic() >= self._retry_at
            if pointer == self._pointer and self._snapshot is not None and not is_due:
                if self._retry_at == math.inf:
                    self.problem = None
                return
            try:
                self._snapshot = read_snapshot(self.workspace)
            except ReleaseError:
                if attempt == ATTEMPTS - 1 or pointer == _pointer_text(self.workspace):
                    self._pointer = pointer if self._snapshot is not None else ""
                    self._retry_at = time.monotonic() + RETRY_SECONDS
                    raise
                continue
            self._pointer, self._retry_at, self.problem = pointer, math.inf, None
            return


def _pointer_text(workspace: Workspace) -> str:
    try:
        content: bytes = workspace.filesystem.cat_file(workspace.path(layout.RELEASES, layout.CURRENT))
        return content.decode()
    except FileNotFoundError as error:
        raise _unpublished(workspace) from error


def _pointed(workspace: Workspace) -> Release:
    try:
        pointer = json.loads(_pointer_text(workspace))
        release_id, manifest_sha256 = str(pointer["release_id"]), pointer["manifest_sha256"]
    except (ValueError, KeyError, TypeError) as error:
        raise _untrusted(workspace, f"a pointer in {layout.CURRENT}", "something else") from error
    if not RELEASE_ID.fullmatch(release_id):
        raise _untrusted(workspace, "a release's identifier in the pointer", f"«{release_id[:40]}»")
    content = _read(workspace, release_id, layout.RELEASE_MANIFEST)
    if hashlib.sha256(content).hexdigest() != manifest_sha256:
        raise _untrusted(
            workspace, "the manifest that the pointer vouches for", f"another one in {release_id}"
        )
    return Release(release_id, json.loads(content))


def _read_checked(workspace: Workspace, release: Release, name: str) -> bytes:
    expected = release.manifest["files"].get(name)
    if expected is None:
        raise _untrusted(workspace, "a file that the manifest names", f"«{name}»")
    content = _read(workspace, release.release_id, name)
    if hashlib.sha256(content).hexdigest() != expected["sha256"]:
        raise _untrusted(workspace, f"{name} as the manifest says", f"other bytes in {release.release_id}")
    return content


def _read(workspace: Workspace, release_id: str, name: str) -> bytes:
    try:
        path = workspace.path(layout.RELEASES, release_id, *name.split("/"))
        content: bytes = workspace.filesystem.cat_file(path)
    except FileNotFoundError as error:
        raise _untrusted(
            workspace, "every file that the manifest names", f"no {name} in {release_id}"
        ) from error
    return content


def _untrusted(workspace: Workspace, expected: str, got: str) -> ReleaseError:
    return ReleaseError.because(
        "the release cannot be trusted",
        expected=expected,
        got=got,
        where=f"{workspace.root}/{layout.RELEASES}",
        do="Put its files back from a copy (sink, backup), or use another: `miroir releases rollback`",
    )


def _unreached(workspace: Workspace, error: Exception) -> WorkspaceError:
    return WorkspaceError.because(
        "the releases cannot be read",
        expected="a store that answers",
        got=type(error).__name__,
        where=f"{workspace.root}/{layout.RELEASES}",
        do="Check the access to it; readers keep the release that they have",
    )


def _unpublished(workspace: Workspace) -> ReleaseError:
    return ReleaseError.because(
        "there is nothing to show",
        expected="a published release",
        got="none yet",
        where=f"{workspace.root}/{layout.RELEASES}",
        do="Run `miroir run` first",
    )


def age_hours(snapshot: Snapshot, now: datetime | None = None) -> float:
    """Give the age of a release in hours."""
    return ((now or datetime.now(UTC)) - snapshot.created_at).total_seconds() / 3600
