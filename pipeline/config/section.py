"""What all parts of the configuration are made of."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict

from pipeline.reserved_names import RESERVED_DIMENSIONS, RESERVED_NAMES

Audience = Literal["customer", "employee"]


@dataclass(frozen=True, slots=True)
class RatingScale:
    """The bounds of a rating, both included."""

    low: float
    high: float


RATING_SCALES = {
    "nps": RatingScale(0, 10),
    "enps": RatingScale(0, 10),
    "csat": RatingScale(1, 5),
    "stars": RatingScale(1, 5),
    "ten": RatingScale(1, 10),
}


def _is_plain_name(name: str) -> str:
    if not re.fullmatch(r"[a-z][a-z0-9_]{0,40}", name) or name in RESERVED_NAMES:
        raise ValueError(f"«{name}» must be lower-case letters, digits and _ and not a column of the tables")
    return name


def _is_free_dimension(name: str) -> str:
    if name in RESERVED_DIMENSIONS:
        raise ValueError(f"«{name}» is a column of the tables or a word of SQL; name the dimension «{name}_»")
    return name


Name = Annotated[str, AfterValidator(_is_plain_name)]
Dimension = Annotated[Name, AfterValidator(_is_free_dimension)]


def given_twice(names: Iterable[str]) -> list[str]:
    """List the names that stand there more than once, sorted."""
    return sorted(name for name, count in Counter(names).items() if count > 1)


class Section(BaseModel):
    """A part of the configuration: frozen, and nothing unknown in it."""

    model_config = ConfigDict(frozen=True, extra="forbid")
