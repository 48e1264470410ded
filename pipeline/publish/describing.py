"""Tables that describe the others: members of dimensions, every code in words, how sure the figures are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import polars as pl
import pyarrow as pa

from pipeline import schema
from pipeline.codebook import Codebook
from pipeline.estimate.wording import (
    MEASURE_WORDING,
    METHOD_WORDING,
    QUADRANT_WORDING,
    REASON_WORDING,
)

KINDS = {
    "measure": MEASURE_WORDING,
    "method": METHOD_WORDING,
    "reason": REASON_WORDING,
    "quadrant": QUADRANT_WORDING,
}


def describing_tables(
    measures: pa.Table, dimensions: Sequence[str], codebook: Codebook
) -> dict[str, pa.Table]:
    """Build the tables that go with the figures.

    Args:
        measures: Protected measures: nothing is told here that they do not show.
        dimensions: Declared dimensions.
        codebook: Names of labels and themes.

    Returns:
        `quality`, `dimensions`, `codebook`.
    """
    frame = pl.DataFrame(pl.from_arrow(measures))
    return {
        "quality": _quality(frame),
        "dimensions": _dimensions(frame, dimensions),
        "codebook": _codebook(codebook),
    }


def _quality(frame: pl.DataFrame) -> pa.Table:
    return (
        frame.group_by("audience", "measure", "method")
        .agg(
            pl.len().cast(pl.Int64).alias("n_figures"),
            pl.col("suppressed").sum().cast(pl.Int64).alias("n_hidden"),
            (pl.col("high") - pl.col("low")).median().round(4).alias("median_width"),
            pl.col("n_reviewed").median().alias("median_reviewed"),
        )
        .sort("audience", "measure", "method", nulls_last=True)
        .to_arrow()
        .cast(schema.QUALITY)
    )


def _dimensions(frame: pl.DataFrame, dimensions: Sequence[str]) -> pa.Table:
    rows = [
        {"dimension": name, "member": member}
        for name in dimensions
        for member in frame.get_column(name).drop_nulls().unique().sort().to_list()
    ]
    return pa.Table.from_pylist(rows, schema.DIMENSION_MEMBERS)


def _codebook(codebook: Codebook) -> pa.Table:
    rows: list[Mapping[str, str | None]] = []
    for kind, label in (
        ("sentiment", codebook.labels.sentiment),
        ("enchantment", codebook.labels.enchantment),
        ("incivility", codebook.labels.incivility),
    ):
        rows += [
            _row(kind, code, each.name.fr, each.name.en, each.definition.fr)
            for code, each in label.values.items()
        ]
    rows += [_row("polarity", code, each.name.fr, each.name.en) for code, each in codebook.polarities.items()]
    for code, theme in codebook.themes.items():
        meaning = f"Clients : {theme.customer.fr} Collaborateurs : {theme.employee.fr}"
        rows.append(_row("theme", code, theme.name.fr, theme.name.en, meaning))
    for kind, wording in KINDS.items():
        rows += [_row(kind, code, each.fr, each.en) for code, each in wording.items()]
    return pa.Table.from_pylist(rows, schema.CODEBOOK_ENTRIES)


def _row(
    kind: str, code: str, name_fr: str, name_en: str, meaning_fr: str | None = None
) -> Mapping[str, str | None]:
    return {"kind": kind, "code": code, "name_fr": name_fr, "name_en": name_en, "meaning_fr": meaning_fr}
