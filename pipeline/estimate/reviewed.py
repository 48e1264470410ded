"""Find the cells that reviewed verbatims lie in, and put decided labels in the place of the model's."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyarrow as pa

from pipeline import schema
from pipeline.estimate.calibration import THEMES_READ, gold_indicators, scores_of
from pipeline.estimate.cells import Cells
from pipeline.estimate.engine import ReviewedCells, no_reviews
from pipeline.estimate.frame import UNIT, Frame, theme_code


def join_reviews(
    frame: Frame, reviews: pa.Table | None, cells: Cells, sets: Sequence[Sequence[str]]
) -> ReviewedCells:
    """Join reviewed labels with predictions and cells.

    Args:
        frame: The open frame.
        reviews: `schema.reviewed_schema`, or null.
        cells: Sums over cells.
        sets: The sets of dimensions that the cells were summed over.

    Returns:
        Each reviewed verbatim of the frame once for every cell that it lies in; a verbatim reviewed twice
        counts with its last row.
    """
    n_scores = len(frame.book.scores)
    if reviews is None or len(reviews) == 0:
        return no_reviews(n_scores)
    numbered = reviews.append_column("review", pa.array(np.arange(len(reviews)), pa.int64()))
    frame.connection.register("reviews", numbered.select(["verbatim_id", "review"]))
    frame.connection.register("cell_keys", cells.keys)
    scores = ", ".join(f"f_{i}" for i in range(n_scores))
    dimensions = ", ".join(f"{frame.dimension(name)} AS {name}" for name in frame.dimensions)
    joined = frame.connection.sql(f"""
        SELECT review, audience, period, is_learnt {", " + dimensions if dimensions else ""}, {scores}
        FROM frame JOIN (SELECT verbatim_id, max(review) AS review FROM reviews GROUP BY verbatim_id)
        USING (verbatim_id) ORDER BY review
        """).to_arrow_table()
    predicted = np.stack(
        [joined[f"f_{i}"].cast(pa.float64()).to_numpy(zero_copy_only=False) / UNIT for i in range(n_scores)],
        axis=1,
    )
    mine = reviews.take(joined["review"])
    true = scores_of(gold_indicators(mine, frame.book), frame.book)
    probability = mine["inclusion_probability"].cast(pa.float64()).to_numpy(zero_copy_only=False)
    rows = joined.drop_columns([f"f_{i}" for i in range(n_scores)]).append_column(
        "row", pa.array(np.arange(len(joined)), pa.int64())
    )
    frame.connection.register("review_rows", rows)
    pairs = pa.concat_tables([_pairs(frame, g, names) for g, names in enumerate(sets)])
    return ReviewedCells(
        cell=pairs["cell"].to_numpy(),
        row=pairs["row"].to_numpy(),
        probability=probability,
        predicted=predicted,
        true=true,
        learnt=joined["is_learnt"].to_numpy(),
    )


def apply_reviews(frame: Frame, reviews: pa.Table | None) -> None:
    """Put decided labels in the place of the model's, for what reads labels one by one: quotes and drivers.

    Sums, and who is counted in which group, are of the model's labels: call it after they are made.

    Args:
        frame: The open frame; its labels change.
        reviews: `schema.reviewed_schema`, or null. A verbatim reviewed twice has its last row's labels; a
            theme that it was not read for keeps the model's.
    """
    if reviews is None or len(reviews) == 0:
        return
    told = "".join(
        f", t_{k} = CASE WHEN r.{THEMES_READ} IS NULL OR list_contains(r.{THEMES_READ}, '{theme}')"
        f" THEN {theme_code(f'r.{schema.theme_column(theme)}')} ELSE frame.t_{k} END"
        for k, theme in enumerate(frame.book.labels.themes)
    )
    numbered = reviews.append_column("review", pa.array(np.arange(len(reviews)), pa.int64()))
    frame.connection.register("decided", numbered)
    frame.connection.execute(f"""
        UPDATE frame SET sentiment = r.sentiment, enchantment = r.enchantment {told}
        FROM (SELECT DISTINCT ON (verbatim_id) * FROM decided ORDER BY verbatim_id, review DESC) AS r
        WHERE frame.verbatim_id = r.verbatim_id
        """)


def _pairs(frame: Frame, grain: int, names: Sequence[str]) -> pa.Table:
    same = "".join(f" AND k.{name} IS NOT DISTINCT FROM r.{name}" for name in names)
    return frame.table(f"""
        SELECT cell, row FROM cell_keys AS k JOIN review_rows AS r
        ON k.grain = {grain} AND k.audience = r.audience{same}
           AND (NOT k.by_period OR k.period = coalesce(r.period, 'all'))
        ORDER BY row, cell
        """)
