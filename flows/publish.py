"""Flow `publish`: annotations to a release.

Without Prefect: `pipeline.publish.publication.publish(open_job("config.yaml"))`.
"""

from __future__ import annotations

from prefect import flow, task
from prefect.cache_policies import NO_CACHE

from flows.report import report_publication
from pipeline.job import open_job
from pipeline.publish.publication import publish as publish_release


@task(name="Estimer, protéger et publier", retries=2, retry_delay_seconds=[2.0, 20.0], cache_policy=NO_CACHE)
def publish_one(config_path: str) -> str:
    """Make the release of the current batches, or find it made; give its identifier."""
    job = open_job(config_path)
    publication = publish_release(job)
    report_publication(job, publication)
    return publication.release.release_id


@flow(name="publish", flow_run_name="publish {config_path}")
def publish(config_path: str) -> str:
    """Publish the batches that the last ingest handed over.

    Owns the files under `releases/`; the pointer moves last.

    Args:
        config_path: Configuration YAML.

    Returns:
        Identifier of the release.
    """
    with open_job(config_path).workspace.locked():
        return publish_one(config_path)
