"""Assemble the `miroir` command from its groups, and turn errors into one clear line."""

from __future__ import annotations

import importlib
import sys
from typing import Protocol, cast

import typer
from rich.console import Console

from pipeline.errors import MiroirError

# Each module has `register(app)`, which adds its commands. Add a group: write the module, name it here.
COMMAND_MODULES: tuple[str, ...] = ("pipeline.cli.tag",)


class CommandModule(Protocol):
    """A module that adds commands."""

    def register(self, app: typer.Typer) -> None:
        """Add the module's commands to the application."""
        ...


def build_app() -> typer.Typer:
    """Build the application with every command."""
    app = typer.Typer(
        name="miroir",
        help="Miroir : les verbatims des clients et des collaborateurs, tenus en miroir.",
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
    )
    # Without it, Typer runs an application of one command under no name.
    app.callback()(_root)
    for name in COMMAND_MODULES:
        module: CommandModule = cast(CommandModule, importlib.import_module(name))
        module.register(app)
    return app


def _root() -> None:
    """Miroir : les verbatims des clients et des collaborateurs, tenus en miroir."""


def main() -> None:
    """Run the command line; an expected error is one line on standard error and exit code 1."""
    try:
        build_app()()
    except MiroirError as error:
        Console(stderr=True).print(f"[bold red]miroir:[/] {error}", highlight=False, soft_wrap=True)
        sys.exit(1)


if __name__ == "__main__":
    main()
