"""Parse JSON lines that people wrote or saved elsewhere: what is wrong is told without what they hold."""

from __future__ import annotations

import json
import re
from typing import Any

_HALF_CHARACTER = re.compile(r"[\ud800-\udfff]")


def drop_half_characters(text: str) -> str:
    r"""Take out what is left of an emoji where a program cut a text inside it: no file or library takes it.

    >>> drop_half_characters("Très bien \ud83d")
    'Très bien '
    """
    return _HALF_CHARACTER.sub("", text)


def parse_line(line: bytes) -> tuple[Any, str | None]:
    """Parse one line.

    Args:
        line: In UTF-8; the mark that some programs put at the start of a file is passed over.

    Returns:
        What the line holds, and None; or None, and what is wrong. The strings of an object come
        without halves of characters. The error is the caller's to raise, outside the decoders' handlers: what
        they caught holds the line, hence a text.
    """
    try:
        content = json.loads(line.decode("utf-8-sig"))
    except UnicodeDecodeError:
        return None, "bytes that are no UTF-8"
    except json.JSONDecodeError as error:
        return None, f"no JSON ({error.msg})"
    except RecursionError:
        return None, "JSON nested too deep"
    if isinstance(content, dict):
        whole = {
            name: drop_half_characters(value) if isinstance(value, str) else value
            for name, value in content.items()
        }
        return whole, None
    return content, None
