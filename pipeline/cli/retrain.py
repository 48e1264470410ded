"""`miroir retrain`: learn from the analysts' corrections, and take the new model only if it is no worse."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markdown import Markdown


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(name="retrain")(retrain_command)


def retrain_command(
    config: Annotated[Path, typer.Argument(help="Configuration YAML de la chaîne.")],
    gold: Annotated[list[Path] | None, typer.Option(help="Vos verbatims étiquetés (JSONL), en plus.")] = None,
    data: Annotated[
        Path | None, typer.Option(help="Dossier des données du modèle livré, si vous l'avez.")
    ] = None,
    seed: Annotated[int, typer.Option(help="Graine : même graine, mêmes poids.")] = 0,
) -> None:
    """Réentraîner sur les corrections du bureau ; le nouveau modèle ne prend la place que s'il la mérite."""
    from pipeline.job import open_job
    from pipeline.retrain import retrain
    from pipeline.retrain_report import write_report

    console = Console(stderr=True)
    with console.status("Lecture des verbatims étiquetés…") as status:
        outcome = retrain(
            open_job(config),
            data=data,
            own=gold or (),
            seed=seed,
            report=lambda step: status.update(f"{step}…"),
        )
    Console().print(Markdown(write_report(outcome)))
    console.print(f"Fiche : {outcome.folder / 'CARD.md'}", highlight=False, soft_wrap=True)
