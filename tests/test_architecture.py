"""The house rules that an import can break: who may import whom, and where the heavy libraries live."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]

# Package → packages of the house that it must not import.
FORBIDDEN = {"models": {"pipeline", "flows"}, "pipeline": {"flows"}}
ONLY_IN_FLOWS = "prefect"
# Library → where it may be imported, so that the default install and start-up stay light.
HOMES = {
    "torch": "models/",
    "transformers": "models/",
    "datasets": "models/",
    "spacy": ("models/", "pipeline/privacy/"),
    "fastapi": ("pipeline/review/web/", "pipeline/serve/"),
}


def python_files(package: str) -> list[Path]:
    return sorted((ROOT / package).rglob("*.py"))


def imported_modules(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            yield node.module


def top_levels(path: Path) -> set[str]:
    return {module.split(".")[0] for module in imported_modules(path)}


@pytest.mark.parametrize(("package", "forbidden"), FORBIDDEN.items())
def test_package_never_imports_upwards(package, forbidden):
    files = python_files(package)
    assert files, f"no file found in {package}"
    offenders = {str(path.relative_to(ROOT)) for path in files if top_levels(path) & forbidden}
    assert offenders == set()


@pytest.mark.parametrize("package", ["models", "pipeline"])
def test_prefect_is_imported_by_flows_alone(package):
    offenders = {str(p.relative_to(ROOT)) for p in python_files(package) if ONLY_IN_FLOWS in top_levels(p)}
    assert offenders == set()


@pytest.mark.parametrize(("library", "homes"), HOMES.items())
def test_heavy_library_stays_at_home(library, homes):
    files = [path for package in ("models", "pipeline", "flows") for path in python_files(package)]
    importers = {str(path.relative_to(ROOT)) for path in files if library in top_levels(path)}
    assert {name for name in importers if not name.startswith(homes)} == set()


def test_imports_are_seen_by_the_check(tmp_path):
    sample = tmp_path / "sample.py"
    sample.write_text("import torch.nn as nn\nfrom prefect.states import Failed\nfrom . import here\n")
    assert top_levels(sample) == {"torch", "prefect"}
