"""Respondents who withdrew: nothing of theirs enters anything later."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from pipeline import layout
from pipeline.errors import PrivacyError
from pipeline.protect.counted import Said, mark_counted
from pipeline.workspace import Workspace

FILE = ("ledger", "withdrawn.json")
RESPONDENTS, UNDER_WAY = "respondents", "under_way"
WHERE_COUNTED = ["verbatim_id", "respondent", "audience", "date", "dimensions"]


@dataclass(frozen=True, slots=True)
class Forgotten:
    """What a withdrawal did.

    Attributes:
        n_verbatims: Verbatims of the respondent, removed from the batches.
        n_annotations: Annotations that were removed.
        releases: Releases made before, which still hold aggregates that the respondent was counted in.
        verbatim_ids: What was removed, for the reviews; also what a command that was killed had removed.
        n_figures: Figures already shown that speak of a cell (audience, period, members) of theirs.
    """

    n_verbatims: int
    n_annotations: int
    releases: tuple[str, ...]
    verbatim_ids: tuple[str, ...]
    n_figures: int


def read_withdrawn(workspace: Workspace) -> tuple[str, ...]:
    """Read the keyed hashes of those who withdrew, sorted; a later export is read without them."""
    return tuple(sorted(str(name) for name in _read(workspace)[RESPONDENTS]))


def is_known(workspace: Workspace, respondent: str) -> bool:
    """Tell whether a respondent has verbatims in any batch, or withdrew before."""
    return respondent in read_withdrawn(workspace) or any(True for _ in _find(workspace, respondent))


def forget(workspace: Workspace, respondent: str) -> Forgotten:
    """Remove a respondent's verbatims and annotations, and remember never to read them again.

    The withdrawal and the verbatims are written down before anything is removed: a command that is killed
    leaves files behind, but no later figure, and the next one ends its work. `end_withdrawal` closes it.

    Args:
        workspace: Where batches, ledger and releases are; the caller holds its lock.
        respondent: Keyed hash of the respondent, 32 hexadecimal digits.

    Returns:
        What was removed, and which releases still hold aggregates.

    Raises:
        PrivacyError: The hash has not the form of one.
    """
    if len(respondent) != 32 or not all(sign in "0123456789abcdef" for sign in respondent):
        raise PrivacyError.because(
            "the respondent cannot be forgotten",
            expected="a keyed hash of 32 hexadecimal digits",
            got=f"{len(respondent)} characters",
            where="--respondent",
            do="Give --key with the respondent's key of the source instead",
        )
    said = list(_find(workspace, respondent))
    # Before the withdrawal itself: a release made without the person must know which figures held them.
    n_figures = mark_counted(workspace, said)
    known = _read(workspace)
    ids = {*known[UNDER_WAY].get(respondent, ()), *(each.verbatim_id for each in said)}
    known[RESPONDENTS] = sorted({*known[RESPONDENTS], respondent})
    known[UNDER_WAY][respondent] = sorted(ids)
    workspace.write_json(known, *FILE)
    for batch in workspace.names(layout.BATCHES):
        for part in layout.verbatim_parts(workspace, batch):
            _drop(workspace, ids, layout.BATCHES, batch, layout.VERBATIMS, part)
    n_annotations = 0
    for batch in workspace.names(layout.ANNOTATIONS):
        for model in workspace.names(layout.ANNOTATIONS, batch):
            for part in layout.annotation_parts(workspace, batch, model):
                n_annotations += _drop(workspace, ids, layout.ANNOTATIONS, batch, model, part)
    releases = tuple(
        name
        for name in workspace.names(layout.RELEASES)
        if workspace.exists(layout.RELEASES, name, layout.RELEASE_MANIFEST)
    )
    return Forgotten(len(ids), n_annotations, releases if ids else (), tuple(sorted(ids)), n_figures)


def end_withdrawal(workspace: Workspace, respondent: str) -> None:
    """Forget which verbatims a respondent had; call it when nothing holds them any more."""
    known = _read(workspace)
    if known[UNDER_WAY].pop(respondent, None) is not None:
        workspace.write_json(known, *FILE)


def _read(workspace: Workspace) -> dict[str, Any]:
    known: dict[str, Any] = {RESPONDENTS: [], UNDER_WAY: {}}
    return known | (workspace.read_json(*FILE) if workspace.exists(*FILE) else {})


def _find(workspace: Workspace, respondent: str) -> Iterator[Said]:
    """Find a respondent's verbatims in all batches."""
    for batch in workspace.names(layout.BATCHES):
        for part in layout.verbatim_parts(workspace, batch):
            place = (layout.BATCHES, batch, layout.VERBATIMS, part)
            table = workspace.read_table(*place, columns=WHERE_COUNTED)
            for row in table.filter(pc.equal(table["respondent"], respondent)).to_pylist():
                yield Said(row["verbatim_id"], row["audience"], row["date"], dict(row["dimensions"] or ()))


def _drop(workspace: Workspace, ids: set[str], *parts: str) -> int:
    """Rewrite a part without some verbatims; tell how many rows went."""
    names = pa.array(sorted(ids), pa.string())
    found = workspace.read_table(*parts, columns=["verbatim_id"])["verbatim_id"]
    gone = pc.is_in(found, value_set=names)
    n_gone: int = pc.sum(gone).as_py() or 0
    if n_gone:
        table = workspace.read_table(*parts)
        workspace.write_table(table.filter(pc.invert(gone)), *parts)
    return n_gone
