"""Find what a source declares: files of a folder, glob or URL, or one query."""

from __future__ import annotations

import glob
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import fsspec

from pipeline.config import SourceConfig
from pipeline.errors import NoInputError, SourceError
from pipeline.ingest.dimensions import mask_name

Kind = Literal["delimited", "spreadsheet", "jsonl", "parquet", "sql", "unsupported"]

_KINDS: dict[str, Kind] = {
    ".csv": "delimited",
    ".tsv": "delimited",
    ".tab": "delimited",
    ".txt": "delimited",
    ".xlsx": "spreadsheet",
    ".xlsm": "spreadsheet",
    ".xlsb": "spreadsheet",
    ".xls": "spreadsheet",
    ".ods": "spreadsheet",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".parquet": "parquet",
}
_COMPRESSED = (".gz", ".bz2", ".xz")
SUPPORTED = "CSV, TSV, TXT, XLSX, XLS, ODS, JSONL or Parquet"


@dataclass(frozen=True, slots=True)
class Input:
    """One thing to ingest.

    Attributes:
        kind: How it is read; `unsupported` makes `ingest_input` raise, so that the run reports it.
        url: Local path, fsspec URL, or empty for a query.
        name: File name for people, masked; `sql` for a query.
    """

    kind: Kind
    url: str
    name: str


def kind_of(name: str) -> Kind:
    """Tell how a file is read, from its name.

    Args:
        name: File name; a final `.gz`, `.bz2` or `.xz` is looked through where rows are streamed.

    Returns:
        The kind, `unsupported` when there is none.

    >>> kind_of("Enquête 2026.CSV.gz"), kind_of("note.pdf")
    ('delimited', 'unsupported')
    """
    low = name.lower()
    for suffix in _COMPRESSED:
        if low.endswith(suffix):
            inner = kind_of(low.removesuffix(suffix))
            return inner if inner in ("delimited", "jsonl") else "unsupported"
    return _KINDS.get(Path(low).suffix, "unsupported")


def find_inputs(source: SourceConfig, base: Path) -> list[Input]:
    """Find the inputs of a source.

    Args:
        source: The declared source.
        base: Folder from which a relative path is taken.

    Returns:
        Inputs sorted by path. Hidden files and the lock files of office programs are left out; any other
        file of a folder is in the list, as `unsupported` when it cannot be read.

    Raises:
        NoInputError: There is no such file, or the folder or glob holds none.
        SourceError: The source cannot be listed.
    """
    if source.sql is not None:
        return [Input("sql", "", "sql")]
    path = source.path or ""
    found = _list_url(source) if "://" in path else _list_local(path, base)
    shown = [(url, name) for url, name in found if not name.startswith((".", "~$"))]
    inputs = [Input(kind_of(name), url, mask_name(name)) for url, name in shown]
    if not inputs:
        raise NoInputError.because(
            f"source «{source.name}» has no input",
            expected=f"a file, folder or glob that holds {SUPPORTED}",
            got="no file",
            where=place_of(source),
            do="Check `path`; a relative path is taken from the folder of the configuration",
        )
    return sorted(inputs, key=lambda item: item.url)


def place_of(source: SourceConfig) -> str:
    """Say where the inputs of a source lie, in words that may be logged and shown.

    Args:
        source: The declared source.

    Returns:
        `sql`, a local path, or the protocol alone of a URL: the rest may hold a password or a key of access.

    >>> place_of(SourceConfig(name="avis", audience="customer", path="ftp://moi:sesame@hote/a.csv", text="-"))
    'ftp://…'
    """
    path = source.path or "sql"
    protocol, separator, _ = path.partition("://")
    return f"{protocol}://…" if separator else path


def _list_local(path: str, base: Path) -> list[tuple[str, str]]:
    whole = Path(path).expanduser()
    whole = whole if whole.is_absolute() else base / whole
    if whole.is_file():
        files = [whole]
    elif whole.is_dir():
        files = [entry for entry in whole.iterdir() if entry.is_file()]
    else:
        files = [Path(name) for name in glob.glob(str(whole), recursive=True) if Path(name).is_file()]
    return [(str(file), file.name) for file in files]


def _list_url(source: SourceConfig) -> list[tuple[str, str]]:
    try:
        filesystem, inner = fsspec.core.url_to_fs(source.path or "")
        if any(sign in inner for sign in "*?["):
            names = filesystem.glob(inner)
        elif filesystem.isdir(inner):
            names = [entry["name"] for entry in filesystem.ls(inner, detail=True) if entry["type"] == "file"]
        else:
            names = [inner] if filesystem.exists(inner) else []
    except (OSError, ValueError, ImportError) as error:
        # Not `from error`: the driver's own words may quote the URL.
        raise SourceError.because(
            f"the remote source «{source.name}» cannot be listed",
            expected="a URL that fsspec can open",
            got=type(error).__name__,
            where=place_of(source),
            do="Check the URL, the access rights and that the protocol's package is installed",
        ) from None
    return [(filesystem.unstrip_protocol(name), _file_name(name)) for name in names]


def _file_name(path: str) -> str:
    """Give the file name of a path, without the query of a web address, which may hold a key of access."""
    path = path.partition("?")[0] if path.startswith(("http://", "https://")) else path
    return path.rstrip("/").rsplit("/", 1)[-1]
