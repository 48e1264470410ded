"""The cascade's curve: quality on held-out verbatims and speed, for each share that is read again.

Quality is that of the members' shipped out-of-fold predictions: each real source was held out of what read
it. Those carry no text and may be in another order, so only verbatims are used that their source, stratum,
length and gold labels tell apart from all others. Speed is measured here, on shipped authored verbatims.

    python -m bench.bench_cascade [fast] [better]
"""

from __future__ import annotations

import sys
from collections import Counter
from dataclasses import dataclass
from time import perf_counter

import numpy as np
from numpy.typing import NDArray

from bench.corpus import GOLD
from models.cascade import CascadeTagger, TopShare, expected_errors
from models.decisions import DecidedPositions
from models.evaluation import evaluate
from models.gold import AUTHORED, GoldSet, read_gold
from models.labels import LabelSpace
from models.oof import read_oof
from models.predictions import Predictions
from models.promotion import take_predictions
from models.registry import load_tagger, model_folder
from models.tagger import Decisions, Tagger, TagProbabilities
from pipeline.codebook import read_codebook

SHARES = (0.0, 0.05, 0.1, 0.2, 0.3, 0.5, 0.7, 1.0)
SHOWN = (
    "sentiment.macro_f1",
    "themes.micro_f1",
    "enchantment.relational.average_precision",
    "incivility.any.f1",
)
CHUNK = 5_000
N_SPEED = 2_000


@dataclass(frozen=True)
class HeldOut:
    """What both members said of the same real verbatims, held out."""

    gold: GoldSet
    fast: Predictions
    better: Predictions


def read_held_out(fast: str, better: str, labels: LabelSpace) -> HeldOut:
    """Read both members' out-of-fold predictions of the real verbatims that can be matched."""
    mine, first, words = read_oof(model_folder(fast), labels)
    theirs, second, other_words = read_oof(model_folder(better), labels)
    places, other_places = _places(mine, words), _places(theirs, other_words)
    common = [key for key in places if key in other_places]
    rows = np.array([places[key] for key in common], dtype=np.intp)
    other_rows = np.array([other_places[key] for key in common], dtype=np.intp)
    return HeldOut(mine.take(rows), take_predictions(first, rows), take_predictions(second, other_rows))


def _places(gold: GoldSet, words: NDArray[np.integer]) -> dict[tuple[object, ...], int]:
    """Find the row of each real verbatim that nothing else looks like."""
    keys = [
        (
            str(gold.sources[row]),
            str(gold.strata[row]),
            int(words[row]),
            int(gold.sentiment[row]),
            int(gold.enchantment[row]),
            int(gold.incivility[row]),
            *gold.themes[row].tolist(),
        )
        for row in range(len(gold))
    ]
    counts = Counter(keys)
    return {key: row for row, key in enumerate(keys) if counts[key] == 1 and key[0] != AUTHORED}


def named(decided: DecidedPositions, labels: LabelSpace) -> Decisions:
    """Give decided positions by name."""
    themes: tuple[str | None, ...] = (None, *labels.polarities)
    return Decisions(
        sentiment=[labels.sentiment[i] for i in decided.sentiment],
        enchantment=[labels.enchantment[i] for i in decided.enchantment],
        incivility=[labels.incivility[i] for i in decided.incivility],
        themes={theme: [themes[i] for i in values] for theme, values in decided.themes.items()},
        confidence=decided.confidence,
        needs_review=[False] * len(decided.sentiment),
    )


def doubts_of(held_out: HeldOut) -> NDArray[np.float64]:
    """Expect the fast member's errors, as the cascade does."""
    if held_out.fast.probabilities is None:
        raise SystemExit("the fast model's out-of-fold predictions have no probabilities")
    labels = held_out.gold.labels
    return expected_errors(held_out.fast.probabilities, named(held_out.fast.decided, labels), labels)


def mixed(held_out: HeldOut, reread: NDArray[np.bool_]) -> Predictions:
    """Take the better member's reading where it read, the fast one's elsewhere."""

    def pick(one: np.ndarray, other: np.ndarray) -> np.ndarray:
        rows = reread[:, None] if one.ndim == 2 else reread
        return np.where(rows, other, one)

    fast, better = held_out.fast, held_out.better
    if fast.probabilities is None or better.probabilities is None:
        raise SystemExit("out-of-fold predictions without probabilities")
    singles = ("sentiment", "enchantment", "incivility")
    decided = {name: pick(getattr(fast.decided, name), getattr(better.decided, name)) for name in singles}
    stated = {
        name: pick(getattr(fast.probabilities, name), getattr(better.probabilities, name)) for name in singles
    }
    themes = held_out.gold.labels.themes
    return Predictions(
        DecidedPositions(
            **decided,
            themes={name: pick(fast.decided.themes[name], better.decided.themes[name]) for name in themes},
            confidence=pick(fast.decided.confidence, better.decided.confidence),
        ),
        TagProbabilities(
            **stated,
            themes={
                name: pick(fast.probabilities.themes[name], better.probabilities.themes[name])
                for name in themes
            },
        ),
    )


def quality(held_out: HeldOut, share: float, doubts: NDArray[np.float64]) -> dict[str, float]:
    """Measure a share, chosen chunk by chunk as `miroir tag` does, by audience."""
    reread = np.zeros(len(doubts), dtype=np.bool_)
    order = np.random.default_rng(0).permutation(len(doubts))  # as a file mixes its sources
    for start in range(0, len(order), CHUNK):
        rows = order[start : start + CHUNK]
        reread[rows[TopShare(share).choose(doubts[rows])]] = True
    predictions = mixed(held_out, reread)
    figures: dict[str, float] = {}
    for audience in ("customer", "employee"):
        mine = np.flatnonzero(held_out.gold.audiences == audience)
        part = take_predictions(predictions, mine)
        measured = evaluate(held_out.gold.take(mine), part.decided, part.probabilities, n_resamples=2)
        figures |= {f"{audience} {name}": measured.slices[0].value(name) for name in SHOWN}
    return figures


def speed(fast: Tagger, better: Tagger, gold: GoldSet, share: float) -> float:
    """Measure verbatims a second of the wall clock, decisions included."""
    cascade = CascadeTagger(fast, better, TopShare(share))
    start = perf_counter()
    cascade.decide(cascade.predict(gold.batch))
    return len(gold) / (perf_counter() - start)


def main(fast_name: str = "linear", better_name: str = "blend") -> None:
    """Print the curve, and the same shares chosen at random."""
    labels = read_codebook().label_space
    fast, better = load_tagger(fast_name, labels), load_tagger(better_name, labels)
    gold = read_gold([GOLD], labels)
    gold = gold.take(np.arange(min(N_SPEED, len(gold))))
    speed(fast, better, gold.take(np.arange(64)), 0.5)  # warms both
    held_out = read_held_out(fast_name, better_name, labels)
    n_customers = int((held_out.gold.audiences == "customer").sum())
    n_employees = len(held_out.gold) - n_customers
    print(f"quality on {n_customers} verbatims of customers and {n_employees} of employees")
    doubts = doubts_of(held_out)
    header = " ".join(
        f"{side[:4]}.{name.split('.')[0][:9]:<9}" for side in ("cust", "empl") for name in SHOWN
    )
    print(f"{'share':>6} {'v/s':>8}  {header}")
    for share in SHARES:
        by_doubt = quality(held_out, share, doubts)
        by_chance = quality(held_out, share, np.random.default_rng(1).random(len(doubts)))
        cells = " ".join(f"{by_doubt[key]:.3f} ({by_chance[key]:.3f})" for key in by_doubt)
        print(f"{share:>6.0%} {speed(fast, better, gold, share):>8,.0f}  {cells}", flush=True)
    print("in brackets: the same share read again by chance")


if __name__ == "__main__":
    main(*sys.argv[1:3])
