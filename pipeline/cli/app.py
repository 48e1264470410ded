"""Assemble the `miroir` command from its groups, and turn errors into one clear line."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterable, Sequence
from typing import NoReturn, Protocol, cast

import typer
from rich.console import Console

from pipeline.errors import MiroirError, WorkspaceError, is_disk_full

# Command → module whose `register(app)` adds it. Only the module of the command given is imported, so that
# one command never pays for the libraries of another. Add a command: write the module, name it here.
COMMANDS: dict[str, str] = {
    "run": "pipeline.cli.run",
    "inspect": "pipeline.cli.inspect",
    "mask": "pipeline.cli.mask",
    "tag": "pipeline.cli.tag",
    "evaluate": "pipeline.cli.evaluate",
    "train": "pipeline.cli.train",
    "blend": "pipeline.cli.blend",
    "retrain": "pipeline.cli.retrain",
    "releases": "pipeline.cli.releases",
    "serve": "pipeline.cli.serve",
    "status": "pipeline.cli.serve",
    "deliver": "pipeline.cli.deliver",
    "digests": "pipeline.cli.deliver",
    "poster": "pipeline.cli.poster",
    "review": "pipeline.cli.review",
    "pretrain": "pipeline.cli.pretrain",
    "finetune": "pipeline.cli.finetune",
    "coverage": "pipeline.cli.coverage",
    "forget": "pipeline.cli.forget",
    "doctor": "pipeline.cli.doctor",
}


class CommandModule(Protocol):
    """A module that adds commands."""

    def register(self, app: typer.Typer) -> None:
        """Add the module's commands to the application."""
        ...


def build_app(modules: Iterable[str]) -> typer.Typer:
    """Build the application.

    Args:
        modules: Modules whose commands are wanted.
    """
    app = typer.Typer(
        name="miroir",
        help="Miroir : les verbatims des clients et des collaborateurs, tenus en miroir.",
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
    )
    # Without it, Typer runs an application of one command under no name.
    app.callback()(_root)
    for name in dict.fromkeys(modules):
        module: CommandModule = cast(CommandModule, importlib.import_module(name))
        module.register(app)
    return app


def modules_for(arguments: Sequence[str]) -> list[str]:
    """Choose the modules to import: that of the command given, or all of them for the general help."""
    if arguments and arguments[0] in COMMANDS:
        return [COMMANDS[arguments[0]]]
    return list(COMMANDS.values())


def _root() -> None:
    """Miroir : les verbatims des clients et des collaborateurs, tenus en miroir."""


def main() -> None:
    """Run the command line; an expected error is one line on standard error and exit code 1."""
    try:
        build_app(modules_for(sys.argv[1:]))()
    except MiroirError as error:
        _fail(error)
    except OSError as error:
        if not is_disk_full(error):
            raise
        full = WorkspaceError.because(
            "the command stopped",
            expected="room on the disk",
            got="none left",
            where=str(error.filename or "the file being written"),
            do="Free some and run it again: what is whole is kept, and readers keep the release they have",
        )
        _fail(full)


def _fail(error: MiroirError) -> NoReturn:
    Console(stderr=True).print(f"[bold red]miroir:[/] {error}", highlight=False, soft_wrap=True)
    sys.exit(1)


if __name__ == "__main__":
    main()
