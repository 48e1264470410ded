"""Each table as a Delta table: one commit a table, each naming its release.

Delta has no transaction over tables: a reader who joins two takes those whose commits name the same release.
"""

from __future__ import annotations

from pipeline.config import DeltaSink
from pipeline.publish.release import Release, read_release_table
from pipeline.publish.sinks.opening import failed, import_extra, resolve
from pipeline.workspace import Workspace


def put_delta(workspace: Workspace, release: Release, sink: DeltaSink) -> None:
    """Overwrite the Delta tables under a URL by those of a release.

    Raises:
        SinkError: They cannot be written; older versions stay readable.
    """
    deltalake = import_extra("deltalake", "delta")
    options = {key: resolve(value, sink.name) for key, value in sink.options.items()}
    properties = deltalake.CommitProperties(custom_metadata={"release_id": release.release_id})
    try:
        for name in release.tables:
            deltalake.write_deltalake(
                f"{sink.url.rstrip('/')}/{name}",
                read_release_table(workspace, release, name),
                mode="overwrite",
                schema_mode="overwrite",
                storage_options=options or None,
                commit_properties=properties,
            )
    except (deltalake.exceptions.DeltaError, OSError) as error:
        raise failed(sink.name, error) from error
