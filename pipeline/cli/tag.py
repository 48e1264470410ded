"""`miroir tag`: labels for a file of JSON lines."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from models.registry import DEFAULT_MODEL, load_tagger, untrained_themes
from pipeline.codebook import DEFAULT_CODEBOOK, read_codebook
from pipeline.tag_lines import tag_file


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(name="tag")(tag)


def tag(
    source: Annotated[Path, typer.Option("--input", help="Verbatims, un objet JSON par ligne.")],
    target: Annotated[
        Path, typer.Option("--output", help="Étiquettes, un objet JSON par ligne, même ordre.")
    ],
    model: Annotated[str, typer.Option(help="Modèle livré, ou dossier d'un modèle.")] = DEFAULT_MODEL,
    codebook: Annotated[Path, typer.Option(help="Grille de lecture (YAML).")] = DEFAULT_CODEBOOK,
) -> None:
    """Étiqueter des verbatims (id, audience, text, question facultative), masqués d'abord."""
    labels = read_codebook(codebook).label_space
    tagger = load_tagger(model, labels)
    console = Console(stderr=True)
    columns = (SpinnerColumn(), TextColumn("{task.completed} verbatims"), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True) as progress:
        task = progress.add_task("tag", total=None)
        n_tagged = tag_file(source, target, tagger, lambda n_lines: progress.advance(task, n_lines))
    console.print(f"{n_tagged} verbatims étiquetés par {tagger.model_id} : {target}", highlight=False)
    for theme in untrained_themes(tagger):
        console.print(
            f"[yellow]Thème « {theme} » : non entraîné[/] (voir `miroir train --help`)", highlight=False
        )
