"""The publish step: estimate, protect, write the release, move the pointer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import pyarrow as pa

from models.registry import read_out_of_fold
from pipeline import layout
from pipeline.errors import ReleaseError
from pipeline.estimate.measures import BatchFiles, EstimateInputs, estimate
from pipeline.job import Job
from pipeline.protect.ledger import append_ledger, drop_unpublished, read_ledger
from pipeline.protect.suppression import protect
from pipeline.protect.withdrawals import read_withdrawn
from pipeline.publish.compatibility import compatible_tables
from pipeline.publish.contract import contract_files
from pipeline.publish.describing import describing_tables
from pipeline.publish.pages.approvals import read_approved
from pipeline.publish.pages.documents import document_files
from pipeline.publish.release import (
    Release,
    current_release,
    find_same_lineage,
    lineage_hash,
    list_releases,
    next_release_id,
    point_to,
    read_release_table,
    refuse_damaged,
    rolled_back,
    write_release,
)
from pipeline.publish.sinks.delivery import SinkOutcome, put_everywhere
from pipeline.review.reviewed import reviewed_labels
from pipeline.version import software_version

PUBLIC_CONFIG = {"sources", "estimate", "protect", "publish"}
# Where a source lies or a release goes says nothing of a figure, and an URL may hold a password; blocked
# words may be names.
PRIVATE_CONFIG: Any = {
    "sources": {"__all__": {"path", "sql"}},
    "publish": {"poster_blocklist", "sinks", "digests", "smtp"},
}


@dataclass(frozen=True, slots=True)
class Publication:
    """The outcome of the publish step.

    Attributes:
        release: The release that readers now use.
        is_new: Whether it was made now; otherwise the same lineage had given it before.
        sinks: What became of it in each sink.
        kept_out: What the inputs give, when somebody rolled back from it: readers keep `release` instead.
    """

    release: Release
    is_new: bool
    sinks: tuple[SinkOutcome, ...] = ()
    kept_out: Release | None = None

    @property
    def failed_sinks(self) -> tuple[SinkOutcome, ...]:
        """The sinks that do not have the release."""
        return tuple(each for each in self.sinks if each.error)


def publish(job: Job) -> Publication:
    """Publish the current batches; the same inputs, model, reviews and configuration give the same release.

    Args:
        job: What to publish; its batches are tagged.

    Returns:
        The release that readers use, and what became of it in each sink. The pointer has moved to it, unless
        the same inputs gave one that somebody rolled back from.

    Raises:
        ReleaseError: A batch is not tagged whole by the configured model; or the release was made before and
            is damaged since.
    """
    publication = _publish_release(job)
    outcomes = put_everywhere(job.workspace, publication.release, job.config.publish.sinks)
    return replace(publication, sinks=tuple(outcomes))


def _publish_release(job: Job) -> Publication:
    batch_ids, _ = job.read_current_batches()
    tagger = job.load_tagger()
    reviews = reviewed_labels(job.workspace, job.labels, job.config.review.database)
    withdrawn = read_withdrawn(job.workspace)
    lineage = _lineage(job, batch_ids, tagger.model_id, reviews, withdrawn)
    release = find_same_lineage(job.workspace, lineage)
    if release is not None:
        return _publish_again(job, release)
    inputs = EstimateInputs(
        batches=tuple(_batch_files(job, batch_id, tagger.model_id) for batch_id in batch_ids),
        dimensions=job.config.dimensions,
        reviews=reviews,
        calibration=read_out_of_fold(job.model),
        withdrawn=withdrawn,
        filesystem=None if job.workspace.is_local else job.workspace.filesystem,
    )
    tables = estimate(inputs, job.config.estimate, job.labels)
    drop_unpublished(job.workspace, {each.release_id for each in list_releases(job.workspace)})
    before = current_release(job.workspace)
    quotes = None if before is None else read_release_table(job.workspace, before, "quotes")
    safe = protect(tables, job.config.protect, read_ledger(job.workspace), quotes)
    shown = safe.pop("_shown")
    public = {name: table for name, table in safe.items() if not name.startswith("_")}
    public |= describing_tables(public["measures"], job.config.dimensions, job.codebook)
    public |= compatible_tables(public)
    files = _documents(job, public)
    # Before the release: what readers may see must never be missing from the ledger.
    append_ledger(job.workspace, next_release_id(job.workspace, lineage), shown)
    release = write_release(job.workspace, public, lineage, files=files)
    point_to(job.workspace, release)
    return Publication(release, is_new=True)


def _publish_again(job: Job, release: Release) -> Publication:
    """Make a release that exists the current one, unless somebody rolled back from it.

    Raises:
        ReleaseError: It is damaged.
    """
    current = current_release(job.workspace)
    if current is not None and release.release_id in rolled_back(job.workspace):
        return Publication(current, is_new=False, kept_out=release)
    refuse_damaged(job.workspace, release)
    point_to(job.workspace, release)
    return Publication(release, is_new=False)


def _documents(job: Job, tables: Mapping[str, pa.Table]) -> dict[str, bytes]:
    """Write what goes with the tables: contract, data package, report, affiche."""
    config = job.config.publish
    schemas = {name: table.schema for name, table in tables.items()}
    pages = document_files(tables, config, job.codebook, job.workspace, read_approved(job.workspace))
    return contract_files(schemas, job.config.dimensions, config) | pages


def _lineage(
    job: Job, batch_ids: Sequence[str], model_id: str, reviews: pa.Table, withdrawn: Sequence[str]
) -> dict[str, Any]:
    """Everything that decides a release's content; batches are named, never texts."""
    config = job.config.model_dump(mode="json", include=PUBLIC_CONFIG, exclude=PRIVATE_CONFIG)
    return {
        "batches": list(batch_ids),
        "model_id": model_id,
        "codebook_hash": job.labels.codebook_hash,
        "config": config,
        "reviews": lineage_hash({"rows": reviews.to_pylist()}) if reviews.num_rows else None,
        "withdrawn": lineage_hash({"respondents": sorted(withdrawn)}) if withdrawn else None,
        "poster": lineage_hash(
            {
                "approved": sorted(read_approved(job.workspace)),
                "blocked": list(job.config.publish.poster_blocklist),
            }
        ),
        "software": software_version(),
    }


def _batch_files(job: Job, batch_id: str, model_id: str) -> BatchFiles:
    """Name the files of a batch.

    Raises:
        ReleaseError: A part is not tagged whole: its other verbatims would be left out without a word.
    """
    workspace = job.workspace
    verbatims = layout.verbatim_parts(workspace, batch_id)
    annotations = layout.annotation_parts(workspace, batch_id, model_id)
    tagged = [
        part
        for part in annotations
        if part in verbatims
        and workspace.count_rows(layout.ANNOTATIONS, batch_id, model_id, part)
        == workspace.count_rows(layout.BATCHES, batch_id, layout.VERBATIMS, part)
    ]
    if verbatims != tagged:
        raise ReleaseError.because(
            "the release cannot be made",
            expected=f"{len(verbatims)} annotation parts with a row for each verbatim",
            got=f"{len(tagged)}",
            where=f"batch {batch_id}, model {model_id}",
            do="Run `annotate` again",
        )
    return BatchFiles(
        batch_id=batch_id,
        verbatims=tuple(
            workspace.url(layout.BATCHES, batch_id, layout.VERBATIMS, part) for part in verbatims
        ),
        annotations=tuple(workspace.url(layout.ANNOTATIONS, batch_id, model_id, part) for part in tagged),
    )
