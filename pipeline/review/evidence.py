"""What the pages ask of a model to show why: the spans of a text that speak for its labels."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from models.evidence import evidence
from models.tagger import Tagger, VerbatimBatch


class Span(Protocol):
    """A passage that speaks for a label.

    Attributes:
        label: `theme:means`, `sentiment`, `enchantment`, `incivility`.
        start: First character, counted in code points.
        end: One past the last character.
        weight: How much it speaks for the label, in [0, 1].
    """

    @property
    def label(self) -> str:
        """Label that the passage speaks for."""
        ...

    @property
    def start(self) -> int:
        """First character."""
        ...

    @property
    def end(self) -> int:
        """One past the last character."""
        ...

    @property
    def weight(self) -> float:
        """Weight in [0, 1]."""
        ...


class EvidenceFunction(Protocol):
    """Finds evidence; given to the desk when it starts."""

    def __call__(self, batch: VerbatimBatch) -> Sequence[Sequence[Span]]:
        """Give the spans of each text of the batch."""
        ...


def no_evidence(batch: VerbatimBatch) -> Sequence[Sequence[Span]]:
    """Show texts without highlighting: what the desk does when no model can explain itself."""
    return [() for _ in range(len(batch))]


def evidence_of(tagger: Tagger) -> EvidenceFunction:
    """Let a model show what its labels rest on."""

    def find(batch: VerbatimBatch) -> Sequence[Sequence[Span]]:
        return evidence(tagger, batch)

    find(VerbatimBatch(["Bonjour."], ["customer"], [None]))  # loads spaCy now, not under the first page
    return find
