"""The second stage: a few dozen dense readings of a text turned into every label's probabilities."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from threadpoolctl import threadpool_limits

from models.linear.kernel import Floats, probabilities

AUDIENCES = ("customer", "employee")


@dataclass(frozen=True, slots=True)
class Layer:
    """Scores that are linear in dense readings, for one head.

    Attributes:
        weights: Shape (readings, columns).
        intercepts: Shape (columns,).
    """

    weights: Floats
    intercepts: Floats


@dataclass(frozen=True, slots=True)
class SecondStage:
    """All heads' layers, apart for each audience: customers and employees say the same things differently.

    Attributes:
        weights: Shape (audiences, readings, columns).
        intercepts: Shape (audiences, columns).
    """

    weights: Floats
    intercepts: Floats

    def scores(self, readings: Floats, audiences: Sequence[str]) -> Floats:
        """Score n texts: shape (n, columns)."""
        scores = np.empty((len(readings), self.intercepts.shape[1]), dtype=np.float32)
        for k, audience in enumerate(AUDIENCES):
            rows = np.array([written_by == audience for written_by in audiences], dtype=np.bool_)
            scores[rows] = readings[rows] @ self.weights[k] + self.intercepts[k]
        return scores


def fit_layer(readings: Floats, targets: Floats, weights: Floats, penalty: float, own: slice) -> Layer:
    """Fit a logistic (one column) or multinomial regression on standardised readings.

    Args:
        readings: Shape (n, readings).
        targets: Shape (n, columns), 0 or 1 or rows that sum to 1.
        weights: Weight of each text, shape (n,); 0 where its label is not known.
        penalty: Ridge penalty on the standardised weights, drawn to what the first stage says.
        own: The readings that are the first stage's scores of these columns, in their order.

    Returns:
        A layer that takes readings on their own scale; the first stage's scores alone without any text.
    """
    if not np.any(weights > 0):
        return Layer(
            np.eye(readings.shape[1], dtype=np.float32)[:, own], np.zeros(targets.shape[1], np.float32)
        )
    centre = np.average(readings, axis=0, weights=weights + 1e-9)
    spread = np.sqrt(np.average((readings - centre) ** 2, axis=0, weights=weights + 1e-9)) + 1e-6
    standard = ((readings - centre) / spread).astype(np.float32)
    n_readings, n_columns = standard.shape[1], targets.shape[1]
    # Without evidence to the contrary the first stage is right: the penalty pulls there, not to zero.
    prior = np.zeros((n_readings, n_columns), dtype=np.float32)
    prior[np.arange(n_readings)[own], np.arange(n_columns)] = spread[own]
    start_at = np.vstack([prior, centre[own]]).astype(np.float64)

    def loss(flat: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        both = flat.reshape(n_readings + 1, n_columns).astype(np.float32)
        slopes, start = both[:-1], both[-1]
        p = probabilities(np.asarray(standard @ slopes + start)).astype(np.float64)
        clipped = np.clip(p, 1e-12, 1 - 1e-7)
        if n_columns == 1:
            entropy = -(targets * np.log(clipped) + (1 - targets) * np.log(1 - clipped))
        else:
            entropy = -targets * np.log(clipped)
        value = float(np.sum(weights[:, None] * entropy)) + 0.5 * penalty * float(
            np.sum((slopes - prior) ** 2)
        )
        residual = (weights[:, None] * (p - targets)).astype(np.float32)
        slope = np.vstack([standard.T @ residual + penalty * (slopes - prior), residual.sum(axis=0)])
        return value + 1e-4 * float(np.sum(start**2)), (slope + np.vstack([0 * slopes, 2e-4 * start])).ravel()

    # L-BFGS-B works on short vectors: BLAS threads cost a hundred times what they save on a busy machine.
    with threadpool_limits(limits=1, user_api="blas"):
        found = minimize(loss, start_at.ravel(), jac=True, method="L-BFGS-B", options={"maxiter": 40})
    both = found.x.reshape(n_readings + 1, n_columns)
    slopes = both[:-1] / spread[:, None]
    return Layer(
        weights=slopes.astype(np.float32), intercepts=(both[-1] - centre @ slopes).astype(np.float32)
    )
