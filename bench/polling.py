"""Readers who poll while releases are published and publications are killed."""

from __future__ import annotations

import multiprocessing
import os
import random
import signal
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from multiprocessing.process import BaseProcess
from multiprocessing.sharedctypes import Synchronized
from typing import Any

import numpy as np
import pyarrow as pa

from pipeline.errors import MiroirError
from pipeline.publish.reading import read_snapshot
from pipeline.publish.release import list_releases, point_to, write_release
from pipeline.workspace import Workspace

TABLES = ("measures", "mirror", "alerts")


@dataclass(frozen=True, slots=True)
class Polling:
    """What readers saw.

    Attributes:
        reads: Whole releases read.
        broken: Reads that failed.
        mixed: Reads whose tables belong to different releases.
        seen: Distinct releases seen.
        published: Releases published whole.
        killed: Publications killed.
    """

    reads: int
    broken: int
    mixed: int
    seen: int
    published: int
    killed: int


def publish_number(root: str, number: int, n_rows: int) -> None:
    """Publish a release whose every row holds one number."""
    workspace = Workspace(root)
    values = np.full(n_rows, float(number))
    tables = {name: pa.table({"theme": pa.nulls(n_rows, pa.string()), "value": values}) for name in TABLES}
    point_to(workspace, write_release(workspace, tables, {"number": number}))


def poll(root: str, n_threads: int, stop: Any, counts: Sequence[Synchronized[int]], seen: Any) -> None:
    """Read the current release again and again, in threads, until told to stop."""

    def read_on() -> None:
        workspace = Workspace(root)
        while not stop.is_set():
            try:
                snapshot = read_snapshot(workspace)
            except MiroirError:
                _add(counts[1])
                continue
            found = {value for frame in snapshot.tables.values() for value in frame["value"].unique()}
            _add(counts[0])
            if len(found) != 1:
                _add(counts[2])
            seen[next(iter(found))] = True

    threads = [threading.Thread(target=read_on) for _ in range(n_threads)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def _add(counter: Synchronized[int]) -> None:
    with counter.get_lock():
        counter.value += 1


def run_polling(
    root: str, n_readers: int, n_publications: int, n_kills: int, n_rows: int = 20_000
) -> Polling:
    """Publish under the eyes of readers, killing some publications at a random moment.

    Args:
        root: An empty folder.
        n_readers: Readers, as threads of two processes.
        n_publications: Releases to publish whole.
        n_kills: Publications that are killed besides.
        n_rows: Rows a table.

    Returns:
        What the readers saw.
    """
    publish_number(root, 0, n_rows)
    context = multiprocessing.get_context("spawn")
    with context.Manager() as manager:
        stop, seen = manager.Event(), manager.dict()
        counts = [context.Value("q", 0) for _ in range(3)]
        halves = (n_readers - n_readers // 2, n_readers // 2)
        readers = [context.Process(target=poll, args=(root, half, stop, counts, seen)) for half in halves]
        for reader in readers:
            reader.start()
        # A process takes seconds to start on a busy machine: nothing is published before somebody reads.
        _wait_for(lambda: counts[0].value + counts[1].value >= n_readers, readers)
        killed = _publish_all(root, n_publications, n_kills, n_rows)
        # Nor do they stop before one of them came to the last release, or to one that cannot be read.
        _wait_for(lambda: float(n_publications) in seen or counts[1].value > 0, readers)
        stop.set()
        for reader in readers:
            reader.join()
        reads, broken, mixed = (counter.value for counter in counts)
        published = len(list_releases(Workspace(root)))
        return Polling(reads, broken, mixed, len(seen), published, killed)


def _wait_for(happened: Callable[[], bool], readers: Sequence[BaseProcess]) -> None:
    """Wait until something happened, as long as somebody is there to make it happen."""
    while not happened() and any(reader.is_alive() for reader in readers):
        time.sleep(0.01)


def _publish_all(root: str, n_publications: int, n_kills: int, n_rows: int) -> int:
    draw = random.Random(11)
    victims = set(draw.sample(range(1, n_publications + 1), n_kills))
    killed = 0
    for number in range(1, n_publications + 1):
        if number in victims:
            killed += _kill_one(root, number, n_rows, draw.uniform(0.0, 0.06))
        publish_number(root, number, n_rows)
        time.sleep(0.02)
    return killed


def _kill_one(root: str, number: int, n_rows: int, after_seconds: float) -> int:
    """Fork a publication and kill it; 1 when it died before it had ended."""
    child = os.fork()
    if child == 0:
        publish_number(root, number, n_rows)
        os._exit(0)
    time.sleep(after_seconds)
    os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    return int(os.WIFSIGNALED(status))
