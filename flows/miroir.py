"""Flow `miroir`: ingest, annotate, publish and deliver, one after the other.

Without Prefect: `miroir run config.yaml`, then `miroir digests config.yaml`.
"""

from __future__ import annotations

from prefect import flow

from flows.annotate import annotate
from flows.deliver import deliver
from flows.ingest import ingest
from flows.publish import publish
from pipeline.errors import SinkError, SourceError
from pipeline.job import open_job
from pipeline.publish.health import recorded


@flow(name="miroir", flow_run_name="miroir {config_path}")
def miroir(config_path: str = "configs/demo.yaml", accept_removed: bool = False) -> str:
    """Take everything declared and new to a release, and the release to sinks and departments.

    Args:
        config_path: Configuration YAML.
        accept_removed: Publish without the inputs of the last run that are no longer there.

    Returns:
        Identifier of the release.

    Raises:
        SourceError: The release was published, but without some inputs that cannot be read: the run fails so
            that its scheduler notices. Or nothing was: none can be read, or one is no longer there.
        SinkError: The release was published, but did not reach every sink and department.
    """
    job = open_job(config_path)
    with recorded(job.workspace):
        ingest(config_path, accept_removed)
        annotate(config_path)
        release_id = publish(config_path)
    undelivered: SinkError | None = None
    if job.config.publish.sinks or job.config.publish.digests:
        try:
            deliver(config_path)
        except SinkError as error:
            undelivered = error
    _, unread = job.read_current_batches()
    if unread:
        raise SourceError.because(
            "some inputs are not in the release",
            expected="inputs that can be read",
            got="; ".join(each.error for each in unread),
            where=f"release {release_id}",
            do="Mend the inputs named and run again",
        ) from undelivered
    if undelivered:
        raise undelivered
    return release_id
