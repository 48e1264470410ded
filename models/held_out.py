"""What a model said of verbatims that it had not learnt from: kept beside it, found again by the text."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from models.decisions import DecidedPositions
from models.errors import ModelError
from models.gold import AUTHORED, GoldSet
from models.labels import LabelSpace
from models.oof import read_oof, write_oof
from models.predictions import Predictions, predict_gold
from models.promotion import take_predictions
from models.tagger import Probabilities, Tagger, TagProbabilities

KEYS_FILE = "held_out.json"
Flags = NDArray[np.bool_]


def text_keys(gold: GoldSet) -> list[str]:
    """Name each verbatim by a hash of its text and audience: 16 hex digits that tell nothing of it."""
    return [
        hashlib.sha256(f"{audience}\n{text}".encode()).hexdigest()[:16]
        for audience, text in zip(gold.batch.audiences, gold.batch.texts, strict=True)
    ]


def write_held_out(folder: Path, gold: GoldSet, unseen: Predictions) -> None:
    """Keep a model's out-of-fold predictions and the keys of what it learnt from."""
    write_oof(folder, gold, unseen)
    (folder / KEYS_FILE).write_text(json.dumps(text_keys(gold)) + "\n", encoding="utf-8")


def honest_predictions(
    folder: Path, tagger: Tagger, gold: GoldSet, own: Flags, shipped: GoldSet
) -> tuple[Predictions, Flags]:
    """Say what a model says of verbatims without having learnt from them.

    Where it learnt from a verbatim, its out-of-fold prediction is taken. Where it cannot have known it, it
    reads it now. Other verbatims cannot judge it.

    Args:
        folder: The model's.
        tagger: The model.
        gold: The verbatims.
        own: Which of them are the workspace's own, unknown to any shipped model.
        shipped: The shipped authored verbatims: a shipped model holds its out-of-fold predictions of them in
            this order.

    Returns:
        Predictions of all verbatims, and which of them may judge.
    """
    keys = text_keys(gold)
    predictions = predict_gold(tagger, gold)
    stored, rows_by_key = _stored(folder, gold.labels, shipped)
    known = np.array([key in rows_by_key for key in keys], dtype=np.bool_)
    if stored is not None and known.any():
        at = np.flatnonzero(known)
        rows = np.array([rows_by_key[keys[position]] for position in at], dtype=np.intp)
        predictions = _replaced(predictions, at, take_predictions(stored, rows))
    return predictions, known | own


def _stored(folder: Path, labels: LabelSpace, shipped: GoldSet) -> tuple[Predictions | None, dict[str, int]]:
    """Read stored predictions and the row of each key; none where they cannot be matched to texts."""
    try:
        gold, predictions, n_words = read_oof(folder, labels)
    except (ModelError, KeyError):
        return None, {}
    keys_file = folder / KEYS_FILE
    if keys_file.is_file():
        keys: Sequence[str] = json.loads(keys_file.read_text(encoding="utf-8"))
        return predictions, {key: row for row, key in enumerate(keys)}
    rows = np.flatnonzero(gold.sources == AUTHORED)
    counts = np.array([len(text.split()) for text in shipped.batch.texts])
    if not _same_verbatims(gold.take(rows), n_words[rows], shipped, counts):
        return None, {}
    return predictions, {key: int(row) for key, row in zip(text_keys(shipped), rows, strict=True)}


def _same_verbatims(
    mine: GoldSet, my_words: NDArray[np.integer], theirs: GoldSet, their_words: NDArray[np.integer]
) -> bool:
    """Tell whether two gold sets, one without texts, hold the same verbatims in the same order."""
    return len(mine) == len(theirs) and bool(
        np.array_equal(my_words, their_words)
        and np.array_equal(mine.audiences, theirs.audiences)
        and np.array_equal(mine.sentiment, theirs.sentiment)
        and np.array_equal(mine.themes, theirs.themes)
    )


def _replaced(whole: Predictions, at: NDArray[np.intp], part: Predictions) -> Predictions:
    def put(before: NDArray[np.intp], after: NDArray[np.intp]) -> NDArray[np.intp]:
        merged = before.copy()
        merged[at] = after
        return merged

    def mix(before: Probabilities, after: Probabilities) -> Probabilities:
        merged = before.copy()
        merged[at] = after
        return merged

    decided, new = whole.decided, part.decided
    themes = {theme: put(values, new.themes[theme]) for theme, values in decided.themes.items()}
    mixed = DecidedPositions(
        sentiment=put(decided.sentiment, new.sentiment),
        enchantment=put(decided.enchantment, new.enchantment),
        incivility=put(decided.incivility, new.incivility),
        themes=themes,
        confidence=mix(decided.confidence, new.confidence),
    )
    if whole.probabilities is None or part.probabilities is None:
        return Predictions(mixed, None)
    old, fresh = whole.probabilities, part.probabilities
    return Predictions(
        mixed,
        TagProbabilities(
            sentiment=mix(old.sentiment, fresh.sentiment),
            enchantment=mix(old.enchantment, fresh.enchantment),
            incivility=mix(old.incivility, fresh.incivility),
            themes={theme: mix(columns, fresh.themes[theme]) for theme, columns in old.themes.items()},
        ),
    )
