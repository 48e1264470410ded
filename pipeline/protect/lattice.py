"""How cells add up to other cells: along dimensions, periods and nested dimensions."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import combinations

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

Ints = npt.NDArray[np.int64]

# audience, grain, whether cut by period, period, members of the grain's dimensions
Key = tuple[str, int, bool, str, tuple[str | None, ...]]
# How a row of `_overlaps` may be read: the finer dimension, the coarser one.
_WAYS = (("first", "second"), ("second", "first"))
# grain → its dimensions
Grains = dict[int, tuple[str, ...]]
# A dimension, its member, a coarser dimension → the member of that one in which it lies
Homes = dict[tuple[str, str | None, str], str]


@dataclass(frozen=True, slots=True)
class Family:
    """A cell and the cells that add up to it.

    Attributes:
        parent: Position of the total.
        children: Positions of the parts.
        rest: People of the total who are in none of the parts; nobody sees them as a cell.
    """

    parent: int
    children: Ints
    rest: int = 0


@dataclass(frozen=True)
class Lattice:
    """Cells and their families.

    Attributes:
        keys: One a cell.
        unplaced: Whether a cell holds what lacks a period or a dimension; such a cell is never shown.
        families: Every way in which cells add up.
    """

    keys: tuple[Key, ...]
    unplaced: npt.NDArray[np.bool_]
    families: tuple[Family, ...]
    index: dict[Key, int] = field(repr=False)


def build_lattice(
    cells: pa.Table, overlaps: pa.Table, grains: Grains, hierarchies: Sequence[Sequence[str]] = ()
) -> Lattice:
    """Find how cells add up.

    Args:
        cells: The rows of one group in the table `_groups`: cell columns, `n_verbatims`, `n_respondents`.
        overlaps: The table `_overlaps`.
        grains: What `grains_of` found in the whole of `_groups`.
        hierarchies: Dimensions that are known to be nested, each from the finest to the coarsest.

    Returns:
        The lattice, cells in the order given.
    """
    keys = _keys(cells, grains)
    index = {key: position for position, key in enumerate(keys)}
    verbatims, people = cells["n_verbatims"].to_numpy(), cells["n_respondents"].to_numpy()
    homes = _homes(overlaps, hierarchies)
    families = [
        *_by_period(keys, index),
        *_by_dimension(keys, index, grains, people, homes),
        *_by_nesting(index, grains, overlaps, verbatims, homes),
    ]
    return Lattice(keys, cells["unplaced"].to_numpy(zero_copy_only=False), tuple(families), index)


def narrow(lattice: Lattice, cells: pa.Table, grains: Grains) -> Lattice:
    """Give the lattice of another group of the same cells, or of some of them.

    Args:
        lattice: Of the group `all`, which shows what lies in what.
        cells: The rows of the other group.
        grains: What `grains_of` found.

    Returns:
        The lattice, cells in the order given. How many of this group's people are in none of the parts is
        not known: nobody, which hides the more.
    """
    keys = _keys(cells, grains)
    index = {key: position for position, key in enumerate(keys)}
    place = np.array([index.get(key, -1) for key in lattice.keys], dtype=np.int64)
    families = []
    for family in lattice.families:
        children = place[family.children]
        if place[family.parent] >= 0 and (children >= 0).any():
            families.append(Family(int(place[family.parent]), children[children >= 0]))
    return Lattice(keys, cells["unplaced"].to_numpy(zero_copy_only=False), tuple(families), index)


def _keys(cells: pa.Table, grains: Grains) -> tuple[Key, ...]:
    dimensions = sorted({name for names in grains.values() for name in names})
    rows = cells.select(["audience", "grain", "by_period", "period", *dimensions]).to_pylist()
    return tuple(
        (
            row["audience"],
            row["grain"],
            row["by_period"],
            row["period"],
            tuple(row[name] for name in grains[row["grain"]]),
        )
        for row in rows
    )


def grains_of(cells: pa.Table, dimensions: tuple[str, ...]) -> Grains:
    """Tell the dimensions of each grain: those that some cell of it has a member of.

    Args:
        cells: The table `_groups`, all groups: one group alone may lack every member of a dimension.
        dimensions: Declared dimensions.
    """
    found = {}
    for grain in sorted(pc.unique(cells["grain"]).to_pylist()):
        here = cells.filter(pc.equal(cells["grain"], grain))
        found[grain] = tuple(name for name in dimensions if here[name].null_count < len(here))
    return found


def _families(groups: Iterable[tuple[int | None, list[int]]]) -> list[Family]:
    return [
        Family(parent, np.array(children, dtype=np.int64))
        for parent, children in groups
        if parent is not None and children
    ]


def _by_period(keys: tuple[Key, ...], index: dict[Key, int]) -> list[Family]:
    children: dict[Key, list[int]] = defaultdict(list)
    for position, (audience, grain, by_period, _, members) in enumerate(keys):
        if by_period:
            children[audience, grain, False, "all", members].append(position)
    return _families((index.get(parent), positions) for parent, positions in children.items())


def _by_dimension(
    keys: tuple[Key, ...], index: dict[Key, int], grains: Grains, people: Ints, homes: Homes
) -> list[Family]:
    """Cells of one grain that add up to a cell of a coarser one, whichever grains were asked for.

    A grain is coarser where dimensions are left out, and where one is replaced by one that it lies in: the
    cells of unit × channel add up to those of channel, to those of region × channel, and to the total.
    """
    dimensions = {name for names in grains.values() for name in names}
    children: dict[tuple[Key, int], list[int]] = defaultdict(list)
    for position, (audience, grain, by_period, period, members) in enumerate(keys):
        known = dict(zip(grains[grain], members, strict=True))
        for name, member in tuple(known.items()):
            for large in dimensions - known.keys():
                if (name, member, large) in homes:
                    known[large] = homes[name, member, large]
        for above, names in grains.items():
            # What one dimension leaves of another one is counted exactly by `_by_nesting`.
            alone = len(names) == len(grains[grain]) == 1
            if above != grain and set(names) <= known.keys() and not alone:
                parent = (audience, above, by_period, period, tuple(known[name] for name in names))
                children[parent, grain].append(position)
    found = []
    for (parent, _), positions in children.items():
        if parent in index:
            parts = np.array(positions, dtype=np.int64)
            rest = max(int(people[index[parent]] - people[parts].sum()), 0)
            found.append(Family(index[parent], parts, rest))
    return found


def _homes(overlaps: pa.Table, hierarchies: Sequence[Sequence[str]]) -> Homes:
    """Find in which member of another dimension a member lies, over the whole time and both audiences.

    Dimensions are nested where that is declared: a member then has its home where most of its verbatims
    are. So are those that the data show to be: no member has verbatims in two of the other's.
    """
    counts: dict[tuple[str, str], dict[str, Counter[str | None]]] = defaultdict(lambda: defaultdict(Counter))
    for row in overlaps.filter(pc.invert(overlaps["by_period"])).to_pylist():
        for small, large in _WAYS:
            if row[f"{small}_member"] is not None:
                homes = counts[row[small], row[large]][row[f"{small}_member"]]
                homes[row[f"{large}_member"]] += row["n_verbatims"]
    declared = {pair for names in hierarchies for pair in combinations(names, 2)}
    return {
        (small, member, large): home
        for (small, large), members in counts.items()
        if (small, large) in declared or all(len(homes) == 1 for homes in members.values())
        for member, homes in members.items()
        for home in [name for name, _ in homes.most_common() if name is not None][:1]
    }


def _by_nesting(
    index: dict[Key, int],
    grains: dict[int, tuple[str, ...]],
    overlaps: pa.Table,
    verbatims: Ints,
    homes: Homes,
) -> list[Family]:
    """Members of one dimension that lie in a member of another, and what of that one they leave.

    A member lies in another with all of its verbatims, or where it is known to have its home: readers who
    know the organisation subtract it there, though a few of its rows name another one by mistake.
    """
    alone = {dimensions[0]: grain for grain, dimensions in grains.items() if len(dimensions) == 1}
    inside: dict[tuple[Key, str], list[int]] = defaultdict(list)
    rest: dict[tuple[Key, str], int] = defaultdict(int)
    for row in overlaps.to_pylist():
        for small, large in _WAYS:
            a, b = row[small], row[large]
            if a not in alone or b not in alone:
                continue
            stem = (row["audience"], row["by_period"], row["period"])
            parent = (stem[0], alone[b], stem[1], stem[2], (row[f"{large}_member"],))
            child = index.get((stem[0], alone[a], stem[1], stem[2], (row[f"{small}_member"],)))
            home = homes.get((a, row[f"{small}_member"], b))
            at_home = home is not None and home == row[f"{large}_member"]
            if child is not None and (at_home or verbatims[child] == row["n_verbatims"]):
                inside[parent, a].append(child)
            else:
                rest[parent, a] += row["n_respondents"]
    return [
        Family(index[parent], np.array(children, dtype=np.int64), rest[parent, a])
        for (parent, a), children in inside.items()
        if parent in index
    ]
