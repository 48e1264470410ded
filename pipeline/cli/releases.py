"""`miroir releases`: list, show, compare, verify and roll back what was published."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import polars as pl
import typer
from rich.console import Console
from rich.table import Table

from pipeline.config_file import read_config
from pipeline.publish.compare import compare_tables
from pipeline.publish.release import (
    current_release,
    find_release,
    list_releases,
    read_release_table,
    refuse_damaged,
    roll_back,
)
from pipeline.publish.sinks.delivery import read_state
from pipeline.workspace import Workspace

WorkspaceOption = Annotated[
    str, typer.Option("--workspace", "-w", help="Espace de travail, ou configuration YAML qui le nomme.")
]
ReleaseArgument = Annotated[str, typer.Argument(help="Publication (un début d'identifiant suffit).")]
DEFAULT_WORKSPACE = "workspace"


def register(app: typer.Typer) -> None:
    """Add the group `releases` to the application."""
    group = typer.Typer(help="Voir, comparer et rétablir les publications.", no_args_is_help=True)
    for name, command in (
        ("list", list_command),
        ("show", show_command),
        ("diff", diff_command),
        ("verify", verify_command),
        ("rollback", rollback_command),
    ):
        group.command(name)(command)
    app.add_typer(group, name="releases")


def open_workspace(name: str) -> Workspace:
    """Open a workspace given by its root, or by a configuration that names it."""
    if Path(name).suffix in {".yaml", ".yml"}:
        return Workspace(read_config(name).workspace)
    return Workspace(name)


def list_command(workspace: WorkspaceOption = DEFAULT_WORKSPACE) -> None:
    """Lister les publications, la plus ancienne d'abord."""
    opened = open_workspace(workspace)
    current = current_release(opened)
    table = Table()
    for name in ("", "Publication", "Date (UTC)", "Tables", "Lignes", "Modèle"):
        # An identifier or a moment that is cut can neither be copied nor read by a program.
        table.add_column(name, no_wrap=name in {"Publication", "Date (UTC)"})
    for release in list_releases(opened):
        is_current = current is not None and release.release_id == current.release_id
        n_rows = sum(int(each["rows"]) for each in release.tables.values())
        model = str(release.manifest["lineage"].get("model_id", ""))
        mark = "→" if is_current else ""
        table.add_row(
            mark, release.release_id, release.created_at, str(len(release.tables)), str(n_rows), model
        )
    Console().print(table)


def show_command(release: ReleaseArgument, workspace: WorkspaceOption = DEFAULT_WORKSPACE) -> None:
    """Montrer le manifeste d'une publication."""
    found = find_release(open_workspace(workspace), release)
    Console().print_json(json.dumps(dict(found.manifest), ensure_ascii=False))


def diff_command(
    before: ReleaseArgument, after: ReleaseArgument, workspace: WorkspaceOption = DEFAULT_WORKSPACE
) -> None:
    """Comparer deux publications, table par table."""
    opened = open_workspace(workspace)
    old, new = find_release(opened, before), find_release(opened, after)
    console = Console()
    for name in sorted(set(old.tables) | set(new.tables)):
        if name not in old.tables or name not in new.tables:
            console.print(f"[bold]{name}[/] : {'ajoutée' if name in new.tables else 'retirée'}")
            continue
        difference = compare_tables(
            read_release_table(opened, old, name), read_release_table(opened, new, name)
        )
        console.print(
            f"[bold]{name}[/] : {difference.added.height} ajoutées, {difference.removed.height} retirées, "
            f"{difference.changed.height} changées"
        )
        if not difference.changed.is_empty():
            with pl.Config(tbl_rows=20, tbl_cols=20, fmt_str_lengths=40):
                console.print(str(difference.changed.head(20)), highlight=False)


def verify_command(release: ReleaseArgument, workspace: WorkspaceOption = DEFAULT_WORKSPACE) -> None:
    """Vérifier les empreintes de tous les fichiers d'une publication."""
    opened = open_workspace(workspace)
    found = find_release(opened, release)
    refuse_damaged(opened, found)
    Console().print(f"{found.release_id} : {len(found.manifest['files'])} fichiers conformes au manifeste")


def rollback_command(release: ReleaseArgument, workspace: WorkspaceOption = DEFAULT_WORKSPACE) -> None:
    """Rétablir une publication ; celles qu'elle remplace restent écartées, même au prochain passage."""
    opened = open_workspace(workspace)
    with opened.locked():
        found = find_release(opened, release)
        refuse_damaged(opened, found)
        kept_out = roll_back(opened, found)
    console = Console()
    console.print(f"Publication en cours : {found.release_id}")
    if kept_out:
        console.print(
            f"Restent écartées : {', '.join(kept_out)}. Le prochain passage n'y revient pas ; il publie dès"
            " que des données, des relectures, le modèle ou la configuration changent.",
            soft_wrap=True,
        )
    behind = [name for name, known in read_state(opened).items() if known["release_id"] != found.release_id]
    if behind:
        console.print(
            f"À remettre d'accord : {', '.join(behind)}. Lancez `miroir deliver` avec votre configuration.",
            soft_wrap=True,
        )
