"""`miroir poster`: see the verbatims that the affiche could show, approve or refuse those of employees."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from pipeline.cli.releases import DEFAULT_WORKSPACE, WorkspaceOption, open_workspace
from pipeline.publish.pages.approvals import approve, read_approved, refuse
from pipeline.publish.pages.poster import quote_key
from pipeline.publish.pages.view import View
from pipeline.publish.reading import read_snapshot

KeysArgument = Annotated[list[str], typer.Argument(help="Clés données par `miroir poster list`.")]


def register(app: typer.Typer) -> None:
    """Add the group `poster` to the application."""
    group = typer.Typer(help="Choisir les verbatims de l'affiche.", no_args_is_help=True)
    for name, command in (("list", list_command), ("approve", approve_command), ("refuse", refuse_command)):
        group.command(name)(command)
    app.add_typer(group, name="poster")


def list_command(workspace: WorkspaceOption = DEFAULT_WORKSPACE) -> None:
    """Lister les verbatims citables ; ceux des collaborateurs attendent un accord."""
    opened = open_workspace(workspace)
    approved = read_approved(opened)
    table = Table("Clé", "Public", "Sentiment", "État", "Verbatim")
    for quote in View(read_snapshot(opened)).quotes():
        key = quote_key(quote.text)
        needs = quote.audience != "customer"
        state = "accordé" if key in approved else "à accorder" if needs else "affichable"
        table.add_row(key, quote.audience, quote.sentiment, state, escape(quote.text))
    Console().print(table)


def approve_command(keys: KeysArgument, workspace: WorkspaceOption = DEFAULT_WORKSPACE) -> None:
    """Accorder l'affichage ; la prochaine publication le montre."""
    Console().print(f"{len(approve(open_workspace(workspace), keys))} verbatims accordés.")


def refuse_command(keys: KeysArgument, workspace: WorkspaceOption = DEFAULT_WORKSPACE) -> None:
    """Retirer un accord ; la prochaine publication ne le montre plus."""
    Console().print(f"{len(refuse(open_workspace(workspace), keys))} verbatims restent accordés.")
