"""What a run did, as rows for people, in the terminal and in Prefect: counts only, never a text."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from pipeline import layout
from pipeline.ingest.rejects import describe
from pipeline.job import Job
from pipeline.publish.publication import Publication

Row = dict[str, Any]


def batch_manifests(job: Job, batch_ids: Sequence[str]) -> list[Mapping[str, Any]]:
    """Read what ingest wrote about each batch."""
    return [job.workspace.read_json(layout.BATCHES, each, layout.BATCH_MANIFEST) for each in batch_ids]


def ingest_rows(job: Job, batch_ids: Sequence[str]) -> list[Row]:
    """One row an input: rows read, verbatims kept, rejected, personal data masked."""
    return [
        {
            "source": batch["source"],
            "public": job.codebook.audiences[batch["audience"]].name.fr,
            "fichier": batch["file"],
            "lignes": batch["rows_read"],
            "réponses": batch["answers_read"],
            "verbatims": batch["n_verbatims"],
            "écartés": sum(batch["rejects"].values()),
            "masqués": sum(batch["masks"].values()),
        }
        for batch in batch_manifests(job, batch_ids)
    ]


def reject_rows(job: Job, batch_ids: Sequence[str]) -> list[Row]:
    """One row a reason, the most frequent first."""
    counts: Counter[str] = Counter()
    for batch in batch_manifests(job, batch_ids):
        counts.update(batch["rejects"])
    return [
        {"motif": reason, "explication": describe(reason, "fr"), "réponses": count}
        for reason, count in counts.most_common()
    ]


def mask_rows(job: Job, batch_ids: Sequence[str]) -> list[Row]:
    """One row a kind of personal data, the most frequent first."""
    counts: Counter[str] = Counter()
    for batch in batch_manifests(job, batch_ids):
        counts.update(batch["masks"])
    return [{"donnée": f"[{kind}]", "masquées": count} for kind, count in counts.most_common()]


def publication_rows(publication: Publication) -> list[Row]:
    """One row a table of the release."""
    return [
        {"table": name, "lignes": table["rows"], "fichier": table["csv"]}
        for name, table in publication.release.tables.items()
    ]


def describe_publication(publication: Publication) -> str:
    """Say in a few words whether the release is new, and which one was kept out."""
    if publication.kept_out is not None:
        return (
            f"Publication rétablie : {publication.kept_out.release_id} reste écartée tant que rien ne change"
            " (données, relectures, modèle, configuration)"
        )
    return "Nouvelle publication" if publication.is_new else "Rien de nouveau : publication inchangée"


def to_markdown(rows: Sequence[Row]) -> str:
    """Write rows as a Markdown table; empty when there is none."""
    if not rows:
        return ""
    lines = [list(rows[0]), ["---"] * len(rows[0]), *([str(value) for value in row.values()] for row in rows)]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)
