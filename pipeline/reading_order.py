"""The order in which people look names up: accents and case aside, « Agence 2 » before « Agence 10 »."""

from __future__ import annotations

from collections.abc import Iterable

from natsort import natsort_keygen

from pipeline.privacy.views import fold

_key = natsort_keygen(key=fold)


def in_reading_order(names: Iterable[str]) -> list[str]:
    """Sort names of units, regions, sources.

    >>> in_reading_order(["Zone", "Agence 10", "Île-de-France", "agence 2"])
    ['agence 2', 'Agence 10', 'Île-de-France', 'Zone']
    """
    # Names that differ by an accent or a capital alone still have one order.
    return sorted(sorted(names), key=_key)
