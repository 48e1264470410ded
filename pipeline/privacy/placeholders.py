"""The closed list of placeholders that masking may write, as the codebook (section 5) names them."""

from __future__ import annotations

import re
from typing import Final

PERSON: Final = "PERSONNE"
PHONE: Final = "TELEPHONE"
EMAIL: Final = "EMAIL"
ADDRESS: Final = "ADRESSE"
IBAN: Final = "IBAN"
CARD: Final = "CARTE"
NIR: Final = "NIR"
REFERENCE: Final = "REFERENCE"
PLATE: Final = "PLAQUE"
BIRTH_DATE: Final = "DATE_NAISSANCE"

# Also the order of precedence where two kinds claim the same characters: the surest evidence first.
KINDS: Final = (EMAIL, IBAN, NIR, CARD, BIRTH_DATE, ADDRESS, PHONE, PLATE, REFERENCE, PERSON)

PLACEHOLDER: Final = re.compile(r"\[(?:" + "|".join(KINDS) + r")\]")


def placeholder(kind: str) -> str:
    """Write the placeholder of a kind.

    Args:
        kind: One of `KINDS`.

    Returns:
        The kind in square brackets.

    >>> placeholder("PERSONNE")
    '[PERSONNE]'
    """
    return f"[{kind}]"
