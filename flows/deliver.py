"""Flow `deliver`: the current release to its sinks, and to each department what concerns it.

Without Prefect: `miroir deliver config.yaml` and `miroir digests config.yaml`. With it, a webhook or a mail
password may live in a Prefect block: `block:NAME` names a `Webhook` or a `Secret`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any, cast

from prefect import flow, task
from prefect.blocks.system import Secret
from prefect.blocks.webhook import Webhook
from prefect.cache_policies import NO_CACHE

from flows.report import report_handovers
from pipeline.errors import SinkError
from pipeline.job import open_job
from pipeline.publish.digests.delivery import deliver_digests, post_json
from pipeline.publish.reading import read_snapshot
from pipeline.publish.sinks.delivery import put_everywhere

FROM_BLOCK = "block:"


def post_through_block(address: str, content: Mapping[str, Any]) -> None:
    """Post to the `Webhook` block that an address names, or to the address itself."""
    if not address.startswith(FROM_BLOCK):
        post_json(address, content)
        return
    hook = cast(Webhook, Webhook.load(address.removeprefix(FROM_BLOCK)))
    response = asyncio.run(hook.call(dict(content)))
    if not response.is_success:  # a redirection is not followed
        raise SinkError.because(
            "the digest cannot be posted",
            expected="an answer of success (2xx)",
            got=str(response.status_code),
            where=address,
            do="Mend the block and run the flow again",
        )


@task(name="Porter la publication", retries=2, retry_delay_seconds=[5.0, 60.0], cache_policy=NO_CACHE)
def put_one(config_path: str) -> None:
    """Put the release into the sinks that do not have it; those that have it are skipped.

    Raises:
        SinkError: One was not reached, so that it is tried again.
    """
    job = open_job(config_path)
    with job.workspace.locked():
        release = read_snapshot(job.workspace).release
        outcomes = put_everywhere(job.workspace, release, job.config.publish.sinks)
    errors = [each.error for each in outcomes if each.error]
    if errors:
        raise SinkError("; ".join(errors))


@task(name="Remettre les extraits", cache_policy=NO_CACHE)
def hand_over(config_path: str) -> list[str]:
    """Hand each department its digest, once a release; give the errors."""
    job = open_job(config_path)
    config = job.config.publish
    if config.smtp.password and config.smtp.password.startswith(FROM_BLOCK):
        block = cast(Secret[str], Secret.load(config.smtp.password.removeprefix(FROM_BLOCK)))
        secret = str(block.get())
        config = config.model_copy(update={"smtp": config.smtp.model_copy(update={"password": secret})})
    handovers = deliver_digests(
        job.workspace, read_snapshot(job.workspace), config, job.codebook, post_through_block
    )
    report_handovers(handovers)
    return [each.error for each in handovers if each.error]


@flow(name="deliver", flow_run_name="deliver {config_path}")
def deliver(config_path: str) -> None:
    """Deliver the current release.

    Owns `status/sinks.json` and `status/digests.json`. Safe to run again: what was delivered is skipped.

    Args:
        config_path: Configuration YAML.

    Raises:
        SinkError: Something was not delivered; the rest was.
    """
    errors = []
    try:
        put_one(config_path)
    except SinkError as error:
        errors.append(str(error))
    errors += hand_over(config_path)
    if errors:
        raise SinkError.because(
            "some deliveries failed",
            expected="every sink and department reached",
            got="; ".join(errors),
            where=config_path,
            do="Mend what is named and run the flow again",
        )
