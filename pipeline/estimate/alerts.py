"""Alerts: figures that left the band in which their earlier periods lie.

A p-chart with overdispersion (Laney 2002): a share of period t is compared with the mean of the periods
before it. The band allows for the number of people, for the errors of tagging, and for how much the
earlier periods spread beyond both. All figures of one period are tested together (Benjamini–Hochberg), so
a quiet period gives no alert at all in 95 % of cases.

Source: Laney (2002), Improved Control Charts for Attributes, Quality Engineering 14.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
from scipy import stats

from pipeline import schema
from pipeline.estimate.estimates import Estimates
from pipeline.estimate.ratios import Figures
from pipeline.estimate.scores import Floats, Measure
from pipeline.estimate.series import series_of
from pipeline.estimate.significance import adjusted
from pipeline.estimate.tables import (
    LOWEST,
    NODES,
    PEOPLE,
    SPAN,
    fill,
    node_names,
    one_node,
    ordered,
    with_private,
)

WATCHED = (
    "sentiment_negative",
    "enchantment_rate",
    "incivility_abusive",
    "incivility_reported",
    "theme_share",
)
MIN_HISTORY = 6
MAX_HISTORY = 12
# Below this many independent verbatims a share has no band.
MIN_FREE = 10.0

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Band:
    """What earlier periods let one expect; arrays are series × periods, NaN without enough history.

    Attributes:
        expected: Mean of the earlier periods.
        error: Standard error of a new figure around it, overdispersion included.
        freedom: Degrees of freedom of `error`.
        p: Two-sided p-value of the figure.
    """

    expected: Floats
    error: Floats
    freedom: Floats
    p: Floats


def bands(value: Floats, variance: Floats, weight: Floats) -> Band:
    """Compare every period with the `MAX_HISTORY` periods before it.

    Args:
        value: Series × periods: shares, NaN where there is none.
        variance: Variance of each share that its size and tagging explain.
        weight: Independent verbatims behind each share.

    Returns:
        The bands.
    """
    shape = value.shape
    expected, error, freedom = (np.full(shape, np.nan) for _ in range(3))
    usable = ~np.isnan(value) & ~np.isnan(variance) & (weight >= MIN_FREE)
    for t in range(MIN_HISTORY, shape[1]):
        past = slice(max(0, t - MAX_HISTORY), t)
        there = usable[:, past]
        n_past = there.sum(axis=1)
        w = np.where(there, weight[:, past], 0.0)
        with np.errstate(invalid="ignore", divide="ignore"):
            centre = (w * np.nan_to_num(value[:, past])).sum(axis=1) / w.sum(axis=1)
            z2 = np.where(there, (value[:, past] - centre[:, None]) ** 2 / variance[:, past], 0.0)
            spread = np.maximum(z2.sum(axis=1) / np.maximum(n_past - 1, 1), 1.0)
            of_centre = spread * (w**2 * np.nan_to_num(variance[:, past])).sum(axis=1) / w.sum(axis=1) ** 2
            whole = np.sqrt(spread * variance[:, t] + of_centre)
        ready = usable[:, t] & (n_past >= MIN_HISTORY)
        expected[:, t] = np.where(ready, centre, np.nan)
        error[:, t] = np.where(ready, whole, np.nan)
        freedom[:, t] = n_past - 1
    with np.errstate(invalid="ignore", divide="ignore"):
        p = 2 * stats.t.sf(np.abs(value - expected) / error, np.maximum(freedom, 1))
    return Band(expected, error, freedom, p)


def build_alerts(estimates: Estimates) -> pa.Table:
    """Lay out the figures that left their band.

    Args:
        estimates: What was estimated.

    Returns:
        `schema.alerts_schema`, with private columns; only alerts, none in a quiet period.
    """
    target = with_private(schema.alerts_schema(estimates.dimensions))
    series = series_of(estimates)
    watched = [measure for measure in estimates.book.measures if measure.name in WATCHED]
    if series.cell.shape[1] <= MIN_HISTORY or not watched:
        return target.empty_table()
    found = [_band_of(estimates, measure, series.cell) for measure in watched]
    p = np.stack([band.p for band in found])
    for t in range(p.shape[2]):
        p[:, :, t] = adjusted(p[:, :, t].ravel()).reshape(p.shape[:2])
    parts = [
        _alert_rows(estimates, measure, series.cell, band, p[k], target)
        for k, (measure, band) in enumerate(zip(watched, found, strict=True))
    ]
    return ordered(pa.concat_tables(parts), estimates.dimensions)


def _band_of(estimates: Estimates, measure: Measure, cell: Ints) -> Band:
    figures = estimates.figures[measure.name, measure.theme]
    people = np.append(estimates.cells.people.astype(np.float64), 0.0)
    value = np.append(figures.value, np.nan)[cell]
    return bands(value, np.append(own_variance(figures), np.nan)[cell], people[cell])


def own_variance(figures: Figures) -> Floats:
    """Give each figure's variance around its series: the doubt that all of a series have alike cancels out.

    Where people reviewed, all of the error is the figure's own, however few the labels that it rests on.
    """
    noise = figures.error if figures.noise is None else figures.noise
    return figures.sampling + np.where(np.isnan(figures.error), 0.0, noise)


def _alert_rows(
    estimates: Estimates, measure: Measure, cell: Ints, band: Band, p: Floats, target: pa.Schema
) -> pa.Table:
    figures, level = estimates.figures[measure.name, measure.theme], estimates.config.level
    with np.errstate(invalid="ignore"):
        row, t = np.nonzero(p <= estimates.config.false_discoveries)
    where = cell[row, t]
    half = stats.t.ppf(0.5 + level / 2, np.maximum(band.freedom[row, t], 1)) * band.error[row, t]
    low, high = figures.interval(measure.low, level, with_sampling=True)
    expected, value = band.expected[row, t], figures.value[where]
    keys = estimates.cells.keys.take(pa.array(where, pa.int64()))
    columns = {
        "theme": measure.theme,
        "measure": measure.name,
        "value": value,
        "low": low[where],
        "high": high[where],
        "level": np.where(np.isnan(low[where]), np.nan, level),
        "n_verbatims": estimates.cells.n[where],
        "n_respondents": estimates.cells.people[where],
        "n_reviewed": estimates.means.reviewed[where],
        "suppressed": False,
        "expected": expected,
        "band_low": np.maximum(expected - half, measure.low),
        "band_high": np.minimum(expected + half, 1.0),
        "direction": np.where(value > expected, "up", "down").astype(object),
        "p_adjusted": p[row, t],
        NODES: one_node(node_names(keys, estimates.dimensions, measure.group)),
        SPAN: 1.0 - measure.low,
        PEOPLE: estimates.cells.people[where],
        LOWEST: measure.low,
    }
    table = fill(keys, columns, target)
    place = table.schema.get_field_index("p_adjusted")
    return table.set_column(place, table.schema.field(place), pc.round(table["p_adjusted"], ndigits=4))
