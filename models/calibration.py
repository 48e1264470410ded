"""How far probabilities can be believed: recalibrate them, and choose what people should look at.

A tagger's probabilities are averaged into shares, so they must agree with frequencies. `Calibrator` is a
monotone map learnt on verbatims that the model had not seen; decisions have their own thresholds
(`models/decisions.py`) and are not touched by it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.tagger import Probabilities

_TINY = 1e-6
_STEPS = 15
_STEEPEST = 30.0


@dataclass(frozen=True, slots=True)
class Calibrator:
    """A line in log-odds for each column: Platt's map, renormalised over a label's columns.

    Attributes:
        slopes: Shape (columns,), above 0; below 1 draws probabilities towards the middle.
        intercepts: Shape (columns,).

    Source: Platt (1999); Kull, Silva Filho and Flach (2017) for the multi-class use.
    """

    slopes: tuple[float, ...]
    intercepts: tuple[float, ...]

    def apply(self, probabilities: Probabilities) -> Probabilities:
        """Recalibrate one label's probabilities: shape (n, columns), rows sum to 1 before and after."""
        odds = _log_odds(probabilities.astype(np.float64))
        scores = np.clip(odds * np.array(self.slopes) + np.array(self.intercepts), -_STEEPEST, _STEEPEST)
        moved = 1 / (1 + np.exp(-scores))
        return np.asarray(moved / moved.sum(axis=1, keepdims=True), dtype=np.float32)

    def as_json(self) -> dict[str, Any]:
        """Give plain values for a JSON file."""
        return {"slopes": list(self.slopes), "intercepts": list(self.intercepts)}

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> Calibrator:
        """Read what `as_json` gave."""
        return cls(tuple(values["slopes"]), tuple(values["intercepts"]))


def fit_calibrator(
    probabilities: Probabilities, codes: NDArray[np.integer], weights: NDArray[np.floating]
) -> Calibrator:
    """Learn a calibrator on verbatims that the model had not seen.

    Args:
        probabilities: Shape (n, columns).
        codes: True column of each verbatim.
        weights: How much each verbatim counts: the inverse of its chance of being drawn, so that strata drawn
            more often do not bend the map.

    Returns:
        The map; a column that is true fewer than five times is left as it is.
    """
    odds = _log_odds(probabilities.astype(np.float64))
    lines = [_line(odds[:, k], codes == k, weights) for k in range(probabilities.shape[1])]
    return Calibrator(tuple(a for a, _ in lines), tuple(b for _, b in lines))


def _line(
    odds: NDArray[np.float64], truth: NDArray[np.bool_], weights: NDArray[np.floating]
) -> tuple[float, float]:
    if truth.sum() < 5 or (~truth).sum() < 5:
        return 1.0, 0.0
    prior = np.array([1.0, 0.0])
    design = np.column_stack([odds, np.ones_like(odds)])

    def loss(line: NDArray[np.float64]) -> float:
        scores = design @ line
        # A weak pull to the identity keeps rare columns steady.
        return float(weights @ (np.logaddexp(0, scores) - truth * scores) + 0.5 * np.sum((line - prior) ** 2))

    line, reached = prior, loss(prior)
    for _ in range(_STEPS):
        p = 1 / (1 + np.exp(-np.clip(design @ line, -_STEEPEST, _STEEPEST)))
        spread = weights * np.maximum(p * (1 - p), 1e-9)
        gradient = design.T @ (weights * (truth - p)) - (line - prior)
        step = np.linalg.solve(design.T @ (design * spread[:, None]) + np.eye(2), gradient)
        while loss(line + step) > reached and np.abs(step).max() > 1e-6:
            step = step / 2
        line, reached = line + step, loss(line + step)
    return max(float(line[0]), 0.05), float(line[1])


def _log_odds(probabilities: NDArray[np.float64]) -> NDArray[np.float64]:
    clipped = np.clip(probabilities, _TINY, 1 - _TINY)
    return np.asarray(np.log(clipped / (1 - clipped)))
