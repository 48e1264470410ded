"""`miroir review`: open the review desk."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from pipeline.config import ReviewConfig
from pipeline.config_file import read_config
from pipeline.workspace import Workspace

if TYPE_CHECKING:
    from pipeline.review.desk import Desk, ModelChoice


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("review")(review)


def review(
    config: Annotated[Path | None, typer.Argument(help="Configuration (YAML) de la chaîne.")] = None,
    workspace: Annotated[
        str | None, typer.Option(help="Espace de travail, sans configuration ou à sa place.")
    ] = None,
    host: Annotated[str | None, typer.Option(help="Adresse d'écoute (par défaut : cette machine).")] = None,
    port: Annotated[int | None, typer.Option(help="Port d'écoute (par défaut : 8321).")] = None,
    add_user: Annotated[
        str | None, typer.Option(metavar="IDENTIFIANT", help="Créer un compte, puis s'arrêter.")
    ] = None,
    role: Annotated[str, typer.Option(help="Rôle du compte créé : reviewer, lead ou reader.")] = "reviewer",
) -> None:
    """Ouvrir le bureau de relecture : voir, corriger, s'accorder."""
    from pipeline.codebook import DEFAULT_CODEBOOK
    from pipeline.review.accounts import add_reviewer
    from pipeline.review.desk import open_desk
    from pipeline.review.store import database_url, open_store

    run_config = read_config(config) if config else None
    review_config = run_config.review if run_config else ReviewConfig()
    changes = {name: value for name, value in (("host", host), ("port", port)) if value is not None}
    review_config = review_config.model_copy(update=changes)
    root = workspace or (run_config.workspace if run_config else "workspace")
    codebook = Path(run_config.codebook) if run_config and run_config.codebook else DEFAULT_CODEBOOK
    place, console = Workspace(root), Console()
    if add_user:
        password = typer.prompt("Mot de passe", hide_input=True, confirmation_prompt="Encore une fois")
        store = open_store(database_url(place, review_config.database))
        made = add_reviewer(store, add_user, add_user, password, role)
        console.print(f"Compte créé : {made.login} ({made.role}).")
        return
    with console.status("Ouverture du bureau : lecture des verbatims et du modèle…"):
        choice = model_choice(run_config.annotate.model if run_config else "default", codebook)
        desk = open_desk(place, review_config, codebook_path=codebook, choose_model=choice)
    _serve(desk, console)


def model_choice(configured: str, codebook: Path) -> ModelChoice:
    """Show the configured model once it has tagged; until then, the one that tagged last."""
    from models.held_out import stored_predictions
    from models.registry import load_tagger, model_folder
    from pipeline import layout
    from pipeline.codebook import read_codebook
    from pipeline.model_choice import chosen_model
    from pipeline.review.desk import ModelOnShow, last_tagger
    from pipeline.review.drift import shares_by_source
    from pipeline.review.evidence import evidence_of
    from pipeline.review.index import batches_in_use

    labels = read_codebook(codebook).label_space

    @lru_cache(maxsize=1)
    def opened(name: str) -> ModelOnShow:
        tagger = load_tagger(name, labels)
        stored = stored_predictions(model_folder(name), labels)
        shares = shares_by_source(stored[0], stored[1].decided) if stored is not None else {}
        return ModelOnShow(tagger.model_id, evidence_of(tagger), shares)

    def choose(workspace: Workspace) -> ModelOnShow:
        model = opened(chosen_model(workspace, configured))
        batches = batches_in_use(workspace)
        if any(layout.annotation_parts(workspace, batch, str(model.model_id)) for batch in batches):
            return model
        return replace(last_tagger(workspace), training_shares=model.training_shares)

    return choose


def _serve(desk: Desk, console: Console) -> None:
    import uvicorn

    from pipeline.review.web.app import create_app

    address = f"http://{desk.config.host}:{desk.config.port}"
    console.print(f"Bureau de relecture : [bold]{address}[/]   (Ctrl+C pour arrêter)")
    if desk.model_id is None:
        console.print("Aucun verbatim étiqueté dans cet espace de travail : lancez d'abord `miroir run`.")
    if desk.needs_first_account():
        console.print(f"Premier compte : ouvrez {address} et recopiez ce code : [bold]{desk.setup_token}[/]")
    # The desk keeps its own log of accesses, without queries: uvicorn's would hold searched words.
    uvicorn.run(
        create_app(desk),
        host=desk.config.host,
        port=desk.config.port,
        access_log=False,
        log_level="warning",
        server_header=False,
    )
