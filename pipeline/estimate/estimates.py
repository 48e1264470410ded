"""Everything that a run estimated, before it is laid out as tables."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pyarrow as pa

from pipeline.config import EstimateConfig
from pipeline.estimate.cells import Cells
from pipeline.estimate.engine import Means
from pipeline.estimate.netlines import NetLine
from pipeline.estimate.ratios import Figures, figures_of
from pipeline.estimate.scores import ScoreBook


@dataclass(frozen=True)
class Estimates:
    """Everything that was estimated, from which the tables are laid out.

    Attributes:
        config: What was asked for.
        book: Scores and measures.
        dimensions: Declared dimensions.
        sets: Sets of dimensions, the total first.
        cells: Sums over cells.
        means: Estimated means of all scores.
        ratings: Ratings by cell, from `ratings.sum_ratings`.
        overlaps: Who is in two cells at once, from `overlaps.count_overlaps`.
        nets: Audience → line of themes' nets.
    """

    config: EstimateConfig
    book: ScoreBook
    dimensions: tuple[str, ...]
    sets: tuple[tuple[str, ...], ...]
    cells: Cells
    means: Means
    ratings: pa.Table
    overlaps: pa.Table
    nets: dict[str, NetLine]

    @cached_property
    def figures(self) -> dict[tuple[str, str | None], Figures]:
        """(measure, theme) → its figures over all cells."""
        return {
            (measure.name, measure.theme): figures_of(
                measure, self.book, self.means, self.cells, self.config.level, self.nets
            )
            for measure in self.book.measures
        }

    @cached_property
    def untrained(self) -> frozenset[str]:
        """Themes of which the model says nothing: it was not trained for them."""
        silent = np.asarray(np.isnan(self.cells.sums).all(axis=0), dtype=np.bool_)
        return frozenset(
            measure.theme
            for measure in self.book.measures
            if measure.theme is not None and silent[self.book.index[measure.numerator]]
        )

    @property
    def themes(self) -> tuple[str, ...]:
        """Themes that have a net."""
        return tuple(m.theme for m in self.book.measures if m.name == "theme_net" and m.theme is not None)
