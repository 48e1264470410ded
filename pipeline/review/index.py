"""Index the workspace's verbatims and annotations into the review database, part by part."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import takewhile
from typing import Any

import polars as pl
import pyarrow as pa
from sqlalchemy import Connection, Table, bindparam, case, delete, select, update
from sqlalchemy.dialects import postgresql, sqlite

from models.labels import LabelSpace
from pipeline import layout
from pipeline.review.folding import folded
from pipeline.review.labels import VerbatimLabels
from pipeline.review.store import ReviewStore
from pipeline.review.tables import (
    absent,
    assignment,
    content,
    dimension_value,
    indexed_part,
    item,
    searchable,
)
from pipeline.schema import probability_columns, theme_column
from pipeline.workspace import Workspace

ROWS_AT_ONCE = 5_000

Part = tuple[str, ...]  # the path of a Parquet file in the workspace


@dataclass(frozen=True, slots=True)
class IndexSummary:
    """What one refresh did.

    Attributes:
        model_id: The tagger whose labels are shown; None when nothing is tagged yet.
        n_parts: Parts read now.
        n_verbatims: Verbatims read now.
        n_annotations: Annotations read now.
    """

    model_id: str | None
    n_parts: int
    n_verbatims: int
    n_annotations: int


def model_in_use(workspace: Workspace) -> str | None:
    """Name the tagger that annotated last, or None when no verbatim is annotated."""
    newest: tuple[float, str] | None = None
    for batch in batches_in_use(workspace):
        for model in workspace.names(layout.ANNOTATIONS, batch):
            for part in layout.annotation_parts(workspace, batch, model):
                path = workspace.path(layout.ANNOTATIONS, batch, model, part)
                when = workspace.filesystem.modified(path).timestamp()
                newest = max(newest or (0.0, ""), (when, model))
    return newest[1] if newest else None


def batches_in_use(workspace: Workspace) -> list[str]:
    """List the batches that the declared inputs gave last; all of them where no run said which."""
    if workspace.exists(layout.BATCHES, layout.CURRENT):
        return [str(name) for name in workspace.read_json(layout.BATCHES, layout.CURRENT)["batches"]]
    return workspace.names(layout.BATCHES)


def refresh_index(
    store: ReviewStore, workspace: Workspace, labels: LabelSpace, model_id: str | None = None
) -> IndexSummary:
    """Bring new verbatims and annotations to the desk; what reviewers decided stays in force.

    Parts known already are not read again, unless one before them is new or one has gone: a verbatim that
    comes several times is the one that comes last, as in a release.

    Args:
        store: The review database.
        workspace: Where batches and annotations lie.
        labels: The codebook's label space.
        model_id: Whose annotations to show; None takes the tagger that annotated last.

    Returns:
        What was read.
    """
    model = model_id or model_in_use(workspace)
    n_parts = n_verbatims = n_annotations = 0
    parts = list(_verbatim_parts(workspace))
    _hide_absent(store, workspace, parts)
    for part in _parts_to_read(store, layout.BATCHES, parts):
        table = workspace.read_table(*part)
        with store.writing() as connection:
            _put_verbatims(connection, table)
            _remember(connection, part, table.num_rows)
        n_parts, n_verbatims = n_parts + 1, n_verbatims + table.num_rows
    for part in _parts_to_read(store, layout.ANNOTATIONS, list(_annotation_parts(workspace, model))):
        table = workspace.read_table(*part)
        with store.writing() as connection:
            _update_annotations(connection, table, labels)
            _remember(connection, part, table.num_rows)
        n_parts, n_annotations = n_parts + 1, n_annotations + table.num_rows
    return IndexSummary(model, n_parts, n_verbatims, n_annotations)


def _verbatim_parts(workspace: Workspace) -> Iterator[Part]:
    for batch in batches_in_use(workspace):
        for name in layout.verbatim_parts(workspace, batch):
            yield (layout.BATCHES, batch, layout.VERBATIMS, name)


def _annotation_parts(workspace: Workspace, model_id: str | None) -> Iterator[Part]:
    for batch in batches_in_use(workspace) if model_id else ():
        for name in layout.annotation_parts(workspace, batch, str(model_id)):
            yield (layout.ANNOTATIONS, batch, str(model_id), name)


def _parts_to_read(store: ReviewStore, folder: str, parts: list[Part]) -> list[Part]:
    """Forget the known parts that have gone or follow a change; list what is to be read, in order."""
    paths = ["/".join(part) for part in parts]
    with store.writing() as connection:
        known = _known_paths(connection, folder)
        unchanged = list(takewhile(known.__contains__, paths)) if known <= set(paths) else []
        forget = delete(indexed_part).where(indexed_part.c.path == bindparam("gone"))
        if outdated := known.difference(unchanged):
            connection.execute(forget, [{"gone": path} for path in sorted(outdated)])
    return parts[len(unchanged) :]


def _known_paths(connection: Connection, folder: str) -> set[str]:
    inside = indexed_part.c.path.startswith(f"{folder}/", autoescape=True)
    return set(connection.scalars(select(indexed_part.c.path).where(inside)))


def _hide_absent(store: ReviewStore, workspace: Workspace, parts: list[Part]) -> None:
    """When a part has gone, put aside the verbatims that none of the others holds; they return when read."""
    with store.reading() as connection:
        if _known_paths(connection, layout.BATCHES) <= {"/".join(part) for part in parts}:
            return
    present: set[str] = set()
    for part in parts:
        present.update(workspace.read_table(*part, columns=["verbatim_id"])["verbatim_id"].to_pylist())
    with store.writing() as connection:
        gone = set(connection.scalars(select(item.c.verbatim_id))) - present
        _insert_missing(connection, absent, [{"verbatim_id": key} for key in sorted(gone)])


def _remember(connection: Connection, part: Part, n_rows: int) -> None:
    _insert_missing(connection, indexed_part, [{"path": "/".join(part), "n_rows": n_rows}])


def _insert_missing(connection: Connection, table: Table, rows: list[dict[str, Any]]) -> None:
    """Insert rows, leaving those alone whose key is there."""
    dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
    statement = dialect.insert(table).on_conflict_do_nothing()
    for start in range(0, len(rows), ROWS_AT_ONCE):
        connection.execute(statement, rows[start : start + ROWS_AT_ONCE])


def _put(connection: Connection, table: Table, frame: pl.DataFrame, kept: tuple[str, ...] = ()) -> None:
    """Insert rows by their verbatim; of one that is there, write all but the columns to keep."""
    dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
    statement = dialect.insert(table)
    changed = [name for name in frame.columns if name not in ("verbatim_id", *kept)]
    statement = statement.on_conflict_do_update(
        index_elements=["verbatim_id"], set_={name: statement.excluded[name] for name in changed}
    )
    for rows in frame.iter_slices(ROWS_AT_ONCE):
        connection.execute(statement, rows.to_dicts())


_AUDIENCE_NOW = (
    select(item.c.audience).where(item.c.verbatim_id == assignment.c.verbatim_id).scalar_subquery()
)
_AUDIENCE_IN_QUEUES = (
    update(assignment).where(assignment.c.audience != _AUDIENCE_NOW).values(audience=_AUDIENCE_NOW)
)
_SHOW_AGAIN = delete(absent).where(absent.c.verbatim_id == bindparam("key"))


def _put_verbatims(connection: Connection, table: pa.Table) -> None:
    dimensions = [dict(entry) for entry in table["dimensions"].to_pylist()]
    frame = pl.DataFrame(pl.from_arrow(table.drop_columns(["dimensions"]))).with_columns(
        month=pl.col("date").dt.strftime("%Y-%m"),
        date=pl.col("date").dt.strftime("%Y-%m-%d"),
        folded=folded(pl.concat_str("text", pl.col("question").fill_null(""), separator=" ")),
        codes=pl.lit(" "),
        dimensions=pl.Series(["\n".join(["", *(f"{k}={v}" for k, v in d.items()), ""]) for d in dimensions]),
    )
    items = frame.select("verbatim_id", "audience", "source", "month", "dimensions", "codes")
    texts = frame.with_columns(
        context=pl.Series([json.dumps(d, ensure_ascii=False) for d in dimensions], dtype=pl.String)
    ).select("verbatim_id", "text", "question", "date", "rating", "rating_scale", "context")
    _put(connection, item, items, kept=("codes",))
    _put(connection, content, texts)
    _put(connection, searchable, frame.select("verbatim_id", "folded"))
    connection.execute(_AUDIENCE_IN_QUEUES)
    for some in frame["verbatim_id"].to_frame("key").iter_slices(ROWS_AT_ONCE):
        connection.execute(_SHOW_AGAIN, some.to_dicts())
    values = {(name, value) for entry in dimensions for name, value in entry.items() if value is not None}
    _insert_missing(connection, dimension_value, [{"name": n, "value": v} for n, v in sorted(values)])


_SHOW_TAGS = (
    update(item)
    .where(item.c.verbatim_id == bindparam("key"))
    .values(
        model_id=bindparam("model"),
        confidence=bindparam("sure"),
        codes=case((item.c.n_reviewers == 0, bindparam("tag_codes")), else_=item.c.codes),
    )
)
_KEEP_TAGS = (
    update(content)
    .where(content.c.verbatim_id == bindparam("key"))
    .values(tagged=bindparam("labels"), probabilities=bindparam("shares"))
)


def _update_annotations(connection: Connection, table: pa.Table, labels: LabelSpace) -> None:
    frame = pl.DataFrame(pl.from_arrow(table))
    known = [name for name in probability_columns(labels) if name in frame.columns]
    shares = frame.select(pl.struct(pl.col(known).cast(pl.Float64).round(4)).struct.json_encode())
    decided = frame.select(
        "sentiment",
        "enchantment",
        "incivility",
        *(name for name in map(theme_column, labels.themes) if name in frame.columns),
    ).to_dicts()
    chosen = [VerbatimLabels.from_annotation(row, labels) for row in decided]
    rows = zip(
        frame["verbatim_id"],
        frame["model_id"],
        frame["confidence"].cast(pl.Float64).round(4),
        chosen,
        shares.to_series(),
        strict=True,
    )
    items, texts = [], []
    for key, model, sure, choice, probabilities in rows:
        items.append({"key": key, "model": model, "sure": sure, "tag_codes": choice.codes})
        texts.append({"key": key, "labels": choice.to_json(), "shares": probabilities})
    for start in range(0, len(items), ROWS_AT_ONCE):
        connection.execute(_SHOW_TAGS, items[start : start + ROWS_AT_ONCE])
        connection.execute(_KEEP_TAGS, texts[start : start + ROWS_AT_ONCE])


__all__ = ["IndexSummary", "batches_in_use", "model_in_use", "refresh_index"]
