"""Tag JSON lines as a stream: masked, tagged, written in the order they came."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from models.json_lines import parse_line
from models.labels import LabelSpace
from models.tagger import Decisions, Tagger, TagProbabilities, VerbatimBatch
from pipeline.errors import SourceError
from pipeline.privacy.masking import mask_texts
from pipeline.schema import AUDIENCES

CHUNK_LINES = 5_000


@dataclass(frozen=True, slots=True)
class Line:
    """One line that can be tagged.

    Attributes:
        id: As given, a string or a number.
        audience: `customer` or `employee`.
        text: As written; leaves this module masked or not at all.
        question: The question answered, or None.
    """

    id: str | int
    audience: str
    text: str
    question: str | None


def tag_file(
    source: Path, target: Path, tagger: Tagger, on_progress: Callable[[int], None] = lambda n_lines: None
) -> int:
    """Tag a file of JSON lines.

    Args:
        source: One object a line: `id`, `audience`, `text`, optionally `question`; other fields are left out.
        target: Written under a temporary name, then renamed: it exists whole or not at all. Its folder is
            made where there is none.
        tagger: The model.
        on_progress: Called after each chunk with the number of lines it held.

    Returns:
        Number of lines tagged.

    Raises:
        SourceError: The file is missing, or a line is no such object: the message names the line. Or there
            is no place for the output.
    """
    _make_place(target)
    temporary = target.with_name(f".{target.name}.part")
    n_tagged = 0
    try:
        with temporary.open("w", encoding="utf-8") as out:
            lines = read_lines(source)
            while chunk := list(islice(lines, CHUNK_LINES)):
                for tagged in tag_chunk(chunk, tagger):
                    out.write(json.dumps(tagged, ensure_ascii=False) + "\n")
                n_tagged += len(chunk)
                on_progress(len(chunk))
        temporary.replace(target)
    finally:
        temporary.unlink(missing_ok=True)
    return n_tagged


def _make_place(target: Path) -> None:
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        problem = "a folder" if target.is_dir() else None
    except OSError as error:
        problem = type(error).__name__
    if problem:
        raise SourceError.because(
            "the labels cannot be written",
            expected="a file, in a folder that is there or can be made",
            got=problem,
            where=str(target),
            do="Check --output",
        )


def read_lines(source: Path) -> Iterator[Line]:
    """Read and check lines one by one; blank ones are passed over.

    Raises:
        SourceError: The file is missing or is no UTF-8, or a line is unsound.
    """
    try:
        with source.open("rb") as content:
            for number, line in enumerate(content, start=1):
                if line.strip():
                    yield _parse(line, source, number)
    except OSError as error:
        raise SourceError.because(
            "the verbatims cannot be read",
            expected="a JSON-lines file",
            got="no file" if isinstance(error, FileNotFoundError) else type(error).__name__,
            where=str(source),
            do="Check --input",
        ) from error


def tag_chunk(lines: list[Line], tagger: Tagger) -> Iterable[dict[str, Any]]:
    """Mask and tag some lines.

    Returns:
        One object a line, in order: `id`, `audience`, the labels, `confidence`, `needs_review`,
        `probabilities`, `not_trained` where the model lacks themes of the codebook, `model_id`. No text.
    """
    texts, _ = mask_texts([line.text for line in lines])
    batch = VerbatimBatch(
        texts=texts, audiences=[line.audience for line in lines], questions=[line.question for line in lines]
    )
    probabilities = tagger.predict(batch)
    decisions = tagger.decide(probabilities)
    missing = [theme for theme in tagger.labels.themes if theme not in probabilities.themes]
    for row, line in enumerate(lines):
        tagged: dict[str, Any] = {"id": line.id, "audience": line.audience}
        tagged.update(_labels(decisions, row))
        tagged["probabilities"] = _probabilities(probabilities, tagger.labels, row)
        if missing:
            tagged["not_trained"] = missing
        tagged["model_id"] = tagger.model_id
        yield tagged


def _labels(decisions: Decisions, row: int) -> dict[str, Any]:
    return {
        "sentiment": decisions.sentiment[row],
        "enchantment": decisions.enchantment[row],
        "themes": {
            theme: values[row] for theme, values in decisions.themes.items() if values[row] is not None
        },
        "incivility": decisions.incivility[row],
        "confidence": _rounded(decisions.confidence[row]),
        "needs_review": bool(decisions.needs_review[row]),
    }


def _probabilities(probabilities: TagProbabilities, labels: LabelSpace, row: int) -> dict[str, Any]:
    def named(names: tuple[str, ...], values: Iterable[Any]) -> dict[str, float]:
        return {name: _rounded(value) for name, value in zip(names, values, strict=True)}

    return {
        "sentiment": named(labels.sentiment, probabilities.sentiment[row]),
        "enchantment": named(labels.enchantment, probabilities.enchantment[row]),
        "incivility": named(labels.incivility, probabilities.incivility[row]),
        "themes": {
            theme: named(labels.theme_values, columns[row]) for theme, columns in probabilities.themes.items()
        },
    }


def _rounded(value: Any) -> float:  # noqa: ANN401  a NumPy scalar of any width
    return round(float(value), 4)


def _parse(line: bytes, source: Path, number: int) -> Line:
    record, problem = parse_line(line)
    problem = problem or _problem(record)
    if problem:
        raise _unsound(problem, source, number)
    return Line(record["id"], record["audience"], record["text"], record.get("question"))


def _problem(record: object) -> str | None:
    if not isinstance(record, dict):
        return "something else than an object"
    missing = [name for name in ("id", "audience", "text") if name not in record]
    if missing:
        return f"no field {', '.join(missing)}"
    if isinstance(record["id"], bool) or not isinstance(record["id"], str | int):
        return "an `id` that is neither a string nor a whole number"
    if record["audience"] not in AUDIENCES:
        return "an `audience` that is neither customer nor employee"
    if not isinstance(record["text"], str):
        return "a `text` that is no string"
    if not isinstance(record.get("question"), str | None):
        return "a `question` that is no string"
    return None


def _unsound(got: str, source: Path, number: int) -> SourceError:
    return SourceError.because(
        "a line cannot be tagged",
        expected="an object with `id`, `audience` (customer or employee) and a string `text`",
        got=got,
        where=f"{source}, line {number}",
        do="Mend the line; nothing was written",
    )
