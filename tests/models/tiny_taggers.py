"""Taggers of a few lines: what they say of a text can be worked out by hand."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from models.decisions import DecisionRule, decide
from models.labels import LabelSpace
from models.tagger import Decisions, TagProbabilities, VerbatimBatch
from pipeline.codebook import read_codebook

LABELS = read_codebook().label_space
POSITIVE = ("merci", "bravo", "super", "souriant", "adorable")
NEGATIVE = ("attente", "nul", "panne", "jamais", "rame")


@dataclass
class KeywordTagger:
    """Reads words: sure of the sentiment where it knows one, unsure elsewhere.

    Attributes:
        name: Part of its id.
        positive: Words that speak for `positive`.
        negative: Words that speak for `negative`, and for the theme `means`.
        sureness: Probability given to what it knows.
        labels: Its label space.
        n_read: How many texts it was given so far.
    """

    name: str
    positive: tuple[str, ...] = POSITIVE
    negative: tuple[str, ...] = NEGATIVE
    sureness: float = 0.97
    labels: LabelSpace = LABELS
    rule: DecisionRule = field(default_factory=lambda: DecisionRule.plain(LABELS))
    n_read: int = 0

    @property
    def model_id(self) -> str:
        return f"{self.name}-1-00000000-{self.labels.codebook_hash[:8]}"

    def predict(self, batch: VerbatimBatch) -> TagProbabilities:
        self.n_read += len(batch)
        good = np.array([any(w in text.lower() for w in self.positive) for text in batch.texts], dtype=bool)
        bad = np.array([any(w in text.lower() for w in self.negative) for text in batch.texts], dtype=bool)
        sentiment = np.full((len(batch), 4), 0.25, dtype=np.float32)
        for rows, value in ((good & ~bad, 0), (bad & ~good, 1), (good & bad, 2)):
            sentiment[rows] = (1 - self.sureness) / 3
            sentiment[rows, value] = self.sureness
        themes = {theme: _absent(len(batch)) for theme in self.labels.themes}
        themes["means"][bad] = (1 - self.sureness, self.sureness / 10, self.sureness * 0.9, 0, 0)
        return TagProbabilities(
            sentiment=sentiment,
            enchantment=np.tile(np.array([0.9, 0.05, 0.05], dtype=np.float32), (len(batch), 1)),
            incivility=np.tile(np.array([0.9, 0.05, 0.05], dtype=np.float32), (len(batch), 1)),
            themes=themes,
        )

    def decide(self, probabilities: TagProbabilities) -> Decisions:
        return decide(probabilities, self.labels, self.rule)


def _absent(n: int) -> np.ndarray:
    return np.tile(np.array([0.96, 0.01, 0.01, 0.01, 0.01], dtype=np.float32), (n, 1))


def batch_of(*texts: str, audience: str = "customer") -> VerbatimBatch:
    return VerbatimBatch(list(texts), [audience] * len(texts), [None] * len(texts))
