"""`miroir mask`: personal data masked in a file of JSON lines."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

from pipeline.privacy.jsonl import mask_file


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(name="mask")(mask)


def mask(
    source: Annotated[Path, typer.Option("--input", help="Verbatims, un objet JSON par ligne (champ text).")],
    target: Annotated[Path, typer.Option("--output", help="Les mêmes, masqués, avec le champ masked.")],
) -> None:
    """Masquer les données personnelles : noms, téléphones, e-mails, adresses, IBAN, références."""
    console = Console(stderr=True)
    size = source.stat().st_size if source.is_file() else None
    columns = (
        TextColumn("Masquage"),
        BarColumn(),
        TaskProgressColumn(),
        TextColumn("{task.fields[lines]} verbatims"),
        TimeRemainingColumn(),
    )
    n_lines = 0
    with Progress(*columns, console=console, transient=True) as progress:
        task = progress.add_task("mask", total=size, lines=0)

        def advance(lines: int, n_bytes: int) -> None:
            nonlocal n_lines
            n_lines += lines
            progress.update(task, advance=n_bytes, lines=n_lines)

        totals = mask_file(source, target, advance)
    console.print(f"{n_lines} verbatims lus, {totals.total()} masques posés : {target}", highlight=False)
    for kind, count in totals.most_common():
        console.print(rf"  \[{kind}] {count}", highlight=False)
