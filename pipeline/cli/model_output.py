"""What is trained, and where it goes when no folder is named."""

from __future__ import annotations

from pathlib import Path

from rich.console import Console

from models.gold import FEWEST_OF_A_THEME, GoldSet, learnable
from models.registry import SHIPPED
from pipeline.errors import ConfigError


def learnable_part(gold: GoldSet, console: Console) -> GoldSet:
    """Leave out the themes that too few verbatims teach, and name them."""
    kept = learnable(gold)
    for theme in gold.labels.themes:
        if theme not in kept.labels.themes:
            console.print(
                f"[yellow]Thème « {theme} » : non entraîné[/] (il faut {FEWEST_OF_A_THEME} verbatims "
                "étiquetés qui en parlent et autant qui n'en parlent pas)",
                highlight=False,
            )
    return kept


def shipped_folder(name: str, *, is_own: bool) -> Path:
    """Give the folder of a shipped model, where no folder was named.

    Args:
        name: Of the model.
        is_own: Whether somebody's own verbatims, codebook or members go into it: a shipped model is every
            project's on this machine.

    Raises:
        ConfigError: A model of one's own needs a folder of its own.
    """
    if not is_own:
        return SHIPPED / name
    raise ConfigError.because(
        "the model has no place",
        expected="a folder of its own",
        got="none, and the shipped model must stay as it is",
        where="--output",
        do="Add for example `--output modeles/mien`, then `annotate: {model: modeles/mien}` to use it",
    )
