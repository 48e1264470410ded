"""Read the codebook: what every label means, and what models must be trained for."""

from __future__ import annotations

import hashlib
import json
import re
from functools import cached_property
from pathlib import Path
from typing import Annotated, Literal

import yaml
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, field_validator

from models.labels import ABSENT, LabelSpace
from pipeline.errors import CodebookError

DEFAULT_CODEBOOK = Path(__file__).resolve().parents[1] / "configs" / "codebook.yaml"

Language = Literal["fr", "en"]

_IDENTIFIER = re.compile(r"[a-z][a-z0-9_]*")


def _checked_identifier(name: str) -> str:
    """Refuse what could not be part of a column's name, where letters' case says nothing."""
    if not _IDENTIFIER.fullmatch(name):
        raise ValueError(
            "an identifier takes small letters a to z, digits and _, a letter first; "
            "the words for readers go under `name`"
        )
    return name


Identifier = Annotated[str, AfterValidator(_checked_identifier)]


class _Entry(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Wording(_Entry):
    """One text in the two languages of the pages."""

    fr: str
    en: str

    def get(self, language: Language) -> str:
        """Give the text in a language."""
        return self.fr if language == "fr" else self.en


class Named(_Entry):
    """Something that has only a name: an audience or a polarity."""

    name: Wording


class LabelValue(_Entry):
    """One value of a label, with its meaning."""

    name: Wording
    definition: Wording
    examples: tuple[str, ...] = ()


class Label(_Entry):
    """A label with exactly one value a verbatim."""

    name: Wording
    values: dict[Identifier, LabelValue]


class Theme(_Entry):
    """An engagement theme, with its reading on each side of the mirror."""

    name: Wording
    customer: Wording
    employee: Wording
    examples: tuple[str, ...] = ()


class BoundaryRule(_Entry):
    """How to decide where labels or themes touch."""

    labels: tuple[str, ...]
    fr: str
    en: str


class Labels(_Entry):
    """The three labels that have exactly one value."""

    sentiment: Label
    enchantment: Label
    incivility: Label


class Codebook(_Entry):
    """The codebook, as read from its YAML file."""

    version: int = Field(ge=1)
    audiences: dict[Literal["customer", "employee"], Named]
    labels: Labels
    polarities: dict[Identifier, Named]
    themes: dict[Identifier, Theme] = Field(min_length=1)
    rules: tuple[BoundaryRule, ...] = ()

    @field_validator("themes")
    @classmethod
    def _no_theme_named_as_a_label(cls, themes: dict[str, Theme]) -> dict[str, Theme]:
        """Models tell a theme from a label by its identifier alone."""
        if taken := [theme for theme in themes if theme in Labels.model_fields]:
            raise ValueError(f"{', '.join(taken)} already names a label; give the theme another identifier")
        return themes

    @field_validator("polarities")
    @classmethod
    def _no_polarity_named_absent(cls, polarities: dict[str, Named]) -> dict[str, Named]:
        if ABSENT in polarities:
            raise ValueError(f"{ABSENT} says that a theme is not there; give the polarity another identifier")
        return polarities

    @cached_property
    def label_space(self) -> LabelSpace:
        """The identifiers that models are trained for, in the order of the file."""
        return LabelSpace(
            sentiment=tuple(self.labels.sentiment.values),
            enchantment=tuple(self.labels.enchantment.values),
            incivility=tuple(self.labels.incivility.values),
            themes=tuple(self.themes),
            polarities=tuple(self.polarities),
            codebook_hash=self.hash,
        )

    @cached_property
    def hash(self) -> str:
        """Sixteen hex digits over the identifiers: wordings may improve without retraining."""
        identifiers = {
            "version": self.version,
            "sentiment": list(self.labels.sentiment.values),
            "enchantment": list(self.labels.enchantment.values),
            "incivility": list(self.labels.incivility.values),
            "polarities": list(self.polarities),
            "themes": list(self.themes),
        }
        return hashlib.sha256(json.dumps(identifiers).encode()).hexdigest()[:16]


def read_codebook(path: str | Path = DEFAULT_CODEBOOK) -> Codebook:
    """Read and check a codebook.

    Args:
        path: A YAML file in the form of `configs/codebook.yaml`.

    Returns:
        The codebook.

    Raises:
        CodebookError: The file is missing, is no YAML, or lacks something.
    """
    try:
        content = yaml.safe_load(Path(path).read_text(encoding="utf-8"))
        return Codebook.model_validate(content)
    except FileNotFoundError as error:
        raise CodebookError.because(
            "the codebook cannot be read",
            expected="a YAML file",
            got="no file",
            where=str(path),
            do="Check `codebook:` in the configuration",
        ) from error
    except (yaml.YAMLError, ValidationError) as error:
        raise CodebookError.because(
            "the codebook is unsound",
            expected="the form of configs/codebook.yaml",
            got=_first_problem(error),
            where=str(path),
            do="Mend the entry named",
        ) from error


def _first_problem(error: yaml.YAMLError | ValidationError) -> str:
    if isinstance(error, ValidationError):
        first = error.errors()[0]
        return f"{'.'.join(str(part) for part in first['loc'])}: {first['msg']}"
    return " ".join(str(error).split())
