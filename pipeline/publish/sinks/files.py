"""A copy of the release in a folder or an object store: files, then manifest, then pointer."""

from __future__ import annotations

from pipeline import layout
from pipeline.config import FilesSink
from pipeline.errors import WorkspaceError
from pipeline.publish.release import Release, point_to, verify_release
from pipeline.publish.sinks.opening import failed, import_extra, resolve
from pipeline.workspace import Workspace

# Protocol → (module, extra) that the default install leaves out.
EXTRAS = {"s3": ("s3fs", "s3")}


def put_files(workspace: Workspace, release: Release, sink: FilesSink) -> None:
    """Copy a release and move the pointer there.

    A copy that is already whole is not made again.

    Args:
        workspace: Where the release is.
        release: What is copied.
        sink: Where to.

    Raises:
        SinkError: The target cannot be reached or written.
    """
    protocol = sink.url.split("://")[0]
    if protocol in EXTRAS:
        import_extra(*EXTRAS[protocol])
    options = tuple((key, resolve(value, sink.name)) for key, value in sink.options.items())
    target = Workspace(sink.url, options)
    try:
        if verify_or_missing(target, release):
            for name in release.manifest["files"]:
                _copy(workspace, target, release.release_id, name)
            _copy(workspace, target, release.release_id, layout.RELEASE_MANIFEST)
        point_to(target, release)
    except (OSError, WorkspaceError) as error:
        raise failed(sink.name, error) from error


def verify_or_missing(target: Workspace, release: Release) -> bool:
    """Tell whether a copy is missing or damaged."""
    manifest = (layout.RELEASES, release.release_id, layout.RELEASE_MANIFEST)
    if not target.exists(*manifest) or target.read_json(*manifest) != release.manifest:
        return True
    return bool(verify_release(target, release))


def _copy(source: Workspace, target: Workspace, release_id: str, name: str) -> None:
    parts = (layout.RELEASES, release_id, *name.split("/"))
    with source.filesystem.open(source.path(*parts), "rb") as stream, target.replacing(*parts) as copy:
        while block := stream.read(1 << 20):
            copy.write(block)
