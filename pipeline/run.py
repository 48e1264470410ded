"""One run, from declared sources to a published release, without Prefect.

`flows/` calls the same steps as Prefect tasks; `miroir run` calls `run` in this process.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pipeline import layout
from pipeline.annotate import annotate_batch
from pipeline.config import SourceConfig
from pipeline.errors import MiroirError, NoInputError, SourceError, is_disk_full
from pipeline.ingest.batches import BatchReport, Input, find_inputs, ingest_input
from pipeline.ingest.inputs import place_of
from pipeline.job import Job, UnreadInput
from pipeline.publish.health import recorded
from pipeline.publish.publication import Publication, publish
from pipeline.report import batch_manifests

logger = logging.getLogger(__name__)

_MAX_NAMED = 5  # removed inputs that an error names

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


def run(job: Job, progress: Progress = _silent, *, accept_removed: bool = False) -> RunReport:
    """Take everything that is declared and new to a release.

    Steps skip what exists whole, so a run that was killed resumes, and a second run with one new file treats
    that file alone.

    Args:
        job: What to run.
        progress: Told what each step has done.
        accept_removed: Publish without the inputs that are no longer there.

    Returns:
        What came in, what was left out, what was published.

    Raises:
        SourceError: No input could be read, or one is no longer there.
        WorkspaceError: Another run holds the workspace.
    """
    with job.workspace.locked(), recorded(job.workspace):
        job.workspace.sweep()
        batches, unread = ingest_all(job, progress, accept_removed=accept_removed)
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
        except Exception as error:  # drivers of stores and formats raise errors of their own kinds
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
        return UnreadInput(source.name, name, str(error), is_absent=isinstance(error, NoInputError))
    if isinstance(error, MiroirError) or is_disk_full(error):
        raise error
    unforeseen = SourceError.because(
        "an input cannot be read",
        expected="a file or query that its driver reads to its end",
        got=type(error).__name__,
        where=f"source «{source.name}», {name}",
        do="Check the access to it and its content",
    )
    return UnreadInput(source.name, name, str(unforeseen))


def ingest_all(
    job: Job, progress: Progress = _silent, *, accept_removed: bool = False
) -> tuple[list[BatchReport], list[UnreadInput]]:
    """Take in every declared input; one that cannot be read does not stop the others.

    Raises:
        SourceError: No input could be read, or one is no longer there.
    """
    secret = job.load_secret()
    batches: list[BatchReport] = []
    inputs, unread = declared_inputs(job)
    for done, (source, item) in enumerate(inputs):
        progress("ingest", done, len(inputs))
        try:
            batches.append(ingest_input(job.workspace, source, item, secret))
        except Exception as error:  # drivers of stores and formats raise errors of their own kinds
            unread.append(unread_because(source, item.name, error))
    progress("ingest", len(inputs), len(inputs))
    for each in unread:
        logger.error("%s", each.error)
    close_ingest(job, [batch.batch_id for batch in batches], unread, accept_removed=accept_removed)
    return batches, unread


def close_ingest(
    job: Job, batch_ids: Sequence[str], unread: Sequence[UnreadInput], *, accept_removed: bool = False
) -> None:
    """Hand the batches to the next steps.

    Args:
        job: Of the run.
        batch_ids: What the declared inputs gave.
        unread: Inputs that could not be read.
        accept_removed: Go on without the inputs that are no longer there. A release is made of what lies in
            the sources, so that what they hold no longer would leave the figures without a word.

    Raises:
        SourceError: There is no batch, or an input is no longer there.
    """
    if not batch_ids:
        raise SourceError.because(
            "nothing can be published",
            expected="at least one input that can be read",
            got=f"{len(unread)} that cannot" + "".join(f"; {each.error}" for each in unread),
            where=job.config.workspace,
            do="Mend the sources named",
        )
    removed = [] if accept_removed else _removed_inputs(job, batch_ids, unread)
    if removed:
        named = removed[:_MAX_NAMED] + (["…"] if len(removed) > _MAX_NAMED else [])
        raise SourceError.because(
            "nothing was published",
            expected="the inputs of the last run still there, as figures are made anew from all of them",
            got=f"{len(removed)} that left: {', '.join(named)}",
            where=job.config.workspace,
            do="Put them back; if they shall no longer count, run `miroir run --accept-removed`, or the flow"
            " with `accept_removed`",
        )
    job.write_current_batches(batch_ids, unread)


def _removed_inputs(job: Job, batch_ids: Sequence[str], unread: Sequence[UnreadInput]) -> list[str]:
    """Name the files of the last ingest that their sources, still declared, hold no longer.

    A file of the same name or content is still there, and so is one that cannot be read or listed today.
    """
    if not job.workspace.exists(layout.BATCHES, layout.CURRENT):
        return []
    before, _ = job.read_current_batches()
    was, now = _accounts(job, before), _accounts(job, batch_ids)
    places = {source.name: place_of(source) for source in job.config.sources if source.path is not None}
    there = [each for each in unread if not each.is_absent]
    unlisted = {each.source for each in there if each.name == places.get(each.source)}
    # Counted, as the folders of a source may hold several files of one name.
    left = Counter((each["source"], each["file"]) for each in was)
    left -= Counter((each["source"], each["file"]) for each in now)
    left -= Counter((each.source, each.name) for each in there)
    return [
        f"«{each['file']}» of source «{each['source']}» ({each['n_verbatims']} verbatims)"
        for each in was
        if (each["source"], each["file"]) in left and each["source"] in places.keys() - unlisted
    ]


def _accounts(job: Job, batch_ids: Sequence[str]) -> list[Mapping[str, Any]]:
    ids = dict.fromkeys(batch_ids)
    return batch_manifests(job, [each for each in ids if job.workspace.exists(layout.BATCHES, each)])


def annotate_all(job: Job, progress: Progress = _silent) -> int:
    """Tag the current batches; give the number of verbatims tagged now."""
    batch_ids, _ = job.read_current_batches()
    tagger, recall = job.load_tagger(), job.load_recall()
    n_annotated = 0
    for done, batch_id in enumerate(batch_ids):
        progress("annotate", done, len(batch_ids))
        for report in annotate_batch(job.workspace, batch_id, tagger, job.labels, recall):
            n_annotated += 0 if report.skipped else report.n_verbatims
    progress("annotate", len(batch_ids), len(batch_ids))
    return n_annotated
