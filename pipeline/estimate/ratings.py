"""Mean ratings and net promoter scores over cells; a person counts once, whatever they wrote."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from scipy import stats

from pipeline.config import RATING_SCALES
from pipeline.estimate.frame import Frame
from pipeline.estimate.tables import LOWEST, NODES, PEOPLE, SPAN, node_names, one_node

# A mark depends on the person and on how often they are in the group; see pipeline/estimate/cells.py.
_MARK = "(sum((person >> 20) * n::UBIGINT) % 2305843009213693951)::BIGINT"
_BUCKETS = (
    "(bit_xor((1 + ((person >> 4) + 7 * n::UBIGINT) % 15) << (4 * (person % 15)))"
    " & 1152921504606846975)::BIGINT"
)


def sum_ratings(frame: Frame, sets: Sequence[Sequence[str]], *, with_periods: bool) -> pa.Table:
    """Average ratings by person, then by cell.

    Args:
        frame: The open frame.
        sets: Sets of dimensions, from `cells.grains`.
        with_periods: Also cut by period.

    Returns:
        Columns `grain`, `by_period`, `period`, `audience`, dimensions, `unplaced`, `rating_scale`, `n`
        (verbatims), `people`, `mean`, `var` (between people), `nps` in [−1, 1], `nps_var`, `mark`,
        `buckets`; ordered.
    """
    parts = [
        _sum_grain(frame, position, names, by_period)
        for position, names in enumerate(sets)
        for by_period in ((False, True) if with_periods else (False,))
    ]
    return pa.concat_tables(parts)


def rating_figures(
    ratings: pa.Table, dimensions: Sequence[str], level: float
) -> Iterator[tuple[pa.Table, dict[str, object]]]:
    """Give the columns of the measures `rating_mean_<scale>`, and `nps` or `enps` where the scale is one.

    A rating is no estimate of a tagger: its interval is that of a mean of people's answers (Student), had
    other people answered.

    Args:
        ratings: From `sum_ratings`.
        dimensions: Declared dimensions.
        level: Confidence level.

    Yields:
        Keys, and columns for `tables.fill`.
    """
    ratings = ratings.filter(pc.invert(ratings["unplaced"]))
    for scale in sorted(pc.unique(ratings["rating_scale"]).to_pylist()):
        here = ratings.filter(pc.equal(ratings["rating_scale"], scale))
        bounds = RATING_SCALES[scale]
        names = [(f"rating_mean_{scale}", "mean", "var", bounds.low, bounds.high)]
        if scale in ("nps", "enps"):
            names.append((scale, "nps", "nps_var", -1.0, 1.0))
        for measure, mean, variance, lowest, highest in names:
            people = here["people"].to_numpy()
            value = here[mean].to_numpy()
            # As though half a squared scale more had been seen: five who agree do not make an interval of
            # no width.
            spread = (
                here[variance].to_numpy() * np.maximum(people - 1, 0) + (highest - lowest) ** 2 / 4
            ) / people
            half = stats.t.ppf(0.5 + level / 2, np.maximum(people - 1, 1)) * np.sqrt(spread / people)
            yield (
                here,
                {
                    "measure": measure,
                    "value": value,
                    "low": np.maximum(value - half, lowest),
                    "high": np.minimum(value + half, highest),
                    "level": level,
                    "n_verbatims": here["n"].to_numpy(),
                    "n_respondents": people,
                    "n_reviewed": 0,
                    "method": "count",
                    "suppressed": False,
                    NODES: one_node(node_names(here, dimensions, f"rated_{scale}")),
                    SPAN: highest - lowest,
                    PEOPLE: people,
                    LOWEST: lowest,
                },
            )


def _sum_grain(frame: Frame, position: int, names: Sequence[str], by_period: bool) -> pa.Table:
    columns = [frame.dimension(name) for name in names]
    keys = ["audience", *(["period"] if by_period else []), *columns, "rating_scale"]
    absent = [f"{column} IS NULL" for column in columns] + (["period IS NULL"] if by_period else [])
    shown = "".join(
        f"{frame.dimension(name) if name in names else 'NULL::VARCHAR'} AS {name}, "
        for name in frame.dimensions
    )
    # Whole numbers of thousandths keep the sums exact, so they do not depend on the order of threads.
    return frame.table(f"""
        SELECT {position}::INTEGER AS grain, {by_period} AS by_period,
               {"coalesce(period, 'all')" if by_period else "'all'"} AS period, audience, {shown}
               ({" OR ".join(absent) or "FALSE"}) AS unplaced, rating_scale,
               sum(n)::BIGINT AS n, count(*)::BIGINT AS people,
               sum(r) / count(*) / 1000 AS mean,
               greatest(sum(r * r) - sum(r) * sum(r) / count(*), 0) / greatest(count(*) - 1, 1) / 1e6 AS var,
               sum(s) / count(*) / 1000 AS nps,
               greatest(sum(s * s) - sum(s) * sum(s) / count(*), 0) / greatest(count(*) - 1, 1) / 1e6
                   AS nps_var,
               {_MARK} AS mark, {_BUCKETS} AS buckets
        FROM (SELECT {", ".join(keys)}, person, count(*) AS n, round(avg(rating) * 1000) AS r,
                     round(avg(CASE WHEN rating >= 9 THEN 1 WHEN rating <= 6 THEN -1 ELSE 0 END) * 1000) AS s
              FROM frame WHERE rating IS NOT NULL AND rating_scale IS NOT NULL
              GROUP BY {", ".join(keys)}, person)
        GROUP BY {", ".join(keys)}
        ORDER BY {", ".join(f"{key} NULLS LAST" for key in keys)}
        """)
