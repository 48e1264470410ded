"""`miroir doctor`: what is installed, what is optional and missing, and what that disables."""

from __future__ import annotations

import importlib.util
import os
import platform
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from pipeline.errors import ConfigError


@dataclass(frozen=True, slots=True)
class Part:
    """Something that may be installed.

    Attributes:
        module: Name to import.
        distribution: Name to install.
        enables: What it serves, in French.
        install: How to get it; empty for what Miroir cannot do without.
    """

    module: str
    distribution: str
    enables: str
    install: str = ""


PARTS = (
    Part("prefect", "prefect", "flux planifiés"),
    Part("polars", "polars", "lecture et masquage"),
    Part("pyarrow", "pyarrow", "fichiers Parquet"),
    Part("duckdb", "duckdb", "estimations"),
    Part("sklearn", "scikit-learn", "modèle linéaire"),
    Part("spacy", "spacy", "phrases ; composant « miroir »"),
    Part("onnxruntime", "onnxruntime", "modèle compact"),
    Part("fastapi", "fastapi", "pages de revue et tableau de bord"),
    Part("torch", "torch", "entraînement des modèles neuronaux", "pip install 'miroir[train]'"),
    Part("transformers", "transformers", "encodeurs Hugging Face", "pip install 'miroir[train]'"),
    Part("datasets", "datasets", "entraînement des encodeurs", "pip install 'miroir[train]'"),
    Part(
        "fr_core_news_md",
        "fr_core_news_md",
        "noms de personnes par spaCy, en plus des règles",
        "python -m spacy download fr_core_news_md",
    ),
    Part("prefect_dask", "prefect-dask", "exécution sur une grappe Dask", "pip install 'miroir[dask]'"),
    Part("s3fs", "s3fs", "espace de travail et copies sur S3", "pip install 'miroir[s3]'"),
    Part(
        "adbc_driver_postgresql",
        "adbc-driver-postgresql",
        "publication dans PostgreSQL",
        "pip install 'miroir[postgresql]'",
    ),
    Part("deltalake", "deltalake", "publication en tables Delta", "pip install 'miroir[delta]'"),
)


def register(app: typer.Typer) -> None:
    """Add `doctor` to the application."""
    app.command("doctor")(doctor_command)


def doctor_command() -> None:
    """Dire ce qui est installé, ce qui manque et ce que cela empêche."""
    console = Console()
    console.print(f"Python {platform.python_version()}, {os.cpu_count()} cœurs, {platform.system()}")
    table = Table("Composant", "Version", "Sert à", "Pour l'obtenir")
    missing_required = []
    for part in PARTS:
        found = installed_version(part)
        if found is None and not part.install:
            missing_required.append(part.distribution)
        remedy = "" if found else part.install or "pip install miroir"
        state = found or ("absent (facultatif)" if part.install else "[bold red]ABSENT[/]")
        table.add_row(part.distribution, state, part.enables, escape(remedy))
    console.print(table)
    if missing_required:
        console.print(f"[bold red]Il manque : {', '.join(missing_required)}[/]")
        raise typer.Exit(1)
    console.print("Tout ce qui est nécessaire est là.")


def require_train_extra(command: str, *modules: str) -> None:
    """Make sure, before the work starts, that what trains neural models is installed.

    Args:
        command: What needs it.
        modules: Libraries of the extra `train`, by the name to import.

    Raises:
        ConfigError: One is not there.
    """
    missing = [name for name in modules if importlib.util.find_spec(name) is None]
    if missing:
        raise ConfigError.because(
            "neural models cannot be trained here",
            expected=f"the libraries {', '.join(modules)}",
            got=f"no {', '.join(missing)}",
            where=command,
            do="pip install 'miroir[train]'",
        )


def installed_version(part: Part) -> str | None:
    """Give a part's version without importing it, or None when it is not there."""
    if importlib.util.find_spec(part.module) is None:
        return None
    try:
        return version(part.distribution)
    except PackageNotFoundError:
        return "présent"
