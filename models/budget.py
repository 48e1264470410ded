"""How much of a better model can be afforded: a share of the verbatims, or a speed to keep."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from time import perf_counter

import numpy as np

from models.cascade import expected_errors, take_batch
from models.errors import ModelError
from models.tagger import Tagger, VerbatimBatch

_PERCENT = re.compile(r"\s*(\d+(?:[.,]\d+)?)\s*%\s*")
_THOUSANDS = r"[1-9]\d{0,2}(?:[ .,\u00a0\u202f]\d{3})+"
"""A whole number in groups of three digits: three behind a sign are thousands, never thousandths."""
_SPEED = re.compile(rf"\s*(?:({_THOUSANDS})|(\d+(?:[.,]\d+)?))\s*/\s*s\s*")
WARM_UP = 8
DOUBTFUL_SHARE = 0.25


@dataclass(frozen=True, slots=True)
class Budget:
    """How much of the better model one can afford: a share of the verbatims, or a speed to keep.

    Attributes:
        share: Share of the verbatims that the better model reads, in [0, 1]; or
        per_second: verbatims a second that must go through.
    """

    share: float | None = None
    per_second: float | None = None


def parse_budget(text: str) -> Budget:
    """Read a budget as people write it.

    >>> parse_budget("30%")
    Budget(share=0.3, per_second=None)
    >>> parse_budget("2000/s")
    Budget(share=None, per_second=2000.0)
    >>> parse_budget("2 000/s") == parse_budget("2,000/s") == parse_budget("2000/s")
    True

    Raises:
        ModelError: It is neither.
    """
    percent, per_second = _PERCENT.fullmatch(text), _per_second(text)
    if percent and float(percent[1].replace(",", ".")) <= 100:
        return Budget(share=float(percent[1].replace(",", ".")) / 100)
    if per_second > 0:
        return Budget(per_second=per_second)
    raise ModelError.because(
        "the budget cannot be read",
        expected="a share from 0% to 100%, or a speed such as 2000/s",
        got=repr(text[:40]),
        where="--budget",
        do="Write 30% to read again the most doubtful 30 %, 2000/s to keep 2,000 verbatims a second",
    )


def _per_second(text: str) -> float:
    """Read a speed in verbatims a second; 0 where the text is none."""
    speed = _SPEED.fullmatch(text)
    if not speed:
        return 0.0
    thousands, plain = speed.groups()
    return float(re.sub(r"\D", "", thousands) if thousands else plain.replace(",", "."))


def affordable_share(per_second: float, fast_seconds: float, better_seconds: float) -> float:
    """Give the share that can be read again at a speed.

    Args:
        per_second: Verbatims a second that must go through.
        fast_seconds: What a verbatim costs in any case, in seconds.
        better_seconds: What reading it again costs, in seconds.

    Returns:
        In [0, 1]; 0 where the fast model alone is too slow.

    >>> affordable_share(1000, 0.0005, 0.001)
    0.5
    """
    spare_seconds = 1 / per_second - fast_seconds
    return float(np.clip(spare_seconds / better_seconds, 0.0, 1.0))


def measure_better_seconds(fast: Tagger, better: Tagger, batch: VerbatimBatch) -> float:
    """Measure what reading a verbatim again costs, on those of a sample that would be read again first.

    Doubtful verbatims are longer than others, so that a plain average would promise too much.

    Args:
        fast: Chooses.
        better: Is timed, once it is warm.
        batch: A sample; not empty.

    Returns:
        Seconds a verbatim.
    """
    first = fast.predict(batch)
    doubts = expected_errors(first, fast.decide(first), fast.labels)
    n_chosen = max(1, int(DOUBTFUL_SHARE * len(batch)))
    doubtful = take_batch(batch, np.argsort(-doubts, kind="stable")[:n_chosen])
    better.predict(take_batch(doubtful, np.arange(min(WARM_UP, n_chosen))))
    return seconds_of(lambda: better.predict(doubtful)) / n_chosen


def seconds_of(work: Callable[[], object]) -> float:
    """Time one call, in seconds of the wall clock."""
    start = perf_counter()
    work()
    return perf_counter() - start
