"""`miroir serve` and `miroir status`: open the dashboard, say how fresh the figures are."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from pipeline.codebook import DEFAULT_CODEBOOK, read_codebook
from pipeline.config import PublishConfig, ServeConfig
from pipeline.config_file import read_config
from pipeline.publish.health import read_health
from pipeline.publish.reading import Reader
from pipeline.workspace import Workspace

CONFIG_SUFFIXES = {".yaml", ".yml"}
STATE_NAMES = {"ok": "à jour", "late": "en retard", "degraded": "à surveiller", "none": "aucune publication"}

ConfigArgument = Annotated[Path, typer.Argument(help="Configuration YAML, ou espace de travail.")]


def register(app: typer.Typer) -> None:
    """Add `serve` and `status` to the application."""
    app.command("serve")(serve_command)
    app.command("status")(status_command)


def serve_command(
    config: ConfigArgument = Path("configs/demo.yaml"),
    host: Annotated[
        str | None, typer.Option(help="Adresse d'écoute ; par défaut, cette machine seule.")
    ] = None,
    port: Annotated[int | None, typer.Option(help="Port d'écoute.")] = None,
) -> None:
    """Ouvrir le tableau de bord et l'API de lecture de la publication en cours."""
    # Only this command needs the web server: others start faster without it.
    import uvicorn

    from pipeline.serve.app import create_app

    workspace, serve, publish, codebook = _open(config)
    changes = {name: value for name, value in (("host", host), ("port", port)) if value is not None}
    serve = serve.model_copy(update=changes)
    application = create_app(workspace, serve, publish, read_codebook(codebook))
    Console().print(f"Tableau de bord : http://{serve.host}:{serve.port}/  (Ctrl+C pour arrêter)")
    uvicorn.run(application, host=serve.host, port=serve.port, log_level="warning", server_header=False)


def status_command(
    config: ConfigArgument = Path("configs/demo.yaml"),
    as_json: Annotated[bool, typer.Option("--json", help="Sortie JSON.")] = False,
) -> None:
    """Dire de quand et de quoi est la dernière bonne publication, ce qui est en retard, ce qui a échoué."""
    workspace, _, publish, _ = _open(config)
    health = read_health(Reader(workspace), publish.expected_every_hours)
    console = Console()
    if as_json:
        console.print_json(json.dumps(health.to_dict(), ensure_ascii=False))
    else:
        console.print(f"[bold]{STATE_NAMES[health.state]}[/]")
        if health.release_id:
            console.print(
                f"Publication {health.release_id}, {health.created_at}, il y a {health.age_hours:.1f} h"
            )
            console.print(f"Modèle {health.model_id} ; {len(health.batches)} lot(s)")
        for problem in health.problems:
            console.print(f"[yellow]•[/] {problem}", highlight=False, soft_wrap=True)
    if health.state != "ok":
        raise typer.Exit(1)


def _open(config: Path) -> tuple[Workspace, ServeConfig, PublishConfig, str | Path]:
    if config.suffix in CONFIG_SUFFIXES:
        found = read_config(config)
        return Workspace(found.workspace), found.serve, found.publish, found.codebook or DEFAULT_CODEBOOK
    return Workspace(str(config)), ServeConfig(), PublishConfig(), DEFAULT_CODEBOOK
