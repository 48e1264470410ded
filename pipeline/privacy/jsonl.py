"""Mask a file of JSON lines as a stream: every field kept, `text` replaced, `masked` added."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any, Final

import polars as pl

from models.json_lines import drop_half_characters, parse_line
from pipeline.errors import SourceError
from pipeline.privacy.masking import mask_column

CHUNK_LINES: Final = 20_000


def mask_file(
    source: Path, target: Path, on_progress: Callable[[int, int], None] = lambda n_lines, n_bytes: None
) -> Counter[str]:
    """Mask a file of JSON lines.

    Args:
        source: One object a line, with a string `text`; UTF-8, blank lines passed over.
        target: Written under a temporary name, then renamed: it exists whole or not at all.
        on_progress: Called after each chunk with the lines and the bytes read in it.

    Returns:
        How many placeholders of each kind were written.

    Raises:
        SourceError: The file is missing or no UTF-8, or a line is no such object: the message names the line
            and holds none of its text.
    """
    if source.resolve() == target.resolve():
        raise SourceError.because(
            "Masking cannot write over its own input",
            expected="another output file",
            got="the input file",
            where=str(target),
            do="Give another --output",
        )
    temporary = target.with_name(f".{target.name}.part")
    totals: Counter[str] = Counter()
    lines = _read(source)
    first = list(islice(lines, CHUNK_LINES))
    try:
        with temporary.open("w", encoding="utf-8") as out:
            chunk = first
            while chunk:
                records = [record for record, _ in chunk]
                totals += _mask_records(records)
                lines_out = (json.dumps(record, ensure_ascii=False) for record in records)
                out.writelines(drop_half_characters(line) + "\n" for line in lines_out)
                on_progress(len(chunk), sum(n_bytes for _, n_bytes in chunk))
                chunk = list(islice(lines, CHUNK_LINES))
        temporary.replace(target)
    except OSError as error:
        raise SourceError.because(
            "The masked file cannot be written",
            expected="a folder that exists and can be written",
            got=type(error).__name__,
            where=str(target),
            do="Check the folder, its rights and the space left",
        ) from error
    finally:
        temporary.unlink(missing_ok=True)
    return totals


def _mask_records(records: list[dict[str, Any]]) -> Counter[str]:
    masked, counts = mask_column(pl.Series("text", [record["text"] for record in records], dtype=pl.String))
    totals: Counter[str] = Counter()
    for record, text, found in zip(records, masked, counts, strict=True):
        record["text"] = text
        record["masked"] = found
        totals.update(found)
    return totals


def _read(source: Path) -> Iterator[tuple[dict[str, Any], int]]:
    try:
        with source.open("rb") as content:
            for number, line in enumerate(content, start=1):
                if line.strip():
                    yield _record(line, f"{source}, line {number}"), len(line)
    except OSError as error:
        raise SourceError.because(
            "The verbatims to mask cannot be read",
            expected="a file of JSON lines",
            got=type(error).__name__,
            where=str(source),
            do="Check the path and its rights",
        ) from error


def _record(line: bytes, where: str) -> dict[str, Any]:
    record, got = parse_line(line)
    if got is None and not isinstance(record, dict):
        got = f"JSON of type {type(record).__name__}"
    elif got is None and not isinstance(record.get("text"), str):
        got = f"`text` of type {type(record['text']).__name__}" if "text" in record else "no `text`"
    if got:
        raise SourceError.because(
            "A line cannot be masked",
            expected="one JSON object with a string `text`, in UTF-8",
            got=got,
            where=where,
            do="Correct or remove the line",
        )
    return dict(record)
