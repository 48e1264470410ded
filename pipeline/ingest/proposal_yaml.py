"""Write a proposal as a configuration that can be run as it is, each choice with its reason."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Literal

from pipeline.ingest.inputs import kind_of
from pipeline.ingest.propose import Choice, Proposal
from pipeline.ingest.spreadsheet import EVERY_SHEET

Language = Literal["fr", "en"]

_WORDS = {
    "head": (
        "Proposé par `miroir inspect` d'après {n} lignes de « {file} » : à relire avant de s'en servir.",
        "Proposed by `miroir inspect` from {n} rows of «{file}»: read it before using it.",
    ),
    "shape": ("forme reconnue : {layout}{encoding}", "shape recognised: {layout}{encoding}"),
    "alike": ("{n} feuilles de même en-tête : {names}", "{n} sheets with the same header: {names}"),
    "others": ("feuilles laissées de côté : {names}", "sheets left out: {names}"),
    "unused": ("Colonnes laissées de côté :", "Columns left out:"),
    "none": ("aucune", "none"),
}


def write_yaml(proposal: Proposal, language: Language = "fr") -> str:
    """Write a proposal as YAML that `pipeline.config_file.read_config` reads.

    Args:
        proposal: What `pipeline.ingest.propose.propose` returned.
        language: Language of the reasons.

    Returns:
        A whole configuration with one source and its reasons as comments.
    """
    profile = proposal.profile
    encoding = f", {profile.encoding}" if profile.encoding else ""
    lines = [
        "# " + _say("head", language, n=profile.n_rows, file=profile.path.name),
        "workspace: workspace",
        "sources:",
        f"  - name: {proposal.name}",
        _line("    ", "audience", proposal.audience, _reason(proposal, "audience", language)),
        _line("    ", "path", str(profile.path.resolve())),
    ]
    if kind_of(profile.path.name) in ("delimited", "spreadsheet"):
        shape = _say("shape", language, layout=profile.layout, encoding=encoding)
        lines.append(_line("    ", "layout", profile.layout, shape))
    lines += _sheet_lines(proposal, language)
    lines += _text_lines(proposal, language)
    for key in ("title", "question_column", "record_id", "respondent", "date"):
        if (column := proposal.column(key)) is not None:
            lines.append(_line("    ", key, column, _reason(proposal, key, language)))
    if (column := proposal.column("rating")) is not None and proposal.scale is not None:
        lines.append("    rating:")
        lines.append(_line("      ", "column", column, _reason(proposal, "rating", language)))
        lines.append(_line("      ", "scale", proposal.scale))
    lines += _dimension_lines(proposal, language)
    unused = [choice for choice in proposal.choices if not choice.key]
    if unused:
        lines.append("# " + _say("unused", language))
        lines += [f"#   {_quote(choice.column)} ({_words(choice, language)})" for choice in unused]
    return "\n".join(lines) + "\n"


def _sheet_lines(proposal: Proposal, language: Language) -> list[str]:
    sheets = proposal.profile.sheets
    reasons = []
    if len(sheets.alike) > 1:
        reasons.append(_say("alike", language, n=len(sheets.alike), names=_list(sheets.alike)))
    if sheets.others:
        reasons.append(_say("others", language, names=_list(sheets.others)))
    if not reasons:
        return []
    sheet = EVERY_SHEET if len(sheets.alike) > 1 else sheets.alike[0]
    return [_line("    ", "sheet", sheet, " ; ".join(reasons))]


def _list(names: Sequence[str]) -> str:
    return ", ".join(map(_quote, names))


def _text_lines(proposal: Proposal, language: Language) -> list[str]:
    texts = [choice for choice in proposal.choices if choice.key in ("text", "questions")]
    if not proposal.questions:
        return [_line("    ", "text", texts[0].column, _words(texts[0], language))]
    lines = ["    questions:"]
    for choice in texts:
        lines.append(f"      # {_words(choice, language)}")
        lines.append(f"      {_quote(choice.column)}: {_quote(proposal.questions[choice.column])}")
    return lines


def _dimension_lines(proposal: Proposal, language: Language) -> list[str]:
    chosen = [choice for choice in proposal.choices if choice.key.startswith("dimensions.")]
    lines = [
        _line("      ", choice.key.removeprefix("dimensions."), choice.column, _words(choice, language))
        for choice in chosen
    ]
    return ["    dimensions:", *lines] if lines else []


def _line(indent: str, key: str, value: str, reason: str = "") -> str:
    plain = (
        value if value.replace("_", "").isalnum() and value.isascii() and value.islower() else _quote(value)
    )
    return f"{indent}{key}: {plain}" + (f"  # {reason}" if reason else "")


def _quote(text: str) -> str:
    # A JSON string is a YAML double-quoted string.
    return json.dumps(text, ensure_ascii=False)


def _reason(proposal: Proposal, key: str, language: Language) -> str:
    return next((_words(choice, language) for choice in proposal.choices if choice.key == key), "")


def _words(choice: Choice, language: Language) -> str:
    return choice.fr if language == "fr" else choice.en


def _say(key: str, language: Language, **values: object) -> str:
    return _WORDS[key][0 if language == "fr" else 1].format(**values)
