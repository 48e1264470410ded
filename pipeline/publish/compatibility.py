"""Keep the previous major of the contract readable for one version, beside the current tables.

A table that breaks appears a second time under its old shape, as `<table>_v<major>`: readers change one name
now, their columns later. At version 1 there is nothing to keep.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pyarrow as pa

from pipeline.errors import ReleaseError
from pipeline.publish.contract import CONTRACT_VERSION


@dataclass(frozen=True, slots=True)
class OldShape:
    """The shape that a table had under the previous major.

    Attributes:
        table: Its name.
        columns: Old column → the current column that holds the same, in the old order.
    """

    table: str
    columns: Mapping[str, str]


# Filled with each major version, and emptied with the next: the tables that it broke.
OLD_SHAPES: tuple[OldShape, ...] = ()


def compatible_tables(
    tables: Mapping[str, pa.Table], shapes: Sequence[OldShape] = OLD_SHAPES, version: str = CONTRACT_VERSION
) -> dict[str, pa.Table]:
    """Build the old shapes of the tables that the current major broke.

    Args:
        tables: Current tables.
        shapes: How they looked before.
        version: Of the current contract.

    Returns:
        `<table>_v<previous major>` → the same rows under the old column names.

    Raises:
        ReleaseError: A column that an old shape needs is gone.
    """
    previous = int(version.split(".")[0]) - 1
    return {f"{shape.table}_v{previous}": _reshaped(tables[shape.table], shape) for shape in shapes}


def _reshaped(table: pa.Table, shape: OldShape) -> pa.Table:
    missing = sorted(set(shape.columns.values()) - set(table.column_names))
    if missing:
        raise ReleaseError.because(
            "the previous version of the contract cannot be kept",
            expected=", ".join(sorted(set(shape.columns.values()))),
            got=f"no {', '.join(missing)}",
            where=f"table {shape.table}",
            do="Mend OLD_SHAPES in pipeline/publish/compatibility.py",
        )
    return table.select(list(shape.columns.values())).rename_columns(list(shape.columns))
