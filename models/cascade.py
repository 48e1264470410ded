"""Two models in a row: a fast one reads everything, a better one reads again what the fast one is unsure of.

What a second reading is worth is not known before it is made; what can be known is how many labels the fast
model expects to have wrong, because its probabilities are calibrated. Verbatims are read again from the
greatest expectation down, for as much as the budget allows.

Source: Viola and Jones (2001), cascades; Chow (1970), the reject option, for the order of the doubts.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from models.digests import short_digest
from models.errors import ModelError
from models.labels import LabelSpace
from models.registry import load_member, read_card
from models.tagger import Decisions, Probabilities, Tagger, TagProbabilities, VerbatimBatch

Positions = NDArray[np.intp]
Doubts = NDArray[np.float64]
Value = TypeVar("Value")


@dataclass(frozen=True, slots=True)
class TopShare:
    """Read again the most doubtful share of each batch.

    The same batches give the same choice; a verbatim's reading depends on its neighbours in the batch.

    Attributes:
        share: In [0, 1].
    """

    share: float

    def choose(self, doubts: Doubts) -> Positions:
        """Give the positions to read again, ascending; equal doubts go to the earlier verbatim."""
        n_chosen = round(self.share * len(doubts))
        return np.sort(np.argsort(-doubts, kind="stable")[:n_chosen])


@dataclass(frozen=True, slots=True)
class AboveDoubt:
    """Read again whatever is more doubtful than a limit: a verbatim's reading depends on nothing else.

    Attributes:
        limit: Expected number of wrong labels.
    """

    limit: float

    def choose(self, doubts: Doubts) -> Positions:
        """Give the positions to read again, ascending."""
        return np.flatnonzero(doubts > self.limit)


@dataclass(frozen=True, slots=True)
class CascadeProbabilities(TagProbabilities):
    """Probabilities of a cascade, with who gave them.

    Attributes:
        reread: Whether the better model read, shape (n,).
    """

    reread: NDArray[np.bool_] = field(default_factory=lambda: np.zeros(0, dtype=np.bool_))


@dataclass(frozen=True, slots=True)
class CascadeTagger:
    """A fast model and a better one as one tagger.

    Attributes:
        fast: Reads every verbatim.
        better: Reads again what is chosen.
        choice: `TopShare` or `AboveDoubt`.
        on_read: Told after each batch how many verbatims it held and how many were read again.
    """

    fast: Tagger
    better: Tagger
    choice: TopShare | AboveDoubt
    on_read: Callable[[int, int], None] = lambda n_verbatims, n_reread: None

    def __post_init__(self) -> None:
        _check_same_labels(self.fast.labels, self.better.labels)

    @property
    def model_id(self) -> str:
        """Name, version, hash of the members and of the choice, and codebook hash."""
        digest = short_digest(self.fast.model_id, self.better.model_id, str(self.choice))
        return f"cascade-1-{digest}-{self.labels.codebook_hash[:8]}"

    @property
    def labels(self) -> LabelSpace:
        """The label space of both members."""
        return self.better.labels

    def predict(self, batch: VerbatimBatch) -> CascadeProbabilities:
        """Give the better model's probabilities where it read, the fast one's elsewhere, in the order given.

        Themes that one of the two was not trained for are left out.
        """
        first = self.fast.predict(batch)
        chosen = self.choice.choose(expected_errors(first, self.fast.decide(first), self.labels))
        self.on_read(len(batch), len(chosen))
        reread = np.zeros(len(batch), dtype=np.bool_)
        reread[chosen] = True
        return _merged(first, self.better.predict(take_batch(batch, chosen)), reread)

    def decide(self, probabilities: TagProbabilities) -> Decisions:
        """Decide labels, each verbatim with the thresholds of the model that read it.

        Probabilities that did not come from `predict` are decided with the better model's thresholds.
        """
        if not isinstance(probabilities, CascadeProbabilities):
            return self.better.decide(probabilities)
        again = probabilities.reread
        fast, better = self.fast.decide(probabilities), self.better.decide(probabilities)
        return Decisions(
            sentiment=_either(fast.sentiment, better.sentiment, again),
            enchantment=_either(fast.enchantment, better.enchantment, again),
            incivility=_either(fast.incivility, better.incivility, again),
            themes={
                theme: _either(fast.themes[theme], better.themes[theme], again) for theme in better.themes
            },
            confidence=np.where(again, better.confidence, fast.confidence).astype(np.float32),
            needs_review=_either(fast.needs_review, better.needs_review, again),
        )


def load_cascade(folder: Path, labels: LabelSpace) -> CascadeTagger:
    """Load a cascade and its members.

    Args:
        folder: Holds `model.json`, whose `fast` and `better` are names of shipped models, or folders relative
            to it, and whose `doubt_limit` says from how many expected wrong labels on the better one reads.
        labels: The label space in use.
    """
    card = read_card(folder)
    fast, better = (load_member(folder, card[name], labels) for name in ("fast", "better"))
    return CascadeTagger(fast, better, AboveDoubt(float(card["doubt_limit"])))


def expected_errors(probabilities: TagProbabilities, decided: Decisions, labels: LabelSpace) -> Doubts:
    """Expect how many of its labels a model has wrong, for each verbatim.

    The sum, over the single labels and the themes, of one minus the probability of what was decided. It is
    that number's expectation where the probabilities are calibrated.

    Args:
        probabilities: Of n verbatims.
        decided: What the same model decided of them.
        labels: Names of the columns.

    Returns:
        Shape (n,), from 0 to the number of labels.
    """
    doubts = np.zeros(len(decided.sentiment), dtype=np.float64)
    for columns, values, names in (
        (probabilities.sentiment, decided.sentiment, labels.sentiment),
        (probabilities.enchantment, decided.enchantment, labels.enchantment),
        (probabilities.incivility, decided.incivility, labels.incivility),
    ):
        doubts += 1 - _at(columns, values, names)
    for theme, columns in probabilities.themes.items():
        doubts += 1 - _at(columns, decided.themes[theme], (None, *labels.polarities))
    return doubts


def _at(columns: Probabilities, values: Sequence[str | None], names: Sequence[str | None]) -> Doubts:
    places = {name: place for place, name in enumerate(names)}
    positions = np.array([places[value] for value in values], dtype=np.intp)
    return np.take_along_axis(columns, positions[:, None], axis=1)[:, 0].astype(np.float64)


def take_batch(batch: VerbatimBatch, positions: Positions) -> VerbatimBatch:
    """Give the verbatims at the positions, in their order."""
    return VerbatimBatch(
        texts=[batch.texts[i] for i in positions],
        audiences=[batch.audiences[i] for i in positions],
        questions=[batch.questions[i] for i in positions],
    )


def _merged(
    first: TagProbabilities, again: TagProbabilities, reread: NDArray[np.bool_]
) -> CascadeProbabilities:
    def merge(before: Probabilities, after: Probabilities) -> Probabilities:
        merged = before.copy()
        merged[reread] = after
        return merged

    return CascadeProbabilities(
        sentiment=merge(first.sentiment, again.sentiment),
        enchantment=merge(first.enchantment, again.enchantment),
        incivility=merge(first.incivility, again.incivility),
        themes={
            theme: merge(columns, again.themes[theme])
            for theme, columns in first.themes.items()
            if theme in again.themes
        },
        reread=reread,
    )


def _either(fast: Sequence[Value], better: Sequence[Value], again: NDArray[np.bool_]) -> list[Value]:
    return [second if read else first for first, second, read in zip(fast, better, again, strict=True)]


def _check_same_labels(fast: LabelSpace, better: LabelSpace) -> None:
    if fast != better:
        raise ModelError.because(
            "the two models cannot read in a row",
            expected=f"one codebook ({better.codebook_hash})",
            got=f"{fast.codebook_hash} for the fast model",
            where="cascade",
            do="Train both for the codebook in use",
        )
