"""Read the authored hard cases: texts, what must go from them, and what they must become."""

import re
from dataclasses import dataclass
from pathlib import Path

PATH = Path(__file__).parents[3] / "data" / "masking" / "hard_cases.txt"
_MARK = re.compile(r"⟦([A-Z_]+)\|(.*?)⟧", re.S)
_ESCAPE = re.compile(r"\\n|\\u[0-9a-f]{4}")


@dataclass(frozen=True, slots=True)
class HardCase:
    """One text. `secrets` are pairs of kind and string."""

    text: str
    expected: str
    secrets: tuple[tuple[str, str], ...]


def read_hard_cases() -> list[HardCase]:
    lines = [
        line for line in PATH.read_text(encoding="utf-8").splitlines() if line and not line.startswith("#")
    ]
    return [_case(_ESCAPE.sub(_unescape, line)) for line in lines]


def _unescape(match: re.Match[str]) -> str:
    return "\n" if match.group() == r"\n" else chr(int(match.group()[2:], 16))


def _case(line: str) -> HardCase:
    return HardCase(
        text=_MARK.sub(lambda match: match.group(2), line),
        expected=_MARK.sub(lambda match: f"[{match.group(1)}]", line),
        secrets=tuple((match.group(1), match.group(2)) for match in _MARK.finditer(line)),
    )
