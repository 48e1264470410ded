"""Simulate companies with two audiences, to see whether gaps and changes hold the truth.

A company's customers write as those of one source of labelled verbatims do, its employees as those of
another; neither the tagger's out-of-fold predictions nor the calibration has seen either. Units of different
sizes and two periods are drawn, people write several verbatims that resemble each other, some are reviewed at
random, and the tables are those that a run lays out. Companies and units leave their source at random: how
often each theme is spoken of, and with what polarity.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from pipeline.config import EstimateConfig
from pipeline.estimate.calibration import Calibration, GoldScores, calibrate
from pipeline.estimate.cells import ALL_PERIODS, Cells, Ints
from pipeline.estimate.changes import BALANCE, build_changes
from pipeline.estimate.coverage import LEVELS, MIN_POOL
from pipeline.estimate.engine import ReviewedCells, estimate_means
from pipeline.estimate.estimates import Estimates
from pipeline.estimate.mirror import CUSTOMER, EMPLOYEE, build_mirror
from pipeline.estimate.netlines import NetLine, net_lines
from pipeline.estimate.scores import Floats, ScoreBook
from pipeline.estimate.tables import PEOPLE

UNITS = (20, 60, 200, 600, 2000)
PERIODS = ("2026-01", "2026-02")
REVIEWS = (0, 50, 100, 300)
# Standard deviation of the log-odds by which a company leaves its source, and by which a period does.
COMPANY, PERIOD = 0.35, 0.25
# Verbatims of one person, and how often a later one has the sentiment of the first.
MEAN_VERBATIMS, ALIKE = 1.5, 0.5
AUDIENCES = (CUSTOMER, EMPLOYEE)
FEWEST = EstimateConfig().symmetry_people


@dataclass(frozen=True, slots=True)
class _World:
    """Two sources, and what a tagger that has seen neither knows."""

    pools: dict[str, GoldScores]
    calibrations: dict[str, Calibration]
    nets: dict[str, NetLine]


def simulate_companies(gold: dict[str, GoldScores], book: ScoreBook, repeats: int, seed: int) -> pa.Table:
    """Simulate companies and see whether the intervals of gaps and changes hold the truth.

    Args:
        gold: Out-of-fold scores by audience, from `read_out_of_fold`.
        book: Scores and measures.
        repeats: Companies for each pair of sources, number of reviews, and with or without a change.
        seed: Seed of the draws.

    Returns:
        One row a figure: `reviewed` (verbatims of each audience), `moved` (whether the second period
        differs), `company`, `table` (mirror, changes), `audience`, `measure`, `size` (of the unit in a
        period, 0 for the whole company), `given`, `covers_95`, `covers_80`, `width` at 95 %, `off` (estimate
        minus truth) and `significant`. No row when an audience has no source to draw from.
    """
    rng = np.random.default_rng(seed)
    rows: list[dict[str, object]] = []
    company = 0
    for world in _worlds(gold, book):
        for reviewed in REVIEWS:
            for moved in (False, True):
                for _ in range(repeats):
                    common = {"reviewed": reviewed, "moved": moved, "company": company}
                    rows += [common | row for row in _company(world, book, reviewed, moved, rng)]
                    company += 1
    return pa.Table.from_pylist(rows)


def _worlds(gold: dict[str, GoldScores], book: ScoreBook) -> Iterator[_World]:
    if not {CUSTOMER, EMPLOYEE} <= set(gold):
        return
    for customers in dict.fromkeys(gold[CUSTOMER].source):
        for employees in dict.fromkeys(gold[EMPLOYEE].source):
            names = {CUSTOMER: customers, EMPLOYEE: employees}
            pools = {who: _rows(gold[who], name, drawn=True) for who, name in names.items()}
            if min(len(pool.source) for pool in pools.values()) >= MIN_POOL:
                others = {who: _rows(gold[who], name, drawn=False) for who, name in names.items()}
                yield _World(pools, calibrate(others, book), net_lines(others, book))


def _rows(scores: GoldScores, name: str, *, drawn: bool) -> GoldScores:
    """Give the fully labelled verbatims of a source, or all of the other sources."""
    here = np.asarray(scores.source, dtype=object) == name
    kept = here & ~np.isnan(scores.true).any(axis=1) if drawn else ~here
    source = np.asarray(scores.source, dtype=object)[kept].tolist()
    return GoldScores(scores.predicted[kept], scores.true[kept], source)


def _company(
    world: _World, book: ScoreBook, reviewed: int, moved: bool, rng: np.random.Generator
) -> Iterator[dict[str, object]]:
    """Draw a company, lay out its tables, and compare each of their figures with the truth."""
    blocks = [block for who in AUDIENCES for block in _draw(world, book, who, moved, rng)]
    cells, members, truths = _cells(blocks, book)
    reviews = _review(blocks, members, reviewed, rng)
    means = estimate_means(cells, book.scores, world.calibrations, reviews)
    nothing = pa.table({})
    tables: dict[str, list[list[dict[str, Any]]]] = {"mirror": [], "changes": []}
    for level in LEVELS:
        config = EstimateConfig(level=level)
        found = Estimates(
            config, book, ("unit",), ((), ("unit",)), cells, means, nothing, nothing, world.nets
        )
        tables["mirror"].append(build_mirror(found).to_pylist())
        tables["changes"].append(build_changes(found).to_pylist())
    for name, (rows, narrow) in tables.items():
        for row, other in zip(rows, narrow, strict=True):
            truth = (
                _true_gap(row, rows, truths, book) if name == "mirror" else _true_change(row, truths, book)
            )
            given = row["low"] is not None and other["low"] is not None
            yield {
                "table": name,
                "audience": row["audience"],
                "measure": row["measure"],
                "size": 0 if row["unit"] is None else int(row["unit"]),
                "given": given,
                "covers_95": _holds(row, truth) if given else None,
                "covers_80": _holds(other, truth) if given else None,
                "width": row["high"] - row["low"] if given else None,
                "off": row["value"] - truth if given else None,
                "significant": row["significant"],
            }


def _holds(row: dict[str, Any], truth: float) -> bool:
    return bool(row["low"] - 1e-6 <= truth <= row["high"] + 1e-6)


@dataclass(frozen=True, slots=True)
class _Block:
    """Verbatims of one audience, unit and period, and the mean scores that they are drawn from."""

    audience: str
    unit: str
    period: str
    person: Ints
    predicted: Floats
    true: Floats
    expected: Floats


def _draw(
    world: _World, book: ScoreBook, who: str, moved: bool, rng: np.random.Generator
) -> Iterator[_Block]:
    """Draw every unit and period of one audience."""
    pool = world.pools[who]
    told = [k for k, score in enumerate(book.scores) if score.name.endswith(("_present", "_balance", "_net"))]
    said = pool.true[:, told]
    # Who has the same sentiment as whom: a person's later verbatims are drawn among these.
    feeling = pool.true[:, book.index["sentiment_net"]]
    company = rng.normal(0, COMPANY, len(told))
    for unit in UNITS:
        lean = company + rng.normal(0, COMPANY / 2, len(told))
        for period in PERIODS:
            if moved and period == PERIODS[1]:
                lean = lean + rng.normal(0, PERIOD, len(told))
            weight = np.exp(said @ lean)
            weight /= weight.sum()
            n_of = 1 + rng.poisson(MEAN_VERBATIMS - 1, unit)
            person = np.repeat(np.arange(unit), n_of)[:unit]
            rows = rng.choice(len(weight), unit, p=weight)
            leader = rows[np.searchsorted(person, person)]
            alike = (rng.random(unit) < ALIKE) & (leader != rows)
            for value in np.unique(feeling):
                same, wanted = (
                    np.flatnonzero(feeling == value),
                    np.flatnonzero(alike & (feeling[leader] == value)),
                )
                rows[wanted] = rng.choice(same, len(wanted), p=weight[same] / weight[same].sum())
            yield _Block(
                who, str(unit), period, person, pool.predicted[rows], pool.true[rows], weight @ pool.true
            )


Truths = dict[tuple[str, str, str | None], Floats]


def _cells(blocks: list[_Block], book: ScoreBook) -> tuple[Cells, list[list[int]], Truths]:
    """Sum blocks into cells: of which blocks each is made, and the mean scores that it is drawn from."""
    keys, members = [], []
    for grain, units in enumerate(((None,), tuple(map(str, UNITS)))):
        for periods in ((ALL_PERIODS,), PERIODS):
            for period in periods:
                for who in AUDIENCES:
                    for unit in units:
                        keys.append((grain, period != ALL_PERIODS, period, who, unit))
                        members.append(
                            [
                                b
                                for b, block in enumerate(blocks)
                                if block.audience == who
                                and unit in (None, block.unit)
                                and period in (ALL_PERIODS, block.period)
                            ]
                        )
    sums = [_sums([blocks[b] for b in inside], book) for inside in members]
    names = ("grain", "by_period", "period", "audience", "unit")
    table = pa.table({name: [key[i] for key in keys] for i, name in enumerate(names)})
    table = table.append_column("unplaced", pa.array([False] * len(keys)))
    n, n2, sums_of, sums_n, sums_2, squares, verbatims, people = (
        np.array(column) for column in zip(*sums, strict=True)
    )
    cells = Cells(table, n, n2, sums_of, sums_n, sums_2, squares, verbatims, people, people, people, people)
    truths: Truths = {}
    for key, inside in zip(keys, members, strict=True):
        sizes = [len(blocks[b].person) for b in inside]
        truths[key[3], key[2], key[4]] = np.average(
            [blocks[b].expected for b in inside], axis=0, weights=sizes
        )
    return cells, members, truths


def _sums(blocks: list[_Block], book: ScoreBook) -> tuple[Any, ...]:
    """Give the sums of one cell, in the order of `Cells`."""
    predicted = np.concatenate([block.predicted for block in blocks])
    offset = np.cumsum([0, *(block.person.max() + 1 for block in blocks)])
    person = np.concatenate([block.person + first for block, first in zip(blocks, offset, strict=False)])
    starts = np.flatnonzero(np.r_[True, np.diff(person) > 0])
    n_of = np.diff(np.r_[starts, len(person)])
    of_person = np.add.reduceat(predicted, starts, axis=0)
    # The group of a theme is who is tagged with it.
    tagged = np.ones((len(person), len(book.groups)), dtype=np.int64)
    for j, group in enumerate(book.groups):
        name = "enchanted" if group == "enchanted" else f"{group.removeprefix('theme_')}_present"
        if group != "all":
            tagged[:, j] = predicted[:, book.index[name]] > 0.5
    return (
        len(person),
        (n_of**2).sum(),
        predicted.sum(axis=0),
        (of_person * n_of[:, None]).sum(axis=0),
        (of_person**2).sum(axis=0),
        (predicted**2).sum(axis=0),
        tagged.sum(axis=0),
        (np.add.reduceat(tagged, starts, axis=0) > 0).sum(axis=0),
    )


def _review(
    blocks: list[_Block], members: list[list[int]], reviewed: int, rng: np.random.Generator
) -> ReviewedCells:
    """Review so many verbatims of each audience at random, as a campaign does."""
    first = np.cumsum([0, *(len(block.person) for block in blocks)])
    block = np.repeat(np.arange(len(blocks)), np.diff(first))
    audience = np.array([who.audience for who in blocks])[block]
    chosen = [rng.choice(np.flatnonzero(audience == who), reviewed, replace=False) for who in AUDIENCES]
    rows = np.concatenate(chosen).astype(np.int64)
    probability = np.concatenate([np.full(reviewed, reviewed / (audience == who).sum()) for who in AUDIENCES])
    pairs = [(c, r) for c, inside in enumerate(members) for r in np.flatnonzero(np.isin(block[rows], inside))]
    cell, row = np.array(pairs, dtype=np.int64).reshape(-1, 2).T
    predicted, true = (
        np.concatenate([getattr(each, name) for each in blocks])[rows] for name in ("predicted", "true")
    )
    return ReviewedCells(cell, row, probability, predicted, true)


def _figure(measure: str, theme: str | None, truth: Floats, book: ScoreBook) -> float:
    """Compute a measure from mean scores."""
    if measure == BALANCE:
        themes = book.labels.themes if theme is None else (theme,)
        return float(sum(truth[book.index[f"{name}_balance"]] for name in themes))
    found = next(each for each in book.measures if (each.name, each.theme) == (measure, theme))
    value = truth[book.index[found.numerator]]
    below = 1.0 if found.denominator is None else truth[book.index[found.denominator]]
    return float(value / below) if below > 0 else float("nan")


def _true_change(row: dict[str, Any], truths: Truths, book: ScoreBook) -> float:
    before, now = (
        _figure(row["measure"], row["theme"], truths[row["audience"], period, row["unit"]], book)
        for period in PERIODS
    )
    return now - before


def _true_gap(row: dict[str, Any], rows: list[dict[str, Any]], truths: Truths, book: ScoreBook) -> float:
    """Compute a true gap, or the index over the themes that the estimated one is made of."""

    def gap(theme: str) -> float:
        c, e = (truths[who, row["period"], row["unit"]] for who in AUDIENCES)
        return _figure("theme_net", theme, c, book) - _figure("theme_net", theme, e, book)

    if row["theme"] is not None:
        return gap(row["theme"])
    place = (row["period"], row["unit"])
    beside = [
        other for other in rows if other["measure"] == "gap" and (other["period"], other["unit"]) == place
    ]
    used = [other["theme"] for other in beside if other["value"] is not None and other[PEOPLE] >= FEWEST]
    return 100 * (1 - float(np.mean([abs(gap(theme)) for theme in used])) / 2) if used else float("nan")
