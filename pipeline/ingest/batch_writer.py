"""Writes a batch part by part, masked, and keeps its account."""

from __future__ import annotations

from collections import Counter
from contextlib import ExitStack
from types import TracebackType
from typing import Any, Self

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from pipeline.config import SourceConfig
from pipeline.ingest.answers import DIMENSION, Answers
from pipeline.ingest.dimensions import mask_name
from pipeline.ingest.identity import SeenKeys, hash_together
from pipeline.privacy.masking import mask_column
from pipeline.schema import REJECT, VERBATIM
from pipeline.workspace import COMPRESSION, Workspace

PART_ROWS = 50_000


class BatchWriter:
    """Context manager that masks and writes the answers of one input."""

    def __init__(
        self, workspace: Workspace, source: SourceConfig, file: str, folder: tuple[str, ...], batch_id: str
    ) -> None:
        """Prepare to write.

        Args:
            workspace: Where the batch is written.
            source: The declared source.
            file: File name for people.
            folder: Folder of the batch under the workspace.
            batch_id: Identifier written into the rows; empty while it is not known.
        """
        self._workspace = workspace
        self._source = source
        self._file = mask_name(file)
        self._folder = folder
        self._batch_id = batch_id
        self._waiting: list[pa.Table] = []
        self._n_parts = 0
        self._rows_read = 0
        self._answers_read = 0
        self._n_verbatims = 0
        self._rejects: Counter[str] = Counter()
        self._masks: Counter[str] = Counter()
        self._respondents = SeenKeys()
        self._dates: list[Any] = []
        self._open = ExitStack()

    def __enter__(self) -> Self:
        stream = self._open.enter_context(self._workspace.replacing(*self._folder, "rejects.parquet"))
        self._reject_writer = self._open.enter_context(
            pq.ParquetWriter(stream, REJECT, compression=COMPRESSION)
        )
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            self._write_part(final=True)
        self._open.__exit__(kind, error, trace)

    def add(self, answers: Answers) -> None:
        """Mask and write the answers of a chunk, and count them."""
        self._rows_read += answers.n_rows
        self._answers_read += answers.n_answers
        self._n_verbatims += len(answers.kept)
        self._count_rejects(answers.rejects)
        if answers.kept.is_empty():
            return
        kept = answers.kept
        known = kept["respondent"].drop_nulls()
        self._respondents.count_before(hash_together(known))
        days = kept["date"].drop_nulls()
        if len(days):
            self._dates = [min([*self._dates, days.min()]), max([*self._dates, days.max()])]
        self._waiting.append(self._mask(kept))
        self._write_part(final=False)

    def _count_rejects(self, rejects: pl.DataFrame) -> None:
        if rejects.is_empty():
            return
        self._rejects.update(rejects["reason"].to_list())
        n = len(rejects)
        columns = {
            "batch_id": pa.array([self._batch_id] * n, pa.string()),
            "source": pa.array([self._source.name] * n, pa.string()),
            "file": pa.array([self._file] * n, pa.string()),
            **{name: rejects[name].to_arrow().cast(REJECT.field(name).type) for name in rejects.columns},
        }
        self._reject_writer.write_table(pa.table([columns[name] for name in REJECT.names], schema=REJECT))

    def _mask(self, kept: pl.DataFrame) -> pa.Table:
        masked, found = mask_column(kept["raw"])
        for counts in found:
            self._masks.update(counts)
        n = len(kept)
        scale = self._source.rating.scale if self._source.rating else None
        columns = {
            "verbatim_id": kept["verbatim_id"],
            "batch_id": pl.repeat(self._batch_id, n, dtype=pl.String, eager=True),
            "source": pl.repeat(self._source.name, n, dtype=pl.String, eager=True),
            "row": kept["row"],
            "audience": pl.repeat(self._source.audience, n, dtype=pl.String, eager=True),
            "respondent": kept["respondent"],
            "date": kept["date"],
            "question": kept["question"],
            "text": masked,
            "rating": kept["rating"],
            "rating_scale": pl.select(
                pl.when(kept["rating"].is_not_null()).then(pl.lit(scale, dtype=pl.String))
            ).to_series(),
            "n_masked": pl.Series([sum(counts.values()) for counts in found], dtype=pl.Int32),
        }
        arrays = {name: column.to_arrow().cast(VERBATIM.field(name).type) for name, column in columns.items()}
        arrays["dimensions"] = _dimension_maps(kept, dict(self._source.constants))
        return pa.table([arrays[name] for name in VERBATIM.names], schema=VERBATIM)

    def _write_part(self, *, final: bool) -> None:
        n_waiting = sum(table.num_rows for table in self._waiting)
        if n_waiting < PART_ROWS and not final:
            return
        table = pa.concat_tables(self._waiting) if self._waiting else VERBATIM.empty_table()
        start = 0
        while n_waiting - start >= PART_ROWS or (final and start < n_waiting):
            self._workspace.write_table(
                table.slice(start, PART_ROWS), *self._folder, "verbatims", self._part_name()
            )
            self._n_parts += 1
            start += PART_ROWS
        self._waiting = [table.slice(start)] if start < n_waiting else []

    def _part_name(self, i: int | None = None) -> str:
        return f"part-{self._n_parts if i is None else i:05d}.parquet"

    def move_to(self, folder: tuple[str, ...], batch_id: str) -> None:
        """Write the batch anew under its identifier, now that it is known.

        Args:
            folder: Its folder under the workspace.
            batch_id: The identifier.
        """
        names = [("verbatims", self._part_name(i)) for i in range(self._n_parts)] + [("rejects.parquet",)]
        for name in names:
            table = self._workspace.read_table(*self._folder, *name)
            at = table.schema.get_field_index("batch_id")
            named = table.set_column(
                at, table.schema.field(at), pa.array([batch_id] * table.num_rows, pa.string())
            )
            self._workspace.write_table(named, *folder, *name)
        self._folder, self._batch_id = folder, batch_id

    def account(self) -> dict[str, Any]:
        """Give the counts of what was read, kept, left out and masked, as `batch.json` holds them."""
        first, last = self._dates or (None, None)
        return {
            "source": self._source.name,
            "audience": self._source.audience,
            "file": self._file,
            "rows_read": self._rows_read,
            "answers_read": self._answers_read,
            "n_verbatims": self._n_verbatims,
            "rejects": dict(sorted(self._rejects.items())),
            "masks": dict(sorted(self._masks.items())),
            "n_respondents": len(self._respondents),
            "first_date": first.isoformat() if first else None,
            "last_date": last.isoformat() if last else None,
            "n_parts": self._n_parts,
        }


def _dimension_maps(kept: pl.DataFrame, constants: dict[str, str]) -> pa.MapArray:
    """Build the maps of dimensions: names sorted, dimensions without a value left out."""
    columns = {
        name.removeprefix(DIMENSION): kept[name] for name in kept.columns if name.startswith(DIMENSION)
    }
    columns |= {
        name: pl.repeat(value, len(kept), dtype=pl.String, eager=True) for name, value in constants.items()
    }
    names = sorted(columns)
    if not names:
        offsets = pa.array(np.zeros(len(kept) + 1, dtype=np.int32))
        return pa.MapArray.from_arrays(offsets, pa.array([], pa.string()), pa.array([], pa.string()))
    values = np.stack([columns[name].to_numpy() for name in names], axis=1)
    present = np.stack([columns[name].is_not_null().to_numpy() for name in names], axis=1)
    offsets = np.concatenate([[0], np.cumsum(present.sum(axis=1))]).astype(np.int32)
    keys = np.tile(np.array(names, dtype=object), (len(kept), 1))[present]
    return pa.MapArray.from_arrays(
        pa.array(offsets), pa.array(keys, pa.string()), pa.array(values[present], pa.string())
    )
