from __future__ import annotations

import numpy as np
import pytest
from sklearn import metrics as reference

from models.metrics import (
    accuracy,
    average_precision,
    calibration_error,
    confusion,
    f1,
    macro_f1,
    reliability,
)


@pytest.fixture
def labelled() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(3)
    truth = rng.integers(0, 4, 400)
    decided = np.where(rng.random(400) < 0.6, truth, rng.integers(0, 4, 400))
    return decided, truth, rng.integers(0, 3, 400).astype(float)


def test_measures_agree_with_scikit_learn_under_weights(labelled) -> None:
    decided, truth, weights = labelled
    assert accuracy(decided, truth, weights) == pytest.approx(
        reference.accuracy_score(truth, decided, sample_weight=weights)
    )
    assert macro_f1(decided, truth, weights, 4) == pytest.approx(
        reference.f1_score(truth, decided, average="macro", sample_weight=weights)
    )
    assert f1(decided == 2, truth == 2, weights) == pytest.approx(
        reference.f1_score(truth == 2, decided == 2, sample_weight=weights)
    )
    np.testing.assert_allclose(
        confusion(decided, truth, weights, 4),
        reference.confusion_matrix(truth, decided, sample_weight=weights),
    )


def test_average_precision_agrees_with_scikit_learn_when_probabilities_tie(labelled) -> None:
    _, truth, weights = labelled
    probability = np.round(np.random.default_rng(1).random(400) * 0.5 + 0.5 * (truth == 1), 1)
    assert average_precision(probability, truth == 1, weights) == pytest.approx(
        reference.average_precision_score(truth == 1, probability, sample_weight=weights)
    )


def test_calibration_error_is_small_when_probabilities_are_frequencies() -> None:
    rng = np.random.default_rng(0)
    probability = rng.random(50_000)
    truth = rng.random(50_000) < probability
    assert calibration_error(probability, truth, np.ones(50_000)) < 0.01
    assert calibration_error(np.sqrt(probability), truth, np.ones(50_000)) > 0.15


def test_calibration_error_is_the_distance_when_all_probabilities_are_one_value() -> None:
    truth = np.arange(100) < 30
    assert (
        calibration_error(np.full(100, 0.5), np.random.default_rng(0).permutation(truth), np.ones(100)) >= 0.2
    )
    assert reliability(np.full(100, 0.5), truth, np.ones(100))[:, 2].sum() == 100


def test_measures_are_nan_when_there_is_nothing_to_measure() -> None:
    nothing = np.zeros(3)
    assert np.isnan(accuracy(np.zeros(3, int), np.zeros(3, int), nothing))
    assert np.isnan(macro_f1(np.zeros(3, int), np.zeros(3, int), nothing, 2))
    assert np.isnan(average_precision(np.ones(3), np.zeros(3, bool), np.ones(3)))
    assert np.isnan(f1(np.zeros(3, bool), np.zeros(3, bool), np.ones(3)))
