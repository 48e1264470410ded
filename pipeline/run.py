"""One run, from declared sources to a published release, without Prefect.

`flows/` calls the same steps as Prefect tasks; `miroir run` calls `run` in this process.
"""

from __future__ import annotations

import errno
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from pipeline.annotate import annotate_batch
from pipeline.config import SourceConfig
from pipeline.errors import MiroirError, SourceError
from pipeline.ingest.batches import BatchReport, Input, find_inputs, ingest_input
from pipeline.ingest.inputs import place_of
from pipeline.job import Job, UnreadInput
from pipeline.publish.health import recorded
from pipeline.publish.publication import Publication, publish

logger = logging.getLogger(__name__)

_DISK_FULL = (errno.ENOSPC, errno.EDQUOT)

# Called with the step's name, what is done and what there is to do.
Progress = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True)
class RunReport:
    """What a run did.

    Attributes:
        batches: What came in, one report an input, those treated before included.
        unread: Inputs that could not be read; the rest went on.
        n_annotated: Verbatims tagged in this run.
        publication: The release.
    """

    batches: Sequence[BatchReport]
    unread: Sequence[UnreadInput]
    n_annotated: int
    publication: Publication


def _silent(_step: str, _done: int, _total: int) -> None:
    return None


def run(job: Job, progress: Progress = _silent) -> RunReport:
    """Take everything that is declared and new to a release.

    Steps skip what exists whole, so a run that was killed resumes, and a second run with one new file treats
    that file alone.

    Args:
        job: What to run.
        progress: Told what each step has done.

    Returns:
        What came in, what was left out, what was published.

    Raises:
        SourceError: No input could be read.
        WorkspaceError: Another run holds the workspace.
    """
    with job.workspace.locked(), recorded(job.workspace):
        job.workspace.sweep()
        batches, unread = ingest_all(job, progress)
        n_annotated = annotate_all(job, progress)
        progress("publish", 0, 1)
        publication = publish(job)
        progress("publish", 1, 1)
    return RunReport(batches, unread, n_annotated, publication)


def declared_inputs(job: Job) -> tuple[list[tuple[SourceConfig, Input]], list[UnreadInput]]:
    """Find every input that the configuration declares; a source without any does not stop the others."""
    inputs: list[tuple[SourceConfig, Input]] = []
    unread: list[UnreadInput] = []
    for source in job.config.sources:
        try:
            inputs += [(source, item) for item in find_inputs(source, job.base)]
        except Exception as error:
            unread.append(unread_because(source, place_of(source), error))
    return inputs, unread


def unread_because(source: SourceConfig, name: str, error: Exception) -> UnreadInput:
    """Tell why an input cannot be read, so that the others go on.

    Drivers of stores and file formats raise errors of their own kinds: such a one is told by its class alone,
    as its words may quote an address or a text.

    Args:
        source: The declared source.
        name: File or query.
        error: What reading it raised.

    Raises:
        MiroirError: The error again, when it is no input's but the run's.
        OSError: The error again, when the disk is full.
    """
    if isinstance(error, SourceError):
        return UnreadInput(source.name, name, str(error))
    if isinstance(error, MiroirError) or getattr(error, "errno", None) in _DISK_FULL:
        raise error
    unforeseen = SourceError.because(
        "an input cannot be read",
        expected="a file or query that its driver reads to its end",
        got=type(error).__name__,
        where=f"source «{source.name}», {name}",
        do="Check the access to it and its content",
    )
    return UnreadInput(source.name, name, str(unforeseen))


def ingest_all(job: Job, progress: Progress = _silent) -> tuple[list[BatchReport], list[UnreadInput]]:
    """Take in every declared input; one that cannot be read does not stop the others.

    Raises:
        SourceError: No input could be read.
    """
    secret = job.load_secret()
    batches: list[BatchReport] = []
    inputs, unread = declared_inputs(job)
    for done, (source, item) in enumerate(inputs):
        progress("ingest", done, len(inputs))
        try:
            batches.append(ingest_input(job.workspace, source, item, secret))
        except Exception as error:
            unread.append(unread_because(source, item.name, error))
    progress("ingest", len(inputs), len(inputs))
    for each in unread:
        logger.error("%s", each.error)
    close_ingest(job, [batch.batch_id for batch in batches], unread)
    return batches, unread


def close_ingest(job: Job, batch_ids: Sequence[str], unread: Sequence[UnreadInput]) -> None:
    """Hand the batches to the next steps.

    Raises:
        SourceError: There is none.
    """
    if not batch_ids:
        raise SourceError.because(
            "nothing can be published",
            expected="at least one input that can be read",
            got=f"{len(unread)} that cannot" + "".join(f"; {each.error}" for each in unread),
            where=job.config.workspace,
            do="Mend the sources named",
        )
    job.write_current_batches(batch_ids, unread)


def annotate_all(job: Job, progress: Progress = _silent) -> int:
    """Tag the current batches; give the number of verbatims tagged now."""
    batch_ids, _ = job.read_current_batches()
    tagger = job.load_tagger()
    n_annotated = 0
    for done, batch_id in enumerate(batch_ids):
        progress("annotate", done, len(batch_ids))
        for report in annotate_batch(job.workspace, batch_id, tagger, job.labels):
            n_annotated += 0 if report.skipped else report.n_verbatims
    progress("annotate", len(batch_ids), len(batch_ids))
    return n_annotated
