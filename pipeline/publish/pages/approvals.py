"""Which verbatims an analyst approved for the affiche: keys only, never texts."""

from __future__ import annotations

from collections.abc import Iterable

from pipeline import layout
from pipeline.workspace import Workspace

POSTER_STATE = "poster.json"


def read_approved(workspace: Workspace) -> frozenset[str]:
    """Read the keys of the approved quotes."""
    if not workspace.exists(layout.STATUS, POSTER_STATE):
        return frozenset()
    return frozenset(workspace.read_json(layout.STATUS, POSTER_STATE)["approved"])


def approve(workspace: Workspace, keys: Iterable[str]) -> frozenset[str]:
    """Approve quotes; give all the keys approved now. The next release shows them."""
    approved = read_approved(workspace) | frozenset(keys)
    workspace.write_json({"approved": sorted(approved)}, layout.STATUS, POSTER_STATE)
    return approved


def refuse(workspace: Workspace, keys: Iterable[str]) -> frozenset[str]:
    """Take approvals back; give the keys that stay approved."""
    approved = read_approved(workspace) - frozenset(keys)
    workspace.write_json({"approved": sorted(approved)}, layout.STATUS, POSTER_STATE)
    return approved
