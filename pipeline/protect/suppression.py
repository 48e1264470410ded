"""Hide what would give people away: small groups, what subtraction would give back, what changed by a few.

Thresholds count distinct respondents, and one who wrote more than half hides a group too. A hidden cell is
hidden with its counts; every total that is shown leaves at least two hidden parts with together as many
people as the threshold (complementary suppression), parts that no earlier release has told; two groups of
different dimensions that differ by fewer people than the threshold are not both shown; and a figure whose
people changed by fewer than the threshold since it was last shown is shown as it was (`holding`). What is
shown is rounded (`rounding`), and empty cells look like hidden ones (`blanks`), so that neither counts nor
ratios tell one person apart.

Source: Hundepool et al. (2012), Statistical Disclosure Control, chapters 4 and 5.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.config import AudienceThresholds, ProtectConfig
from pipeline.errors import PrivacyError
from pipeline.estimate.candidates import CANDIDATES
from pipeline.estimate.tables import NODES, NOT_TRAINED, PRIVATE, SPAN, node_names, row_keys
from pipeline.protect.blanks import COMPLETE, complete_rows
from pipeline.protect.holding import hold_back
from pipeline.protect.lattice import Family, Lattice, build_lattice, grains_of, narrow
from pipeline.protect.ledger import SHOWN
from pipeline.protect.near import Groups, any_node, near_groups, told_groups
from pipeline.protect.quotes import choose_quotes
from pipeline.protect.rounding import round_table
from pipeline.protect.sides import OUTDATED

GROUPS, OVERLAPS = "_groups", "_overlaps"
PROTECTED = "protected"

Flags = npt.NDArray[np.bool_]
Ints = npt.NDArray[np.int64]


def protect(
    tables: Mapping[str, pa.Table],
    config: ProtectConfig,
    ledger: pa.Table | None,
    quotes: pa.Table | None = None,
) -> dict[str, pa.Table]:
    """Make tables that no attacker can take a person from.

    Args:
        tables: From `estimate`: public tables with their private columns, `_groups` and `_overlaps`.
        config: Thresholds and rounding.
        ledger: What earlier releases showed, from `ledger.read_ledger`; null for the first one.
        quotes: Of the release that readers have; null when there is none.

    Returns:
        The public tables, hidden rows marked `suppressed` with a reason, without private columns; and
        `_shown`, which `ledger.append_ledger` must store before the release is published.

    Raises:
        PrivacyError: A table does not say whom its rows speak of.
    """
    groups = _decide(tables, config, ledger)
    names = groups.table["node"].combine_chunks()
    hidden_names = names.filter(pa.array(groups.hidden))
    safe: dict[str, pa.Table] = {}
    private: dict[str, pa.Table] = {}
    for name, table in tables.items():
        if name.startswith(PRIVATE):
            continue
        if NODES not in table.column_names or SPAN not in table.column_names:
            raise PrivacyError.because(
                "a table cannot be protected",
                expected=f"columns {NODES} and {SPAN}",
                got="neither or one of them",
                where=f"table «{name}»",
                do="Name the groups that its rows speak of when building it",
            )
        hidden = any_node(table, hidden_names)
        if name in COMPLETE:
            # Nobody is there: told apart from a few, such a row would say that they are.
            hidden |= any_node(table, names, but=True)
        private[name] = round_table(_hide(table, hidden, PROTECTED), config)
    near = near_groups(groups, ledger, config)
    private, shown = hold_back(private, groups, near, ledger, config)
    dimensions = tuple(name for name in tables[GROUPS].column_names if name not in _GROUP_COLUMNS)
    for name, held in private.items():
        outdated = pc.fill_null(pc.equal(held["reason"], OUTDATED), False).to_numpy()
        table = _hide(held, outdated, OUTDATED)
        public = table.drop_columns([c for c in table.column_names if c.startswith(PRIVATE)])
        if name in COMPLETE:
            safe[name] = complete_rows(public, tables[GROUPS], dimensions, PROTECTED)
        else:
            safe[name] = public.filter(pc.invert(public["suppressed"]))
    safe[SHOWN] = shown
    if CANDIDATES in tables:
        safe["quotes"] = choose_quotes(tables[CANDIDATES], groups.table, hidden_names, config, near, quotes)
    return safe


def thresholds_of(config: ProtectConfig, audience: str) -> AudienceThresholds:
    """Give the thresholds of an audience."""
    return config.customer if audience == "customer" else config.employee


def threshold(config: ProtectConfig, audience: str, group: str) -> int:
    """Give the fewest respondents with which a group is shown."""
    limits = thresholds_of(config, audience)
    return limits.themes if group.startswith("theme_") else limits.scores


def _decide(tables: Mapping[str, pa.Table], config: ProtectConfig, ledger: pa.Table | None) -> Groups:
    """Decide which groups of which cells are hidden."""
    table = tables[GROUPS]
    dimensions = tuple(name for name in table.column_names if name not in _GROUP_COLUMNS)
    grains = grains_of(table, dimensions)
    order = list(dict.fromkeys(["all", *pc.unique(table["group"]).to_pylist()]))
    whole = pa.concat_tables([_named(table, dimensions, group) for group in order])
    told = told_groups(whole, ledger, config)
    known = pc.is_in(whole["node"], value_set=told["node"]).to_numpy()
    held = pc.is_in(whole["node"], value_set=told["node"].filter(told["near"])).to_numpy()
    flags = []
    base: tuple[Lattice, Flags] | None = None
    for group in order:
        own = pc.equal(whole["group"], group).to_numpy()
        here = whole.filter(pa.array(own))
        if base is None:
            lattice = build_lattice(here, tables[OVERLAPS], grains, config.hierarchies)
        else:
            lattice = narrow(base[0], here, grains)
        people = here["n_respondents"].to_numpy()
        limits = np.array([threshold(config, key[0], group) for key in lattice.keys], dtype=np.int64)
        # Where one person wrote more than half, the figure is theirs.
        one_speaks = 2 * here["largest"].to_numpy() > here["n_verbatims"].to_numpy()
        hidden = (people < limits) | one_speaks | lattice.unplaced
        hidden |= _too_alike(lattice, here, tables[OVERLAPS], people, limits) if group == "all" else False
        if base is not None:
            hidden |= np.array([base[1][base[0].index[key]] for key in lattice.keys], dtype=bool)
        hidden = complement(lattice, people, hidden, limits, Told(known[own], held[own]))
        if base is None:
            base = (lattice, hidden)
        flags.append(hidden)
    return Groups(whole, np.concatenate(flags))


def _named(table: pa.Table, dimensions: tuple[str, ...], group: str) -> pa.Table:
    here = table.filter(pc.equal(table["group"], group))
    # What lacks a period is no node of its own: its name would be that of the whole.
    node = pc.if_else(here["unplaced"], "unplaced", node_names(here, dimensions, group))
    return here.append_column("node", node)


_GROUP_COLUMNS = {
    *("grain", "by_period", "period", "audience", "unplaced"),
    *("group", "n_verbatims", "n_respondents", "largest", "mark", "buckets", "node"),
}


@dataclass(frozen=True, slots=True)
class Told:
    """What earlier releases tell of the cells, one flag a cell.

    Attributes:
        known: It was shown, and fewer people than its threshold changed since: hiding it hides nothing.
        held: So it was, and somebody changed: where it is shown, it is shown as it was.
    """

    known: Flags
    held: Flags


def complement(lattice: Lattice, people: Ints, hidden: Flags, limits: Ints, told: Told) -> Flags:
    """Hide more cells until no total gives a hidden one away.

    Args:
        lattice: Cells and families.
        people: Respondents of each cell.
        hidden: Cells hidden for their own sake.
        limits: Threshold of each cell.
        told: What earlier releases tell of each cell.

    Returns:
        All cells to hide.
    """
    hidden = hidden.copy()
    changed = True
    while changed:
        changed = False
        for family in lattice.families:
            while not _is_safe(family, lattice, people, hidden, limits[family.parent], told):
                shown = family.children[~hidden[family.children]]
                candidates = shown[(people[shown] > 0) & ~told.known[shown]]
                if len(candidates) == 0:
                    if hidden[family.parent]:
                        break
                    hidden[family.parent] = changed = True
                    break
                smallest = candidates[np.lexsort((candidates, people[candidates]))[0]]
                hidden[smallest] = changed = True
    return hidden


def _is_safe(
    family: Family, lattice: Lattice, people: Ints, hidden: Flags, limit: np.int64, told: Told
) -> bool:
    if told.held[family.parent]:
        # Readers have it as it was; what was told then was safe.
        return True
    mine = family.children[hidden[family.children]]
    mine = mine[(people[mine] > 0) & ~told.known[mine]]
    together = int(people[mine].sum()) + family.rest
    known = told.known[family.parent] or lattice.unplaced[family.parent]
    if hidden[family.parent] and not known:
        # Its parts, were they all shown, would add up to it: it would be hidden for nothing.
        return together >= int(limit)
    if together == 0:
        return True
    # The same few people may be in every part: at least how many there are in all.
    told_of = people[np.setdiff1d(family.children, mine)].sum()
    if max(people[mine].max(initial=0), people[family.parent] - told_of) < limit:
        return False
    n_parts = len(mine) + (family.rest > 0)
    if n_parts == 1:
        # One hidden part alone is found by subtraction. That does no harm only where it is no cell at all.
        harmless = family.rest > 0 or bool(lattice.unplaced[mine].all())
        return harmless and together >= int(limit)
    # Each part has at least one person: what is left for one of them must reach the largest hidden size.
    return together >= int(limit) + n_parts - 2


def _too_alike(lattice: Lattice, cells: pa.Table, overlaps: pa.Table, people: Ints, limits: Ints) -> Flags:
    """Mark the smaller of two groups of different dimensions that differ by a few people."""
    marked = np.zeros(len(people), dtype=bool)
    single = {
        (key[0], key[2], key[3], name, key[4][0]): position
        for position, key in enumerate(lattice.keys)
        for name in _names_of(cells, position, key)
    }
    for row in overlaps.to_pylist():
        stem = (row["audience"], row["by_period"], row["period"])
        a = single.get((*stem, row["first"], row["first_member"]))
        b = single.get((*stem, row["second"], row["second_member"]))
        if a is None or b is None:
            continue
        apart = int(people[a] + people[b] - 2 * row["n_respondents"])
        if 0 < apart < limits[a]:
            marked[a if people[a] <= people[b] else b] = True
    return marked


def _names_of(cells: pa.Table, position: int, key: tuple[object, ...]) -> tuple[str, ...]:
    members = key[4]
    if not isinstance(members, tuple) or len(members) != 1 or members[0] is None:
        return ()
    row = {name: cells[name][position].as_py() for name in cells.column_names if name not in _GROUP_COLUMNS}
    return tuple(name for name, member in row.items() if member is not None)


def _hide(table: pa.Table, hidden: Flags, why: str) -> pa.Table:
    """Empty the figures and counts of hidden rows, whatever the table calls them."""
    flags = pa.array(hidden)
    kept = {*row_keys(table), "suppressed", "reason"}
    for position, column in enumerate(table.schema):
        if column.name not in kept and not column.name.startswith(PRIVATE):
            emptied = pc.if_else(flags, pa.scalar(None, column.type), table[column.name])
            table = table.set_column(position, column, emptied)
    suppressed = pc.if_else(flags, True, table["suppressed"])
    # A theme that the model has not learnt is empty everywhere: that hides nobody.
    untrained = pc.fill_null(pc.equal(table["reason"], NOT_TRAINED), False)
    reason = pc.if_else(pc.and_not(flags, untrained), why, table["reason"])
    for name, column in (("suppressed", suppressed), ("reason", reason)):
        position = table.schema.get_field_index(name)
        table = table.set_column(position, table.schema.field(position), column)
    return table
