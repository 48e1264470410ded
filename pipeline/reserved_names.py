"""Names that a configuration may not give, because a column or a query has them already."""

from __future__ import annotations

from pipeline import schema

RESERVED_NAMES = frozenset(
    {
        "period",
        "audience",
        "theme",
        "measure",
        "value",
        "low",
        "high",
        "level",
        "method",
        "reason",
    }
)

# Dimensions become columns: of tables that have others, in queries that have words of their own.
_TABLES = (
    schema.mirror_schema,
    schema.links_schema,
    schema.drivers_schema,
    schema.changes_schema,
    schema.quotes_schema,
    schema.alerts_schema,
)
_COLUMNS = frozenset(name for columns in _TABLES for name in columns(()).names)
# fmt: off
_SQL_WORDS = frozenset({
    "all", "analyse", "analyze", "and", "any", "array", "as", "asc", "asymmetric", "both", "case", "cast",
    "check", "collate", "column", "constraint", "create", "default", "deferrable", "desc", "describe",
    "distinct", "do", "else", "end", "except", "false", "fetch", "for", "foreign", "from", "group",
    "having", "in", "initially", "intersect", "into", "lambda", "lateral", "leading", "limit", "not",
    "null", "offset", "on", "only", "or", "order", "pivot", "pivot_longer", "pivot_wider", "placing",
    "primary", "qualify", "references", "returning", "select", "show", "some", "summarize", "symmetric",
    "table", "then", "to", "trailing", "true", "union", "unique", "unpivot", "using", "variadic", "when",
    "where", "window", "with",
})
# fmt: on
RESERVED_DIMENSIONS = RESERVED_NAMES | _COLUMNS | _SQL_WORDS
