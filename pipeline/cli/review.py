"""`miroir review`: open the review desk."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from pipeline.config import ReviewConfig
from pipeline.config_file import read_config
from pipeline.workspace import Workspace

if TYPE_CHECKING:
    from pipeline.review.desk import Desk


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
    from pipeline.model_choice import chosen_model
    from pipeline.review.accounts import add_reviewer
    from pipeline.review.desk import open_desk

    run_config = read_config(config) if config else None
    review_config = run_config.review if run_config else ReviewConfig()
    changes = {name: value for name, value in (("host", host), ("port", port)) if value is not None}
    review_config = review_config.model_copy(update=changes)
    root = workspace or (run_config.workspace if run_config else "workspace")
    codebook = Path(run_config.codebook) if run_config and run_config.codebook else DEFAULT_CODEBOOK
    model = chosen_model(Workspace(root), run_config.annotate.model if run_config else "default")
    console = Console()
    with console.status("Ouverture du bureau et lecture des verbatims…"):
        place = Workspace(root)
        model_id = _configured_model(place, model, codebook)
        desk = open_desk(place, review_config, codebook_path=codebook, model_id=model_id)
    if add_user:
        password = typer.prompt("Mot de passe", hide_input=True, confirmation_prompt="Encore une fois")
        made = add_reviewer(desk.store, add_user, add_user, password, role)
        console.print(f"Compte créé : {made.login} ({made.role}).")
        return
    with console.status("Chargement du modèle…"):
        _explain(desk, model)
    _serve(desk, console)


def _configured_model(workspace: Workspace, model: str, codebook: Path) -> str | None:
    """Name the configured model if it tagged this workspace; None leaves the choice to the desk."""
    from models.registry import load_tagger
    from pipeline import layout
    from pipeline.codebook import read_codebook
    from pipeline.review.index import batches_in_use

    model_id = load_tagger(model, read_codebook(codebook).label_space).model_id
    tagged = any(layout.annotation_parts(workspace, batch, model_id) for batch in batches_in_use(workspace))
    return model_id if tagged else None


def _explain(desk: Desk, model: str) -> None:
    """Let the desk highlight texts and judge drift, where the model in use allows it."""
    from models.held_out import stored_predictions
    from models.registry import load_tagger, model_folder
    from pipeline.review.drift import shares_by_source
    from pipeline.review.evidence import evidence_of

    tagger = load_tagger(model, desk.labels)
    if tagger.model_id == desk.model_id:
        desk.evidence = evidence_of(tagger)
    stored = stored_predictions(model_folder(model), desk.labels)
    if stored is not None:
        gold, predictions, _ = stored
        desk.training_shares = shares_by_source(gold, predictions.decided)


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
