"""Put a release into every sink; one that fails leaves the others, and says what to run again."""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from pipeline import layout
from pipeline.config import DeltaSink, DuckdbSink, FilesSink, PostgresqlSink, SinkConfig
from pipeline.errors import MiroirError
from pipeline.publish.health import SINKS_FILE
from pipeline.publish.release import Release, refuse_damaged
from pipeline.publish.sinks.delta import put_delta
from pipeline.publish.sinks.duckdb_file import put_duckdb
from pipeline.publish.sinks.files import put_files
from pipeline.publish.sinks.opening import failed
from pipeline.publish.sinks.postgresql import put_postgresql
from pipeline.workspace import Workspace

logger = logging.getLogger(__name__)

# Section of the configuration → what puts a release there. Add a sink: write the two, name them here.
SINKS: dict[type[Any], Callable[[Workspace, Release, Any], None]] = {
    FilesSink: put_files,
    PostgresqlSink: put_postgresql,
    DuckdbSink: put_duckdb,
    DeltaSink: put_delta,
}


@dataclass(frozen=True, slots=True)
class SinkOutcome:
    """What became of a release in one sink.

    Attributes:
        name: Of the sink.
        is_skipped: Whether the release was there already.
        error: Why it is not there, and what to run again; null when it is.
    """

    name: str
    is_skipped: bool
    error: str | None


def put_everywhere(
    workspace: Workspace,
    release: Release,
    sinks: Sequence[SinkConfig],
    *,
    only: Collection[str] = (),
    again: bool = False,
) -> list[SinkOutcome]:
    """Put a release into the sinks that do not have it yet.

    Args:
        workspace: Where the release is; `status/sinks.json` there remembers what became of it.
        release: What is published.
        sinks: Where to.
        only: Names of the sinks wanted; empty: all.
        again: Also where it is already.

    Returns:
        One outcome a sink, in order.

    Raises:
        ReleaseError: The release is damaged: readers of sinks keep the one before.
    """
    if sinks:
        refuse_damaged(workspace, release)
    known_sinks = read_state(workspace)
    declared = {sink.name for sink in sinks}
    # One that is declared no longer fails no longer.
    state = {name: known for name, known in known_sinks.items() if name in declared}
    if state != known_sinks:
        workspace.write_json({"sinks": state}, layout.STATUS, SINKS_FILE)
    outcomes = []
    for sink in sinks:
        if only and sink.name not in only:
            continue
        known = state.get(sink.name, {})
        is_there = known.get("release_id") == release.release_id and not known.get("error")
        outcome = (
            SinkOutcome(sink.name, True, None) if is_there and not again else _put(workspace, release, sink)
        )
        outcomes.append(outcome)
        if not outcome.is_skipped:
            state[sink.name] = {
                "release_id": known.get("release_id") if outcome.error else release.release_id,
                "at": datetime.now(UTC).isoformat(timespec="seconds"),
                "error": outcome.error,
            }
            workspace.write_json({"sinks": state}, layout.STATUS, SINKS_FILE)
    return outcomes


def read_state(workspace: Workspace) -> dict[str, dict[str, Any]]:
    """Read what became of the last release in each sink."""
    if not workspace.exists(layout.STATUS, SINKS_FILE):
        return {}
    state: dict[str, dict[str, Any]] = workspace.read_json(layout.STATUS, SINKS_FILE)["sinks"]
    return state


def _put(workspace: Workspace, release: Release, sink: SinkConfig) -> SinkOutcome:
    try:
        SINKS[type(sink)](workspace, release, sink)
    except Exception as error:  # drivers of stores raise errors of their own kinds
        told = error if isinstance(error, MiroirError) else failed(sink.name, error)
        logger.error("%s", told)
        return SinkOutcome(sink.name, False, str(told))
    return SinkOutcome(sink.name, False, None)
