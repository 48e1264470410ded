"""The version of the software, part of every lineage."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version


def software_version() -> str:
    """Give the installed version of Miroir, or `uninstalled` when it runs from a bare folder."""
    try:
        return version("miroir")
    except PackageNotFoundError:
        return "uninstalled"
