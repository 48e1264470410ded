"""Short digests: what makes one model's answers differ from another's is in its identifier."""

from __future__ import annotations

import hashlib
import json


def short_digest(*parts: object) -> str:
    """Give eight hex digits over values that JSON can hold.

    >>> short_digest("weights", {"b": 1, "a": (2.0,)}) == short_digest("weights", {"a": [2.0], "b": 1})
    True
    """
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:8]
