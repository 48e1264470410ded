"""Where a trained model goes when no folder is named."""

from __future__ import annotations

from pathlib import Path

from models.registry import SHIPPED
from pipeline.errors import ConfigError


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
