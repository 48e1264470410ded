"""The root of every error that Miroir raises on purpose, and the models' own branch.

The whole tree is drawn in `pipeline/errors.py`; the root lives here because models import nothing above them.
"""

from __future__ import annotations

from typing import Self


class MiroirError(Exception):
    """Root of the errors that Miroir raises on purpose."""

    @classmethod
    def because(cls, what: str, *, expected: str, got: str, where: str, do: str) -> Self:
        """Build an error whose message has the house form.

        Args:
            what: What failed, as a short clause.
            expected: What was expected.
            got: What was found instead; never the text of a verbatim.
            where: File, key, row or column.
            do: What the reader can do, without a final stop.

        Returns:
            An error of this class.
        """
        return cls(f"{what}: expected {expected}, got {got} ({where}). {do}.")


class ModelError(MiroirError):
    """A model is missing or broken."""
