"""Analysts propose examples and rules; a lead writes them into the codebook as a visible change."""

from __future__ import annotations

import difflib
import io
import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.scalarstring import DoubleQuotedScalarString
from sqlalchemy import Row, insert, select, update

from pipeline.codebook import Codebook, read_codebook
from pipeline.review.accounts import Reviewer
from pipeline.review.refusals import refusal
from pipeline.review.store import ReviewStore
from pipeline.review.tables import proposal, user

KINDS = ("example", "rule")
MAX_CHARS = 500


@dataclass(frozen=True, slots=True)
class Proposal:
    """A wish to change the codebook's wording.

    Attributes:
        kind: `example` of a theme or value, or boundary `rule` between labels.
        labels: `theme:means`, `sentiment:mixed`; a rule may name several, and whole labels.
        fr: The example, or the rule in French.
        en: The rule in English.
        state: `open`, `accepted` or `refused`.
    """

    id: int
    author: str
    at: float
    kind: str
    labels: tuple[str, ...]
    fr: str
    en: str
    state: str


def propose(
    store: ReviewStore,
    reviewer: Reviewer,
    codebook: Codebook,
    *,
    kind: str,
    labels: tuple[str, ...],
    fr: str,
    en: str,
) -> int:
    """Keep a proposal until a lead decides.

    Raises:
        ReviewError: It names no label of the codebook, or says nothing.
    """
    fr, en = " ".join(fr.split()), " ".join(en.split())
    known = set(targets(codebook, kind))
    if kind not in KINDS or not labels or not set(labels) <= known or not 3 <= len(fr) <= MAX_CHARS:
        raise refusal(
            "proposal",
            "the proposal cannot be kept",
            expected=f"a label of the codebook and a text of 3 to {MAX_CHARS} signs",
            got=f"{kind} for {', '.join(labels)[:60] or 'nothing'}, {len(fr)} signs",
            where="codebook",
            do="Choose a label and write the example or the rule",
        )
    row = {
        "user_id": reviewer.id,
        "at": store.now(),
        "kind": kind,
        "labels": json.dumps(labels),
        "fr": fr,
        "en": en[:MAX_CHARS],
        "state": "open",
    }
    with store.writing() as connection:
        key = connection.execute(insert(proposal).values(row)).inserted_primary_key
    return int(key[0]) if key else 0


def targets(codebook: Codebook, kind: str) -> list[str]:
    """List what a proposal of a kind may be about."""
    themes = [f"theme:{theme}" for theme in codebook.themes]
    if kind == "rule":
        return ["sentiment", "enchantment", *themes, "incivility"]
    space = codebook.label_space
    values = [
        *(f"sentiment:{value}" for value in space.sentiment),
        *(f"enchantment:{value}" for value in space.enchantment),
        *(f"incivility:{value}" for value in space.incivility),
    ]
    return [*themes, *values]


def proposals(store: ReviewStore) -> list[Proposal]:
    """List all proposals, open ones first, then the newest."""
    query = (
        select(proposal, user.c.name)
        .join(user, user.c.id == proposal.c.user_id)
        .order_by((proposal.c.state == "open").desc(), proposal.c.id.desc())
    )
    with store.reading() as connection:
        return [_proposal(row) for row in connection.execute(query)]


def preview(codebook_path: Path, wanted: Proposal) -> str:
    """Show as a unified diff what acceptance would change in the codebook's file."""
    before = codebook_path.read_text(encoding="utf-8")
    name = codebook_path.name
    lines = difflib.unified_diff(
        before.splitlines(), _changed(before, wanted).splitlines(), name, name, lineterm="", n=2
    )
    return "\n".join(lines)


def decide(
    store: ReviewStore, reviewer: Reviewer, codebook_path: Path, proposal_id: int, *, accept: bool
) -> Proposal:
    """Accept a proposal into the codebook's file, or refuse it.

    The file keeps its comments and order, is checked before it replaces the old one, and labels stay what
    they are, so no model needs retraining.

    Raises:
        ReviewError: Not a lead, the proposal is unknown or decided already, or the file cannot be written.
        CodebookError: The codebook on disk is unsound.
    """
    if not reviewer.leads:
        raise _undecidable("a lead", reviewer.role)
    with store.writing() as connection:
        query = select(proposal, user.c.name).join(user, user.c.id == proposal.c.user_id)
        row = connection.execute(query.where(proposal.c.id == proposal_id)).one_or_none()
        if row is None or row.state != "open":
            raise _undecidable("an open proposal", "an unknown one" if row is None else row.state)
        wanted = _proposal(row)
        state = "accepted" if accept else "refused"
        change = update(proposal).where(proposal.c.id == proposal_id)
        connection.execute(change.values(state=state, decided_by=reviewer.id, decided_at=store.now()))
        if accept:
            _write(codebook_path, wanted)
    return wanted


def _write(codebook_path: Path, wanted: Proposal) -> None:
    before = read_codebook(codebook_path)
    temporary = codebook_path.with_name(f".{codebook_path.name}.{os.getpid()}.tmp")
    try:
        temporary.write_text(_changed(codebook_path.read_text(encoding="utf-8"), wanted), encoding="utf-8")
        if read_codebook(temporary).hash != before.hash:
            raise _undecidable("a change of wording only", "one that changes labels")
        os.replace(temporary, codebook_path)
    except OSError as error:
        raise _undecidable("a codebook file that can be written", type(error).__name__) from error
    finally:
        temporary.unlink(missing_ok=True)


def _changed(text: str, wanted: Proposal) -> str:
    yaml = YAML()
    yaml.preserve_quotes = True
    yaml.width = 4096
    yaml.indent(mapping=2, sequence=4, offset=2)
    content: Any = yaml.load(text)
    if wanted.kind == "rule":
        # Rules live in one list; an empty one is written `[]`, which must open into a block.
        rule = {
            "labels": [name.removeprefix("theme:") for name in wanted.labels],
            "fr": wanted.fr,
            "en": wanted.en or wanted.fr,
        }
        if content.get("rules"):
            content["rules"].append(rule)
        else:
            content["rules"] = [rule]
    else:
        kind, _, value = wanted.labels[0].partition(":")
        entry = content["themes"][value] if kind == "theme" else content["labels"][kind]["values"][value]
        entry.setdefault("examples", []).append(DoubleQuotedScalarString(wanted.fr))
    stream = io.StringIO()
    yaml.dump(content, stream)
    return stream.getvalue()


def _proposal(row: Row[Any]) -> Proposal:
    return Proposal(
        row.id, row.name, row.at, row.kind, tuple(json.loads(row.labels)), row.fr, row.en, row.state
    )


def _undecidable(expected: str, got: str) -> Exception:
    return refusal(
        "proposal_decision",
        "the proposal cannot be decided",
        expected=expected,
        got=got,
        where="codebook",
        do="Look at the list of proposals again",
    )
