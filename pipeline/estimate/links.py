"""How employees' and customers' nets go together across units: a rank correlation, never a cause."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
from scipy import stats

from pipeline import schema
from pipeline.estimate.estimates import Estimates
from pipeline.estimate.mirror import BOTH, CUSTOMER, EMPLOYEE, pair_cells
from pipeline.estimate.scores import Floats
from pipeline.estimate.series import period_number
from pipeline.estimate.tables import NODES, PEOPLE, SPAN, fill, ordered, with_private

TOO_FEW = "too_few"
MIN_UNITS = 12
# Fieller, Hartley and Pearson (1957): variance of Fisher's z of a rank correlation is 1.06 / (n − 3).
RANK_VARIANCE = 1.06


def rank_correlation(a: Floats, b: Floats, n_units: int, level: float) -> tuple[float, float, float]:
    """Correlate ranks, with an interval.

    Args:
        a: One value a pair.
        b: The other value.
        n_units: Number of independent units, at most the number of pairs.
        level: Confidence level.

    Returns:
        Spearman's coefficient and its bounds; NaN with fewer than `MIN_UNITS` units or when one side is
        constant.
    """
    if n_units < MIN_UNITS or np.ptp(a) == 0 or np.ptp(b) == 0:
        return float("nan"), float("nan"), float("nan")
    rho = float(stats.spearmanr(a, b).statistic)
    z = np.arctanh(np.clip(rho, -0.999999, 0.999999))
    half = stats.norm.ppf(0.5 + level / 2) * np.sqrt(RANK_VARIANCE / (n_units - 3))
    return rho, float(np.tanh(z - half)), float(np.tanh(z + half))


def build_links(estimates: Estimates) -> pa.Table:
    """Lay out how nets go together, for every dimension, over the whole time and one period later.

    Args:
        estimates: What was estimated.

    Returns:
        `schema.links_schema`, with private columns. Lag 0 correlates members over the whole time; lag 1
        correlates employees in a period with customers in the next one, all members and periods together,
        its interval by the number of members.
    """
    target = with_private(schema.links_schema(estimates.dimensions))
    pairs = pair_cells(estimates)
    keys = pairs.keys
    grain, by_period = keys["grain"].to_numpy(), keys["by_period"].to_numpy(zero_copy_only=False)
    both = (pairs.customer >= 0) & (pairs.employee >= 0)
    rows: list[dict[str, object]] = []
    for position, names in enumerate(estimates.sets):
        if len(names) != 1:
            continue
        member = np.asarray(keys[names[0]].to_pylist(), dtype=object)
        here = grain == position
        for theme in (None, *estimates.themes):
            figures = estimates.figures["sentiment_net" if theme is None else "theme_net", theme]
            value = np.append(figures.value, np.nan)
            c, e = value[pairs.customer], value[pairs.employee]
            at = here & ~by_period & both & ~np.isnan(c) & ~np.isnan(e)
            rows.append(_row(estimates, names[0], theme, 0, e[at], c[at], member[at]))
            if by_period.any():
                later = _next_period(keys, member, here & by_period)
                employees, customers = e[later[0]], c[later[1]]
                known = ~np.isnan(employees) & ~np.isnan(customers)
                units = member[later[0]][known]
                rows.append(_row(estimates, names[0], theme, 1, employees[known], customers[known], units))
    if not rows:
        return target.empty_table()
    table = pa.Table.from_pylist(rows)
    whole = pa.table(
        {name: [None] * len(rows) for name in estimates.dimensions}
        | {
            "period": ["all"] * len(rows),
            "audience": [BOTH] * len(rows),
        }
    )
    stem = "|".join(["all", *("" for _ in estimates.dimensions), "all"])
    columns = {name: table[name] for name in table.column_names}
    nodes = pa.array([[f"{who}|{stem}" for who in (CUSTOMER, EMPLOYEE)]] * len(rows), pa.list_(pa.string()))
    return ordered(
        fill(whole, columns | {"suppressed": False, NODES: nodes, SPAN: 2.0}, target), estimates.dimensions
    )


def _next_period(keys: pa.Table, member: np.ndarray, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Pair rows with those of the same member one period later."""
    period = keys["period"].to_pylist()
    place = {(member[i], period_number(period[i])): i for i in np.flatnonzero(rows)}
    found = [(i, place[m, t + 1]) for (m, t), i in place.items() if (m, t + 1) in place]
    pairs = np.array(found, dtype=np.int64).reshape(-1, 2)
    return pairs[:, 0], pairs[:, 1]


def _row(
    estimates: Estimates, dimension: str, theme: str | None, lag: int, a: Floats, b: Floats, units: np.ndarray
) -> dict[str, object]:
    n_units = len(set(units.tolist()))
    value, low, high = rank_correlation(a, b, n_units, estimates.config.level)
    said = not np.isnan(value)
    return {
        "theme": theme,
        "measure": "rank_correlation",
        "value": round(value, 6) if said else None,
        "low": round(low, 6) if said else None,
        "high": round(high, 6) if said else None,
        "level": estimates.config.level if said else None,
        "dimension": dimension,
        "lag": lag,
        "n_units": n_units,
        "reason": None if said else TOO_FEW,
        PEOPLE: max(n_units, 1) * 10,
    }
