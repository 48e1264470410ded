"""Flow `annotate`: masked batches to annotation parts.

Without Prefect: `pipeline.run.annotate_all(open_job("config.yaml"))`.
"""

from __future__ import annotations

from functools import lru_cache

from prefect import flow, task
from prefect.cache_policies import NO_CACHE
from prefect.futures import wait

from models.recall import Recall
from models.tagger import Tagger
from pipeline import layout
from pipeline.annotate import annotate_part
from pipeline.job import open_job


@lru_cache(maxsize=4)
def _reader(config_path: str, model: str) -> tuple[Tagger, Recall]:
    """Load the model in use, and what it learnt from, once a process: tasks of one run share them."""
    job = open_job(config_path)
    return job.load_tagger(), job.load_recall()


@task(
    name="Étiqueter une part",
    task_run_name="Étiqueter {batch_id} {part}",
    retries=2,
    retry_delay_seconds=[2.0, 20.0],
    cache_policy=NO_CACHE,
)
def annotate_one(config_path: str, batch_id: str, part: str) -> int:
    """Tag one part unless it is tagged already; give the number of verbatims tagged now."""
    job = open_job(config_path)
    tagger, recall = _reader(config_path, job.model)
    report = annotate_part(job.workspace, batch_id, part, tagger, job.labels, recall)
    return 0 if report.skipped else report.n_verbatims


@flow(name="annotate", flow_run_name="annotate {config_path}")
def annotate(config_path: str) -> int:
    """Tag the batches that the last ingest handed over.

    Owns the files under `annotations/`. Runs on any task runner: a part that is whole is skipped, so a task
    that runs twice does no harm.

    Args:
        config_path: Configuration YAML.

    Returns:
        Verbatims tagged now.
    """
    job = open_job(config_path)
    batch_ids, _ = job.read_current_batches()
    with job.workspace.locked():
        futures = [
            annotate_one.submit(config_path, batch_id, part)
            for batch_id in batch_ids
            for part in layout.verbatim_parts(job.workspace, batch_id)
        ]
        wait(futures)
    return sum(future.result() for future in futures)
