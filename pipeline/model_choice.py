"""Which model a workspace uses: the one named, the one that its own training promoted, or the shipped one."""

from __future__ import annotations

from pipeline.workspace import Workspace

MODELS = "models"
CURRENT_MODEL = "current.json"
DEFAULT = "default"


def chosen_model(workspace: Workspace, name: str) -> str:
    """Resolve the name that a configuration gives to `annotate.model`.

    Args:
        workspace: The workspace; its `models/current.json` names the model that training promoted.
        name: Name of a shipped model, a model folder, or `default`.

    Returns:
        What `models.registry.load_tagger` takes: for `default`, the folder of the promoted model, or
        `default` (the shipped one) while there is none.
    """
    if name != DEFAULT:
        return name
    promoted = promoted_model(workspace)
    return DEFAULT if promoted is None else workspace.path(MODELS, promoted)


def promoted_model(workspace: Workspace) -> str | None:
    """Name the model that training promoted in this workspace, or None."""
    if not workspace.is_local or not workspace.exists(MODELS, CURRENT_MODEL):
        return None
    return str(workspace.read_json(MODELS, CURRENT_MODEL)["model"])


def promote(workspace: Workspace, name: str) -> None:
    """Make a model of `<workspace>/models` the workspace's default, at once."""
    workspace.write_json({"model": name}, MODELS, CURRENT_MODEL)
