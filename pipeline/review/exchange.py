"""Exchange verbatims and labels with Label Studio and Argilla, in their own formats."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from xml.sax.saxutils import quoteattr

from pipeline.codebook import Codebook
from pipeline.review.labels import VerbatimLabels
from pipeline.review.refusals import refusal
from pipeline.review.search import ListRow

THEME = "theme_"
AGENT = "miroir"


@dataclass(frozen=True, slots=True)
class WrongCell:
    """A cell of a table that holds no value of the codebook."""

    line: int
    column: str
    value: str


@dataclass(frozen=True, slots=True)
class Imported:
    """Labels read from a file, and the records that were left out, by reason.

    Attributes:
        labels: Verbatim → labels.
        rejected: Reason → number of records.
        wrong: The first cells that are not of the codebook, where the file is a table.
    """

    labels: dict[str, VerbatimLabels]
    rejected: dict[str, int]
    wrong: tuple[WrongCell, ...] = ()


def questions(codebook: Codebook) -> dict[str, dict[str, str]]:
    """List the questions that both tools ask: name → value → French name."""
    single = {
        "sentiment": codebook.labels.sentiment,
        "enchantment": codebook.labels.enchantment,
        "incivility": codebook.labels.incivility,
    }
    asked = {
        name: {key: value.name.fr for key, value in label.values.items()} for name, label in single.items()
    }
    polarities = {key: entry.name.fr for key, entry in codebook.polarities.items()}
    return asked | {f"{THEME}{theme}": polarities for theme in codebook.themes}


def _answers(labels: VerbatimLabels) -> dict[str, str]:
    return {
        "sentiment": labels.sentiment,
        "enchantment": labels.enchantment,
        "incivility": labels.incivility,
        **{f"{THEME}{theme}": polarity for theme, polarity in labels.themes.items()},
    }


def _title(codebook: Codebook, question: str) -> str:
    if question.startswith(THEME):
        return codebook.themes[question.removeprefix(THEME)].name.fr
    labels = codebook.labels
    return {
        "sentiment": labels.sentiment,
        "enchantment": labels.enchantment,
        "incivility": labels.incivility,
    }[question].name.fr


def label_studio_interface(codebook: Codebook) -> str:
    """Write the labelling interface to paste into a Label Studio project."""
    blocks = []
    for name, values in questions(codebook).items():
        needed = "false" if name.startswith(THEME) else "true"
        choices = "\n".join(
            f"    <Choice value={quoteattr(text)} alias={quoteattr(value)}/>"
            for value, text in values.items()
        )
        blocks.append(
            f"  <Header value={quoteattr(_title(codebook, name))}/>\n"
            f'  <Choices name="{name}" toName="text" choice="single" required="{needed}" showInline="true">\n'
            f"{choices}\n  </Choices>"
        )
    body = "\n".join(blocks)
    return f'<View>\n  <Text name="text" value="$text"/>\n{body}\n</View>\n'


def to_label_studio(rows: Iterable[ListRow]) -> str:
    """Write tasks: the tagger's labels as predictions, reviewed ones as annotations."""
    tasks = []
    for row in rows:
        task: dict[str, Any] = {
            "data": {
                "text": row.text,
                "verbatim_id": row.verbatim_id,
                "audience": row.audience,
                "question": row.question or "",
            },
            "predictions": [],
            "annotations": [],
        }
        if row.tagged:
            task["predictions"].append(
                {"model_version": row.model_id or "", "score": row.confidence, "result": _results(row.tagged)}
            )
        if row.labels and row.n_reviewers:
            task["annotations"].append({"result": _results(row.labels), "was_cancelled": False})
        tasks.append(task)
    return json.dumps(tasks, ensure_ascii=False, indent=1)


def _results(labels: VerbatimLabels) -> list[dict[str, Any]]:
    return [
        {"from_name": name, "to_name": "text", "type": "choices", "value": {"choices": [value]}}
        for name, value in _answers(labels).items()
    ]


def argilla_settings(codebook: Codebook) -> str:
    """Write the settings of an Argilla data set: one field, one label question a label."""
    settings = {
        "guidelines": "Codebook de Miroir : voir la page « Codebook » du bureau de relecture.",
        "fields": [{"name": "text", "title": "Verbatim", "type": "text"}],
        "questions": [
            {
                "name": name,
                "title": _title(codebook, name),
                "type": "label_selection",
                "required": not name.startswith(THEME),
                "labels": values,
            }
            for name, values in questions(codebook).items()
        ],
        "metadata": [{"name": "audience", "type": "terms"}, {"name": "source", "type": "terms"}],
    }
    return json.dumps(settings, ensure_ascii=False, indent=1)


def to_argilla(rows: Iterable[ListRow]) -> str:
    """Write records as Argilla 2 reads and writes them (`records.to_json`)."""
    records = []
    for row in rows:
        suggestions = {
            name: {"value": value, "score": None, "agent": row.model_id or AGENT}
            for name, value in (_answers(row.tagged) if row.tagged else {}).items()
        }
        responses = {
            name: [{"value": value, "user_id": None}]
            for name, value in (_answers(row.labels) if row.labels and row.n_reviewers else {}).items()
        }
        records.append(
            {
                "id": row.verbatim_id,
                "fields": {"text": row.text},
                "metadata": {"audience": row.audience, "source": row.source},
                "suggestions": suggestions,
                "responses": responses,
                "vectors": {},
                "status": "completed" if responses else "pending",
            }
        )
    return json.dumps(records, ensure_ascii=False, indent=1)


def read_exchange(content: bytes, codebook: Codebook) -> Imported:
    """Read labels back from a Label Studio JSON export or from Argilla records.

    Only what people answered counts: predictions and suggestions are never imported.

    Args:
        content: The file: a JSON list, or JSON lines.
        codebook: The codebook in use.

    Returns:
        The labels by verbatim, and how many records were left out and why: `unanswered`, `no_id`,
        `not_codebook`.

    Raises:
        ReviewError: The file is neither.
    """
    found: dict[str, VerbatimLabels] = {}
    rejected: dict[str, int] = {}
    for record in _records(content):
        if "data" in record:
            key, answers = _from_label_studio(record)
        else:
            key, answers = _from_argilla(record)
        reason = None
        if not key:
            reason = "no_id"
        elif not answers:
            reason = "unanswered"
        else:
            labels = _labels(answers, codebook)
            if labels is None:
                reason = "not_codebook"
            else:
                found[key] = labels
        if reason:
            rejected[reason] = rejected.get(reason, 0) + 1
    return Imported(found, rejected)


def _records(content: bytes) -> Sequence[Mapping[str, Any]]:
    try:
        text = content.decode("utf-8-sig")
        parsed = (
            json.loads(text)
            if text.lstrip().startswith("[")
            else [json.loads(line) for line in text.splitlines() if line.strip()]
        )
    except (UnicodeDecodeError, json.JSONDecodeError) as error:
        raise unreadable("something that is no JSON") from error
    if not isinstance(parsed, list) or not all(
        isinstance(record, dict) and ("data" in record or "fields" in record) for record in parsed
    ):
        raise unreadable("JSON of another form")
    return parsed


def _from_label_studio(record: Mapping[str, Any]) -> tuple[str, dict[str, str]]:
    annotations = [entry for entry in record.get("annotations") or [] if not entry.get("was_cancelled")]
    answers = {
        result["from_name"]: result["value"]["choices"][0]
        for result in (annotations[-1].get("result") or [] if annotations else [])
        if result.get("type") == "choices" and result.get("value", {}).get("choices")
    }
    data = record["data"] if isinstance(record["data"], dict) else {}
    return str(data.get("verbatim_id") or ""), answers


def _from_argilla(record: Mapping[str, Any]) -> tuple[str, dict[str, str]]:
    responses = record.get("responses") or {}
    answers = {
        name: given[-1]["value"] for name, given in responses.items() if given and given[-1].get("value")
    }
    return str(record.get("id") or ""), answers


def _labels(answers: Mapping[str, str], codebook: Codebook) -> VerbatimLabels | None:
    chosen: dict[str, str] = {}
    for name, values in questions(codebook).items():
        given = answers.get(name)
        if given is None:
            if name.startswith(THEME):
                continue
            return None
        by_name = {text.casefold(): value for value, text in values.items()}
        value = given if given in values else by_name.get(str(given).casefold())
        if value is None:
            return None
        chosen[name] = value
    themes = {name.removeprefix(THEME): value for name, value in chosen.items() if name.startswith(THEME)}
    return VerbatimLabels(chosen["sentiment"], chosen["enchantment"], chosen["incivility"], themes)


def unreadable(got: str) -> Exception:
    """Refuse a file whose labels cannot be taken."""
    return refusal(
        "import_format",
        "the file cannot be imported",
        expected="a CSV or workbook exported from this desk, or JSON of Label Studio or Argilla",
        got=got,
        where="import",
        do="Export again in one of these formats: change, add or remove no column",
    )
