"""Read from the workspace all verbatims that a sample may be drawn from, with the tagger's probabilities."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl
import pyarrow.compute as pc

from pipeline import layout
from pipeline.review.index import batches_in_use
from pipeline.review.refusals import refusal
from pipeline.workspace import Workspace

CONTEXT = ["verbatim_id", "source", "audience", "date", "respondent"]


@dataclass(frozen=True, slots=True)
class Scope:
    """Which verbatims a campaign is about; empty means all.

    Attributes:
        audiences: Audiences.
        month_from: First month, `2026-01`.
        month_to: Last month.
        dimension: Name of a dimension to keep one value of.
        value: The value kept.
    """

    audiences: tuple[str, ...] = ()
    month_from: str = ""
    month_to: str = ""
    dimension: str = ""
    value: str = ""


def read_population(workspace: Workspace, model_id: str, scope: Scope) -> pl.DataFrame:
    """Read verbatims and annotations together, each verbatim once: where it comes last, as releases do.

    Args:
        workspace: Where batches and annotations lie.
        model_id: Whose annotations.
        scope: Which verbatims.

    Returns:
        `verbatim_id`, `source`, `audience`, `respondent`, `month` (null without a date), a column
        `dim_<name>` for each dimension, and the annotation's columns; sorted by `verbatim_id`.

    Raises:
        ReviewError: No annotated verbatim is in the scope.
    """
    population = find_population(workspace, model_id, scope)
    if population is None:
        raise refusal(
            "campaign_empty",
            "there is nothing to draw from",
            expected="annotated verbatims",
            got="none",
            where=f"model «{model_id}», {scope}",
            do="Widen the choice, or run `miroir run` first",
        )
    return population


def find_population(workspace: Workspace, model_id: str, scope: Scope) -> pl.DataFrame | None:
    """Read the same; None when no annotated verbatim is in the scope."""
    frames = [_read_batch(workspace, batch, model_id) for batch in batches_in_use(workspace)]
    known = [frame for frame in frames if frame is not None]
    if not known:
        return None
    last = pl.concat(known, how="diagonal").unique("verbatim_id", keep="last", maintain_order=True)
    population = _within(last, scope).sort("verbatim_id")
    return None if population.is_empty() else population


def _read_batch(workspace: Workspace, batch: str, model_id: str) -> pl.DataFrame | None:
    annotations = _read_parts(workspace, (layout.ANNOTATIONS, batch, model_id), None)
    verbatims = _read_parts(workspace, (layout.BATCHES, batch, layout.VERBATIMS), [*CONTEXT, "dimensions"])
    if annotations is None or verbatims is None:
        return None
    return verbatims.join(annotations, on="verbatim_id", how="inner")


def _read_parts(
    workspace: Workspace, folder: tuple[str, ...], columns: list[str] | None
) -> pl.DataFrame | None:
    frames = []
    for name in workspace.names(*folder):
        if not name.endswith(".parquet"):
            continue
        table = workspace.read_table(*folder, name, columns=columns)
        if columns is None:
            frames.append(pl.DataFrame(pl.from_arrow(table)))
            continue
        dimensions = table["dimensions"].combine_chunks()
        frame = pl.DataFrame(pl.from_arrow(table.drop_columns(["dimensions"])))
        frames.append(
            frame.with_columns(
                pl.Series(f"dim_{key}", pc.map_lookup(dimensions, key, "first"), dtype=pl.String)
                for key in sorted(pc.unique(dimensions.keys).to_pylist())
            )
            .with_columns(month=pl.col("date").dt.strftime("%Y-%m"))
            .drop("date")
        )
    return pl.concat(frames, how="diagonal") if frames else None


def _within(population: pl.DataFrame, scope: Scope) -> pl.DataFrame:
    if scope.audiences:
        population = population.filter(pl.col("audience").is_in(list(scope.audiences)))
    if scope.month_from:
        population = population.filter(pl.col("month") >= scope.month_from)
    if scope.month_to:
        population = population.filter(pl.col("month") <= scope.month_to)
    column = f"dim_{scope.dimension}"
    if scope.dimension and column in population.columns:
        population = population.filter(pl.col(column) == scope.value)
    return population


def dimension_names(population: pl.DataFrame) -> tuple[str, ...]:
    """Name the dimensions of a population."""
    return tuple(name.removeprefix("dim_") for name in population.columns if name.startswith("dim_"))
