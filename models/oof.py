"""Out-of-fold predictions, kept beside a shipped model: what it says of verbatims it had not seen.

Without text. They are the honest measure of a model on a machine that has not the data, and they carry the
uncertainty of its calibration into the published figures.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from models.decisions import DecidedPositions
from models.errors import ModelError
from models.gold import UNKNOWN, GoldSet, text_keys
from models.labels import LabelSpace
from models.predictions import Predictions
from models.registry import member_folder, read_card
from models.tagger import TagProbabilities, VerbatimBatch

OOF_FILE = "oof.parquet"
LEARNT_FILE = "learnt.parquet"
_LABELS = ("sentiment", "enchantment", "incivility")


def write_oof(
    folder: Path,
    gold: GoldSet,
    predictions: Predictions,
    *,
    keys: NDArray[np.uint64] | None = None,
    n_words: NDArray[np.int16] | None = None,
) -> None:
    """Write gold labels, decided labels and probabilities: no text, but a key by which a text finds its row.

    Columns: `text_key` (64 bits of a hash of the masked text, its audience and its question), `audience`,
    `source` (it was held out), `stratum`, `n_words`; `gold_<label>` and `decided_<label>` as positions in the
    label space, `gold_theme_<theme>` and `decided_theme_<theme>` as 0 for absent or 1 + the polarity's place;
    `p_<label>_<value>`; `p_theme_<theme>_<polarity>`. A theme that the model does not know has no column.

    Args:
        folder: The model's.
        gold: The verbatims.
        predictions: Of models that had not seen the verbatim's source, in the same order.
        keys: Text keys, where `gold` comes without texts.
        n_words: Lengths in words, likewise.
    """
    probabilities = predictions.probabilities
    if probabilities is None:
        raise ModelError.because(
            "out-of-fold predictions cannot be stored",
            expected="probabilities",
            got="labels alone",
            where=str(folder),
            do="Give the tagger's probabilities",
        )
    columns: dict[str, object] = {
        "text_key": text_keys(gold) if keys is None else keys,
        "audience": pa.array(gold.audiences.tolist()).dictionary_encode(),
        "source": pa.array(gold.sources.tolist()).dictionary_encode(),
        "stratum": pa.array(gold.strata.tolist()).dictionary_encode(),
        "n_words": np.array([len(text.split()) for text in gold.batch.texts], dtype=np.int16)
        if n_words is None
        else n_words,
    }
    for name in _LABELS:
        columns[f"gold_{name}"] = getattr(gold, name).astype(np.int8)
        columns[f"decided_{name}"] = getattr(predictions.decided, name).astype(np.int8)
        for k, value in enumerate(getattr(gold.labels, name)):
            columns[f"p_{name}_{value}"] = _rounded(getattr(probabilities, name)[:, k])
    for k, theme in enumerate(gold.labels.themes):
        if theme not in predictions.decided.themes:
            continue
        columns[f"gold_theme_{theme}"] = gold.themes[:, k].astype(np.int8)
        columns[f"decided_theme_{theme}"] = predictions.decided.themes[theme].astype(np.int8)
        for j, polarity in enumerate(gold.labels.polarities):
            columns[f"p_theme_{theme}_{polarity}"] = _rounded(probabilities.themes[theme][:, 1 + j])
    columns["confidence"] = _rounded(predictions.decided.confidence)
    folder.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.table(columns), folder / OOF_FILE, compression="zstd", compression_level=19)


def read_oof(folder: Path, labels: LabelSpace) -> tuple[GoldSet, Predictions, NDArray[np.int16]]:
    """Read what `write_oof` wrote.

    A theme of the codebook that the model was not trained for has no columns: its gold labels are `UNKNOWN`,
    and the predictions leave it out.

    Args:
        folder: The model's.
        labels: The label space of the codebook in use.

    Returns:
        The gold labels (texts are empty, identifiers are the text keys), the predictions, and the length of
        each verbatim in words.

    Raises:
        ModelError: The model came without them.
    """
    path = folder / OOF_FILE
    if not path.exists():
        raise ModelError.because(
            "the out-of-fold predictions cannot be read",
            expected=OOF_FILE,
            got="no file",
            where=str(folder),
            do="Train the model with `miroir train`, or judge it on labelled verbatims with --gold",
        )
    table = pq.read_table(path).to_pydict()
    n = len(table["source"])
    known = [theme for theme in labels.themes if f"gold_theme_{theme}" in table]

    def block(names: list[str]) -> NDArray[np.float32]:
        return np.column_stack([np.array(table[name], dtype=np.float32) for name in names])

    gold = GoldSet(
        ids=tuple(str(key) for key in table["text_key"]),
        sources=np.array(table["source"], dtype=np.str_),
        strata=np.array(table["stratum"], dtype=np.str_),
        batch=VerbatimBatch(texts=[""] * n, audiences=table["audience"], questions=[None] * n),
        sentiment=np.array(table["gold_sentiment"], dtype=np.int8),
        enchantment=np.array(table["gold_enchantment"], dtype=np.int8),
        incivility=np.array(table["gold_incivility"], dtype=np.int8),
        themes=np.column_stack(
            [
                np.array(table.get(f"gold_theme_{theme}", [UNKNOWN] * n), dtype=np.int8)
                for theme in labels.themes
            ]
        ),
        labels=labels,
    )
    themes = {}
    for theme in known:
        present = block([f"p_theme_{theme}_{polarity}" for polarity in labels.polarities])
        themes[theme] = np.column_stack([1 - present.sum(axis=1), present])
    probabilities = TagProbabilities(
        sentiment=block([f"p_sentiment_{value}" for value in labels.sentiment]),
        enchantment=block([f"p_enchantment_{value}" for value in labels.enchantment]),
        incivility=block([f"p_incivility_{value}" for value in labels.incivility]),
        themes=themes,
    )
    decided = DecidedPositions(
        sentiment=np.array(table["decided_sentiment"], dtype=np.intp),
        enchantment=np.array(table["decided_enchantment"], dtype=np.intp),
        incivility=np.array(table["decided_incivility"], dtype=np.intp),
        themes={theme: np.array(table[f"decided_theme_{theme}"], dtype=np.intp) for theme in known},
        confidence=np.array(table["confidence"], dtype=np.float32),
    )
    return gold, Predictions(decided, probabilities), np.array(table["n_words"], dtype=np.int16)


def write_learnt(folder: Path, keys: NDArray[np.uint64]) -> None:
    """Write the text keys of verbatims that a model learnt from and was not judged on."""
    pq.write_table(pa.table({"text_key": keys}), folder / LEARNT_FILE, compression="zstd")


def read_learnt(folder: Path) -> NDArray[np.uint64]:
    """Read what `write_learnt` wrote, for a model and those that it is made of."""
    found = [read_learnt(member_folder(folder, name)) for name in read_card(folder).get("members", ())]
    path = folder / LEARNT_FILE
    if path.is_file():
        found.append(pq.read_table(path)["text_key"].to_numpy())
    return np.unique(np.concatenate([np.zeros(0, dtype=np.uint64), *found]))


def all_learnt(folder: Path) -> NDArray[np.uint64]:
    """Give the text keys of all that a model and its members learnt from, judged on it or not."""
    found = [all_learnt(member_folder(folder, name)) for name in read_card(folder).get("members", ())]
    for path in (folder / OOF_FILE, folder / LEARNT_FILE):
        if path.is_file():
            found.append(pq.read_table(path, columns=["text_key"])["text_key"].to_numpy())
    return np.unique(np.concatenate([np.zeros(0, dtype=np.uint64), *found]))


def _rounded(column: NDArray[np.floating]) -> NDArray[np.float32]:
    return np.round(column, 4).astype(np.float32)
