"""`miroir deliver`, `miroir digests`: the current release to its sinks, to each department its part."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from pipeline.codebook import DEFAULT_CODEBOOK, read_codebook
from pipeline.config import RunConfig
from pipeline.config_file import read_config
from pipeline.errors import ReleaseError
from pipeline.publish.digests.delivery import deliver_digests, write_folder
from pipeline.publish.digests.routing import make_digest
from pipeline.publish.reading import read_snapshot
from pipeline.publish.release import current_release
from pipeline.publish.sinks.delivery import SinkOutcome, put_everywhere
from pipeline.workspace import Workspace


def register(app: typer.Typer) -> None:
    """Add `deliver` and `digests` to the application."""
    app.command("deliver")(deliver_command)
    app.command("digests")(digests_command)


def deliver_command(
    config: Annotated[Path, typer.Argument(help="Configuration YAML de la chaîne.")],
    only: Annotated[list[str] | None, typer.Option(help="Cette destination seulement (répétable).")] = None,
    again: Annotated[bool, typer.Option("--again", help="Même là où elle est déjà.")] = False,
) -> None:
    """Porter la publication en cours vers les destinations déclarées (`publish.sinks`)."""
    settings = read_config(config)
    workspace = Workspace(settings.workspace)
    # A run puts its release into the same sinks.
    with workspace.locked():
        outcomes = _deliver(workspace, settings, only or (), again=again)
    console = Console()
    for outcome in outcomes:
        state = f"[red]{outcome.error}[/]" if outcome.error else "déjà là" if outcome.is_skipped else "à jour"
        console.print(f"{outcome.name} : {state}", highlight=False, soft_wrap=True)
    if not outcomes:
        console.print("Aucune destination déclarée.")
    if any(outcome.error for outcome in outcomes):
        raise typer.Exit(1)


def _deliver(
    workspace: Workspace, settings: RunConfig, only: Sequence[str], *, again: bool
) -> list[SinkOutcome]:
    release = current_release(workspace)
    if release is None:
        raise ReleaseError.because(
            "nothing can be delivered",
            expected="a published release",
            got="none",
            where=settings.workspace,
            do="Run `miroir run` first",
        )
    return put_everywhere(workspace, release, settings.publish.sinks, only=only, again=again)


def digests_command(
    config: Annotated[Path, typer.Argument(help="Configuration YAML de la chaîne.")],
    preview: Annotated[
        Path | None, typer.Option(help="Écrire tous les extraits dans ce dossier, sans rien envoyer.")
    ] = None,
) -> None:
    """Remettre à chaque service l'extrait de la publication qui le concerne (`publish.digests`)."""
    settings = read_config(config)
    workspace = Workspace(settings.workspace)
    snapshot = read_snapshot(workspace)
    codebook = read_codebook(settings.codebook or DEFAULT_CODEBOOK)
    console = Console()
    if preview is not None:
        for wanted in settings.publish.digests:
            digest = make_digest(snapshot, wanted, codebook)
            write_folder(digest, str(preview))
            console.print(f"{wanted.department} : {digest.n_figures} chiffres, {preview}/{digest.stem}.html")
        return
    handovers = deliver_digests(workspace, snapshot, settings.publish, codebook)
    for each in handovers:
        state = f"[red]{each.error}[/]" if each.error else "rien de nouveau" if each.is_skipped else "remis"
        console.print(f"{each.department}, {each.way} : {state}", highlight=False, soft_wrap=True)
    if not handovers:
        console.print("Aucun extrait déclaré.")
    if any(each.error for each in handovers):
        raise typer.Exit(1)
