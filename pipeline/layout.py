"""Where each step's files lie in the workspace: the only place that names folders."""

from __future__ import annotations

from pipeline.workspace import Workspace

BATCHES = "batches"
ANNOTATIONS = "annotations"
RELEASES = "releases"
STATUS = "status"
LAST_RUN = "run.json"
VERBATIMS = "verbatims"
REJECTS = "rejects.parquet"
BATCH_MANIFEST = "batch.json"
RELEASE_MANIFEST = "manifest.json"
CURRENT = "current.json"
ROLLED_BACK = "rolled_back.json"


def verbatim_parts(workspace: Workspace, batch_id: str) -> list[str]:
    """List the names of a batch's verbatim parts, in order."""
    return _parquet(workspace.names(BATCHES, batch_id, VERBATIMS))


def annotation_parts(workspace: Workspace, batch_id: str, model_id: str) -> list[str]:
    """List the names of a batch's annotation parts under one model, in order."""
    return _parquet(workspace.names(ANNOTATIONS, batch_id, model_id))


def _parquet(names: list[str]) -> list[str]:
    return [name for name in names if name.endswith(".parquet")]
