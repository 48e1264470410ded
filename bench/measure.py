"""Time and peak memory of one piece of work, in a process of its own."""

from __future__ import annotations

import multiprocessing
import resource
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Cost:
    """What a piece of work took.

    Attributes:
        wall_seconds: Time on the wall clock.
        cpu_seconds: Time of all threads and children.
        peak_mib: Most resident memory, in MiB.
    """

    wall_seconds: float
    cpu_seconds: float
    peak_mib: float


def _run(work: Callable[..., Any], arguments: tuple[Any, ...], answers: Any) -> None:
    started = time.perf_counter()
    work(*arguments)
    wall = time.perf_counter() - started
    own, children = resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = own.ru_utime + own.ru_stime + children.ru_utime + children.ru_stime
    answers.put(Cost(wall, cpu, max(own.ru_maxrss, children.ru_maxrss) / 1024))


def cost_of(work: Callable[..., Any], *arguments: Any) -> Cost:
    """Run a module-level function in a fresh process and measure it, imports included in memory.

    Raises:
        RuntimeError: The process ended without an answer.
    """
    context = multiprocessing.get_context("spawn")
    answers = context.SimpleQueue()
    process = context.Process(target=_run, args=(work, arguments, answers))
    process.start()
    process.join()
    if process.exitcode != 0:
        raise RuntimeError(f"{work.__name__} ended with code {process.exitcode}")
    cost: Cost = answers.get()
    return cost
