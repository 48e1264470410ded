"""`miroir run`: from declared sources to a published release, in this process."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from pipeline.cli.summary import print_run_summary
from pipeline.job import open_job
from pipeline.run import Progress as Report
from pipeline.run import run

STEP_NAMES = {"ingest": "Lecture et masquage", "annotate": "Étiquetage", "publish": "Publication"}

# A release was published, but an input could not be read, or a sink not reached: a scheduler must notice.
EXIT_INCOMPLETE = 2


def register(app: typer.Typer) -> None:
    """Add `run` to the application."""
    app.command("run")(run_command)


def run_command(
    config: Annotated[Path, typer.Argument(help="Configuration YAML de la chaîne.")],
    accept_removed: Annotated[
        bool,
        typer.Option("--accept-removed", help="Publier sans les fichiers qui ne sont plus dans les sources."),
    ] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Sans barres de progression.")] = False,
) -> None:
    """Lire, masquer, étiqueter, publier : tout ce qui est déclaré et nouveau."""
    console = Console(stderr=True, quiet=quiet)
    job = open_job(config)
    with _progress_bars(console) as report:
        outcome = run(job, report, accept_removed=accept_removed)
    print_run_summary(Console(), job, outcome)
    if outcome.unread or outcome.publication.failed_sinks:
        raise typer.Exit(EXIT_INCOMPLETE)


@contextmanager
def _progress_bars(console: Console) -> Iterator[Report]:
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=console) as bars:
        tasks = {step: bars.add_task(name, start=False, total=None) for step, name in STEP_NAMES.items()}

        def report(step: str, done: int, total: int) -> None:
            bars.start_task(tasks[step])
            bars.update(tasks[step], completed=done, total=total)

        yield report
