"""What changed since the period before, and how much of it is mix and how much tone.

The balance of a cell is the sum over themes of share × net: what people speak of, times how they speak of it.
Between two periods it changes by

    Σ (s' − s) · (r + r') / 2   +   Σ (s + s') / 2 · (r' − r)
           mix                              tone

which adds up exactly. A balance is given only where the share of its theme and itself are sure enough to be
figures of their own.

Two periods of one unit are read through the same calibration line. Where nobody reviewed in either, what is
not known of the line is an error of both, and all that is left of it in their difference Δ is doubt about
the slope: Δ² · (variances of the two ends) / slope². What people reviewed is each period's own, and the net
of a theme is read off no line of its own: there the errors of both periods count whole. This supposes that
the tagger errs alike in both periods.

Source: Kitagawa (1955), Components of a Difference Between Two Rates, JASA 50.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from pipeline import schema
from pipeline.estimate.differences import Difference, shared_freedom, welch
from pipeline.estimate.engine import CALIBRATED
from pipeline.estimate.estimates import Estimates
from pipeline.estimate.ratios import Figures, figures_of
from pipeline.estimate.scores import Floats, Measure, theme_group
from pipeline.estimate.series import Series, series_of
from pipeline.estimate.significance import adjust
from pipeline.estimate.tables import (
    NODES,
    PEOPLE,
    SPAN,
    TOO_UNSURE,
    fill,
    join_nodes,
    node_names,
    ordered,
    with_private,
)

BALANCE = "theme_balance"
FOLLOWED = ("sentiment_net", "sentiment_negative", "enchantment_rate", "theme_share", "theme_net")

Ints = npt.NDArray[np.int64]


def build_changes(estimates: Estimates) -> pa.Table:
    """Lay out changes from each period to the next one.

    Args:
        estimates: What was estimated.

    Returns:
        `schema.changes_schema`, with private columns.
    """
    target = with_private(schema.changes_schema(estimates.dimensions))
    before, now = steps(series_of(estimates))
    if len(now) == 0:
        return target.empty_table()
    parts = [
        _change(estimates, measure, before, now, target)
        for measure in estimates.book.measures
        if measure.name in FOLLOWED
    ]
    parts += _balances(estimates, before, now, target)
    table = pa.concat_tables(parts)
    return ordered(adjust(table, estimates.config.false_discoveries), estimates.dimensions)


def steps(series: Series) -> tuple[Ints, Ints]:
    """Pair every cell with that of the period before it, where both are there."""
    if series.cell.shape[1] < 2:
        nothing = np.zeros(0, dtype=np.int64)
        return nothing, nothing
    before, now = series.cell[:, :-1].ravel(), series.cell[:, 1:].ravel()
    both = (before >= 0) & (now >= 0)
    return before[both], now[both]


def _change(estimates: Estimates, measure: Measure, before: Ints, now: Ints, target: pa.Schema) -> pa.Table:
    figures = estimates.figures[measure.name, measure.theme]
    change = change_of(figures, before, now)
    return _rows(
        estimates,
        before,
        now,
        target,
        {
            "theme": measure.theme,
            "measure": measure.name,
            "value": change.value,
            "before": figures.value[before],
            **change.columns(estimates.config.level, 1.0 - measure.low),
        },
        measure.group,
        measure.counted,
        1.0 - measure.low,
    )


def change_of(figures: Figures, before: Ints, now: Ints) -> Difference:
    """Compare figures of two periods; an error that both have in common cancels out.

    Args:
        figures: One measure over every cell.
        before: Cells of the period before.
        now: Cells of the period.

    Returns:
        What changed, one entry a pair of cells.
    """
    value = figures.value[now] - figures.value[before]
    variance, freedom = figures.whole()
    whole = variance[now] + variance[before]
    whole_freedom = welch((variance[now], freedom[now]), (variance[before], freedom[before]))
    if figures.curve is None or figures.noise is None:
        return Difference(value, whole, whole_freedom)
    own = (figures.noise + figures.sampling)[now] + (figures.noise + figures.sampling)[before]
    slope = value**2 * np.maximum(figures.curve.c[now], 0.0)
    same_line = (figures.method[now] == CALIBRATED) & (figures.method[before] == CALIBRATED)
    own_freedom = welch((own, np.full_like(own, np.inf)), (slope, figures.freedom[now]))
    return Difference(
        value,
        np.where(same_line, own + slope, whole),
        np.where(same_line, own_freedom, whole_freedom),
    )


def _balances(estimates: Estimates, before: Ints, now: Ints, target: pa.Schema) -> list[pa.Table]:
    """The balance by theme and over all themes, cut into mix and tone."""
    level = estimates.config.level
    parts, whole, changes = [], np.zeros((4, len(now))), []
    for theme in estimates.themes:
        share = estimates.figures["theme_share", theme].value
        measure = Measure(BALANCE, f"{theme}_balance", theme=theme, group=theme_group(theme), low=-1.0)
        balance = figures_of(measure, estimates.book, estimates.means, estimates.cells, level)
        given = np.where(np.isnan(share), np.nan, balance.value)
        old, new = given[before], given[now]
        mix, tone = mix_and_tone(share[before], old, share[now], new)
        change = replace(change_of(balance, before, now), value=new - old)
        changes.append(change)
        whole += np.stack([new - old, old, mix, tone])
        columns: dict[str, object] = {
            "theme": theme,
            "measure": BALANCE,
            "before": old,
            "mix": mix,
            "tone": tone,
        }
        columns |= {"value": new - old, **change.columns(level, 2.0)}
        parts.append(_rows(estimates, before, now, target, columns, measure.group, measure.counted, 2.0))
    value, old, mix, tone = whole
    variances = np.stack([change.variance for change in changes], axis=1)
    freedom = np.stack([change.freedom for change in changes], axis=1)
    total = Difference(value, variances.sum(axis=1), shared_freedom(variances, freedom))
    columns = dict[str, object](measure=BALANCE, value=value, before=old, mix=mix, tone=tone)
    # A verbatim may speak of every theme: their sum moves that much further.
    columns |= total.columns(level, 2.0 * len(estimates.themes))
    parts.append(_rows(estimates, before, now, target, columns, "all", "all", 2.0))
    return parts


def mix_and_tone(
    share: Floats, balance: Floats, share_now: Floats, balance_now: Floats
) -> tuple[Floats, Floats]:
    """Cut the change of share × net into what is due to the share and what to the net.

    Args:
        share: Share of a theme before, in [0, 1].
        balance: Share × net before.
        share_now: Share now.
        balance_now: Share × net now.

    Returns:
        Mix and tone; their sum is `balance_now − balance`. A theme that nobody spoke of has the net of the
        other period, so all of its change is mix. NaN where a share is. Share and balance are estimated
        apart, so their ratio is cut where it leaves the scale of a net.

    >>> mix, tone = mix_and_tone(np.array([0.2]), np.array([0.1]), np.array([0.4]), np.array([-0.1]))
    >>> mix.round(3).tolist(), tone.round(3).tolist()
    ([0.025], [-0.225])
    """
    with np.errstate(invalid="ignore", divide="ignore"):
        net = np.clip(balance / share, -1.0, 1.0)
        net_now = np.clip(balance_now / share_now, -1.0, 1.0)
        net, net_now = np.where(share > 0, net, net_now), np.where(share_now > 0, net_now, net)
        mix = (share_now - share) * (net + net_now) / 2
    mix = np.where((share == 0) & (share_now == 0), 0.0, mix)
    return mix, (balance_now - balance) - mix


def _rows(
    estimates: Estimates,
    before: Ints,
    now: Ints,
    target: pa.Schema,
    columns: dict[str, object],
    group: str,
    counted: str,
    span: float,
) -> pa.Table:
    cells = estimates.cells
    j = list(estimates.book.groups).index(counted)
    keys, old = cells.keys.take(pa.array(now)), cells.keys.take(pa.array(before))
    missing = np.isnan(np.asarray(columns["value"]))
    names = [node_names(side, estimates.dimensions, group) for side in (keys, old)]
    common = {
        "n_verbatims": cells.group_verbatims[now, j],
        "n_respondents": cells.group_people[now, j],
        "n_reviewed": estimates.means.reviewed[now],
        "suppressed": False,
        "reason": np.where(missing, np.array(TOO_UNSURE, dtype=object), np.array(None, dtype=object)),
        NODES: join_nodes(names),
        SPAN: span,
        PEOPLE: np.minimum(cells.group_people[now, j], cells.group_people[before, j]),
    }
    return fill(keys, common | columns, target)
