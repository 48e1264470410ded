"""Nets read off the line of other sources: how wrong they may be is learnt where it shows."""

from __future__ import annotations

import numpy as np
import pytest

from pipeline.codebook import read_codebook
from pipeline.estimate.calibration import GoldScores
from pipeline.estimate.netlines import NetLine, net_lines
from pipeline.estimate.scores import score_book

BOOK = score_book(read_codebook().label_space)
N = 200


def source_of(rng, off):
    """Verbatims of one source: its predicted net lies `off` beside the true one, for every theme."""
    true = np.zeros((N, len(BOOK.scores)))
    predicted = np.zeros_like(true)
    for measure in BOOK.measures:
        if measure.name == "theme_net":
            top, below = BOOK.index[measure.numerator], BOOK.index[measure.denominator]
            share = rng.uniform(0.3, 0.7)
            true[:, below] = predicted[:, below] = 1.0
            true[:, top] = np.where(np.arange(N) < share * N, 1.0, -1.0)
            predicted[:, top] = true[:, top].mean() + off
    return predicted, true


def fitted(offsets):
    rng = np.random.default_rng(4)
    parts = [source_of(rng, off) for off in offsets]
    source = np.repeat([f"s{i}" for i in range(len(offsets))], N).tolist()
    gold = GoldScores(np.concatenate([p for p, _ in parts]), np.concatenate([t for _, t in parts]), source)
    return net_lines({"customer": gold}, BOOK)


def test_line_is_as_unsure_as_a_source_lies_from_the_others():
    """Two sources, 0.2 to either side: each lies 0.4 from the line of the other, 0.2 from that of both."""
    line = fitted([-0.2, 0.2])["customer"]
    assert line.variance == pytest.approx(0.16, rel=0.2)


def test_line_is_not_given_when_there_is_one_source():
    assert fitted([0.1]) == {}


def test_line_says_less_when_few_predicted_mentions_are_true():
    line = NetLine(0.0, 1.0, 0.01, 4.0)
    assert line.variance_at(np.array([1.4, 1.0, 0.5, 0.1])).tolist() == pytest.approx([0.01, 0.01, 0.04, 1.0])
