"""The read API: tables of the current release as JSON, CSV, Arrow or Parquet, filtered, with validators."""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Mapping
from email.utils import format_datetime
from typing import Annotated, Literal

import polars as pl
from fastapi import APIRouter, HTTPException, Query, Request, Response

from pipeline.publish.csv_twin import write_csv_twin
from pipeline.publish.health import read_health
from pipeline.publish.reading import Reader, Snapshot

Format = Literal["json", "csv", "arrow", "parquet"]
TYPES: Mapping[str, str] = {
    "json": "application/json",
    "csv": "text/csv; charset=utf-8",
    "arrow": "application/vnd.apache.arrow.stream",
    "parquet": "application/vnd.apache.parquet",
}
OWN_PARAMETERS = {"format", "columns", "limit", "offset"}
# Names that the contract and the report have inside a release → their type.
FILES = {
    "contract": ("contract.odcs.yaml", "application/yaml; charset=utf-8"),
    "datapackage": ("datapackage.json", "application/json"),
}
MAX_ROWS = 1_000_000
# How a filter may say a boolean: as JSON and programs do, and as the CSV does.
BOOLEANS = {"true": True, "1": True, "oui": True, "false": False, "0": False, "non": False}


def read_api(reader: Reader, expected_every_hours: float | None) -> APIRouter:
    """Build the routes under `/api/v1`; `request.state.may_read` says whether the request bears a key.

    Args:
        reader: Gives the current release.
        expected_every_hours: How often a release is due.
    """
    router = APIRouter(prefix="/api/v1", tags=["release"])

    @router.head("/health", include_in_schema=False)  # what some watching programs send
    @router.get("/health", summary="Freshness: state and age; with a key, what is late and what failed")
    def health(request: Request) -> Response:
        found = read_health(reader, expected_every_hours)
        told = found.to_dict() if request.state.may_read else found.to_public_dict()
        content = json.dumps(told, ensure_ascii=False)
        return Response(content, 503 if found.state == "none" else 200, media_type=TYPES["json"])

    @router.get("/release", summary="The current release: identifier, moment, tables, lineage")
    def release(request: Request) -> Response:
        snapshot = reader.current()
        manifest = snapshot.release.manifest
        # The configuration names files and databases of the company: it stays in the manifest.
        lineage = {name: value for name, value in manifest["lineage"].items() if name != "config"}
        content = {name: manifest[name] for name in ("release_id", "created_at", "tables")} | {
            "lineage": lineage
        }
        return _answer(request, snapshot, json.dumps(content, ensure_ascii=False).encode(), TYPES["json"])

    @router.get("/tables", summary="Tables with their columns and number of rows")
    def tables(request: Request) -> Response:
        snapshot = reader.current()
        content = {
            name: {
                "rows": frame.height,
                "columns": {column: str(kind) for column, kind in frame.schema.items()},
            }
            for name, frame in snapshot.tables.items()
        }
        return _answer(request, snapshot, json.dumps(content, ensure_ascii=False).encode(), TYPES["json"])

    @router.get("/tables/{name}", summary="Rows of a table; any column filters by its value")
    def table(
        request: Request,
        name: str,
        format: Annotated[
            Format, Query(description="json, csv (French spreadsheet), arrow (stream), parquet")
        ] = "json",
        columns: Annotated[str | None, Query(description="Columns wanted, separated by commas")] = None,
        limit: Annotated[int, Query(ge=0, le=MAX_ROWS)] = MAX_ROWS,
        offset: Annotated[int, Query(ge=0, le=MAX_ROWS)] = 0,
    ) -> Response:
        snapshot = reader.current()
        headers = _validators(snapshot, request)
        if _is_known(request, headers):
            return Response(status_code=304, headers=headers)
        frame = _filtered(_table(snapshot, name), request)
        headers["X-Total-Rows"] = str(frame.height)
        frame = frame.slice(offset, limit)
        if columns:
            wanted = dict.fromkeys(name.strip() for name in columns.split(","))
            frame = frame.select(_known_columns(frame, list(wanted)))
        if format == "csv":
            headers["Content-Disposition"] = f'attachment; filename="{name}.csv"'
        return Response(
            _encode(frame, format, snapshot.release.release_id), media_type=TYPES[format], headers=headers
        )

    @router.get(
        "/{name}", summary="`contract` (ODCS v3) or `datapackage` (Frictionless) of the current release"
    )
    def file(request: Request, name: Literal["contract", "datapackage"]) -> Response:
        snapshot = reader.current()
        path, kind = FILES[name]
        if path not in snapshot.release.manifest["files"]:
            raise HTTPException(404, f"this release has no {path}")
        return _answer(request, snapshot, snapshot.read_file(path), kind)

    return router


def _table(snapshot: Snapshot, name: str) -> pl.DataFrame:
    if name not in snapshot.tables:
        raise HTTPException(404, f"no table «{name[:60]}»; there are: {', '.join(snapshot.tables)}")
    return snapshot.tables[name]


def _filtered(frame: pl.DataFrame, request: Request) -> pl.DataFrame:
    """Keep rows whose columns have one of the values asked for; an empty value asks for nothing."""
    wanted: dict[str, list[str]] = {}
    for column, value in request.query_params.multi_items():
        if column not in OWN_PARAMETERS and value != "":
            wanted.setdefault(column, []).extend(
                value.split(",") if column in {"period", "audience", "measure"} else [value]
            )
    _known_columns(frame, list(wanted))
    conditions = []
    for column, values in wanted.items():
        named = pl.col(column).is_in(_typed(frame, column, [value for value in values if value != "null"]))
        conditions.append(named | pl.col(column).is_null() if "null" in values else named)
    return frame.filter(*conditions) if conditions else frame


def _typed(frame: pl.DataFrame, column: str, values: list[str]) -> pl.Series:
    """Read values as their column's type: `True` and `0.950` find what `true` and `0.95` do."""
    kind = frame.schema[column]
    texts = pl.Series(values, dtype=pl.String)
    if kind == pl.Boolean:
        typed = texts.str.to_lowercase().replace_strict(BOOLEANS, default=None, return_dtype=pl.Boolean)
    else:
        typed = texts.cast(kind, strict=False)
    if typed.null_count():
        raise HTTPException(
            422, f"column «{column}» holds {kind}, not «{texts.filter(typed.is_null())[0][:60]}»"
        )
    return typed


def _known_columns(frame: pl.DataFrame, columns: list[str]) -> list[str]:
    unknown = [name for name in columns if name not in frame.columns]
    if unknown:
        raise HTTPException(422, f"no column «{unknown[0][:60]}»; there are: {', '.join(frame.columns)}")
    return columns


def _encode(frame: pl.DataFrame, format: Format, release_id: str) -> bytes:
    stream = io.BytesIO()
    if format == "json":
        head = json.dumps({"release_id": release_id, "n_rows": frame.height})[:-1]
        return f'{head}, "rows": {frame.write_json()}}}'.encode()
    if format == "csv":
        write_csv_twin(frame.to_arrow(), stream)
    elif format == "arrow":
        frame.write_ipc_stream(stream, compat_level=pl.CompatLevel.oldest())
    else:
        frame.write_parquet(stream)
    return stream.getvalue()


def _answer(request: Request, snapshot: Snapshot, content: bytes, kind: str) -> Response:
    headers = _validators(snapshot, request)
    if _is_known(request, headers):
        return Response(status_code=304, headers=headers)
    return Response(content, media_type=kind, headers=headers)


def _validators(snapshot: Snapshot, request: Request) -> dict[str, str]:
    query = hashlib.sha256(f"{request.url.path}?{request.url.query}".encode()).hexdigest()[:12]
    return {
        "ETag": f'"{snapshot.release.release_id}-{query}"',
        "Last-Modified": format_datetime(snapshot.created_at, usegmt=True),
        "Cache-Control": "private, no-cache",
        "X-Release": snapshot.release.release_id,
    }


def _is_known(request: Request, headers: Mapping[str, str]) -> bool:
    """Tell whether the reader has it already. The tag decides: a rollback goes back in time."""
    tags = [tag.strip().removeprefix("W/") for tag in request.headers.get("if-none-match", "").split(",")]
    return headers["ETag"] in tags


def describe_error(message: str) -> dict[str, str]:
    """Give an error's content in the API's form."""
    return {"detail": message}
