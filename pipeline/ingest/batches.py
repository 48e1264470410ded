"""One input becomes one batch of the workspace: masked verbatims, rejects, and a marker written last.

    batches/<batch_id>/verbatims/part-00000.parquet   schema.VERBATIM, PART_ROWS a part
    batches/<batch_id>/rejects.parquet                schema.REJECT
    batches/<batch_id>/batch.json                     the account; a batch without it does not exist

Rows are streamed in chunks of `chunks.CHUNK_ROWS`; raw text stays in memory until it is masked. What is
written depends on the content, the source's section and the secret alone, so that an interrupted batch is
written again, byte for byte.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any

from pipeline.config import SourceConfig
from pipeline.ingest.answers import AnswerBuilder, declared_columns
from pipeline.ingest.batch_writer import BatchWriter
from pipeline.ingest.chunks import Chunk
from pipeline.ingest.files import read_content, read_file_chunks
from pipeline.ingest.inputs import Input, find_inputs
from pipeline.ingest.structured import read_sql
from pipeline.protect.withdrawals import read_withdrawn
from pipeline.version import software_version
from pipeline.workspace import Workspace

__all__ = ["BatchReport", "Input", "find_inputs", "ingest_input"]

BATCHES = "batches"
MARKER = "batch.json"
_FORMAT = 6  # raise it when the same input must give another batch
_ID_DIGITS = 24
# Where an input lies is no part of what it says: a file moved elsewhere is the same batch.
_NOT_IDENTITY = {"path", "sql"}


@dataclass(frozen=True, slots=True)
class BatchReport:
    """What became of one input.

    The account adds up: `answers_read = n_verbatims + sum(rejects.values())`. A row that was read holds one
    answer for each open question kept, answered or not (`empty`); a row that could not be read counts
    as one.

    Attributes:
        batch_id: Its folder under `batches/`.
        source: Name of the source.
        audience: Who wrote.
        file: File name, masked; `sql` for a query.
        skipped: Whether the batch was already there, whole, so that nothing was done.
        rows_read: Data rows of the input.
        answers_read: Answers in these rows.
        n_verbatims: Answers kept.
        rejects: Reason code → answers left out.
        masks: Kind of personal data → placeholders written.
        n_respondents: Distinct persons among the verbatims kept; a row without a respondent counts as one.
        first_date: First day of the verbatims kept, ISO; null without dates.
        last_date: Last day.
    """

    batch_id: str
    source: str
    audience: str
    file: str
    skipped: bool
    rows_read: int
    answers_read: int
    n_verbatims: int
    rejects: dict[str, int]
    masks: dict[str, int]
    n_respondents: int
    first_date: str | None
    last_date: str | None


def ingest_input(
    workspace: Workspace, source: SourceConfig, item: Input, secret: bytes, *, today: date | None = None
) -> BatchReport:
    """Ingest one input: read, judge, mask, write.

    Args:
        workspace: Where the batch is written.
        source: The declared source.
        item: One of `find_inputs`.
        secret: What `pipeline.privacy.pseudonym.load_secret` returned.
        today: The day from which a date is in the future; null is the day of the call.

    Returns:
        The account. A batch that is there whole is left alone, and `skipped` says so.

    Raises:
        SourceError: The input cannot be read at all, or is not what the source declares; nothing of it is
            left as a batch.
    """
    if item.kind == "sql":
        return _ingest_query(workspace, source, item, secret, today)
    content = read_content(item, source)
    batch_id = _batch_id(content.digest, source)
    if workspace.exists(BATCHES, batch_id, MARKER):
        return _report(workspace.read_json(BATCHES, batch_id, MARKER), skipped=True)
    workspace.remove(BATCHES, batch_id)
    chunks = read_file_chunks(item, source, content, declared_columns(source))
    withdrawn = read_withdrawn(workspace)
    builder = AnswerBuilder(source, secret, item.name, today=today, withdrawn=withdrawn)
    with BatchWriter(workspace, source, item.name, (BATCHES, batch_id), batch_id) as writer:
        _ingest_chunks(chunks, writer, builder, late_columns=item.kind == "jsonl")
    content.check_unchanged(item)
    return _finish(workspace, source, writer, content.digest, batch_id)


def _ingest_query(
    workspace: Workspace, source: SourceConfig, item: Input, secret: bytes, today: date | None
) -> BatchReport:
    """Stream a query into a hidden folder; its batch is known when its last row is hashed."""
    if source.sql is None:
        raise TypeError("a query needs the section `sql`")
    hidden = f".incoming-{source.name}"
    workspace.remove(BATCHES, hidden)
    digest = hashlib.sha256()
    where = f"query of source «{source.name}»"
    builder = AnswerBuilder(source, secret, where, today=today, withdrawn=read_withdrawn(workspace))
    chunks = _hash_chunks(read_sql(source.sql, declared=declared_columns(source), where=where), digest)
    with BatchWriter(workspace, source, item.name, (BATCHES, hidden), "") as writer:
        _ingest_chunks(chunks, writer, builder, late_columns=False)
    batch_id = _batch_id(digest.hexdigest(), source)
    if workspace.exists(BATCHES, batch_id, MARKER):
        workspace.remove(BATCHES, hidden)
        return _report(workspace.read_json(BATCHES, batch_id, MARKER), skipped=True)
    workspace.remove(BATCHES, batch_id)
    writer.move_to((BATCHES, batch_id), batch_id)
    report = _finish(workspace, source, writer, digest.hexdigest(), batch_id)
    workspace.remove(BATCHES, hidden)
    return report


def _ingest_chunks(
    chunks: Iterator[Chunk], writer: BatchWriter, builder: AnswerBuilder, *, late_columns: bool
) -> None:
    first = True
    for chunk in chunks:
        answers = builder.build(chunk)
        if first and not late_columns:
            builder.check_columns()
        first = False
        writer.add(answers)
    builder.check_columns()


def _hash_chunks(chunks: Iterator[Chunk], digest: hashlib._Hash) -> Iterator[Chunk]:
    for chunk in chunks:
        # Row by row, so that the hash does not depend on how the driver cuts its partitions.
        for record in chunk.frame.select(sorted(chunk.frame.columns)).iter_rows():
            digest.update(json.dumps(record, ensure_ascii=False, separators=(",", ":")).encode() + b"\n")
        yield chunk


def _batch_id(digest: str, source: SourceConfig) -> str:
    section = source.model_dump(mode="json", exclude=_NOT_IDENTITY)
    identity = json.dumps([_FORMAT, digest, section], ensure_ascii=False, sort_keys=True)
    return hashlib.sha256(identity.encode()).hexdigest()[:_ID_DIGITS]


def _finish(
    workspace: Workspace, source: SourceConfig, writer: BatchWriter, digest: str, batch_id: str
) -> BatchReport:
    account = writer.account()
    # Neither a folder of this machine nor an URL with its password.
    section = source.model_dump(mode="json", exclude_defaults=True, exclude=_NOT_IDENTITY)
    if source.sql is not None:
        section["sql"] = {"query_sha256": hashlib.sha256(source.sql.query.encode()).hexdigest()}
    marker = {
        "batch_id": batch_id,
        "content_sha256": digest,
        "format": _FORMAT,
        "software": software_version(),
        "section": section,
        **account,
    }
    workspace.write_json(marker, BATCHES, batch_id, MARKER)
    return _report(marker, skipped=False)


def _report(marker: dict[str, Any], *, skipped: bool) -> BatchReport:
    names = [name for name in BatchReport.__slots__ if name != "skipped"]
    return BatchReport(skipped=skipped, **{name: marker[name] for name in names})
