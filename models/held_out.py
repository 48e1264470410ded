"""What a model said of verbatims that it had not learnt from: kept beside it, found again by the text."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from models.errors import ModelError
from models.gold import GoldSet, text_keys
from models.labels import LabelSpace
from models.oof import read_learnt, read_oof
from models.predictions import Predictions, predict_gold
from models.promotion import take_predictions
from models.tagger import Tagger

Flags = NDArray[np.bool_]


def honest_predictions(folder: Path, tagger: Tagger, gold: GoldSet, own: Flags) -> tuple[Predictions, Flags]:
    """Say what a model says of verbatims without having learnt from them.

    Where it learnt from a verbatim, its out-of-fold prediction is taken. Where it cannot have known it, it
    reads it now. Others cannot judge it, nor can own ones that it learnt from without such a prediction.

    Args:
        folder: The model's.
        tagger: The model.
        gold: The verbatims.
        own: Which of them are the workspace's own, unknown to any shipped model.

    Returns:
        Predictions of all verbatims, and which of them may judge.
    """
    numbers = text_keys(gold)
    keys = [str(key) for key in numbers]
    predictions = predict_gold(tagger, gold)
    fresh = own & ~np.isin(numbers, read_learnt(folder))
    stored = stored_predictions(folder, gold.labels)
    if stored is None:
        return predictions, fresh
    before, said, _ = stored
    rows_by_key = {key: row for row, key in enumerate(before.ids)}
    known = np.array([key in rows_by_key for key in keys], dtype=np.bool_)
    if known.any():
        at = np.flatnonzero(known)
        rows = np.array([rows_by_key[keys[position]] for position in at], dtype=np.intp)
        predictions = predictions.with_rows(at, take_predictions(said, rows))
    return predictions, known | fresh


def stored_predictions(
    folder: Path, labels: LabelSpace
) -> tuple[GoldSet, Predictions, NDArray[np.int16]] | None:
    """Read a model's out-of-fold predictions as `read_oof` does; None for a model that came without them."""
    try:
        return read_oof(folder, labels)
    except ModelError:
        return None
