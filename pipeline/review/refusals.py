"""Refusals that an analyst may meet: errors with a code, and a sentence in each language for it."""

from __future__ import annotations

from pipeline.errors import ReviewError


class Refusal(ReviewError):
    """A review error with a code.

    Attributes:
        code: Key of the sentence shown (`refusal.<code>` of the pages' messages).
    """

    code: str = "other"


def refusal(code: str, what: str, *, expected: str, got: str, where: str, do: str) -> Refusal:
    """Build a refusal; the arguments after the code are those of `MiroirError.because`."""
    error = Refusal.because(what, expected=expected, got=got, where=where, do=do)
    error.code = code
    return error
