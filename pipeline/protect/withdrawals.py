"""Respondents who withdrew: nothing of theirs enters anything later."""

from __future__ import annotations

from dataclasses import dataclass

import duckdb
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from pipeline import layout
from pipeline.errors import PrivacyError
from pipeline.workspace import Workspace

FILE = ("ledger", "withdrawn.json")


@dataclass(frozen=True, slots=True)
class Forgotten:
    """What a withdrawal did.

    Attributes:
        n_verbatims: Verbatims that were removed from the batches.
        n_annotations: Annotations that were removed.
        releases: Releases made before, which still hold aggregates that the respondent was counted in.
        verbatim_ids: What was removed, for the reviews.
    """

    n_verbatims: int
    n_annotations: int
    releases: tuple[str, ...]
    verbatim_ids: tuple[str, ...]


def read_withdrawn(workspace: Workspace) -> tuple[str, ...]:
    """Read the keyed hashes of those who withdrew, sorted; a later export is read without them."""
    if not workspace.exists(*FILE):
        return ()
    return tuple(sorted(str(name) for name in workspace.read_json(*FILE)["respondents"]))


def forget(workspace: Workspace, respondent: str) -> Forgotten:
    """Remove a respondent's verbatims and annotations, and remember never to read them again.

    The withdrawal is written down first: a command that is killed leaves files behind, but no later figure.

    Args:
        workspace: Where batches and releases are.
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
    known = {*read_withdrawn(workspace), respondent}
    workspace.write_json({"respondents": sorted(known)}, *FILE)
    ids: set[str] = set()
    for batch in workspace.names(layout.BATCHES):
        for part in layout.verbatim_parts(workspace, batch):
            ids |= _drop(workspace, "respondent", {respondent}, layout.BATCHES, batch, layout.VERBATIMS, part)
    n_annotations = 0
    for batch in workspace.names(layout.ANNOTATIONS) if ids else []:
        for model in workspace.names(layout.ANNOTATIONS, batch):
            for part in layout.annotation_parts(workspace, batch, model):
                removed = _drop(workspace, "verbatim_id", ids, layout.ANNOTATIONS, batch, model, part)
                n_annotations += len(removed)
    releases = tuple(
        name
        for name in workspace.names(layout.RELEASES)
        if workspace.exists(layout.RELEASES, name, layout.RELEASE_MANIFEST)
    )
    return Forgotten(len(ids), n_annotations, releases if ids else (), tuple(sorted(ids)))


def _drop(workspace: Workspace, column: str, values: set[str], *parts: str) -> set[str]:
    """Rewrite a part without some rows; tell whose verbatims they were."""
    with workspace.filesystem.open(workspace.path(*parts), "rb") as stream:
        table = pq.ParquetFile(stream, pre_buffer=False).read(use_threads=False)
    connection = duckdb.connect(config={"threads": 1})
    try:
        connection.register("part", table)
        connection.register("gone", pa.table({"name": pa.array(sorted(values), pa.string())}))
        found = connection.sql(
            f"SELECT verbatim_id FROM part WHERE {column} IN (SELECT name FROM gone)"
        ).to_arrow_table()
    finally:
        connection.close()
    ids = set(found["verbatim_id"].to_pylist())
    if ids:
        kept = table.filter(pc.invert(pc.is_in(table["verbatim_id"], value_set=pa.array(sorted(ids)))))
        workspace.write_table(kept, *parts)
    return ids
