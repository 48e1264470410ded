"""Every published figure of a run: from the Parquet parts of a workspace to tables."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from models.labels import LabelSpace
from pipeline.config import EstimateConfig
from pipeline.estimate.alerts import build_alerts
from pipeline.estimate.calibration import Calibration, calibrate, read_out_of_fold
from pipeline.estimate.candidates import CANDIDATES, find_candidates
from pipeline.estimate.cells import Cells, grains, sum_cells
from pipeline.estimate.changes import build_changes
from pipeline.estimate.drivers import build_drivers
from pipeline.estimate.engine import estimate_means
from pipeline.estimate.estimates import Estimates
from pipeline.estimate.frame import BatchFiles, EstimateInputs, Frame, open_frame
from pipeline.estimate.links import build_links
from pipeline.estimate.mirror import build_mirror
from pipeline.estimate.netlines import NetLine, net_lines
from pipeline.estimate.overlaps import count_overlaps
from pipeline.estimate.perception import build_perception, set_estimates_aside
from pipeline.estimate.ratings import rating_figures, sum_ratings
from pipeline.estimate.reviewed import apply_reviews, join_reviews
from pipeline.estimate.scores import Measure
from pipeline.estimate.tables import (
    LOWEST,
    NODES,
    NOT_TRAINED,
    PEOPLE,
    SPAN,
    fill,
    method_names,
    node_names,
    one_node,
    ordered,
    private_measure_schema,
    reasons,
)

__all__ = ["BatchFiles", "EstimateInputs", "Estimates", "estimate", "estimate_all"]

GROUPS, OVERLAPS = "_groups", "_overlaps"
MEASURES, MIRROR = "measures", "mirror"


def estimate(inputs: EstimateInputs, config: EstimateConfig, labels: LabelSpace) -> dict[str, pa.Table]:
    """Compute every table of figures.

    Args:
        inputs: Verbatims, annotations, reviews, out-of-fold predictions.
        config: Period, cells, confidence level, and what is compared.
        labels: The codebook's label space.

    Returns:
        Table name → table. Names and columns that begin with `_` are for `protect` alone: never published.

    Raises:
        EstimateError: The parts are missing or not as the schema says.
    """
    with open_frame(inputs, config.period, labels) as frame:
        perception = build_perception(frame, config.perception, config.level)
        set_estimates_aside(frame, config.perception)
        estimates = estimate_all(frame, inputs, config)
        tables = tables_of(estimates)
        apply_reviews(frame, inputs.reviews)
        drivers = build_drivers(frame, config.level, config.false_discoveries)
        candidates = find_candidates(frame, inputs)
    tables[MIRROR] = ordered(pa.concat_tables([tables[MIRROR], perception]), inputs.dimensions)
    return tables | {"drivers": drivers, CANDIDATES: candidates}


def estimate_all(frame: Frame, inputs: EstimateInputs, config: EstimateConfig) -> Estimates:
    """Estimate every mean over every cell of an open frame."""
    sets = grains(config.cells, inputs.dimensions)
    with_periods = config.period != "all"
    cells = sum_cells(frame, sets, with_periods=with_periods)
    calibrations: dict[str, Calibration] = {}
    nets: dict[str, NetLine] = {}
    if inputs.calibration is not None:
        gold = read_out_of_fold(inputs.calibration, frame.book)
        calibrations, nets = calibrate(gold, frame.book), net_lines(gold, frame.book)
    reviewed = join_reviews(frame, inputs.reviews, cells, sets)
    means = estimate_means(cells, frame.book.scores, calibrations, reviewed)
    ratings = sum_ratings(frame, sets, with_periods=with_periods)
    overlaps = count_overlaps(frame, with_periods=with_periods)
    return Estimates(config, frame.book, inputs.dimensions, sets, cells, means, ratings, overlaps, nets)


def tables_of(estimates: Estimates) -> dict[str, pa.Table]:
    """Lay estimates out as tables."""
    parts = [_counts(estimates)]
    parts += [_measure(estimates, measure) for measure in estimates.book.measures]
    parts += _ratings(estimates)
    return {
        MEASURES: ordered(pa.concat_tables(parts), estimates.dimensions),
        MIRROR: build_mirror(estimates),
        "links": build_links(estimates),
        "changes": build_changes(estimates),
        "alerts": build_alerts(estimates),
        GROUPS: groups_table(estimates),
        OVERLAPS: estimates.overlaps,
    }


def _counts(estimates: Estimates) -> pa.Table:
    cells = estimates.cells
    shown = _shown(cells)
    keys = cells.keys.take(shown)
    columns = {
        "measure": "verbatims",
        "value": cells.n[shown].astype(float),
        "n_verbatims": cells.n[shown],
        "n_respondents": cells.people[shown],
        "n_reviewed": estimates.means.reviewed[shown],
        "method": "count",
        "suppressed": False,
        NODES: one_node(node_names(keys, estimates.dimensions, "all")),
        SPAN: 0.0,
        PEOPLE: cells.people[shown],
    }
    return fill(keys, columns, private_measure_schema(estimates.dimensions))


def _measure(estimates: Estimates, measure: Measure) -> pa.Table:
    cells, config = estimates.cells, estimates.config
    shown = _shown(cells)
    keys = cells.keys.take(shown)
    figures = estimates.figures[measure.name, measure.theme]
    low, high = figures.interval(measure.low, config.level, with_sampling=config.target == "process")
    group = list(estimates.book.groups).index(measure.counted)
    value = figures.value[shown]
    is_untrained = measure.theme in estimates.untrained
    low, high = (
        np.where(np.isnan(figures.value), np.nan, low),
        np.where(np.isnan(figures.value), np.nan, high),
    )
    columns = {
        "theme": measure.theme,
        "measure": measure.name,
        "value": value,
        "low": low[shown],
        "high": high[shown],
        "level": np.where(np.isnan(low[shown]) | np.isnan(value), np.nan, config.level),
        "n_verbatims": cells.group_verbatims[shown, group],
        "n_respondents": cells.group_people[shown, group],
        "n_reviewed": estimates.means.reviewed[shown],
        "method": method_names(figures.method[shown], value),
        "suppressed": False,
        "reason": np.where(
            np.isnan(value) & is_untrained, NOT_TRAINED, reasons(value, figures.unsure[shown], low[shown])
        ),
        NODES: one_node(node_names(keys, estimates.dimensions, measure.group)),
        SPAN: 1.0 - measure.low,
        PEOPLE: cells.group_people[shown, group],
        LOWEST: measure.low,
    }
    return fill(keys, columns, private_measure_schema(estimates.dimensions))


def _ratings(estimates: Estimates) -> list[pa.Table]:
    return [
        fill(keys, columns, private_measure_schema(estimates.dimensions))
        for keys, columns in rating_figures(estimates.ratings, estimates.dimensions, estimates.config.level)
    ]


def _shown(cells: Cells) -> pa.Array:
    return pa.array(np.flatnonzero(~cells.keys["unplaced"].to_numpy(zero_copy_only=False)))


def groups_table(estimates: Estimates) -> pa.Table:
    """Lay out who is in each group of each cell, exactly: what the protection decides on.

    Returns:
        Cell columns, then `group`, `n_verbatims`, `n_respondents`, `largest` (verbatims of the person who
        wrote most), `mark`, `buckets`.
    """
    cells = estimates.cells
    keys = cells.keys.drop_columns(["cell"])
    parts = []
    for j, name in enumerate(estimates.book.groups):
        parts.append(
            _with(
                keys,
                name,
                cells.group_verbatims[:, j],
                cells.group_people[:, j],
                cells.group_largest[:, j],
                cells.group_marks[:, j],
                cells.group_buckets[:, j],
            )
        )
    for scale in pc.unique(estimates.ratings["rating_scale"]).to_pylist():
        here = estimates.ratings.filter(pc.equal(estimates.ratings["rating_scale"], scale))
        n, people, mark, buckets = (here[name].to_numpy() for name in ("n", "people", "mark", "buckets"))
        # A person's rating counts once, however much they wrote.
        once = np.zeros_like(n)
        parts.append(_with(here.select(keys.column_names), f"rated_{scale}", n, people, once, mark, buckets))
    return pa.concat_tables(parts)


def _with(keys: pa.Table, group: str, *columns: np.ndarray) -> pa.Table:
    names = ("n_verbatims", "n_respondents", "largest", "mark", "buckets")
    table = keys.append_column("group", pa.array([group] * len(keys), pa.string()))
    for name, column in zip(names, columns, strict=True):
        table = table.append_column(name, pa.array(column, pa.int64()))
    return table
