"""Read the YAML file of a run: its values checked, the files it names found beside it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from models.registry import MODEL_FILE, SHIPPED
from pipeline.config import RunConfig
from pipeline.errors import ConfigError


def read_config(path: str | Path) -> RunConfig:
    """Read and check the configuration of a run.

    Args:
        path: A YAML file.

    Returns:
        The configuration, defaults filled in.

    Raises:
        ConfigError: The file is missing, is no YAML, or says something that cannot be.
    """
    try:
        content: Any = yaml.safe_load(Path(path).read_text(encoding="utf-8"))
        return _beside(RunConfig.model_validate(content), Path(path).resolve().parent)
    except FileNotFoundError as error:
        raise ConfigError.because(
            "the configuration cannot be read",
            expected="a YAML file",
            got="no file",
            where=str(path),
            do="Check the path",
        ) from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ConfigError.because(
            "the configuration cannot be read",
            expected="YAML in UTF-8",
            got=" ".join(str(error).split()),
            where=str(path),
            do="Mend the line named",
        ) from error
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(str(part) for part in first["loc"]) or "top level"
        raise ConfigError.because(
            "the configuration says something that cannot be",
            expected=first["msg"].removeprefix("Value error, "),
            got=f"{error.error_count()} problem(s), the first one at «{key}»",
            where=str(path),
            do="Mend this key; configs/demo.yaml is a complete example",
        ) from error


def _beside(config: RunConfig, folder: Path) -> RunConfig:
    """Take the codebook and the model from the configuration's folder where they lie there."""
    codebook, model = config.codebook, config.annotate.model
    if codebook is not None and (folder / codebook).is_file():
        config = config.model_copy(update={"codebook": str(folder / codebook)})
    if not (SHIPPED / model).is_dir() and (folder / model / MODEL_FILE).is_file():
        named = config.annotate.model_copy(update={"model": str(folder / model)})
        config = config.model_copy(update={"annotate": named})
    return config
