"""How many verbatims a second `linear` tags, against plain scikit-learn TF-IDF + logistic regression.

Run: `python bench/bench_tag.py [--verbatims 100000]`. Both read the same authored verbatims, repeated and
shuffled in order; scikit-learn gets one model a label and theme, learnt in the same run.
"""

from __future__ import annotations

import argparse
import os
import time
from pathlib import Path

import numpy as np
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import FeatureUnion

from models.gold import GoldSet, read_gold
from models.registry import load_tagger
from models.tagger import VerbatimBatch
from pipeline.codebook import read_codebook

GOLD = Path(__file__).resolve().parents[1] / "data" / "gold" / "authored.jsonl"


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--verbatims", type=int, default=100_000)
    parser.add_argument("--reference-verbatims", type=int, default=5_000)
    arguments = parser.parse_args()
    labels = read_codebook().label_space
    gold = read_gold([GOLD], labels)
    batch = _repeated(gold, arguments.verbatims)
    n_words = np.mean([len(text.split()) for text in batch.texts])
    print(f"{len(batch)} verbatims of {n_words:.0f} words on average, {os.cpu_count()} cores")
    started = time.perf_counter()
    tagger = load_tagger("linear", labels)
    tagger.predict(_repeated(gold, 4_000))
    print(f"linear: ready in {time.perf_counter() - started:.1f} s (compilation included)")
    wall, cpu = time.perf_counter(), time.process_time()
    probabilities = tagger.predict(batch)
    _report("linear, probabilities", len(batch), wall, cpu)
    wall, cpu = time.perf_counter(), time.process_time()
    tagger.decide(probabilities)
    _report("linear, decisions", len(batch), wall, cpu)
    _reference(gold, _repeated(gold, arguments.reference_verbatims))


def _reference(gold: GoldSet, batch: VerbatimBatch) -> None:
    features = FeatureUnion(
        [
            ("words", TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True)),
            ("letters", TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 5), sublinear_tf=True)),
        ]
    )
    matrix = features.fit_transform(gold.batch.texts)
    targets = [gold.sentiment, gold.enchantment, gold.incivility, *(gold.themes.T)]
    models = [LogisticRegression(max_iter=30, tol=1e-2).fit(matrix, target) for target in targets]
    wall, cpu = time.perf_counter(), time.process_time()
    matrix = features.transform(batch.texts)
    for model in models:
        model.predict_proba(matrix)
    _report("scikit-learn TF-IDF + logistic regression", len(batch), wall, cpu)


def _repeated(gold: GoldSet, n: int) -> VerbatimBatch:
    rows = np.random.default_rng(0).integers(0, len(gold), n)
    return VerbatimBatch(
        texts=[gold.batch.texts[row] for row in rows],
        audiences=[gold.batch.audiences[row] for row in rows],
        questions=[None] * n,
    )


def _report(name: str, n: int, wall: float, cpu: float) -> None:
    seconds, cpu_seconds = time.perf_counter() - wall, time.process_time() - cpu
    print(f"{name}: {n / seconds:,.0f} a second, {n / cpu_seconds:,.0f} a CPU-second")


if __name__ == "__main__":
    main()
