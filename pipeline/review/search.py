"""Find verbatims by what is known of them: labels in force, context, reviews, words."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, exists, func, select

from pipeline.reading_order import in_reading_order
from pipeline.review.folding import fold
from pipeline.review.labels import VerbatimLabels
from pipeline.review.store import ReviewStore
from pipeline.review.tables import absent, content, decision, dimension_value, item, searchable
from pipeline.schema import AUDIENCES

PAGE_ROWS = 50
STATES = ("unreviewed", "reviewed", "corrected", "contested", "doubted", "adjudicated")
SORTS = ("confidence", "confidence_desc", "month", "reviewed")

Blind = Select[tuple[str]] | None


@dataclass(frozen=True, slots=True)
class ListFilter:
    """What a reader looks for; an empty field asks nothing.

    Attributes:
        words: Words that must all be in the text or its question, whatever their case and accents.
        theme: A theme, present with any polarity unless `polarity` says which; a polarity alone: any theme.
        confidence_below: Tagger's confidence under this, in [0, 1].
        confidence_above: Tagger's confidence at or over this.
        dimension: `name=value`.
        reviewer: Number of an account that decided something on the verbatim.
        state: One of `STATES`.
        sort: One of `SORTS`.
        page: From 1.
    """

    words: str = ""
    audience: str = ""
    source: str = ""
    month_from: str = ""
    month_to: str = ""
    dimension: str = ""
    sentiment: str = ""
    enchantment: str = ""
    incivility: str = ""
    theme: str = ""
    polarity: str = ""
    confidence_below: float | None = None
    confidence_above: float | None = None
    reviewer: int | None = None
    state: str = ""
    sort: str = "confidence"
    page: int = 1


@dataclass(frozen=True, slots=True)
class ListRow:
    """One line of the list."""

    verbatim_id: str
    audience: str
    source: str
    text: str
    question: str | None
    date: str | None
    confidence: float | None
    labels: VerbatimLabels | None
    n_reviewers: int
    contested: bool
    doubted: bool
    adjudicated: bool
    corrected: bool
    tagged: VerbatimLabels | None = None
    rating: float | None = None
    rating_scale: str | None = None
    context: str = "{}"
    model_id: str | None = None


@dataclass(frozen=True, slots=True)
class ListPage:
    """One page of the list, and how many verbatims there are in all."""

    rows: list[ListRow]
    n_total: int
    page: int
    n_pages: int


@dataclass(frozen=True, slots=True)
class Choices:
    """What the filters may be set to."""

    sources: list[str] = field(default_factory=list)
    months: list[str] = field(default_factory=list)
    dimensions: dict[str, list[str]] = field(default_factory=dict)


def conditions(
    wanted: ListFilter, audiences: tuple[str, ...], blind: Blind = None
) -> list[ColumnElement[bool]]:
    """Turn a filter into SQL conditions; nothing is ever put into the statement's text.

    What is kept blind for a reader is not found by what others decided on it.
    """
    decided = [*_labels(wanted), *_state(wanted.state)]
    if wanted.reviewer is not None:
        theirs = exists().where(
            decision.c.verbatim_id == item.c.verbatim_id, decision.c.user_id == wanted.reviewer
        )
        decided.append(theirs)
    if decided and blind is not None:
        decided.append(item.c.verbatim_id.not_in(blind))
    found = [in_use(item.c.verbatim_id), *_allowed(audiences), *_context(wanted), *decided]
    if wanted.confidence_below is not None:
        found.append(item.c.confidence < wanted.confidence_below)
    if wanted.confidence_above is not None:
        found.append(item.c.confidence >= wanted.confidence_above)
    words = fold(wanted.words).split()
    if words:
        holds = and_(*(searchable.c.folded.contains(word, autoescape=True) for word in words))
        found.append(item.c.verbatim_id.in_(select(searchable.c.verbatim_id).where(holds)))
    return found


def in_use(verbatim_id: ColumnElement[Any]) -> ColumnElement[bool]:
    """Leave out the verbatims that no batch in use holds any more."""
    return ~exists().where(absent.c.verbatim_id == verbatim_id)


def _allowed(audiences: tuple[str, ...]) -> list[ColumnElement[bool]]:
    # Asking for every audience would only keep the database from walking along the index of the order.
    return [] if set(audiences) == set(AUDIENCES) else [item.c.audience.in_(audiences)]


def _context(wanted: ListFilter) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    for column, value in ((item.c.audience, wanted.audience), (item.c.source, wanted.source)):
        if value:
            found.append(column == value)
    if wanted.month_from:
        found.append(item.c.month >= wanted.month_from)
    if wanted.month_to:
        found.append(item.c.month <= wanted.month_to)
    if wanted.dimension:
        found.append(item.c.dimensions.contains(f"\n{wanted.dimension}\n", autoescape=True))
    return found


def _labels(wanted: ListFilter) -> list[ColumnElement[bool]]:
    codes = [
        f" {label}={value} "
        for label, value in (
            ("sentiment", wanted.sentiment),
            ("enchantment", wanted.enchantment),
            ("incivility", wanted.incivility),
        )
        if value
    ]
    if wanted.theme:
        codes.append(
            f" theme={wanted.theme}:{wanted.polarity} " if wanted.polarity else f" theme={wanted.theme}:"
        )
    elif wanted.polarity:
        codes.append(f":{wanted.polarity} ")
    return [item.c.codes.contains(code, autoescape=True) for code in codes]


def _state(state: str) -> list[ColumnElement[bool]]:
    states: dict[str, ColumnElement[bool]] = {
        "unreviewed": item.c.n_reviewers == 0,
        "reviewed": item.c.n_reviewers > 0,
        "corrected": item.c.corrected.is_(True),
        "contested": item.c.contested.is_(True),
        "doubted": item.c.doubted.is_(True),
        "adjudicated": item.c.adjudicated.is_(True),
    }
    return [states[state]] if state in states else []


def _sorted(query: Select[Any], sort: str) -> Select[Any]:
    orders = {
        "confidence": (item.c.confidence, item.c.verbatim_id),
        "confidence_desc": (item.c.confidence.desc(), item.c.verbatim_id.desc()),
        "month": (item.c.month.desc(), item.c.verbatim_id.desc()),
        "reviewed": (item.c.reviewed_at.desc(), item.c.verbatim_id.desc()),
    }
    return query.order_by(*orders.get(sort, orders["confidence"]))


def find(store: ReviewStore, wanted: ListFilter, audiences: tuple[str, ...], blind: Blind = None) -> ListPage:
    """Give one page of what was looked for.

    Args:
        store: The review database.
        wanted: What is looked for.
        audiences: Whose verbatims the reader may see.
        blind: Selects those that the reader must judge without knowing what others decided.
    """
    where = conditions(wanted, audiences, blind)
    keys = _sorted(select(item.c.verbatim_id).where(*where), wanted.sort)
    with store.reading() as connection:
        if _reads_all(wanted):
            # One pass over the table finds all of them: cheaper than one to count and one to show.
            every = list(connection.scalars(keys))
            n_total = len(every)
        else:
            every = None
            n_total = connection.scalar(select(func.count()).select_from(item).where(*where)) or 0
        n_pages = max(1, -(-n_total // PAGE_ROWS))
        page = min(max(wanted.page, 1), n_pages)
        start = (page - 1) * PAGE_ROWS
        if every is None:
            every = list(connection.scalars(keys.limit(PAGE_ROWS).offset(start)))
            start = 0
        rows = rows_by_id(connection, every[start : start + PAGE_ROWS])
    return ListPage(rows, n_total, page, n_pages)


def _reads_all(wanted: ListFilter) -> bool:
    """Tell whether a filter looks into texts or labels, for which there is no index."""
    return bool(
        wanted.words
        or wanted.dimension
        or wanted.theme
        or wanted.polarity
        or wanted.sentiment
        or wanted.enchantment
        or wanted.incivility
    )


def find_ids(
    store: ReviewStore, wanted: ListFilter, audiences: tuple[str, ...], limit: int, blind: Blind = None
) -> list[str]:
    """Give the identities of what was looked for, up to a limit, in the list's order."""
    keys = _sorted(select(item.c.verbatim_id).where(*conditions(wanted, audiences, blind)), wanted.sort)
    with store.reading() as connection:
        return list(connection.scalars(keys.limit(limit)))


def rows_by_id(connection: Any, ids: list[str]) -> list[ListRow]:  # noqa: ANN401 - a connection
    """Read lines in the order of the identities given; those unknown or no longer in use are left out."""
    rows: dict[str, ListRow] = {}
    for start in range(0, len(ids), 500):
        query = (
            select(item, *(column for column in content.c if column.name != "verbatim_id"))
            .join(content, content.c.verbatim_id == item.c.verbatim_id)
            .where(item.c.verbatim_id.in_(ids[start : start + 500]), in_use(item.c.verbatim_id))
        )
        for row in connection.execute(query).mappings():
            rows[row["verbatim_id"]] = _row(row)
    return [rows[key] for key in ids if key in rows]


def _row(row: Any) -> ListRow:  # noqa: ANN401 - a mapping of SQLAlchemy
    return ListRow(
        verbatim_id=row["verbatim_id"],
        audience=row["audience"],
        source=row["source"],
        text=row["text"],
        question=row["question"],
        date=row["date"],
        confidence=row["confidence"],
        labels=VerbatimLabels.from_codes(row["codes"]),
        n_reviewers=row["n_reviewers"],
        contested=row["contested"],
        doubted=row["doubted"],
        adjudicated=row["adjudicated"],
        corrected=row["corrected"],
        tagged=VerbatimLabels.from_json(row["tagged"]) if row["tagged"] else None,
        rating=row["rating"],
        rating_scale=row["rating_scale"],
        context=row["context"],
        model_id=row["model_id"],
    )


def blinded(rows: Sequence[ListRow], blind: Collection[str]) -> list[ListRow]:
    """Show some lines as the tagger labelled them, as if nobody had reviewed them.

    Args:
        rows: Lines of the list.
        blind: Identities of those that their reader must judge without seeing what others decided.
    """
    return [
        replace(
            row,
            labels=row.tagged,
            n_reviewers=0,
            contested=False,
            doubted=False,
            adjudicated=False,
            corrected=False,
        )
        if row.verbatim_id in blind
        else row
        for row in rows
    ]


def choices(store: ReviewStore) -> Choices:
    """List what the filters may be set to."""
    with store.reading() as connection:
        sources = in_reading_order(connection.scalars(select(item.c.source).distinct()))
        months = [m for m in connection.scalars(select(item.c.month).distinct().order_by(item.c.month)) if m]
        dimensions: dict[str, list[str]] = {}
        for row in connection.execute(select(dimension_value).order_by(dimension_value.c.name)):
            dimensions.setdefault(row.name, []).append(row.value)
    return Choices(sources, months, {name: in_reading_order(held) for name, held in dimensions.items()})
