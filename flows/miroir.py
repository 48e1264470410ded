"""Flow `miroir`: ingest, annotate and publish, one after the other.

Without Prefect: `miroir run config.yaml`.
"""

from __future__ import annotations

from prefect import flow

from flows.annotate import annotate
from flows.ingest import ingest
from flows.publish import publish
from pipeline.errors import SourceError
from pipeline.job import open_job
from pipeline.publish.health import recorded


@flow(name="miroir", flow_run_name="miroir {config_path}")
def miroir(config_path: str = "configs/demo.yaml", accept_removed: bool = False) -> str:
    """Take everything declared and new to a release.

    Args:
        config_path: Configuration YAML.
        accept_removed: Publish without the inputs of the last run that are no longer there.

    Returns:
        Identifier of the release.

    Raises:
        SourceError: The release was published, but without some inputs that cannot be read: the run fails so
            that its scheduler notices. Or nothing was: none can be read, or one is no longer there.
    """
    with recorded(open_job(config_path).workspace):
        ingest(config_path, accept_removed)
        annotate(config_path)
        release_id = publish(config_path)
    _, unread = open_job(config_path).read_current_batches()
    if unread:
        raise SourceError.because(
            "some inputs are not in the release",
            expected="inputs that can be read",
            got="; ".join(each.error for each in unread),
            where=f"release {release_id}",
            do="Mend the inputs named and run again",
        )
    return release_id
