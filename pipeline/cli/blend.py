"""`miroir blend`: learn how to weigh models against each other from what they had not seen."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from pipeline.cli.model_output import shipped_folder
from pipeline.codebook import DEFAULT_CODEBOOK, read_codebook

SHIPPED_MEMBERS = ["linear", "compact", "compact-2"]


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(name="blend")(blend)


def blend(
    output: Annotated[
        Path | None,
        typer.Option(
            help="Dossier du mélange ; à nommer avec --member ou une autre grille.", show_default=False
        ),
    ] = None,
    member: Annotated[
        list[str] | None, typer.Option(help="Modèle à mêler, nom ou dossier ; à répéter.")
    ] = None,
    codebook: Annotated[Path, typer.Option(help="Grille de lecture (YAML).")] = DEFAULT_CODEBOOK,
) -> None:
    """Mêler des modèles d'après leurs prédictions hors pli : aucun texte n'est nécessaire."""
    from models.blend.training import blend_unseen
    from pipeline.training_data import authored_questions

    output = output or shipped_folder("blend", is_own=bool(member) or codebook != DEFAULT_CODEBOOK)
    names = member or SHIPPED_MEMBERS
    labels = read_codebook(codebook).label_space
    combined = blend_unseen(output, names, labels, authored_questions(labels))
    n_judged = len(combined.unseen.decided.sentiment)
    Console(stderr=True).print(
        f"{' + '.join(names)} : appris sur {n_judged} verbatims hors pli, {output}", highlight=False
    )
