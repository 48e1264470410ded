"""`miroir inspect`: propose the configuration of a file, with the reasons for each choice."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated, Literal

import typer

from pipeline.ingest.proposal_yaml import write_yaml
from pipeline.ingest.propose import propose

LANGUAGE_VARIABLE = "MIROIR_LANG"


def register(app: typer.Typer) -> None:
    """Add `inspect` to the application."""
    app.command("inspect")(inspect_command)


def inspect_command(
    file: Annotated[Path, typer.Argument(help="Fichier à regarder (CSV, XLSX, ODS, JSONL, Parquet).")],
    output: Annotated[Path | None, typer.Option("--output", "-o", help="Fichier YAML à écrire.")] = None,
    lang: Annotated[str, typer.Option("--lang", help="fr ou en (par défaut MIROIR_LANG, sinon fr).")] = "",
) -> None:
    """Proposer la configuration d'un fichier, avec la raison de chaque choix."""
    chosen = lang or os.environ.get(LANGUAGE_VARIABLE, "")
    language: Literal["fr", "en"] = "en" if chosen.lower().startswith("en") else "fr"
    text = write_yaml(propose(file), language)
    if output is None:
        typer.echo(text, nl=False)
        return
    output.write_text(text, encoding="utf-8")
    done = f"Écrit : {output}" if language == "fr" else f"Written: {output}"
    typer.echo(f"{done}\n    miroir run {output}")
