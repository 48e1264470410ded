"""The calibration line of every cell, sharpened by what was reviewed elsewhere in the company.

A company is a new source: its line lies around those of the sources that the tagger was judged on. The
reviewed verbatims of an audience show where; they correct the cells in which nobody reviewed. What is
reviewed in a cell itself does not enter its own line, since it enters the cell's own estimate. A part of
the spread, `WITHIN_COMPANY`, is kept for differences between the cells of one company, which reviews
elsewhere cannot show.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from pipeline.estimate.calibration import Calibration
from pipeline.estimate.scores import Floats

WITHIN_COMPANY = 0.25

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Lines:
    """One score's calibration; arrays have one entry a cell, NaN where there is none.

    Attributes:
        low: Mean prediction where the score is at its lowest.
        high: The same at its highest.
        noise_low: Variance of the prediction there, within a source.
        noise_high: The same at the highest.
        shift_low: Variance of what is not known of `low`.
        shift_high: Variance of what is not known of `high`.
        freedom: Degrees of freedom of the two.
    """

    low: Floats
    high: Floats
    noise_low: Floats
    noise_high: Floats
    shift_low: Floats
    shift_high: Floats
    freedom: Floats

    @property
    def slope(self) -> Floats:
        """Change of the mean prediction from the lowest to the highest."""
        return self.high - self.low


def lines_of(calibrations: dict[str, Calibration], audience: npt.NDArray[np.object_], k: int) -> Lines:
    """Give every cell the line of its audience.

    Args:
        calibrations: Audience → calibration.
        audience: Audience of each cell.
        k: Position of the score.

    Returns:
        The lines.
    """
    names = ("mean_low", "mean_high", "noise_low", "noise_high", "shift_low", "shift_high", "freedom")
    columns = []
    for name in names:
        column = np.full(len(audience), np.nan)
        for who, calibration in calibrations.items():
            column[audience == who] = getattr(calibration, name)[k]
        columns.append(column)
    return Lines(*columns)


@dataclass(frozen=True, slots=True)
class Witness:
    """Verbatims reviewed by chance, each once for every cell that it lies in.

    Attributes:
        cell: Position of the cell.
        row: Which verbatim.
        weight: One over its inclusion probability.
        t: True score on the scale from 0 to 1.
        predicted: Predicted score.
        group: Audience of each cell, as a number.
    """

    cell: Ints
    row: Ints
    weight: Floats
    t: Floats
    predicted: Floats
    group: Ints


def sharpen(lines: Lines, seen: Witness) -> Lines:
    """Move every cell's line by what was reviewed in other cells of its audience.

    Args:
        lines: The lines of the audiences.
        seen: What was reviewed.

    Returns:
        The lines, surer where much was reviewed elsewhere. The update is that of a normal prior by normal
        observations, weights scaled to their effective number (Kish).
    """
    if len(seen.cell) == 0:
        return lines
    n_cells, n_groups = len(seen.group), int(seen.group.max()) + 1
    first = np.unique(seen.row, return_index=True)[1]
    group = seen.group[seen.cell]
    effective = np.ones(n_groups)
    w = np.bincount(group[first], weights=seen.weight[first], minlength=n_groups)
    w2 = np.bincount(group[first], weights=seen.weight[first] ** 2, minlength=n_groups)
    effective = np.divide(w, w2, out=effective, where=w2 > 0)
    with np.errstate(invalid="ignore", divide="ignore"):
        noise = (1 - seen.t) * lines.noise_low[seen.cell] + seen.t * lines.noise_high[seen.cell]
        scaled = np.nan_to_num(seen.weight * effective[group] / noise)
    low, high = 1 - seen.t, seen.t
    products = (low * low, low * high, high * high, low * seen.predicted, high * seen.predicted)
    elsewhere: list[Floats] = []
    for product in products:
        whole = np.bincount(group[first], weights=(scaled * product)[first], minlength=n_groups)
        own = np.bincount(seen.cell, weights=scaled * product, minlength=n_cells)
        left: Floats = np.asarray(whole[seen.group] - own, dtype=np.float64)
        elsewhere.append(left)
    return _update(lines, *elsewhere)


def _update(lines: Lines, ll: Floats, lh: Floats, hh: Floats, fl: Floats, fh: Floats) -> Lines:
    """Combine prior lines with the information of reviewed verbatims, a two by two system a cell."""
    company = 1 - WITHIN_COMPANY
    with np.errstate(invalid="ignore", divide="ignore"):
        prior_low, prior_high = 1 / (company * lines.shift_low), 1 / (company * lines.shift_high)
        # What is left after one's own is taken out may be a hair below nothing.
        a, b, d = prior_low + np.maximum(ll, 0), np.maximum(lh, 0), prior_high + np.maximum(hh, 0)
        determinant = a * d - b * b
        right_low, right_high = prior_low * lines.low + fl, prior_high * lines.high + fh
        low = (d * right_low - b * right_high) / determinant
        high = (a * right_high - b * right_low) / determinant
        return replace(
            lines,
            low=low,
            high=high,
            shift_low=d / determinant + WITHIN_COMPANY * lines.shift_low,
            shift_high=a / determinant + WITHIN_COMPANY * lines.shift_high,
        )
