"""Measure coverage: how often an interval holds the truth, on verbatims whose labels are known.

A simulated cell is drawn from one source, with a prevalence that is set; its true share is known. With
shift, that source is held out: neither the tagger (out-of-fold predictions) nor the calibration has seen
it. Without, the calibration has seen another half of it. Cells are estimated by the very engine that
estimates figures.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from scipy import stats

from pipeline.estimate.calibration import Calibration, GoldScores, calibrate
from pipeline.estimate.cells import Cells, Ints
from pipeline.estimate.curves import Curve
from pipeline.estimate.engine import COUNT, METHODS, Means, ReviewedCells, estimate_means
from pipeline.estimate.ratios import Figures, leave_out_unsure
from pipeline.estimate.scores import Floats, Score, ScoreBook

LEVELS = (0.95, 0.80)
# A source is drawn from when it holds at least this many of those who have the label, and of those who do
# not.
MIN_POOL = 15


@dataclass(frozen=True, slots=True)
class Grid:
    """What is simulated.

    Attributes:
        sizes: Verbatims of a cell.
        prevalences: Shares of those who have the label.
        reviews: Reviewed verbatims of a cell, fewer than its size.
        elsewhere: Reviewed verbatims in other cells of the same source, for cells where nobody reviewed.
        repeats: Cells for each source, score and combination.
    """

    sizes: tuple[int, ...] = (30, 100, 300, 1000, 3000)
    prevalences: tuple[float, ...] = (0.01, 0.05, 0.20, 0.60)
    reviews: tuple[int, ...] = (0, 10, 30, 100, 300)
    elsewhere: tuple[int, ...] = (300,)
    repeats: int = 20


@dataclass(frozen=True, slots=True)
class Pool:
    """Verbatims to draw from, and the calibration of those that it may know."""

    audience: str
    source: str
    shift: bool
    score: Score
    predicted: Floats
    true: Floats
    calibration: Calibration


def simulate(gold: dict[str, GoldScores], book: ScoreBook, grid: Grid, seed: int) -> pa.Table:
    """Simulate cells and see whether their intervals hold the truth.

    Args:
        gold: Out-of-fold scores by audience, from `read_out_of_fold`.
        book: Scores; those that one has or has not are drawn.
        grid: What to simulate.
        seed: Seed of the draws.

    Returns:
        One row a cell: `audience, source, shift, score, size, prevalence, reviewed, elsewhere, method, truth,
        estimate, given`, and for each method of `intervals` and each level whether it `covers_…` and its
        `width_…`.
    """
    rng = np.random.default_rng(seed)
    parts = []
    for pool in _pools(gold, book, rng):
        for size in grid.sizes:
            reviews = [n for n in grid.reviews if n < size]
            parts.append(_run(pool, size, reviews, 0, grid, rng))
            parts += [_run(pool, size, [0], n, grid, rng) for n in grid.elsewhere]
    return pa.concat_tables(parts)


def _pools(gold: dict[str, GoldScores], book: ScoreBook, rng: np.random.Generator) -> Iterator[Pool]:
    for shift in (True, False):
        halves = {audience: rng.random(len(scores.source)) < 0.5 for audience, scores in gold.items()}
        for audience, scores in gold.items():
            source = np.asarray(scores.source, dtype=object)
            for name in dict.fromkeys(scores.source):
                here = source == name
                drawn = here if shift else here & ~halves[audience]
                enough = _enough(np.where(np.isnan(scores.predicted), np.nan, scores.true)[drawn])
                if not enough.any():
                    continue
                seen = dict(gold)
                for other, theirs in gold.items():
                    kept = np.ones(len(theirs.source), dtype=bool) if shift else halves[other]
                    seen[other] = _rows(theirs, kept & ~here if shift and other == audience else kept)
                calibration = calibrate(seen, book)[audience]
                for k, score in enumerate(book.scores):
                    if score.is_binary and enough[k]:
                        known = drawn & scores.known(k)
                        yield Pool(
                            audience,
                            str(name),
                            shift,
                            score,
                            scores.predicted[known, k],
                            scores.true[known, k],
                            _only(calibration, k),
                        )


def _enough(true: Floats) -> npt.NDArray[np.bool_]:
    have, lack = (true == 1).sum(axis=0), (true == 0).sum(axis=0)
    flags: npt.NDArray[np.bool_] = np.minimum(have, lack) >= MIN_POOL
    return flags


def _rows(scores: GoldScores, rows: npt.NDArray[np.bool_]) -> GoldScores:
    source = [name for name, kept in zip(scores.source, rows, strict=True) if kept]
    return GoldScores(scores.predicted[rows], scores.true[rows], source)


def _only(calibration: Calibration, k: int) -> Calibration:
    names = ("mean_low", "mean_high", "noise_low", "noise_high", "shift_low", "shift_high", "freedom")
    return Calibration(**{name: getattr(calibration, name)[[k]] for name in names})


def _run(
    pool: Pool, size: int, reviews: Sequence[int], elsewhere: int, grid: Grid, rng: np.random.Generator
) -> pa.Table:
    """Simulate cells of one size, with every prevalence and number of reviews."""
    cases = [(p, n) for p in grid.prevalences for n in reviews for _ in range(grid.repeats)]
    prevalence, reviewed = np.array([p for p, _ in cases]), np.array([n for _, n in cases])
    repeats = len(cases)
    have, lack = np.flatnonzero(pool.true == 1), np.flatnonzero(pool.true == 0)
    drawn = np.where(
        rng.random((repeats, size)) < prevalence[:, None],
        rng.choice(have, (repeats, size)),
        rng.choice(lack, (repeats, size)),
    )
    predicted, true = pool.predicted[drawn], pool.true[drawn]
    cells = cells_of(predicted, pool.audience)
    given = reviews_of(predicted, true, reviewed)
    if elsewhere:
        # One more cell holds the rest of the company; it is estimated, and not looked at.
        others = rng.integers(len(pool.true), size=(1, elsewhere * 10))
        cells = cells_of(predicted, pool.audience, pool.predicted[others])
        given = reviews_of(pool.predicted[others], pool.true[others], np.array([elsewhere]), first=repeats)
    score = replace(pool.score, within=None)
    means = estimate_means(cells, (score,), {pool.audience: pool.calibration}, given)
    columns: dict[str, object] = {
        "audience": [pool.audience] * repeats,
        "source": [pool.source] * repeats,
        "shift": [pool.shift] * repeats,
        "score": [pool.score.name] * repeats,
        "size": [size] * repeats,
        "prevalence": prevalence,
        "reviewed": reviewed,
        "elsewhere": [elsewhere] * repeats,
        "method": [METHODS[m] for m in means.method[:repeats, 0]],
        "truth": true.mean(axis=1),
        "estimate": means.value[:repeats, 0],
    }
    # A label that no other source shows is counted without interval: nothing is claimed.
    claimed = means.method[:repeats, 0] != COUNT
    columns["given"] = claimed & ~leave_out_unsure(_figures(means, repeats), 0.0, LEVELS[0]).unsure
    for name, low, high, target in _intervals(means, predicted, true, reviewed, prevalence):
        columns[f"covers_{name}"] = (low <= target + 1e-12) & (high >= target - 1e-12)
        columns[f"width_{name}"] = high - low
    return pa.table(columns)


def cells_of(predicted: Floats, audience: str, rest: Floats | None = None) -> Cells:
    """Make the sums of cells of one score, each verbatim by another person.

    Args:
        predicted: Cells × verbatims.
        audience: Who wrote.
        rest: More cells × verbatims, of another size.

    Returns:
        The sums.
    """
    blocks = [predicted] if rest is None else [predicted, rest]
    n = np.concatenate([np.full(len(block), block.shape[1], dtype=np.int64) for block in blocks])
    sums = np.concatenate([block.sum(axis=1) for block in blocks])[:, None]
    squares = np.concatenate([(block**2).sum(axis=1) for block in blocks])[:, None]
    size = n[:, None]
    keys = pa.table({"audience": [audience] * len(n)})
    return Cells(keys, n, n, sums, sums, squares, squares, size, size, size, size, size)


def reviews_of(predicted: Floats, true: Floats, reviewed: Ints, first: int = 0) -> ReviewedCells:
    """Review the first verbatims of every cell, which were drawn at random.

    Args:
        predicted: Cells × verbatims.
        true: Cells × verbatims.
        reviewed: How many of each cell.
        first: Position of the first of these cells.

    Returns:
        Reviewed verbatims with their inclusion probability.
    """
    n_cells, size = predicted.shape
    chosen = np.arange(size)[None, :] < reviewed[:, None]
    return ReviewedCells(
        cell=first + np.repeat(np.arange(n_cells), reviewed),
        row=np.arange(int(reviewed.sum())),
        probability=np.repeat(reviewed / size, reviewed),
        predicted=predicted[chosen][:, None],
        true=true[chosen][:, None],
    )


def _figures(means: Means, n: int) -> Figures:
    return Figures(
        means.value[:n, 0],
        means.error[:n, 0],
        means.sampling[:n, 0],
        means.freedom[:n, 0],
        means.method[:n, 0],
        np.zeros(n, dtype=bool),
        Curve(means.curves.a[:n, 0], means.curves.b[:n, 0], means.curves.c[:n, 0]),
        means.free[:n, 0],
    )


def _intervals(
    means: Means, predicted: Floats, true: Floats, reviewed: Ints, prevalence: Floats
) -> Iterator[tuple[str, Floats, Floats, Floats]]:
    """Name, bounds and target of every interval compared."""
    truth = true.mean(axis=1)
    size = true.shape[1]
    figures = _figures(means, len(truth))
    seen = np.arange(size)[None, :] < reviewed[:, None]
    share = (true * seen).sum(axis=1) / np.maximum(reviewed, 1)
    counted = (predicted > 0.5).mean(axis=1)
    for level in LEVELS:
        at = f"{level * 100:.0f}"
        yield f"miroir_{at}", *figures.interval(0.0, level, with_sampling=False), truth
        yield f"process_{at}", *figures.interval(0.0, level, with_sampling=True), prevalence
        half = stats.norm.ppf(0.5 + level / 2) * np.sqrt(counted * (1 - counted) / size)
        yield f"naive_{at}", counted - half, counted + half, truth
        low, high = wilson(share, reviewed, level, reviewed / size)
        yield f"humans_{at}", low, high, truth


def wilson(share: Floats, n: Ints, level: float, sampled: Floats) -> tuple[Floats, Floats]:
    """Wilson's interval of a share seen on n of a finite population.

    Args:
        share: Share seen.
        n: How many were seen.
        level: Confidence level.
        sampled: Part of the population that was seen.

    Returns:
        Lower and upper bounds; 0 and 1 where nothing was seen.
    """
    z2 = stats.norm.ppf(0.5 + level / 2) ** 2 * (1 - sampled)
    safe = np.maximum(n, 1)
    centre = (share + z2 / (2 * safe)) / (1 + z2 / safe)
    half = np.sqrt(z2 * share * (1 - share) / safe + z2**2 / (4 * safe**2)) / (1 + z2 / safe)
    return np.where(n > 0, centre - half, 0.0), np.where(n > 0, centre + half, 1.0)


def summarise(rows: pa.Table, by: Sequence[str]) -> pa.Table:
    """Average coverage and width over simulated cells where a figure is given.

    Args:
        rows: From `simulate`.
        by: Columns to cut by.

    Returns:
        One row a combination: `n` cells, `given` share, `covers_…` and `width_…` averaged over the cells
        given.
    """
    names = [name for name in rows.column_names if name.startswith(("covers_", "width_"))]
    given = rows.filter(rows["given"])
    spec = [(name, "mean") for name in names]
    kept = given.group_by(list(by), use_threads=False).aggregate([*spec, ("truth", "count")])
    every = rows.group_by(list(by), use_threads=False).aggregate([("given", "mean")])
    joined = every.join(kept, list(by), use_threads=False)
    renamed = [name.removesuffix("_mean").replace("truth_count", "n") for name in joined.column_names]
    return joined.rename_columns(renamed).sort_by([(name, "ascending") for name in by])
