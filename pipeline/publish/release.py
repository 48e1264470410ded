"""Releases: immutable folders of tables, a manifest written last, a pointer moved after it.

    releases/0003-1f0c9a6b2d4e/tables/measures.parquet    the tables and their CSV twins
    releases/0003-1f0c9a6b2d4e/…                          other files of the release
    releases/0003-1f0c9a6b2d4e/manifest.json              hash of every file; a release without it is not one
    releases/current.json                                 the release that readers use
    releases/rolled_back.json                             those that somebody took back from readers

A reader takes the pointer, then the manifest, then files: it never sees half a release. The same lineage
gives the same release, so a run that was killed and started again publishes what it would have published.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from pipeline import layout
from pipeline.errors import ReleaseError
from pipeline.publish.csv_twin import write_csv_twin
from pipeline.workspace import COMPRESSION, Workspace

TABLES = "tables"
LINEAGE_DIGITS = 12
RELEASE_ID = re.compile(r"(\d{4,})-[0-9a-f]{12}")


@dataclass(frozen=True, slots=True)
class Release:
    """A release that exists whole.

    Attributes:
        release_id: `0003-1f0c9a6b2d4e`: rank of publication, then hash of the lineage.
        manifest: What it holds and what it was made from.
    """

    release_id: str
    manifest: Mapping[str, Any]

    @property
    def rank(self) -> int:
        """Rank of publication, from 1."""
        return int(self.release_id.split("-")[0])

    @property
    def created_at(self) -> str:
        """Moment of first publication, ISO 8601 in UTC."""
        return str(self.manifest["created_at"])

    @property
    def tables(self) -> Mapping[str, Mapping[str, Any]]:
        """Name of each table → rows and files."""
        tables: Mapping[str, Mapping[str, Any]] = self.manifest["tables"]
        return tables


def lineage_hash(lineage: Mapping[str, Any]) -> str:
    """Hash what a release is made from: inputs, model, codebook, configuration, software."""
    text = json.dumps(lineage, sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(text.encode("utf-8")).hexdigest()[:LINEAGE_DIGITS]


def list_releases(workspace: Workspace) -> list[Release]:
    """List the whole releases, oldest first."""
    return sorted(_whole_releases(workspace), key=lambda release: release.rank)


def _whole_releases(workspace: Workspace) -> Iterator[Release]:
    for name in workspace.names(layout.RELEASES):
        if RELEASE_ID.fullmatch(name) and workspace.exists(layout.RELEASES, name, layout.RELEASE_MANIFEST):
            yield Release(name, workspace.read_json(layout.RELEASES, name, layout.RELEASE_MANIFEST))


def find_release(workspace: Workspace, release_id: str) -> Release:
    """Find a whole release by its identifier, or by a beginning that only one has.

    Raises:
        ReleaseError: There is none, or several.
    """
    found = [release for release in _whole_releases(workspace) if release.release_id.startswith(release_id)]
    if len(found) != 1:
        raise ReleaseError.because(
            "the release cannot be found",
            expected="the beginning of one release's identifier",
            got=f"{len(found)} releases for «{release_id}»",
            where=f"{workspace.root}/{layout.RELEASES}",
            do="See `miroir releases list`",
        )
    return found[0]


def current_release(workspace: Workspace) -> Release | None:
    """Give the release that the pointer names, or None before the first one."""
    named = _pointed_at(workspace)
    return find_release(workspace, named) if named else None


def _pointed_at(workspace: Workspace) -> str:
    """Give the identifier that the pointer names, whether its release is there or not; empty before one."""
    if not workspace.exists(layout.RELEASES, layout.CURRENT):
        return ""
    return str(workspace.read_json(layout.RELEASES, layout.CURRENT)["release_id"])


def point_to(workspace: Workspace, release: Release) -> None:
    """Make a release the one that readers use, by one atomic replace."""
    pointer = {
        "release_id": release.release_id,
        "manifest": f"{release.release_id}/{layout.RELEASE_MANIFEST}",
        "manifest_sha256": _sha256_of(
            workspace, layout.RELEASES, release.release_id, layout.RELEASE_MANIFEST
        ),
    }
    workspace.write_json(pointer, layout.RELEASES, layout.CURRENT)


def roll_back(workspace: Workspace, release: Release) -> list[str]:
    """Make another release the current one; those that it replaces stay out until somebody asks for them.

    Args:
        workspace: Where releases lie. One publisher at a time.
        release: What readers shall use.

    Returns:
        Identifiers of all releases that stay out, sorted: those after it, the one that was current until now,
        and those of earlier calls.
    """
    later = {each.release_id for each in _whole_releases(workspace) if each.rank > release.rank}
    given_up = later | {_pointed_at(workspace)} - {""}
    kept_out = sorted((rolled_back(workspace) | given_up) - {release.release_id})
    # Before the pointer: a run that finds one of them made must not bring it back.
    workspace.write_json({"releases": kept_out}, layout.RELEASES, layout.ROLLED_BACK)
    point_to(workspace, release)
    return kept_out


def rolled_back(workspace: Workspace) -> frozenset[str]:
    """Give the identifiers of the releases that stay out until somebody asks for them."""
    if not workspace.exists(layout.RELEASES, layout.ROLLED_BACK):
        return frozenset()
    return frozenset(workspace.read_json(layout.RELEASES, layout.ROLLED_BACK)["releases"])


def find_same_lineage(workspace: Workspace, lineage: Mapping[str, Any]) -> Release | None:
    """Give the release that was made from the same lineage, if there is one."""
    suffix = f"-{lineage_hash(lineage)}"
    return next((each for each in _whole_releases(workspace) if each.release_id.endswith(suffix)), None)


def next_release_id(workspace: Workspace, lineage: Mapping[str, Any]) -> str:
    """Tell the identifier that `write_release` will give to a new lineage."""
    rank = max((release.rank for release in _whole_releases(workspace)), default=0) + 1
    return f"{rank:04d}-{lineage_hash(lineage)}"


def write_release(
    workspace: Workspace,
    tables: Mapping[str, pa.Table],
    lineage: Mapping[str, Any],
    *,
    files: Mapping[str, bytes] | None = None,
    clock: datetime | None = None,
) -> Release:
    """Write a release whole; the pointer is left to `point_to`.

    Args:
        workspace: Where releases lie. One publisher at a time.
        tables: Protected tables by name.
        lineage: What they are made from; decides the identifier.
        files: Other files of the release, by path inside it (`report.html`).
        clock: Moment of publication; now when None.

    Returns:
        The release, or the one that the same lineage gave before.
    """
    same = find_same_lineage(workspace, lineage)
    if same is not None:
        return same
    _remove_halves(workspace)
    release_id = next_release_id(workspace, lineage)
    for name, table in tables.items():
        _write_table(workspace, release_id, name, table)
    for name, content in (files or {}).items():
        workspace.write_bytes(content, layout.RELEASES, release_id, *name.split("/"))
    manifest = {
        "release_id": release_id,
        "created_at": (clock or datetime.now(UTC)).isoformat(timespec="seconds"),
        "lineage": dict(lineage),
        "tables": {
            name: {
                "rows": table.num_rows,
                "parquet": f"{TABLES}/{name}.parquet",
                "csv": f"{TABLES}/{name}.csv",
            }
            for name, table in tables.items()
        },
        "files": dict(_hash_files(workspace, release_id)),
    }
    workspace.write_json(manifest, layout.RELEASES, release_id, layout.RELEASE_MANIFEST)
    return Release(release_id, manifest)


def verify_release(workspace: Workspace, release: Release) -> list[str]:
    """Compare every file of a release with its manifest.

    Returns:
        Names of the files that are missing, changed or not named in the manifest; empty when all is well.
    """
    there = dict(_hash_files(workspace, release.release_id))
    named: Mapping[str, Mapping[str, Any]] = release.manifest["files"]
    return sorted(name for name in there.keys() | named.keys() if there.get(name) != named.get(name))


def refuse_damaged(workspace: Workspace, release: Release) -> None:
    """Let only a release pass whose every file is as its manifest says.

    Raises:
        ReleaseError: A file is missing, changed or not named in the manifest.
    """
    damaged = verify_release(workspace, release)
    if damaged:
        raise ReleaseError.because(
            "the release cannot be trusted",
            expected="every file as the manifest says",
            got=f"{len(damaged)} damaged: {', '.join(damaged[:5])}",
            where=release.release_id,
            do="Put its files back from a copy (sink, backup), or use another: `miroir releases rollback`",
        )


def read_release_table(workspace: Workspace, release: Release, name: str) -> pa.Table:
    """Read one table of a release.

    Raises:
        ReleaseError: The release has no such table.
    """
    if name not in release.tables:
        raise ReleaseError.because(
            "the table cannot be read",
            expected=f"one of {', '.join(release.tables)}",
            got=f"«{name}»",
            where=release.release_id,
            do="Check the table's name",
        )
    return workspace.read_table(layout.RELEASES, release.release_id, TABLES, f"{name}.parquet")


def _write_table(workspace: Workspace, release_id: str, name: str, table: pa.Table) -> None:
    folder = (layout.RELEASES, release_id, TABLES)
    with workspace.replacing(*folder, f"{name}.parquet") as stream:
        pq.write_table(table, stream, compression=COMPRESSION)
    with workspace.replacing(*folder, f"{name}.csv") as stream:
        write_csv_twin(table, stream)


def _remove_halves(workspace: Workspace) -> None:
    for name in workspace.names(layout.RELEASES):
        whole = workspace.exists(layout.RELEASES, name, layout.RELEASE_MANIFEST)
        if RELEASE_ID.fullmatch(name) and not whole:
            workspace.remove(layout.RELEASES, name)


def _hash_files(workspace: Workspace, release_id: str) -> Iterable[tuple[str, dict[str, Any]]]:
    root = workspace.path(layout.RELEASES, release_id)
    for path in sorted(str(each) for each in workspace.filesystem.find(root)):
        name = path.removeprefix(root).lstrip("/")
        if name != layout.RELEASE_MANIFEST:
            parts = (layout.RELEASES, release_id, *name.split("/"))
            yield (
                name,
                {
                    "sha256": _sha256_of(workspace, *parts),
                    "bytes": int(workspace.filesystem.size(path)),
                },
            )


def _sha256_of(workspace: Workspace, *parts: str) -> str:
    with workspace.filesystem.open(workspace.path(*parts), "rb") as stream:
        digest = hashlib.sha256()
        while block := stream.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()
