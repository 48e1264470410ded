"""The end of a run, as the terminal tells it."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console
from rich.table import Table

from models.registry import themes_to_learn
from pipeline import layout
from pipeline.job import Job
from pipeline.report import (
    Row,
    describe_publication,
    ingest_rows,
    mask_rows,
    publication_rows,
    reject_rows,
)
from pipeline.run import RunReport


def print_run_summary(console: Console, job: Job, outcome: RunReport) -> None:
    """Say what came in, what was left out and why, what was published, where to look."""
    batch_ids = [batch.batch_id for batch in outcome.batches]
    _print_rows(console, "Entrées", ingest_rows(job, batch_ids))
    _print_rows(console, "Réponses écartées", reject_rows(job, batch_ids))
    _print_rows(console, "Données personnelles masquées", mask_rows(job, batch_ids))
    for each in outcome.unread:
        console.print(f"[bold red]Illisible[/] {each.source}, {each.name} : {each.error}", soft_wrap=True)
    console.print(f"{outcome.n_annotated} verbatims étiquetés pendant ce passage.")
    for theme in themes_to_learn(job.model, job.labels):
        console.print(
            f"[yellow]Thème « {theme} » : non entraîné[/] (voir `miroir train --help`)", highlight=False
        )
    _print_rows(console, "Tables publiées", publication_rows(outcome.publication))
    for sink in outcome.publication.failed_sinks:
        console.print(f"[bold red]Destination non servie[/] {sink.name} : {sink.error}", soft_wrap=True)
    release = outcome.publication.release
    state = describe_publication(outcome.publication)
    folder = f"{job.config.workspace}/{layout.RELEASES}/{release.release_id}"
    console.print(f"[bold green]{state}[/] {release.release_id} → {folder}", soft_wrap=True)


def _print_rows(console: Console, title: str, rows: Sequence[Row]) -> None:
    if not rows:
        return
    table = Table(title=title, title_justify="left")
    for name, value in rows[0].items():
        # Folded: under a scheduler a terminal has 80 columns, and a file name cut short names no file.
        table.add_column(name, justify="right" if isinstance(value, int) else "left", overflow="fold")
    for row in rows:
        table.add_row(*(str(value) for value in row.values()))
    console.print(table)
