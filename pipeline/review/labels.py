"""The four labels of one verbatim, as reviewers give them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self

from models.labels import LabelSpace
from pipeline.errors import ReviewError
from pipeline.review.refusals import refusal
from pipeline.schema import theme_column


@dataclass(frozen=True, slots=True)
class VerbatimLabels:
    """A complete set of labels.

    Attributes:
        sentiment: A sentiment of the codebook.
        enchantment: An enchantment of the codebook.
        incivility: An incivility of the codebook.
        themes: Theme → polarity; an absent theme is no key.
    """

    sentiment: str
    enchantment: str
    incivility: str
    themes: Mapping[str, str] = field(default_factory=dict)

    def to_json(self) -> str:
        """Write as JSON, always the same text for the same labels."""
        return json.dumps(self.to_dict(), sort_keys=True)

    def to_dict(self) -> dict[str, Any]:
        """Give the labels in the codebook's record format."""
        return {
            "sentiment": self.sentiment,
            "enchantment": self.enchantment,
            "themes": dict(sorted(self.themes.items())),
            "incivility": self.incivility,
        }

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Read what `to_json` wrote."""
        return cls(**json.loads(text))

    @classmethod
    def from_annotation(cls, row: Mapping[str, Any], space: LabelSpace) -> Self:
        """Take the decided labels out of an annotation or a reviewed row."""
        themes = {theme: row.get(theme_column(theme)) for theme in space.themes}
        return cls(
            sentiment=row["sentiment"],
            enchantment=row["enchantment"],
            incivility=row["incivility"],
            themes={theme: polarity for theme, polarity in themes.items() if polarity is not None},
        )

    @classmethod
    def checked(cls, given: Mapping[str, Any], space: LabelSpace) -> Self:
        """Read labels that came from outside.

        Args:
            given: An object in the codebook's record format.
            space: What the codebook allows.

        Raises:
            ReviewError: A label is missing or is not of the codebook.
        """
        for name, allowed in (
            ("sentiment", space.sentiment),
            ("enchantment", space.enchantment),
            ("incivility", space.incivility),
        ):
            if given.get(name) not in allowed:
                raise _unknown(name, allowed, given.get(name))
        themes = given.get("themes") or {}
        if not isinstance(themes, Mapping):
            raise _unknown("themes", ("an object theme → polarity",), type(themes).__name__)
        for theme, polarity in themes.items():
            if theme not in space.themes:
                raise _unknown("themes", space.themes, theme)
            if polarity not in space.polarities:
                raise _unknown(f"themes.{theme}", space.polarities, polarity)
        return cls(given["sentiment"], given["enchantment"], given["incivility"], dict(themes))

    @classmethod
    def from_codes(cls, codes: str) -> Self | None:
        """Read what `codes` wrote; None when nothing was said of the verbatim."""
        pairs = [code.split("=", 1) for code in codes.split()]
        if not pairs:
            return None
        single = {name: value for name, value in pairs if name != "theme"}
        themes = dict(value.split(":", 1) for name, value in pairs if name == "theme")
        return cls(single["sentiment"], single["enchantment"], single["incivility"], themes)

    @property
    def codes(self) -> str:
        """One searchable line: ` sentiment=mixed enchantment=none incivility=none theme=means:negative `."""
        themes = [f"theme={theme}:{polarity}" for theme, polarity in sorted(self.themes.items())]
        values = [
            f"sentiment={self.sentiment}",
            f"enchantment={self.enchantment}",
            f"incivility={self.incivility}",
        ]
        return f" {' '.join([*values, *themes])} "


def _unknown(label: str, allowed: tuple[str, ...], got: object) -> ReviewError:
    return refusal(
        "labels",
        "these labels cannot be kept",
        expected=" | ".join(allowed),
        got=str(got)[:40] if got is not None else "nothing",
        where=label,
        do="Give labels of the codebook in use",
    )
