"""What masking finds and what it masks by mistake, on authored verbatims written before it was run on them.

    python -m bench.bench_mask_quality [--show]

Recall by kind and false masks: for the four fifths that the rules were then mended with, for the fifth whose
single results nobody looked at, and for a fresh set of names written after the first mending, of which only
the totals were seen. `--show` lists the failures of the first part only.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from pipeline.privacy.masking import mask_text
from pipeline.privacy.placeholders import PLACEHOLDER

CASES: Final = Path(__file__).parents[1] / "data" / "masking" / "held_out_cases.jsonl"
PARTS: Final = ("mended", "untouched", "fresh")


@dataclass(frozen=True, slots=True)
class Case:
    """An authored verbatim: its part, its text and the stretches `(kind, start, end)` that must go."""

    identifier: str
    part: str
    text: str
    personal: tuple[tuple[str, int, int], ...]


@dataclass(slots=True)
class Score:
    """Counts of a part.

    Attributes:
        wanted: Stretches of personal data, by kind.
        found: Those of which no letter or digit is left, by kind.
        false_masks: Masks that touch no personal data, by kind.
        n_clean: Texts without personal data.
        n_clean_masked: Those in which something was masked all the same.
        failures: Case and masked text, where something went wrong.
    """

    wanted: Counter[str] = field(default_factory=Counter)
    found: Counter[str] = field(default_factory=Counter)
    false_masks: Counter[str] = field(default_factory=Counter)
    n_clean: int = 0
    n_clean_masked: int = 0
    failures: list[tuple[Case, str]] = field(default_factory=list)

    def recall(self, kind: str) -> float:
        """Share of the stretches of a kind that were found, 0 to 1."""
        return self.found[kind] / self.wanted[kind]

    def recall_of_others(self, kind: str) -> float:
        """Share of the stretches of all other kinds that were found, 0 to 1."""
        wanted, found = self.wanted.total() - self.wanted[kind], self.found.total() - self.found[kind]
        return found / wanted


def load_cases(path: Path = CASES) -> list[Case]:
    """Read the authored cases.

    Args:
        path: JSON lines with `id`, `part`, `text` and `personal`.

    Returns:
        The cases in the order of the file.
    """
    records = map(json.loads, path.read_text(encoding="utf-8").splitlines())
    return [
        Case(record["id"], record["part"], record["text"], tuple(map(tuple, record["personal"])))
        for record in records
    ]


def masked_stretches(text: str, masked: str) -> list[tuple[str, int, int]]:
    """Tell what each placeholder of a masked text stands for.

    Args:
        text: The text as written, without placeholders.
        masked: The same, masked.

    Returns:
        Kind, start and end in `text` of each placeholder.

    >>> masked_stretches("Merci Julie !", "Merci [PERSONNE] !")
    [('PERSONNE', 6, 11)]
    """
    pattern, position = "", 0
    kinds: list[str] = []
    for match in PLACEHOLDER.finditer(masked):
        pattern += re.escape(masked[position : match.start()]) + "(.+?)"
        kinds.append(match.group()[1:-1])
        position = match.end()
    aligned = re.fullmatch(pattern + re.escape(masked[position:]), text, re.DOTALL)
    if aligned is None:
        raise ValueError("the masked text is not the text with placeholders")
    return [(kind, *aligned.span(group)) for group, kind in enumerate(kinds, start=1)]


def score(cases: list[Case], part: str) -> Score:
    """Mask the cases of a part and count.

    Args:
        cases: Authored cases.
        part: One of `PARTS`.

    Returns:
        The counts.
    """
    counts = Score()
    for case in cases:
        if case.part == part:
            _count(case, counts)
    return counts


def _count(case: Case, counts: Score) -> None:
    masked, _ = mask_text(case.text)
    stretches = masked_stretches(case.text, masked)
    gone = {index for _, start, end in stretches for index in range(start, end)}
    failed = False
    for kind, start, end in case.personal:
        found = all(index in gone for index in range(start, end) if case.text[index].isalnum())
        counts.wanted[kind] += 1
        counts.found[kind] += found
        failed |= not found
    for kind, start, end in stretches:
        if not any(start < last and first < end for _, first, last in case.personal):
            counts.false_masks[kind] += 1
            failed = True
    if not case.personal:
        counts.n_clean += 1
        counts.n_clean_masked += bool(stretches)
    if failed:
        counts.failures.append((case, masked))


def _lines(part: str, counts: Score) -> Iterator[str]:
    yield f"{part}: {counts.n_clean_masked} of {counts.n_clean} clean texts masked by mistake"
    for kind, wanted in counts.wanted.most_common():
        share = f"{counts.found[kind]:4} of {wanted:4} found ({counts.recall(kind):.3f})"
        yield f"  {kind:16}{share}, {counts.false_masks[kind]} false"


def main() -> None:
    """Print recall and false masks by kind and part."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--show", action="store_true", help="list the failures of the mended part")
    options = parser.parse_args()
    cases = load_cases()
    for part in PARTS:
        counts = score(cases, part)
        sys.stdout.write("\n".join(_lines(part, counts)) + "\n")
        if options.show and part == "mended":
            for case, masked in counts.failures:
                sys.stdout.write(f"    {case.identifier} {case.text}\n      -> {masked}\n")


if __name__ == "__main__":
    main()
