"""What every sink shares: optional libraries, and values that the environment holds."""

from __future__ import annotations

import importlib
import os
from typing import Any

from pipeline.errors import SinkError

FROM_ENVIRONMENT = "env:"


def import_extra(module: str, extra: str) -> Any:  # noqa: ANN401
    """Import a library that the default install leaves out.

    Raises:
        SinkError: It is not installed.
    """
    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise SinkError.because(
            "the sink cannot be opened",
            expected=f"the library {module}",
            got="none",
            where=f"extra {extra}",
            do=f"pip install 'miroir[{extra}]'",
        ) from error


def resolve(value: str, name: str) -> str:
    """Give a value, taken from the environment when it reads `env:NAME`.

    Raises:
        SinkError: The variable is not set.
    """
    if not value.startswith(FROM_ENVIRONMENT):
        return value
    variable = value.removeprefix(FROM_ENVIRONMENT)
    if not os.environ.get(variable):
        raise SinkError.because(
            "the sink cannot be opened",
            expected=f"the variable {variable}",
            got="none",
            where=f"sink «{name}»",
            do="Set it and run `miroir deliver`",
        )
    return os.environ[variable]


def first_words(error: Exception) -> str:
    """Name an error of a library: its class and the first line of what it says."""
    lines = str(error).strip().splitlines()
    return f"{type(error).__name__}: {lines[0][:200] if lines else ''}"


def failed(name: str, error: Exception) -> SinkError:
    """Tell that a sink failed."""
    return SinkError.because(
        f"sink «{name}» was not reached",
        expected="the release there whole",
        got=first_words(error),
        where="readers there keep the release before",
        do=f"Mend it and run `miroir deliver --only {name}`",
    )
