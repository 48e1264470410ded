"""What a challenger inherits of the champion's out-of-fold predictions: real sources that were not at hand.

How much a model errs differs from one source to the next, and published intervals say so. A challenger that
was judged on authored and own verbatims alone would know nothing of that. What the champion said of the other
sources stands in for it: the two differ by one member. The challenger itself never read these rows: they
carry no text key, so that no verbatim finds them and they judge nobody later, and their sources say whose
they are.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from models.decisions import DecidedPositions
from models.gold import AUTHORED, GoldSet, joined_gold, text_keys
from models.held_out import stored_predictions
from models.oof import write_oof
from models.predictions import Predictions
from models.promotion import take_predictions
from models.tagger import Probabilities, TagProbabilities

INHERITED = " (modèle précédent)"
NO_KEY = 0
"""In the place of a text's key: no text finds the row."""


@dataclass(frozen=True, slots=True)
class Inherited:
    """Rows of the champion's out-of-fold predictions.

    Attributes:
        gold: Their labels, without texts; sources end with `INHERITED`.
        predictions: What the champion said.
        n_words: Their lengths in words.
    """

    gold: GoldSet
    predictions: Predictions
    n_words: NDArray[np.int16]


def inherit(champion: Path, gold: GoldSet, own_sources: Collection[str]) -> Inherited | None:
    """Take the champion's rows of real sources that the challenger was not judged on.

    Args:
        champion: Folder of the model in use.
        gold: What the challenger was judged on.
        own_sources: The workspace's sources: what was said of them is told anew each time, so that nothing of
            a person who withdrew stays.

    Returns:
        None where there are none.
    """
    stored = stored_predictions(champion, gold.labels)
    if stored is None:
        return None
    before, predictions, n_words = stored
    judged = {AUTHORED, *own_sources, *gold.sources.tolist()}
    names = [name.removesuffix(INHERITED) for name in before.sources.tolist()]
    rows = np.flatnonzero([name not in judged for name in names])
    if not len(rows):
        return None
    kept = before.take(rows)
    sources = np.array([names[row] + INHERITED for row in rows], dtype=np.str_)
    return Inherited(replace(kept, sources=sources), take_predictions(predictions, rows), n_words[rows])


def without_inherited(
    gold: GoldSet, predictions: Predictions, n_words: NDArray[np.int16]
) -> tuple[GoldSet, Predictions, NDArray[np.int16]]:
    """Leave out, of what `read_oof` read, what the model did not say itself."""
    rows = np.flatnonzero([key != str(NO_KEY) for key in gold.ids])
    return gold.take(rows), take_predictions(predictions, rows), n_words[rows]


def write_with_inherited(
    folder: Path, gold: GoldSet, predictions: Predictions, inherited: Inherited | None
) -> None:
    """Write out-of-fold predictions with the inherited rows behind them.

    Args:
        folder: The challenger's.
        gold: What it was judged on.
        predictions: What it said, not having learnt from it.
        inherited: The champion's rows, or None.
    """
    if inherited is None:
        write_oof(folder, gold, predictions)
        return
    write_oof(
        folder,
        joined_gold(gold, inherited.gold),
        _joined(predictions, inherited.predictions),
        keys=np.concatenate([text_keys(gold), np.full(len(inherited.gold), NO_KEY, dtype=np.uint64)]),
        n_words=np.concatenate(
            [
                np.array([len(text.split()) for text in gold.batch.texts], dtype=np.int16),
                inherited.n_words,
            ]
        ),
    )


def _joined(first: Predictions, second: Predictions) -> Predictions:
    """Put the second's predictions behind the first's, for the first's themes.

    Of a theme that the second does not know, whose labels are unknown there too, it says that it is absent.
    """
    said, told = first.probabilities, second.probabilities
    n_more = len(second.decided.sentiment)

    def block(theme: str, like: Probabilities, known: TagProbabilities) -> Probabilities:
        absent = np.eye(1, like.shape[1], dtype=np.float32).repeat(n_more, axis=0)
        return np.concatenate([like, known.themes.get(theme, absent)])

    decided = DecidedPositions(
        sentiment=np.concatenate([first.decided.sentiment, second.decided.sentiment]),
        enchantment=np.concatenate([first.decided.enchantment, second.decided.enchantment]),
        incivility=np.concatenate([first.decided.incivility, second.decided.incivility]),
        themes={
            theme: np.concatenate(
                [positions, second.decided.themes.get(theme, np.zeros(n_more, dtype=np.intp))]
            )
            for theme, positions in first.decided.themes.items()
        },
        confidence=np.concatenate([first.decided.confidence, second.decided.confidence]),
    )
    if said is None or told is None:
        return Predictions(decided, None)
    return Predictions(
        decided,
        TagProbabilities(
            sentiment=np.concatenate([said.sentiment, told.sentiment]),
            enchantment=np.concatenate([said.enchantment, told.enchantment]),
            incivility=np.concatenate([said.incivility, told.incivility]),
            themes={theme: block(theme, like, told) for theme, like in said.themes.items()},
        ),
    )
