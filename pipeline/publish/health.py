"""How fresh the published figures are, what failed, what is late."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

from pipeline import layout
from pipeline.errors import MiroirError, ReleaseError, WorkspaceError
from pipeline.publish.reading import Reader, age_hours
from pipeline.workspace import Workspace

SINKS_FILE = "sinks.json"
DIGESTS_FILE = "digests.json"
# Clocks of two machines may differ so much before it is told.
CLOCK_HOURS = 1


@dataclass(frozen=True, slots=True)
class Health:
    """The state of what readers see.

    Attributes:
        state: `ok`, `late`, `degraded` (something failed, readers still have a good release) or `none`.
        release_id: The last good release.
        created_at: Its moment, ISO 8601.
        age_hours: Its age.
        expected_every_hours: When the next one is due; null when nobody said.
        batches: What it was made from.
        model_id: By which model.
        problems: What is late or failed, each with what to do.
    """

    state: str
    release_id: str | None
    created_at: str | None
    age_hours: float | None
    expected_every_hours: float | None
    batches: tuple[str, ...]
    model_id: str | None
    problems: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """Give it as JSON knows it."""
        return asdict(self)

    def to_public_dict(self) -> dict[str, Any]:
        """Give what anybody may know: problems name files, servers and people's mistakes."""
        return {"state": self.state, "age_hours": self.age_hours}


def read_health(reader: Reader, expected_every_hours: float | None, now: datetime | None = None) -> Health:
    """Look at the current release, the last run and the sinks.

    Args:
        reader: Of the workspace.
        expected_every_hours: How often a release is due.
        now: Moment of the question; now when None.
    """
    moment = now or datetime.now(UTC)
    try:
        snapshot = reader.current()
    except (ReleaseError, WorkspaceError) as error:
        problems = (str(error), *_failures(reader.workspace, None))
        return Health("none", None, None, None, expected_every_hours, (), None, problems)
    problems = _failures(reader.workspace, snapshot.release.release_id)
    if reader.problem:
        problems = (reader.problem, *problems)
    age = age_hours(snapshot, moment)
    is_late = expected_every_hours is not None and age > expected_every_hours
    if is_late:
        problems = (_lateness(reader.workspace, age, expected_every_hours or age, moment), *problems)
    if age < -CLOCK_HOURS:
        problems = (
            f"the release is dated {-age:.0f} h after this machine's clock: set the clock; if it was wrong at"
            " the publication, lateness is told from then on only",
            *problems,
        )
    lineage = snapshot.release.manifest.get("lineage", {})
    return Health(
        state="late" if is_late else "degraded" if problems else "ok",
        release_id=snapshot.release.release_id,
        created_at=snapshot.release.created_at,
        age_hours=round(age, 2),
        expected_every_hours=expected_every_hours,
        batches=tuple(lineage.get("batches", ())),
        model_id=lineage.get("model_id"),
        problems=problems,
    )


def record_run(workspace: Workspace, error: str | None, now: datetime | None = None) -> None:
    """Remember how the last run ended.

    Args:
        workspace: Of the run.
        error: Message of the failure, which never holds the text of a verbatim; None when it went well.
        now: Moment of the end; now when None.
    """
    moment = (now or datetime.now(UTC)).isoformat(timespec="seconds")
    workspace.write_json({"ended_at": moment, "error": error}, layout.STATUS, layout.LAST_RUN)


@contextmanager
def recorded(workspace: Workspace) -> Iterator[None]:
    """Remember how the run inside ends: well, with which error on purpose, or in a way nobody foresaw."""
    failure: str | None = "it stopped before its end; what it printed or logged tells why"
    try:
        yield
        failure = None
    except MiroirError as error:
        failure = str(error)
        raise
    finally:
        record_run(workspace, failure)


def _lateness(workspace: Workspace, age: float, due: float, now: datetime) -> str:
    """Tell what to do about a late release: where the last run was well, another would publish the same."""
    late = f"the release is {age:.0f} h old, due every {due:.0f} h: "
    last = _read_status(workspace, layout.LAST_RUN)
    if last and not last["error"]:
        since = (now - datetime.fromisoformat(last["ended_at"])).total_seconds() / 3600
        if since <= due:
            return (
                f"{late}the run of {last['ended_at']} published nothing new, see whether the sources are fed"
            )
    return f"{late}run `miroir run`"


def _failures(workspace: Workspace, release_id: str | None) -> tuple[str, ...]:
    try:
        return (*_run_failures(workspace), *_delivery_failures(workspace, release_id))
    except WorkspaceError as error:
        return (str(error),)
    except Exception as error:  # drivers of stores raise errors of their own kinds
        return (f"what failed cannot be told: the store does not answer ({type(error).__name__})",)


def _run_failures(workspace: Workspace) -> list[str]:
    problems = []
    last = _read_status(workspace, layout.LAST_RUN)
    if last and last["error"]:
        problems.append(f"the run of {last['ended_at']} failed: {last['error']}")
    if workspace.exists(layout.BATCHES, layout.CURRENT):
        unread = workspace.read_json(layout.BATCHES, layout.CURRENT)["unread"]
        problems += [f"an input is not in the release: {each['error']}" for each in unread]
    return problems


def _delivery_failures(workspace: Workspace, release_id: str | None) -> list[str]:
    problems = []
    for name, sink in sorted(_read_status(workspace, SINKS_FILE).get("sinks", {}).items()):
        if sink["error"]:
            problems.append(f"sink «{name}» failed at {sink['at']}: {sink['error']}")
        elif release_id and sink["release_id"] != release_id:
            problems.append(f"sink «{name}» still holds {sink['release_id']}: run `miroir deliver`")
    for failure in _read_status(workspace, DIGESTS_FILE).get("failed", {}).values():
        problems.append(f"a digest failed at {failure['at']}: {failure['error']}")
    return problems


def _read_status(workspace: Workspace, name: str) -> dict[str, Any]:
    """Read what a step remembers in `status/`; empty before its first time."""
    return workspace.read_json(layout.STATUS, name) if workspace.exists(layout.STATUS, name) else {}
