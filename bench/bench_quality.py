"""The yardstick: TF-IDF and logistic regression on the folds that the shipped models are judged on.

Needs the training data: `MIROIR_TRAINING_DATA=FOLDER python -m bench bench_quality`. It prints a table with
the yardstick and the shipped models, on the same verbatims; one with verbatims held out at random; and one of
what the yardstick reaches on the labels that were there first, before more reviews were read.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import SGDClassifier
from sklearn.pipeline import FeatureUnion

from models.decisions import DecisionRule, decide_positions
from models.evaluation import evaluate
from models.evaluation_report import HEADLINES
from models.folds import Fold, group_folds, random_folds
from models.gold import AUTHORED, GoldSet, read_gold, text_keys
from models.oof import read_oof
from models.predictions import Predictions
from models.promotion import take_predictions
from models.registry import model_folder
from models.tagger import Probabilities, TagProbabilities
from pipeline.codebook import read_codebook
from pipeline.training_data import GOLD_FOLDER, LABELLED, MOST_VERBATIMS, data_folder, gather

MODELS = ("linear", "compact", "blend")
AUDIENCES = ("customer", "employee")

OutOfFold = tuple[GoldSet, Predictions, NDArray[np.int16]]
"""What `read_oof` gives: the verbatims judged, what was said of them, their lengths in words."""


def main() -> None:
    """Train the yardstick fold by fold and print what it and the shipped models reach."""
    data = data_folder(None, [])
    if data is None:
        print("bench_quality: no training data (MIROIR_TRAINING_DATA), nothing measured")
        return
    labels = read_codebook().label_space
    stored = {name: read_oof(model_folder(name), labels) for name in MODELS}
    gold = _judged(gather(data, labels, [], lambda message: None, most=MOST_VERBATIMS).gold, stored)
    first = set(read_gold([data / LABELLED], labels).ids)
    parts = {
        "first labelled verbatims, sources held out": np.array([each in first for each in gold.ids]),
        "all labelled verbatims, sources held out": np.ones(len(gold), dtype=np.bool_),
    }
    said = {"TF-IDF + LR": _plain(gold, _unseen(gold, group_folds(gold)))}
    said |= {name: _shipped(gold, found) for name, found in stored.items()}
    known = {"TF-IDF + LR": _plain(gold, _unseen(gold, random_folds(gold)))}
    for title, rows in parts.items():
        print(_table(title, gold, said, np.flatnonzero(rows)), flush=True)
    rows = np.flatnonzero(parts["first labelled verbatims, sources held out"])
    print(_table("first labelled verbatims, held out at random inside sources", gold, known, rows))
    first |= set(read_gold([GOLD_FOLDER / "authored.jsonl"], labels).ids)
    given = gold.take(np.flatnonzero([each in first for each in gold.ids]))
    alone = {"TF-IDF + LR": _plain(given, _unseen(given, group_folds(given)))}
    print(_table("the same, learnt from the first labels alone", given, alone, np.arange(len(given))))


def _unseen(gold: GoldSet, folds: Sequence[Fold]) -> TagProbabilities:
    """Let models that had not seen a fold speak of it."""
    parts = [_learn_and_read(gold.take(fold.train), gold.take(fold.test)) for fold in folds]
    order = np.argsort(np.concatenate([fold.test for fold in folds]))

    def joined(blocks: Sequence[Probabilities]) -> Probabilities:
        return np.asarray(np.concatenate(blocks)[order], dtype=np.float32)

    return TagProbabilities(
        sentiment=joined([part.sentiment for part in parts]),
        enchantment=joined([part.enchantment for part in parts]),
        incivility=joined([part.incivility for part in parts]),
        themes={theme: joined([part.themes[theme] for part in parts]) for theme in gold.labels.themes},
    )


def _learn_and_read(seen: GoldSet, unseen: GoldSet) -> TagProbabilities:
    features = FeatureUnion(
        [
            ("words", TfidfVectorizer(ngram_range=(1, 2), min_df=2, sublinear_tf=True)),
            ("letters", TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 5), min_df=3, sublinear_tf=True)),
        ]
    )
    known, fresh = features.fit_transform(_texts(seen)), features.transform(_texts(unseen))

    def read(codes: np.ndarray, n_values: int) -> Probabilities:
        found = np.zeros((len(unseen), n_values), dtype=np.float32)
        model = SGDClassifier(loss="log_loss", alpha=3e-6, max_iter=12, tol=None, random_state=0, n_jobs=2)
        model.fit(known, codes)
        found[:, model.classes_] = model.predict_proba(fresh)
        return found

    labels = seen.labels
    return TagProbabilities(
        sentiment=read(seen.sentiment, len(labels.sentiment)),
        enchantment=read(seen.enchantment, len(labels.enchantment)),
        incivility=read(seen.incivility, len(labels.incivility)),
        themes={
            theme: read(seen.themes[:, k], 1 + len(labels.polarities))
            for k, theme in enumerate(labels.themes)
        },
    )


def _texts(gold: GoldSet) -> list[str]:
    """Give the texts, with their question before them: the yardstick has no other way to read it."""
    pairs = zip(gold.batch.questions, gold.batch.texts, strict=True)
    return [f"{question or ''} {text}" for question, text in pairs]


def _plain(gold: GoldSet, probabilities: TagProbabilities) -> Predictions:
    return Predictions(decide_positions(probabilities, DecisionRule.plain(gold.labels)), probabilities)


def _judged(gold: GoldSet, stored: Mapping[str, OutOfFold]) -> GoldSet:
    """Keep what all shipped models were judged on: all but a few that one of them never met."""
    keys = [str(key) for key in text_keys(gold)]
    known = [set(judged.ids) for judged, _, _ in stored.values()]
    kept = np.flatnonzero([all(key in each for each in known) for key in keys])
    print(f"{len(gold) - len(kept)} of {len(gold)} verbatims left out: not every model was judged on them")
    return gold.take(kept)


def _shipped(gold: GoldSet, stored: OutOfFold) -> Predictions:
    """Find a shipped model's out-of-fold predictions of the same verbatims."""
    judged, predictions, _ = stored
    rows = {key: row for row, key in enumerate(judged.ids)}
    return take_predictions(predictions, np.array([rows[str(key)] for key in text_keys(gold)], dtype=np.intp))


def _table(title: str, gold: GoldSet, said: dict[str, Predictions], rows: NDArray[np.intp]) -> str:
    names = [name for _, name in HEADLINES]
    lines = [title, "| judged on | n | model | " + " | ".join(names) + " |", "|---" * (3 + len(names)) + "|"]
    for audience in AUDIENCES:
        real = (gold.sources[rows] != AUTHORED) & (gold.audiences[rows] == audience)
        mine = rows[real]
        for model, predictions in said.items():
            part = take_predictions(predictions, mine)
            whole = evaluate(gold.take(mine), part.decided, part.probabilities, n_resamples=2).slices[0]
            figures = " | ".join(f"{whole.value(key):.3f}" for key, _ in HEADLINES)
            lines.append(f"| {audience} | {len(mine)} | {model} | {figures} |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    main()
