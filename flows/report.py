"""Artifacts that a run leaves in Prefect: what came in, what was left out and why, what was published."""

from __future__ import annotations

from collections.abc import Sequence

from prefect.artifacts import create_markdown_artifact, create_table_artifact

from pipeline.job import Job, UnreadInput
from pipeline.publish.digests.delivery import Handover
from pipeline.publish.publication import Publication
from pipeline.report import describe_publication, ingest_rows, publication_rows, reject_rows, to_markdown


def report_ingest(job: Job, batch_ids: Sequence[str], unread: Sequence[UnreadInput]) -> None:
    """Leave a table of inputs and a page of rejects; counts only, never a text."""
    rows = ingest_rows(job, batch_ids)
    create_table_artifact(key="miroir-entrees", table=rows, description="Entrées du dernier passage")
    sections = [
        "# Entrées",
        to_markdown(rows),
        "## Lignes écartées",
        to_markdown(reject_rows(job, batch_ids)) or "Aucune.",
    ]
    if unread:
        sections += [
            "## Entrées illisibles",
            *(f"- **{each.source}**, {each.name} : {each.error}" for each in unread),
        ]
    create_markdown_artifact(key="miroir-ingestion", markdown="\n\n".join(sections))


def report_publication(job: Job, publication: Publication) -> None:
    """Leave a page on the release and a table of its tables."""
    rows = publication_rows(publication)
    create_table_artifact(key="miroir-tables", table=rows, description="Tables de la dernière publication")
    release = publication.release
    sections = [
        f"# Publication {release.release_id}",
        f"{describe_publication(publication)}, {release.created_at}",
        to_markdown(rows),
    ]
    if publication.failed_sinks:
        sections += [
            "## Destinations non servies",
            *(f"- **{each.name}** : {each.error}" for each in publication.failed_sinks),
        ]
    create_markdown_artifact(key="miroir-publication", markdown="\n\n".join(sections))


def report_handovers(handovers: Sequence[Handover]) -> None:
    """Leave a table of the digests handed over."""
    rows = [
        {
            "service": each.department,
            "voie": each.way,
            "état": each.error or ("déjà remis" if each.is_skipped else "remis"),
        }
        for each in handovers
    ]
    create_table_artifact(key="miroir-extraits", table=rows, description="Extraits par service")
