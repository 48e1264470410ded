"""The label space that a model is trained for, handed down from the codebook."""

from __future__ import annotations

from dataclasses import dataclass

ABSENT = "absent"


@dataclass(frozen=True, slots=True)
class LabelSpace:
    """The values of each label, in the order of the probability columns.

    Attributes:
        sentiment: Values of the sentiment label.
        enchantment: Values of the enchantment label.
        incivility: Values of the incivility label.
        themes: Theme identifiers.
        polarities: Polarities that a present theme can take.
        codebook_hash: Hash of the codebook that these labels come from (16 hex digits).
    """

    sentiment: tuple[str, ...]
    enchantment: tuple[str, ...]
    incivility: tuple[str, ...]
    themes: tuple[str, ...]
    polarities: tuple[str, ...]
    codebook_hash: str

    @property
    def theme_values(self) -> tuple[str, ...]:
        """Values of one theme's column block: `absent`, then the polarities."""
        return (ABSENT, *self.polarities)
