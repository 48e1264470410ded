"""Flow `ingest`: declared sources to masked batches.

Without Prefect: `pipeline.run.ingest_all(open_job("config.yaml"))`.
"""

from __future__ import annotations

from typing import Any, cast

from prefect import flow, task
from prefect.cache_policies import NO_CACHE
from prefect.futures import wait

from flows.report import report_ingest
from pipeline.errors import SourceError
from pipeline.ingest.batches import find_inputs, ingest_input
from pipeline.job import UnreadInput, open_job
from pipeline.run import close_ingest, declared_inputs, unread_because

RETRIES = 2
RETRY_DELAYS_SECONDS = [2.0, 20.0]


@task(
    name="Lire et masquer une entrée",
    task_run_name="Lire et masquer {source} : {name}",
    retries=RETRIES,
    retry_delay_seconds=RETRY_DELAYS_SECONDS,
    cache_policy=NO_CACHE,
)
def ingest_one(config_path: str, source: str, url: str, name: str) -> str | dict[str, Any]:
    """Ingest one input; give its batch, or why it cannot be read. Texts never leave the task.

    An error of a driver is raised, so that it is tried again.
    """
    job = open_job(config_path)
    declared = next(each for each in job.config.sources if each.name == source)
    item = next(each for each in find_inputs(declared, job.base) if each.url == url)
    try:
        return ingest_input(job.workspace, declared, item, job.load_secret()).batch_id
    except SourceError as error:
        return {"source": source, "name": name, "error": str(error)}


@flow(name="ingest", flow_run_name="ingest {config_path}", validate_parameters=True)
def ingest(config_path: str, accept_removed: bool = False) -> list[str]:
    """Take in every declared input that is new.

    Owns the files under `batches/`. An input that cannot be read does not stop the others.

    Args:
        config_path: Configuration YAML.
        accept_removed: Go on without the inputs of the last run that are no longer there.

    Returns:
        The batches of the declared inputs, in their order.

    Raises:
        SourceError: No input could be read, or one is no longer there.
    """
    job = open_job(config_path)
    with job.workspace.locked():
        job.workspace.sweep()
        job.load_secret()  # made once, before tasks ask for it at the same time
        inputs, unread = declared_inputs(job)
        futures = [
            ingest_one.submit(config_path, source.name, item.url, item.name) for source, item in inputs
        ]
        wait(futures)
        batch_ids: list[str] = []
        for (source, item), future in zip(inputs, futures, strict=True):
            outcome = cast(str | dict[str, Any] | Exception, future.result(raise_on_failure=False))
            if isinstance(outcome, str):
                batch_ids.append(outcome)
            elif isinstance(outcome, Exception):
                unread.append(unread_because(source, item.name, outcome))
            else:
                unread.append(UnreadInput(**outcome))
        report_ingest(job, batch_ids, unread)
        close_ingest(job, batch_ids, unread, accept_removed=accept_removed)
    return batch_ids
