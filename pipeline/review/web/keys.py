"""Keys of the queue page: fixed ones, and for each theme a letter of its name."""

from __future__ import annotations

from collections.abc import Mapping

from pipeline.review.folding import fold

RESERVED = frozenset("eiundg")  # enchantment, incivility, undo, note, doubt, guide


def theme_keys(names: Mapping[str, str]) -> dict[str, str]:
    """Choose a key for each theme: the first letter of its name that is still free, accents dropped.

    Args:
        names: Theme → name shown, in the codebook's order.

    Returns:
        Theme → letter; a theme for which no letter is left has none.

    >>> theme_keys({"listening": "Écoute", "feedback": "Feedback", "training": "Formation"})
    {'listening': 'c', 'feedback': 'f', 'training': 'o'}
    """
    keys: dict[str, str] = {}
    for theme, name in names.items():
        letters = [*fold(name), *"abcdefghijklmnopqrstuvwxyz"]
        free = (sign for sign in letters if "a" <= sign <= "z" and sign not in RESERVED | set(keys.values()))
        letter = next(free, None)
        if letter is not None:
            keys[theme] = letter
    return keys
