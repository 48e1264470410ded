"""The tables of the review database, the same on SQLite and PostgreSQL.

`decision` is the truth and is only ever appended to: triggers refuse every update and deletion. `item` is an
index of the workspace's verbatims with the labels now in force; it can be rebuilt from Parquet and decisions.
"""

from __future__ import annotations

from sqlalchemy import (
    DDL,
    Boolean,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
    event,
)
from sqlalchemy.schema import ExecutableDDLElement

metadata = MetaData()

user = Table(
    "reviewer",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("login", String(60), nullable=False, unique=True),
    Column("name", String(120), nullable=False),
    Column("password_hash", String(255), nullable=False),
    Column("role", String(20), nullable=False),
    Column("active", Boolean, nullable=False, default=True),
    Column("created_at", Float, nullable=False),
)

session = Table(
    "session",
    metadata,
    Column("token_hash", String(64), primary_key=True),
    Column("user_id", ForeignKey("reviewer.id"), nullable=False),
    Column("csrf", String(64), nullable=False),
    Column("expires_at", Float, nullable=False),
)

indexed_part = Table(
    "indexed_part",
    metadata,
    Column("path", String(400), primary_key=True),
    Column("n_rows", Integer, nullable=False),
)

item = Table(
    "item",
    metadata,
    Column("verbatim_id", String(64), primary_key=True),
    Column("audience", String(20), nullable=False),
    Column("source", String(60), nullable=False),
    Column("month", String(7)),
    Column("dimensions", Text, nullable=False),  # one `name=value` a line, a line break at each end
    Column("model_id", String(200)),
    Column("confidence", Float),
    Column("codes", Text, nullable=False),  # « sentiment=mixed theme=means:negative … », in force
    Column("n_reviewers", Integer, nullable=False, default=0),
    Column("contested", Boolean, nullable=False, default=False),
    Column("doubted", Boolean, nullable=False, default=False),
    Column("adjudicated", Boolean, nullable=False, default=False),
    Column("corrected", Boolean, nullable=False, default=False),  # in force is not what the tagger said
    Column("reviewed_at", Float),
)
Index("item_audience", item.c.audience, item.c.confidence)
Index("item_source", item.c.source)
Index("item_confidence", item.c.confidence, item.c.verbatim_id)
Index("item_month", item.c.month, item.c.verbatim_id)
Index("item_reviewed", item.c.reviewed_at, item.c.verbatim_id)
Index("item_reviewers", item.c.n_reviewers)

dimension_value = Table(
    "dimension_value",
    metadata,
    Column("name", String(60), primary_key=True),
    Column("value", String(300), primary_key=True),
)

content = Table(
    "content",
    metadata,
    Column("verbatim_id", ForeignKey("item.verbatim_id"), primary_key=True),
    Column("text", Text, nullable=False),  # masked
    Column("question", Text),
    Column("date", String(10)),
    Column("rating", Float),
    Column("rating_scale", String(20)),
    Column("context", Text, nullable=False),  # dimensions, JSON object
    Column("tagged", Text),  # the tagger's labels, JSON
    Column("probabilities", Text),  # JSON object, annotation column → probability
)

searchable = Table(
    "searchable",
    metadata,
    Column("verbatim_id", ForeignKey("item.verbatim_id"), primary_key=True),
    Column("folded", Text, nullable=False),  # lower case, no accents
)

absent = Table(
    "absent",
    metadata,
    Column("verbatim_id", ForeignKey("item.verbatim_id"), primary_key=True),  # in no batch in use
)

campaign = Table(
    "campaign",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("name", String(120), nullable=False, unique=True),
    Column("created_by", ForeignKey("reviewer.id"), nullable=False),
    Column("created_at", Float, nullable=False),
    Column("open", Boolean, nullable=False, default=True),
    Column("design", Text, nullable=False),  # JSON of sampling.Design
    Column("model_id", String(200), nullable=False),
    Column("n_population", Integer, nullable=False),
    Column("n_drawn", Integer, nullable=False),
)

drawn = Table(
    "drawn",
    metadata,
    Column("campaign_id", ForeignKey("campaign.id"), primary_key=True),
    Column("verbatim_id", ForeignKey("item.verbatim_id"), primary_key=True),
    Column("position", Integer, nullable=False),
    Column("stratum", String(200), nullable=False),
    Column("probability", Float, nullable=False),
    UniqueConstraint("campaign_id", "position"),
)

assignment = Table(
    "assignment",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("campaign_id", ForeignKey("campaign.id"), nullable=False),
    Column("verbatim_id", ForeignKey("item.verbatim_id"), nullable=False),
    Column("slot", Integer, nullable=False),  # 1, and 2 where two people review blind
    Column("position", Integer, nullable=False),
    Column("audience", String(20), nullable=False),
    Column("user_id", ForeignKey("reviewer.id")),
    Column("lease_expires_at", Float),
    Column("done", Boolean, nullable=False, default=False),
    UniqueConstraint("campaign_id", "verbatim_id", "slot"),
)
Index("assignment_queue", assignment.c.campaign_id, assignment.c.done, assignment.c.position)
Index("assignment_verbatim", assignment.c.verbatim_id)

decision = Table(
    "decision",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("verbatim_id", ForeignKey("item.verbatim_id"), nullable=False),
    Column("user_id", ForeignKey("reviewer.id"), nullable=False),
    Column("at", Float, nullable=False),
    Column("kind", String(20), nullable=False),  # decisions.KINDS
    Column("campaign_id", ForeignKey("campaign.id")),
    Column("slot", Integer),
    Column("labels_from", Text),  # JSON, in force before
    Column("labels_to", Text),  # JSON; null for an undo
    Column("undoes", ForeignKey("decision.id")),
    Column("note", Text),
    Column("doubt", Boolean, nullable=False, default=False),
    Column("seconds", Float),
    Column("codebook_version", Integer, nullable=False),
    Column("codebook_hash", String(16), nullable=False),
    Column("model_id", String(200)),
    Column("request_key", String(80), nullable=False, unique=True),  # a repeated request changes nothing
)
Index("decision_verbatim", decision.c.verbatim_id, decision.c.id)
Index("decision_user", decision.c.user_id, decision.c.id)

codebook = Table(
    "codebook",
    metadata,
    Column("hash", String(16), primary_key=True),
    Column("themes", Text, nullable=False),  # JSON list: what a decision under this codebook was asked about
)

proposal = Table(
    "proposal",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("user_id", ForeignKey("reviewer.id"), nullable=False),
    Column("at", Float, nullable=False),
    Column("kind", String(20), nullable=False),  # example | rule
    Column("labels", Text, nullable=False),  # JSON list: `theme:means`, `sentiment:mixed`
    Column("fr", Text, nullable=False),
    Column("en", Text, nullable=False),
    Column("state", String(20), nullable=False, default="open"),  # open | accepted | refused
    Column("decided_by", ForeignKey("reviewer.id")),
    Column("decided_at", Float),
)

REFUSE_CHANGES = {
    "sqlite": (
        "CREATE TRIGGER decision_no_update BEFORE UPDATE ON decision "
        "BEGIN SELECT RAISE(ABORT, 'decisions are append-only'); END",
        "CREATE TRIGGER decision_no_delete BEFORE DELETE ON decision "
        "BEGIN SELECT RAISE(ABORT, 'decisions are append-only'); END",
    ),
    "postgresql": (
        "CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS "
        "'BEGIN RAISE EXCEPTION ''decisions are append-only''; END'",
        "CREATE TRIGGER decision_no_update BEFORE UPDATE ON decision "
        "FOR EACH ROW EXECUTE FUNCTION refuse_change()",
        "CREATE TRIGGER decision_no_delete BEFORE DELETE ON decision "
        "FOR EACH ROW EXECUTE FUNCTION refuse_change()",
    ),
}


def _ddl(statement: str) -> ExecutableDDLElement:
    ddl: ExecutableDDLElement = DDL(statement)  # type: ignore[no-untyped-call]
    return ddl


for _dialect, _statements in REFUSE_CHANGES.items():
    for _statement in _statements:
        event.listen(decision, "after_create", _ddl(_statement).execute_if(dialect=_dialect))
