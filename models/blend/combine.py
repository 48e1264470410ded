"""Weigh the log-odds of several models' probabilities and calibrate the result; or calibrate one model.

A label's combined scores are `sum_k weight_k * log p_k + shift(audience)`, then softmax: with one model,
this is temperature scaling with class shifts (Guo et al. 2017, arXiv:1706.04599); with several, a
logarithmic opinion pool (Genest and Zidek 1986). A theme's presence is treated alike with a sigmoid, its
polarity with the weights and shifts that all themes share.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from models.gold import UNKNOWN, GoldSet
from models.labels import LabelSpace
from models.tagger import Probabilities, TagProbabilities

Floats = NDArray[np.float64]

_TINY = 1e-5
_SINGLE_LABELS = ("sentiment", "enchantment", "incivility")
_PRIOR = 2.0
_AUDIENCE_PRIOR = 1000.0
"""Strength, in verbatims or so, with which an audience is held to the shift of both: where a source or two
speak for an audience, a shift of its own would be that source's and no other's."""


@dataclass(frozen=True, slots=True)
class Pool:
    """How one label's probabilities are combined.

    Attributes:
        weights: Weight of each model, shape (models,).
        shifts: Added to the scores by audience (customer, employee) and value, shape (2, values).
    """

    weights: Floats
    shifts: Floats

    def apply(self, members: Sequence[Probabilities], employee: NDArray[np.bool_]) -> Probabilities:
        """Combine the models' probabilities.

        Args:
            members: For each model, shape (n, values), rows sum to 1.
            employee: Whether an employee wrote, shape (n,).

        Returns:
            Shape (n, values), rows sum to 1.
        """
        logs = [np.log(np.clip(found, _TINY, 1)) for found in members]
        scores = self.shifts[employee.astype(np.intp)] + sum(
            weight * values for weight, values in zip(self.weights, logs, strict=True)
        )
        scores = np.exp(scores - scores.max(axis=1, keepdims=True))
        return np.asarray(scores / scores.sum(axis=1, keepdims=True), dtype=np.float32)

    def as_json(self) -> dict[str, Any]:
        """Give plain values for a JSON file."""
        return {"weights": self.weights.round(5).tolist(), "shifts": self.shifts.round(5).tolist()}

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Pool:
        """Read what `as_json` gave."""
        return cls(
            np.array(values["weights"], dtype=np.float64), np.array(values["shifts"], dtype=np.float64)
        )


@dataclass(frozen=True, slots=True)
class Combination:
    """How every label is combined.

    Attributes:
        singles: For sentiment, enchantment and incivility.
        presence: For each theme: absent or present.
        polarity: For the polarity of a present theme, whichever it is.
    """

    singles: Mapping[str, Pool]
    presence: Mapping[str, Pool]
    polarity: Pool

    def apply(self, members: Sequence[TagProbabilities], audiences: Sequence[str]) -> TagProbabilities:
        """Combine the probabilities that models gave for the same verbatims.

        Args:
            members: One for each model, in the order of the weights.
            audiences: `customer` or `employee` for each verbatim.

        Returns:
            Calibrated probabilities.
        """
        employee = _employee(audiences)
        themes = {}
        for theme, pool in self.presence.items():
            present = pool.apply([_present(member.themes[theme]) for member in members], employee)[:, 1:]
            shares = self.polarity.apply([_shares(member.themes[theme]) for member in members], employee)
            themes[theme] = np.concatenate([1 - present, present * shares], axis=1, dtype=np.float32)
        singles = {
            name: pool.apply([getattr(member, name) for member in members], employee)
            for name, pool in self.singles.items()
        }
        return TagProbabilities(
            sentiment=singles["sentiment"],
            enchantment=singles["enchantment"],
            incivility=singles["incivility"],
            themes=themes,
        )

    def as_json(self) -> dict[str, Any]:
        """Give plain values for a JSON file."""
        return {
            "singles": {name: pool.as_json() for name, pool in self.singles.items()},
            "presence": {theme: pool.as_json() for theme, pool in self.presence.items()},
            "polarity": self.polarity.as_json(),
        }

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Combination:
        """Read what `as_json` gave."""
        return cls(
            singles={name: Pool.from_json(pool) for name, pool in values["singles"].items()},
            presence={theme: Pool.from_json(pool) for theme, pool in values["presence"].items()},
            polarity=Pool.from_json(values["polarity"]),
        )

    @classmethod
    def plain(cls, labels: LabelSpace, weights: Sequence[float]) -> Combination:
        """Give every model the same weight for all labels, and shift nothing."""

        def pool(n_values: int) -> Pool:
            return Pool(np.array(weights, dtype=np.float64), np.zeros((2, n_values)))

        return cls(
            singles={name: pool(len(getattr(labels, name))) for name in _SINGLE_LABELS},
            presence={theme: pool(2) for theme in labels.themes},
            polarity=pool(len(labels.polarities)),
        )


def fit_shared_weights(members: Sequence[TagProbabilities], gold: GoldSet) -> Combination:
    """Learn one weight for each model, the same for all labels, from verbatims that the models had not seen.

    The models are calibrated already. Weights and shifts of each label's own fitted the sources at hand, and
    were worse on a source held out than these.

    Args:
        members: Out-of-fold probabilities, one for each model, calibrated.
        gold: The labels of the same verbatims.

    Returns:
        The combination with the least log-loss, summed over labels; weights sum to 1.
    """

    def weights_of(free: Floats) -> Floats:
        scores = np.exp(np.append(free, 0.0) - max(0.0, float(free.max(initial=0.0))))
        return np.asarray(scores / scores.sum(), dtype=np.float64)

    def loss(free: Floats) -> float:
        combination = Combination.plain(gold.labels, weights_of(free).tolist())
        return _log_loss(combination.apply(members, gold.batch.audiences), gold)

    start = np.zeros(len(members) - 1)
    found = minimize(loss, start, method="L-BFGS-B", options={"eps": 1e-3, "ftol": 1e-6}).x
    return Combination.plain(gold.labels, weights_of(found).tolist())


def _log_loss(told: TagProbabilities, gold: GoldSet) -> float:
    """Sum, over labels and themes, the mean log-loss of the right value."""
    blocks = [(getattr(told, name), getattr(gold, name)) for name in _SINGLE_LABELS]
    blocks += [(told.themes[theme], gold.themes[:, k]) for k, theme in enumerate(gold.labels.themes)]
    total = 0.0
    for probabilities, codes in blocks:
        known = np.flatnonzero(codes != UNKNOWN)
        if not len(known):
            continue
        total -= float(np.log(np.clip(probabilities[known, codes[known]], _TINY, 1)).mean())
    return total


def fit_combination(members: Sequence[TagProbabilities], gold: GoldSet) -> Combination:
    """Learn weights and shifts from probabilities of verbatims that the models had not seen.

    Args:
        members: Out-of-fold probabilities, one for each model.
        gold: The labels of the same verbatims.

    Returns:
        The combination with the least log-loss, drawn gently towards equal weights and no shift.
    """
    employee = _employee(gold.batch.audiences)
    singles = {
        name: fit_pool([getattr(member, name) for member in members], getattr(gold, name), employee)
        for name in _SINGLE_LABELS
    }
    presence, shares, polarities, writers = {}, [], [], []
    for k, theme in enumerate(gold.labels.themes):
        codes = gold.themes[:, k]
        present = np.where(codes == UNKNOWN, UNKNOWN, codes > 0).astype(np.int8)
        presence[theme] = fit_pool([_present(member.themes[theme]) for member in members], present, employee)
        rows = codes > 0
        shares.append([_shares(member.themes[theme])[rows] for member in members])
        polarities.append(codes[rows] - 1)
        writers.append(employee[rows])
    stacked = [np.concatenate([part[k] for part in shares]) for k in range(len(members))]
    polarity = fit_pool(stacked, np.concatenate(polarities), np.concatenate(writers))
    return Combination(singles=singles, presence=presence, polarity=polarity)


def fit_pool(members: Sequence[Probabilities], codes: NDArray[np.int8], employee: NDArray[np.bool_]) -> Pool:
    """Learn one label's weights and shifts by the least log-loss.

    Args:
        members: For each model, shape (n, values).
        codes: Right value of each verbatim, `UNKNOWN` where it is not known, shape (n,).
        employee: Whether an employee wrote, shape (n,).
    """
    known = codes != UNKNOWN
    logs = np.stack([np.log(np.clip(found[known], _TINY, 1)) for found in members]).astype(np.float64)
    n_models, n_rows, n_values = logs.shape
    truth = codes[known].astype(np.intp)
    writer = employee[known].astype(np.intp)
    start = np.concatenate([np.full(n_models, 1 / n_models), np.zeros(3 * n_values)])
    prior = np.full(len(start), _PRIOR)
    prior[n_models + n_values :] = _AUDIENCE_PRIOR
    loss = _pool_loss(logs, truth, writer, start, prior)
    found = minimize(loss, start, jac=True, method="L-BFGS-B").x if n_rows else start
    common, own = found[n_models : n_models + n_values], found[n_models + n_values :].reshape(2, n_values)
    return Pool(found[:n_models], common + own)


def _pool_loss(
    logs: Floats, truth: NDArray[np.intp], writer: NDArray[np.intp], start: Floats, prior: Floats
) -> Callable[[Floats], tuple[float, Floats]]:
    n_models, n_rows, n_values = logs.shape
    rows = np.arange(n_rows)

    def loss(parameters: Floats) -> tuple[float, Floats]:
        weights, shifts = parameters[:n_models], parameters[n_models:].reshape(3, n_values)
        scores = np.tensordot(weights, logs, axes=1) + shifts[0] + shifts[1 + writer]
        scores -= scores.max(axis=1, keepdims=True)
        shares = np.exp(scores)
        shares /= shares.sum(axis=1, keepdims=True)
        away = parameters - start
        value = -np.log(np.maximum(shares[rows, truth], 1e-300)).sum() + 0.5 * float(prior @ away**2)
        shares[rows, truth] -= 1
        slope_shifts = np.stack(
            [shares.sum(axis=0), shares[writer == 0].sum(axis=0), shares[writer == 1].sum(axis=0)]
        )
        slope_weights = np.einsum("knv,nv->k", logs, shares)
        return float(value), np.concatenate([slope_weights, slope_shifts.ravel()]) + prior * away

    return loss


def with_all_themes(members: Sequence[TagProbabilities]) -> list[TagProbabilities]:
    """Let a model that was not trained for a theme say of it what the first one that was says.

    A theme of one's own is known to the models trained since; the others must not keep it from being told.
    """
    known: dict[str, Probabilities] = {}
    for member in members:
        known = {**member.themes, **known}
    return [replace(member, themes={**known, **member.themes}) for member in members]


def _employee(audiences: Sequence[str]) -> NDArray[np.bool_]:
    return np.array([audience == "employee" for audience in audiences], dtype=np.bool_)


def _present(theme: Probabilities) -> Probabilities:
    return np.stack([theme[:, 0], 1 - theme[:, 0]], axis=1)


def _shares(theme: Probabilities) -> Probabilities:
    kept = np.clip(theme[:, 1:], 1e-7, 1)
    return np.asarray(kept / kept.sum(axis=1, keepdims=True), dtype=np.float32)
