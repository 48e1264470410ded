"""Intervals by inverting a variance that depends on what is estimated, as Wilson's does for a share.

The interval of θ holds every value y that the estimate does not contradict: (θ̂ − y)² ≤ z² · V(y), where
V(y) = a + b·y + c·y² is the variance of the estimate were y the truth. A share that was never seen then
has an interval, and one that is read off a steep or a flat line has the one that Fieller's theorem gives.

Sources: Wilson (1927), JASA 22; Fieller (1954), JRSS B 16.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pipeline.estimate.scores import Floats

NORMAL_95 = 1.959964


@dataclass(frozen=True, slots=True)
class Curve:
    """The variance of estimates as a function of the truth: `a + b·y + c·y²`, arrays of one shape."""

    a: Floats
    b: Floats
    c: Floats

    def plus(self, other: Curve) -> Curve:
        """Add the variance of an independent error."""
        return Curve(self.a + other.a, self.b + other.b, self.c + other.c)

    def times(self, factor: Floats) -> Curve:
        """Multiply the variance."""
        return Curve(self.a * factor, self.b * factor, self.c * factor)

    def mapped(self, shift: Floats, scale: Floats) -> Curve:
        """Give the variance of `shift + scale · estimate` as a function of `shift + scale · truth`."""
        a = scale**2 * self.a - scale * self.b * shift + self.c * shift**2
        return Curve(a, scale * self.b - 2 * self.c * shift, self.c * np.ones_like(shift))

    def interval(self, value: Floats, z: Floats | float) -> tuple[Floats, Floats]:
        """Solve for the bounds.

        Args:
            value: Estimates.
            z: Quantile.

        Returns:
            Lower and upper bounds, infinite where the estimate contradicts nothing.
        """
        z2 = np.asarray(z, dtype=np.float64) ** 2
        lead = 1 - z2 * self.c
        half = value + z2 * self.b / 2
        with np.errstate(invalid="ignore", divide="ignore"):
            root = np.sqrt(np.maximum(half**2 - lead * (value**2 - z2 * self.a), 0.0))
            low, high = (half - root) / lead, (half + root) / lead
        open_ended = lead <= 0
        return np.where(open_ended, -np.inf, low), np.where(open_ended, np.inf, high)

    def variance(self, value: Floats) -> Floats:
        """Give one variance for each estimate, from the width of its interval."""
        low, high = self.interval(value, NORMAL_95)
        with np.errstate(invalid="ignore"):
            found: Floats = ((high - low) / 2 / NORMAL_95) ** 2
        return found


def binomial(n: Floats) -> Curve:
    """Give the variance of a share of n independent verbatims: y (1 − y) / n."""
    return Curve(np.zeros_like(n), 1 / n, -1 / n)
