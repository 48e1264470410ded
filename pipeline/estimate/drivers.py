"""What goes with the rating: with and without a theme, and with the other themes equal. Leads, never causes.

`rating_difference` is the mean rating of verbatims that speak of a theme with a polarity, minus that of
verbatims that do not speak of it. `rating_effect` is the coefficient of the same in one linear regression
on all themes and polarities. Standard errors are robust to unequal variances and to several verbatims of
one person (Liang and Zeger 1986), as statsmodels computes them with `cov_type="cluster"`. Themes are as
tagged or reviewed: tagging errors draw both figures towards zero.

A difference tells of both sides: with the mean of all, it would give the rating of the only one who does not
speak of a theme. So enough people must be on either side.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from scipy import stats

from pipeline import schema
from pipeline.config import RATING_SCALES
from pipeline.estimate.frame import Frame
from pipeline.estimate.scores import NEGATIVE, POSITIVE, Floats, theme_group
from pipeline.estimate.significance import adjust
from pipeline.estimate.tables import NODES, PEOPLE, SPAN, fill, ordered, with_private

DIFFERENCE, EFFECT = "rating_difference", "rating_effect"
# Codes of the frame's columns `t_…`.
POLARITY_CODES = {POSITIVE: 1, NEGATIVE: 2}
MIN_PEOPLE = 10

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Fit:
    """A linear regression with cluster-robust variance.

    Attributes:
        coefficients: One a column of the design.
        covariance: Their covariance.
        n_people: Clusters.
    """

    coefficients: Floats
    covariance: Floats
    n_people: int


def fit_clustered(design: Floats, response: Floats, person: Ints) -> Fit:
    """Fit least squares; variance robust and clustered by person, with the usual small-sample factor.

    Args:
        design: Verbatims × columns, without linear dependence.
        response: Rating of each verbatim.
        person: Who wrote.

    Returns:
        The fit.
    """
    n, k = design.shape
    inverse = np.linalg.pinv(design.T @ design)
    coefficients = inverse @ (design.T @ response)
    residual = response - design @ coefficients
    order = np.argsort(person, kind="stable")
    starts = np.flatnonzero(np.r_[True, np.diff(person[order]) != 0])
    scores = np.add.reduceat((design * residual[:, None])[order], starts, axis=0)
    people = len(starts)
    factor = people / max(people - 1, 1) * (n - 1) / max(n - k, 1)
    return Fit(coefficients, factor * inverse @ (scores.T @ scores) @ inverse, people)


def build_drivers(frame: Frame, level: float, false_discoveries: float) -> pa.Table:
    """Lay out drivers for every audience and rating scale, over the whole time.

    Args:
        frame: The open frame.
        level: Confidence level.
        false_discoveries: Share of false findings accepted.

    Returns:
        `schema.drivers_schema`, with private columns; none without ratings.
    """
    target = with_private(schema.drivers_schema(frame.dimensions))
    themes = frame.book.labels.themes
    rows: list[dict[str, object]] = []
    rated = frame.table(
        "SELECT DISTINCT audience, rating_scale FROM frame"
        " WHERE rating IS NOT NULL AND rating_scale IS NOT NULL ORDER BY ALL"
    )
    for pair in rated.to_pylist():
        audience, scale = pair["audience"], pair["rating_scale"]
        columns = ", ".join(f"t_{k}" for k in range(len(themes)))
        data = frame.connection.execute(
            f"SELECT rating, person, {columns} FROM frame"
            " WHERE audience = ? AND rating_scale = ? AND rating IS NOT NULL ORDER BY verbatim_id",
            [audience, scale],
        ).fetchnumpy()
        told = np.stack([np.asarray(data[f"t_{k}"], dtype=np.int8) for k in range(len(themes))], axis=1)
        rating = np.asarray(data["rating"], dtype=np.float64)
        person = np.unique(np.asarray(data["person"]), return_inverse=True)[1].astype(np.int64)
        rows += _rows(frame, audience, scale, themes, told, rating, person, level)
    if not rows:
        return target.empty_table()
    table = pa.Table.from_pylist(rows)
    keys = pa.table({name: [None] * len(rows) for name in frame.dimensions} | {"period": ["all"] * len(rows)})
    filled = fill(keys, {name: table[name] for name in table.column_names} | {"suppressed": False}, target)
    return ordered(adjust(filled, false_discoveries), frame.dimensions)


def _rows(
    frame: Frame,
    audience: str,
    scale: str,
    themes: tuple[str, ...],
    told: npt.NDArray[np.int8],
    rating: Floats,
    person: Ints,
    level: float,
) -> list[dict[str, object]]:
    flags = {
        (theme, name): told[:, k] == code
        for k, theme in enumerate(themes)
        for name, code in POLARITY_CODES.items()
    }
    people = {key: len(np.unique(person[rows])) for key, rows in flags.items()}
    silent = {theme: len(np.unique(person[told[:, k] == 0])) for k, theme in enumerate(themes)}
    used = [key for key in flags if min(people[key], silent[key[0]]) >= MIN_PEOPLE]
    rows = []
    if used:
        design = np.stack([np.ones(len(rating)), *(flags[key].astype(np.float64) for key in used)], axis=1)
        together = fit_clustered(design, rating, person)
        for position, (theme, polarity) in enumerate(used, start=1):
            with_theme = flags[theme, polarity]
            kept = with_theme | (told[:, themes.index(theme)] == 0)
            pair = np.stack([np.ones(kept.sum()), with_theme[kept].astype(np.float64)], axis=1)
            alone = fit_clustered(pair, rating[kept], person[kept])
            for measure, fit, k in ((DIFFERENCE, alone, 1), (EFFECT, together, position)):
                found = _found(fit, k, level)
                node = "|".join([audience, "all", *("" for _ in frame.dimensions)])
                rows.append(
                    {
                        "audience": audience,
                        "theme": theme,
                        "measure": measure,
                        "polarity": polarity,
                        "rating_scale": scale,
                        **found,
                        "level": level,
                        "n_verbatims": int(with_theme.sum()),
                        "n_respondents": people[theme, polarity],
                        "n_reviewed": 0,
                        NODES: [f"{node}|rated_{scale}", f"{node}|{theme_group(theme)}"],
                        SPAN: RATING_SCALES[scale].high - RATING_SCALES[scale].low,
                        PEOPLE: min(people[theme, polarity], silent[theme]),
                    }
                )
    return rows


def _found(fit: Fit, k: int, level: float) -> dict[str, object]:
    value, error = float(fit.coefficients[k]), float(np.sqrt(fit.covariance[k, k]))
    freedom = max(fit.n_people - 1, 1)
    half = float(stats.t.ppf(0.5 + level / 2, freedom)) * error
    p = float(2 * stats.t.sf(abs(value) / error, freedom)) if error > 0 else 1.0
    return {
        "value": round(value, 6),
        "low": round(value - half, 6),
        "high": round(value + half, 6),
        "p_adjusted": p,
    }
