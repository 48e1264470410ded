"""The learnt numbers of the linear model, and how they lie on disk: hashes only, no word is kept."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, fields, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from models.errors import ModelError
from models.linear.design import count_features
from models.linear.kernel import Floats

WEIGHTS_FILE = "weights.npz"


@dataclass(frozen=True, slots=True)
class LinearWeights:
    """Everything that scoring needs. Rows are kept features: words first, then letters.

    Attributes:
        word_ids: Hash of each word feature, ascending, 22 bits.
        letter_ids: Hash of each letter feature, ascending, 20 bits.
        squares: Squared rarity of each row, for the lengths; shape (rows,).
        weights: Weights in units of their column's scale, shape (rows, columns), int8.
        rating_ids: Hash of each word feature that speaks of stars, ascending, 22 bits.
        rating_squares: Squared rarity of each, shape (rating_ids,).
        rating_weights: Shape (rating_ids, ratings), int8.
        scales: Unit of each column, shape (columns + ratings,).
        offsets: Added to the scores, shape (columns + ratings,).
        layer_weights: The second stage, shape (audiences, readings, columns).
        layer_intercepts: Shape (audiences, columns).
    """

    word_ids: NDArray[np.uint32]
    letter_ids: NDArray[np.uint32]
    squares: NDArray[np.float16]
    weights: NDArray[np.int8]
    rating_ids: NDArray[np.uint32]
    rating_squares: NDArray[np.float16]
    rating_weights: NDArray[np.int8]
    scales: Floats
    offsets: Floats
    layer_weights: Floats
    layer_intercepts: Floats

    def save(self, folder: Path) -> None:
        """Write the numbers to a folder."""
        folder.mkdir(parents=True, exist_ok=True)
        arrays = {field.name: getattr(self, field.name) for field in fields(self)}
        np.savez_compressed(folder / WEIGHTS_FILE, **arrays)

    def digest(self) -> str:
        """Eight hex digits over all the numbers."""
        digest = hashlib.sha256()
        for field in fields(self):
            digest.update(np.ascontiguousarray(getattr(self, field.name)).tobytes())
        return digest.hexdigest()[:8]


def load_weights(folder: Path) -> LinearWeights:
    """Read the numbers that `LinearWeights.save` wrote.

    Raises:
        ModelError: The file is missing or broken.
    """
    path = folder / WEIGHTS_FILE
    try:
        with np.load(path) as arrays:
            return LinearWeights(**{field.name: arrays[field.name] for field in fields(LinearWeights)})
    except (OSError, KeyError, ValueError) as error:
        raise ModelError.because(
            "the model's weights cannot be read",
            expected=f"a sound {WEIGHTS_FILE}",
            got=type(error).__name__,
            where=str(path),
            do="Train it again, or take it again from the release",
        ) from error


def without_words(weights: LinearWeights, words: Iterable[str]) -> LinearWeights:
    """Drop the weights of single words, so that no name that escaped the masking is left.

    Args:
        weights: The learnt numbers.
        words: Words to drop, whatever their case and accents.

    Returns:
        The same without them; scores of texts that hold them change a little.
    """
    counts, _ = count_features(list(words), with_letters=False)
    kept = ~np.isin(weights.word_ids, counts.words.indices)
    rated = ~np.isin(weights.rating_ids, counts.words.indices)
    rows = np.concatenate([kept, np.ones(len(weights.letter_ids), dtype=np.bool_)])
    return replace(
        weights,
        word_ids=weights.word_ids[kept],
        squares=weights.squares[rows],
        weights=weights.weights[rows],
        rating_ids=weights.rating_ids[rated],
        rating_squares=weights.rating_squares[rated],
        rating_weights=weights.rating_weights[rated],
    )


def quantise(weights: Floats) -> tuple[NDArray[np.int8], Floats]:
    """Round weights to 8 bits, with a unit for each column."""
    if len(weights) == 0:
        return weights.astype(np.int8), np.ones(weights.shape[1], dtype=np.float32)
    scales = np.maximum(np.abs(weights).max(axis=0), 1e-12) / 127
    return np.round(weights / scales).astype(np.int8), scales.astype(np.float32)
