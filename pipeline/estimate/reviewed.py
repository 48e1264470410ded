"""Find the cells that reviewed verbatims lie in, and put decided labels in the place of the model's."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from models.gold import batch_keys
from models.tagger import VerbatimBatch
from pipeline import schema
from pipeline.estimate.calibration import THEMES_READ, gold_indicators, scores_of
from pipeline.estimate.cells import Cells
from pipeline.estimate.engine import ReviewedCells, no_reviews
from pipeline.estimate.frame import UNIT, EstimateInputs, Frame, paths_of, theme_code


def join_reviews(
    frame: Frame, inputs: EstimateInputs, cells: Cells, sets: Sequence[Sequence[str]]
) -> ReviewedCells:
    """Join reviewed labels with predictions and cells.

    Args:
        frame: The open frame.
        inputs: With the reviews, and what the model learnt from.
        cells: Sums over cells.
        sets: The sets of dimensions that the cells were summed over.

    Returns:
        Each reviewed verbatim of the frame once for every cell that it lies in; a verbatim reviewed twice
        counts with its last row.
    """
    reviews = inputs.reviews
    n_scores = len(frame.book.scores)
    if reviews is None or len(reviews) == 0:
        return no_reviews(n_scores)
    numbered = reviews.append_column("review", pa.array(np.arange(len(reviews)), pa.int64()))
    frame.connection.register("reviews", numbered.select(["verbatim_id", "review"]))
    frame.connection.register("cell_keys", cells.keys)
    scores = ", ".join(f"f_{i}" for i in range(n_scores))
    dimensions = ", ".join(f"{frame.dimension(name)} AS {name}" for name in frame.dimensions)
    joined = frame.connection.sql(f"""
        SELECT review, audience, period {", " + dimensions if dimensions else ""}, {scores}
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
        learnt=_are_learnt(frame, inputs, mine["verbatim_id"]),
    )


def _are_learnt(frame: Frame, inputs: EstimateInputs, ids: pa.ChunkedArray) -> npt.NDArray[np.bool_]:
    """Tell which verbatims the model has learnt from, in whatever version."""
    if not inputs.learnt:
        return np.zeros(len(ids), dtype=np.bool_)
    frame.connection.register("wanted", pa.table({"verbatim_id": ids}))
    texts = frame.table(f"""
        SELECT verbatim_id, text, audience, question FROM read_parquet({paths_of(inputs)})
        WHERE verbatim_id IN (SELECT verbatim_id FROM wanted)
        """)
    keys = batch_keys(VerbatimBatch(*(texts[name].to_pylist() for name in ("text", "audience", "question"))))
    known = np.fromiter((key in inputs.learnt for key in keys.tolist()), dtype=np.bool_, count=len(keys))
    learnt: npt.NDArray[np.bool_] = pc.is_in(ids, texts["verbatim_id"].filter(pa.array(known))).to_numpy(
        zero_copy_only=False
    )
    return learnt


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
