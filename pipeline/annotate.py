"""Tag the masked verbatims of a batch: one annotation part for each verbatim part."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from models.labels import LabelSpace
from models.recall import Recall
from models.tagger import Decisions, Tagger, TagProbabilities, VerbatimBatch
from pipeline import layout, schema
from pipeline.workspace import COMPRESSION, Workspace

CHUNK_ROWS = 8_192  # bounds memory: character n-grams of a whole part would not fit
READ_COLUMNS = ["verbatim_id", "text", "audience", "question"]


@dataclass(frozen=True, slots=True)
class PartReport:
    """What happened to one part.

    Attributes:
        part: Name of the part.
        n_verbatims: Verbatims that it holds.
        skipped: Whether it was tagged whole already.
    """

    part: str
    n_verbatims: int
    skipped: bool


def annotate_batch(
    workspace: Workspace, batch_id: str, tagger: Tagger, labels: LabelSpace, recall: Recall | None = None
) -> Iterator[PartReport]:
    """Tag every part of a batch that is not tagged yet, in order.

    Args:
        workspace: Where the batch lies.
        batch_id: The batch.
        tagger: The model.
        labels: The codebook's label space; a theme that the model was not trained for is null throughout.
        recall: What the model learnt from, where it is known; without it, it counts as having seen nothing.

    Yields:
        A report a part, once the part is whole.
    """
    for part in layout.verbatim_parts(workspace, batch_id):
        yield annotate_part(workspace, batch_id, part, tagger, labels, recall)


def annotate_part(
    workspace: Workspace,
    batch_id: str,
    part: str,
    tagger: Tagger,
    labels: LabelSpace,
    recall: Recall | None = None,
) -> PartReport:
    """Tag one part, unless that was done before by the same model for the codebook's themes.

    Args:
        workspace: Where the batch lies.
        batch_id: The batch.
        part: Name of the verbatim part; the annotation part takes the same.
        tagger: The model.
        labels: The codebook's label space.
        recall: What the model learnt from, as in `annotate_batch`.

    Returns:
        What was done.
    """
    target = (layout.ANNOTATIONS, batch_id, tagger.model_id, part)
    source = workspace.path(layout.BATCHES, batch_id, layout.VERBATIMS, part)
    with workspace.filesystem.open(source, "rb") as stream:
        # No Arrow thread on a Python stream: at exit it could abort the process.
        verbatims = pq.ParquetFile(stream, pre_buffer=False)
        n_verbatims = int(verbatims.metadata.num_rows)
        table_schema = schema.annotation_schema(labels)
        if _is_whole(workspace, target, table_schema, n_verbatims):
            return PartReport(part, n_verbatims, skipped=True)
        with (
            workspace.replacing(*target) as out,
            pq.ParquetWriter(out, table_schema, compression=COMPRESSION) as writer,
        ):
            for rows in verbatims.iter_batches(CHUNK_ROWS, columns=READ_COLUMNS, use_threads=False):
                writer.write_batch(_annotate_rows(rows, tagger, recall, table_schema, labels))
    return PartReport(part, n_verbatims, skipped=False)


def _is_whole(workspace: Workspace, part: Sequence[str], wanted: pa.Schema, n_verbatims: int) -> bool:
    """Tell whether a part is there for all its verbatims; one written before a column came lacks it."""
    if not workspace.exists(*part):
        return False
    with workspace.filesystem.open(workspace.path(*part), "rb") as stream:
        file = pq.ParquetFile(stream, pre_buffer=False)
        return file.metadata.num_rows == n_verbatims and set(wanted.names) <= set(file.schema_arrow.names)


def _annotate_rows(
    rows: pa.RecordBatch, tagger: Tagger, recall: Recall | None, table_schema: pa.Schema, labels: LabelSpace
) -> pa.RecordBatch:
    batch = VerbatimBatch(
        texts=rows.column("text").to_pylist(),
        audiences=rows.column("audience").to_pylist(),
        questions=rows.column("question").to_pylist(),
    )
    if recall is None:
        probabilities, learnt = tagger.predict(batch), np.zeros(len(rows), dtype=np.bool_)
    else:
        probabilities, learnt = recall.predict(tagger, batch)
    columns = {
        "verbatim_id": rows.column("verbatim_id"),
        "model_id": pa.repeat(tagger.model_id, len(rows)),
        "codebook_hash": pa.repeat(labels.codebook_hash, len(rows)),
        "is_learnt": learnt,
        **_decided(tagger.decide(probabilities), labels, len(rows)),
        **_probabilities(probabilities, labels, len(rows)),
    }
    arrays = [_cast(columns[field.name], field.type) for field in table_schema]
    return pa.RecordBatch.from_arrays(arrays, schema=table_schema)


def _decided(
    decisions: Decisions, labels: LabelSpace, n_rows: int
) -> Mapping[str, Sequence[object] | np.ndarray]:
    untrained: list[str | None] = [None] * n_rows
    return {
        "sentiment": decisions.sentiment,
        "enchantment": decisions.enchantment,
        "incivility": decisions.incivility,
        **{schema.theme_column(name): decisions.themes.get(name, untrained) for name in labels.themes},
        "confidence": decisions.confidence,
        "needs_review": decisions.needs_review,
    }


def _probabilities(probabilities: TagProbabilities, labels: LabelSpace, n_rows: int) -> dict[str, pa.Array]:
    columns: dict[str, pa.Array] = {}
    for values, names, block in (
        (labels.sentiment, schema.sentiment_column, probabilities.sentiment),
        (labels.enchantment, schema.enchantment_column, probabilities.enchantment),
        (labels.incivility, schema.incivility_column, probabilities.incivility),
    ):
        columns |= {names(value): pa.array(block[:, index]) for index, value in enumerate(values)}
    for theme in labels.themes:
        learnt = probabilities.themes.get(theme)
        for index, polarity in enumerate(labels.polarities, start=1):
            name = schema.theme_probability_column(theme, polarity)
            columns[name] = pa.nulls(n_rows, pa.float32()) if learnt is None else pa.array(learnt[:, index])
    return columns


def _cast(column: object, target: pa.DataType) -> pa.Array:
    return column.cast(target) if isinstance(column, pa.Array) else pa.array(column, type=target)
