"""Find verbatims that might be quoted, and tell which of them hold a detail that could identify somebody."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator

import pyarrow as pa

from pipeline.estimate.frame import EstimateInputs, Frame, paths_of

CANDIDATES = "_quotes"
PER_CELL = 3
SHORTEST, LONGEST = 25, 400
# Tokens are counted over at most this many verbatims: fewer users are seen, never more.
COUNTED_VERBATIMS = 50_000
MIN_USERS = 5
MAX_LONELY_WORDS = 0.2
PERSON_MASK = "[PERSONNE]"

_TOKEN = re.compile(r"\[[A-Z_]+\]|\w+(?:[-’']\w+)*")
_SENTENCE_END = re.compile(r"[.!?…:\n«]\s*$")


def find_candidates(frame: Frame, inputs: EstimateInputs) -> pa.Table:
    """Read verbatims that might be quoted, a few for each cell, theme and polarity.

    Args:
        frame: The open frame.
        inputs: Where texts are.

    Returns:
        `schema.quotes_schema` before protection: finest cell of each, `respondent` as a number, and
        `telling`: whether a word could identify its author.
    """
    dimensions = [frame.dimension(name) for name in frame.dimensions]
    picked = " UNION ALL ".join(_pick(frame, k, dimensions) for k in range(-1, len(frame.book.labels.themes)))
    frame.connection.execute(f"CREATE OR REPLACE TEMP TABLE picked AS {picked}")
    shown = "".join(
        f", f.{column} AS {name}" for column, name in zip(dimensions, frame.dimensions, strict=True)
    )
    found = frame.table(f"""
        SELECT f.period, f.audience {shown}, p.theme, p.polarity, f.sentiment, f.enchantment, t.text
        FROM picked AS p JOIN frame AS f USING (verbatim_id)
        JOIN (SELECT verbatim_id, any_value(text) AS text FROM read_parquet({paths_of(inputs)})
              WHERE verbatim_id IN (SELECT verbatim_id FROM picked) GROUP BY verbatim_id) AS t USING
              (verbatim_id)
        WHERE length(t.text) BETWEEN {SHORTEST} AND {LONGEST}
        ORDER BY md5(verbatim_id || 'order'), p.theme, p.polarity
        """)
    users = dict(_token_users(frame, inputs))
    telling = [_is_telling(row, users) for row in found.select(["audience", "text"]).to_pylist()]
    return found.append_column("telling", pa.array(telling, pa.bool_()))


def _pick(frame: Frame, k: int, dimensions: list[str]) -> str:
    """Pick at random, by theme k, or by enchantment when k is −1."""
    theme = "NULL" if k < 0 else f"'{frame.book.labels.themes[k]}'"
    said = "enchantment <> 'none'" if k < 0 else f"t_{k} IN (1, 2)"
    tone = "enchantment" if k < 0 else f"t_{k}"
    polarity = "NULL" if k < 0 else f"CASE t_{k} WHEN 1 THEN 'positive' ELSE 'negative' END"
    cells = ["period", *dimensions]
    ranks = ", ".join(
        f"row_number() OVER (PARTITION BY audience, {cell}, {tone} ORDER BY md5(verbatim_id)) AS r_{i}"
        for i, cell in enumerate(cells)
    )
    near = " OR ".join(f"r_{i} <= {PER_CELL}" for i in range(len(cells)))
    return f"""
        SELECT verbatim_id, {theme}::VARCHAR AS theme, {polarity}::VARCHAR AS polarity
        FROM (SELECT *, {ranks} FROM frame WHERE {said}) WHERE {near}"""


def _token_users(frame: Frame, inputs: EstimateInputs) -> Iterator[tuple[str, int]]:
    """Count by how many people each word is used."""
    sample = frame.table(f"""
        SELECT f.person, v.text FROM read_parquet({paths_of(inputs)}) AS v JOIN frame AS f USING (verbatim_id)
        ORDER BY md5(verbatim_id) LIMIT {COUNTED_VERBATIMS}
        """)
    counts: Counter[str] = Counter()
    seen: set[tuple[int, str]] = set()
    for person, text in zip(sample["person"].to_pylist(), sample["text"].to_pylist(), strict=True):
        for token in {match.group().casefold() for match in _TOKEN.finditer(text)}:
            if (person, token) not in seen:
                seen.add((person, token))
                counts[token] += 1
    yield from counts.items()


def _is_telling(row: dict[str, str], users: dict[str, int]) -> bool:
    """Tell whether a text could give its author away."""
    text = row["text"]
    if row["audience"] == "employee" and PERSON_MASK in text:
        return True
    tokens = list(_TOKEN.finditer(text))
    lonely = 0
    for match in tokens:
        token = match.group()
        if token.startswith("["):
            continue
        n_users = users.get(token.casefold(), 0)
        first = match.start() == 0 or bool(_SENTENCE_END.search(text[: match.start()]))
        named = any(sign.isdigit() for sign in token) or (token[0].isupper() and not first)
        if named and n_users < MIN_USERS:
            return True
        lonely += n_users < 2
    return lonely > MAX_LONELY_WORDS * max(len(tokens), 1)
