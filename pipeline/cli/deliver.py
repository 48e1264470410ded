"""`miroir deliver`: put the current release into the sinks (again)."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from pipeline.config import read_config
from pipeline.errors import ReleaseError
from pipeline.publish.release import current_release
from pipeline.publish.sinks.delivery import put_everywhere
from pipeline.workspace import Workspace


def register(app: typer.Typer) -> None:
    """Add `deliver` to the application."""
    app.command("deliver")(deliver_command)


def deliver_command(
    config: Annotated[Path, typer.Argument(help="Configuration YAML de la chaîne.")],
    only: Annotated[list[str] | None, typer.Option(help="Cette destination seulement (répétable).")] = None,
    again: Annotated[bool, typer.Option("--again", help="Même là où elle est déjà.")] = False,
) -> None:
    """Porter la publication en cours vers les destinations déclarées (`publish.sinks`)."""
    settings = read_config(config)
    workspace = Workspace(settings.workspace)
    release = current_release(workspace)
    if release is None:
        raise ReleaseError.because(
            "nothing can be delivered",
            expected="a published release",
            got="none",
            where=settings.workspace,
            do="Run `miroir run` first",
        )
    outcomes = put_everywhere(workspace, release, settings.publish.sinks, only=only or (), again=again)
    console = Console()
    for outcome in outcomes:
        state = f"[red]{outcome.error}[/]" if outcome.error else "déjà là" if outcome.is_skipped else "à jour"
        console.print(f"{outcome.name} : {state}", highlight=False)
    if not outcomes:
        console.print("Aucune destination déclarée.")
    if any(outcome.error for outcome in outcomes):
        raise typer.Exit(1)
