"""Change one label of many verbatims at once, after a look at what would change."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

from models.labels import LabelSpace
from pipeline.review.accounts import Reviewer
from pipeline.review.decisions import Ballot, CodebookStamp, record
from pipeline.review.labels import VerbatimLabels
from pipeline.review.refusals import refusal
from pipeline.review.search import ListRow, rows_by_id
from pipeline.review.store import ReviewStore

MAX_AT_ONCE = 2_000
CONFIRM = "confirm"


@dataclass(frozen=True, slots=True)
class BulkAction:
    """One change.

    Attributes:
        label: `sentiment`, `enchantment`, `incivility`, `theme:<id>`, or `confirm`: accept what is in force.
        value: The new value; empty takes a theme away.
    """

    label: str
    value: str


@dataclass(frozen=True, slots=True)
class BulkChange:
    """What would become of one verbatim."""

    row: ListRow
    before: VerbatimLabels
    after: VerbatimLabels


def parse_action(text: str, labels: LabelSpace) -> BulkAction:
    """Read an action as the page sends it: `theme:means=negative`.

    Raises:
        ReviewError: It is no action of the codebook.
    """
    label, _, value = text.partition("=")
    allowed = {
        "sentiment": labels.sentiment,
        "enchantment": labels.enchantment,
        "incivility": labels.incivility,
        CONFIRM: ("",),
        **{f"theme:{theme}": ("", *labels.polarities) for theme in labels.themes},
    }
    if label not in allowed or value not in allowed[label]:
        raise refusal(
            "labels",
            "the labels cannot be changed so",
            expected="a label of the codebook and one of its values",
            got=text[:60] or "nothing",
            where="bulk action",
            do="Choose an action of the list",
        )
    return BulkAction(label, value)


def apply_action(labels: VerbatimLabels, action: BulkAction) -> VerbatimLabels:
    """Change a set of labels.

    >>> apply_action(VerbatimLabels("mixed", "none", "none"), BulkAction("theme:means", "negative")).themes
    {'means': 'negative'}
    """
    if action.label == CONFIRM:
        return labels
    if action.label.startswith("theme:"):
        themes = {**labels.themes, action.label.removeprefix("theme:"): action.value}
        return replace(labels, themes={theme: polarity for theme, polarity in themes.items() if polarity})
    if action.label == "sentiment":
        return replace(labels, sentiment=action.value)
    if action.label == "enchantment":
        return replace(labels, enchantment=action.value)
    return replace(labels, incivility=action.value)


def plan_bulk(
    store: ReviewStore,
    ids: Sequence[str],
    action: BulkAction,
    audiences: tuple[str, ...],
    blind: Collection[str] = (),
) -> list[BulkChange]:
    """Tell what an action would change; verbatims without labels, or not to be read, are left out.

    Args:
        store: The review database.
        ids: Verbatims chosen.
        action: What to change.
        audiences: Whose verbatims the reviewer may read.
        blind: Verbatims that the reviewer must judge without seeing what others decided: left out too.

    Raises:
        ReviewError: More verbatims than may be changed at once.
    """
    if len(ids) > MAX_AT_ONCE:
        raise refusal(
            "bulk_too_many",
            "so many verbatims cannot be changed at once",
            expected=f"at most {MAX_AT_ONCE}",
            got=str(len(ids)),
            where="bulk action",
            do="Narrow the filter",
        )
    with store.reading() as connection:
        rows = rows_by_id(connection, list(ids))
    return [
        BulkChange(row, row.labels, apply_action(row.labels, action))
        for row in rows
        if row.labels is not None and row.audience in audiences and row.verbatim_id not in blind
    ]


def apply_bulk(
    store: ReviewStore, reviewer: Reviewer, changes: Sequence[BulkChange], stamp: CodebookStamp, key: str
) -> int:
    """Keep the decisions of a bulk action, all or none; `undo` takes them back together.

    Args:
        store: The review database.
        reviewer: Who decides.
        changes: As `plan_bulk` gave them.
        stamp: Codebook in use.
        key: The same key sent twice changes nothing.

    Returns:
        How many decisions were kept.
    """
    ballots = [
        Ballot(change.row.verbatim_id, change.after, "bulk", f"{reviewer.id}:{key}:{number}")
        for number, change in enumerate(changes)
    ]
    return record(store, reviewer, ballots, stamp)
