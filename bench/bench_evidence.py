"""Evidence: seconds for a page of 50 verbatims, and how often it points at the part that was labelled."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from time import perf_counter

import numpy as np

from bench.corpus import GOLD
from models.evidence import evidence
from models.gold import GoldSet, read_gold
from models.registry import load_tagger
from models.tagger import VerbatimBatch
from pipeline.codebook import read_codebook

PAGE = 50
N_PAGES = 5
N_PAIRS = 400


def pages(gold: GoldSet, seed: int = 0) -> Iterator[VerbatimBatch]:
    """Draw pages of verbatims."""
    order = np.random.default_rng(seed).permutation(len(gold))
    for number in range(N_PAGES):
        yield gold.take(order[number * PAGE : (number + 1) * PAGE]).batch


def pairs(gold: GoldSet, seed: int = 0) -> tuple[VerbatimBatch, list[tuple[int, str, str]]]:
    """Join pairs of verbatims of one audience that share no theme.

    Returns:
        The joined texts; for each, where the second begins, and a theme that the first and the second has.
    """
    one_theme = np.flatnonzero((gold.themes > 0).sum(axis=1) == 1)
    order = np.random.default_rng(seed).permutation(one_theme)
    texts: list[str] = []
    audiences: list[str] = []
    facts: list[tuple[int, str, str]] = []
    for first, second in zip(order[::2], order[1::2], strict=False):
        themes = [gold.labels.themes[int(np.argmax(gold.themes[row] > 0))] for row in (first, second)]
        if themes[0] == themes[1] or gold.batch.audiences[first] != gold.batch.audiences[second]:
            continue
        head = gold.batch.texts[first].strip() + "\n"
        texts.append(head + gold.batch.texts[second].strip())
        audiences.append(gold.batch.audiences[first])
        facts.append((len(head), themes[0], themes[1]))
    batch = VerbatimBatch(texts[:N_PAIRS], audiences[:N_PAIRS], [None] * min(N_PAIRS, len(texts)))
    return batch, facts[:N_PAIRS]


def main(model: str = "default") -> None:
    """Print both figures."""
    labels = read_codebook().label_space
    tagger = load_tagger(model, labels)
    gold = read_gold([GOLD], labels)
    evidence(tagger, next(pages(gold)))  # compiles, loads spaCy
    seconds = []
    for page in pages(gold):
        start = perf_counter()
        evidence(tagger, page)
        seconds.append(perf_counter() - start)
    print(f"{tagger.model_id}: a page of {PAGE}: {np.median(seconds):.2f} s (slowest {max(seconds):.2f})")
    batch, facts = pairs(gold)
    inside = total = missing = 0
    for spans, (cut, first, second) in zip(evidence(tagger, batch), facts, strict=True):
        for theme, holds in ((first, lambda s, c=cut: s.end <= c), (second, lambda s, c=cut: s.start >= c)):
            mine = [span for span in spans if span.label == f"theme:{theme}"]
            heaviest = max(mine, key=lambda span: span.weight, default=None)
            missing += heaviest is None
            total += heaviest is not None
            inside += heaviest is not None and holds(heaviest)
    print(
        f"{len(facts)} pairs joined: the heaviest span of a theme lies in the verbatim that has it "
        f"{inside / total:.1%} of the time ({total} themes shown, {missing} not found by the model)"
    )


if __name__ == "__main__":
    main(*sys.argv[1:2])
