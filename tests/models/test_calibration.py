from __future__ import annotations

import json

import numpy as np

from models.calibration import Calibrator, fit_calibrator
from models.metrics import calibration_error


def _overconfident(n: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Draw labels from known probabilities, and tell them as twice too sure."""
    rng = np.random.default_rng(seed)
    scores = rng.normal(size=(n, 3))
    honest = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
    codes = np.array([rng.choice(3, p=row) for row in honest])
    sure = np.exp(3 * scores) / np.exp(3 * scores).sum(axis=1, keepdims=True)
    return sure.astype(np.float32), codes


def test_fit_calibrator_lowers_the_error_on_verbatims_it_has_not_seen() -> None:
    sure, codes = _overconfident(4000, 0)
    calibrator = fit_calibrator(sure, codes, np.ones(4000))
    unseen, truth = _overconfident(4000, 1)
    calibrated = calibrator.apply(unseen)
    np.testing.assert_allclose(calibrated.sum(axis=1), 1, atol=1e-5)
    for k in range(3):
        before = calibration_error(unseen[:, k], truth == k, np.ones(4000))
        after = calibration_error(calibrated[:, k], truth == k, np.ones(4000))
        assert before > 0.08
        assert after < 0.03


def test_fit_calibrator_leaves_a_column_alone_when_it_is_nearly_never_true() -> None:
    sure, codes = _overconfident(500, 2)
    calibrator = fit_calibrator(sure, np.where(codes == 2, 0, codes), np.ones(500))
    assert (calibrator.slopes[2], calibrator.intercepts[2]) == (1.0, 0.0)


def test_calibrator_comes_back_from_json() -> None:
    calibrator = Calibrator((0.5, 1.0), (0.1, -0.2))
    assert Calibrator.from_json(json.loads(json.dumps(calibrator.as_json()))) == calibrator


def test_apply_keeps_the_order_of_verbatims_within_a_column() -> None:
    two = np.column_stack([np.linspace(0.01, 0.99, 50), 1 - np.linspace(0.01, 0.99, 50)]).astype(np.float32)
    moved = Calibrator((0.7, 0.7), (0.3, -0.3)).apply(two)
    assert (np.diff(moved[:, 0]) > 0).all()
    assert moved.min() >= 0
