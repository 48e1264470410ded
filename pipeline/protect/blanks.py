"""Put a hidden row where a cell is empty, so that a hidden row never says that somebody is there.

If only cells with people had rows, each hidden row would tell «at least one», and with a small total these
ones add up. So every member of a dimension has its rows in every period, for both audiences: small or
empty looks the same.
"""

from __future__ import annotations

import duckdb
import pyarrow as pa

from pipeline.estimate.tables import NOT_TRAINED, ROW_KEYS, ordered

# Tables with a row for every cell. In the others a hidden row is left out, and its absence says nothing.
COMPLETE = ("measures", "mirror")


def complete_rows(table: pa.Table, groups: pa.Table, dimensions: tuple[str, ...], reason: str) -> pa.Table:
    """Add hidden rows for cells where nobody spoke.

    Args:
        table: A protected table.
        groups: The table `_groups`.
        dimensions: Declared dimensions.
        reason: Reason of the rows added, but for a theme that the model has not learnt, which is empty
            everywhere.

    Returns:
        The table with a row for every audience, period, observed combination of members, measure and theme.
    """
    if len(table) == 0:
        return table
    connection = duckdb.connect(config={"threads": 1})
    try:
        connection.register("given", table)
        connection.register("cells", groups)
        members = "".join(f", {name}" for name in dimensions)
        names = [name for name in ROW_KEYS if name in table.column_names]
        told = ", ".join(names)
        same = " AND ".join(
            f"g.{name} IS NOT DISTINCT FROM w.{name}" for name in ("audience", "period", *dimensions, *names)
        )
        added = connection.sql(f"""
            WITH combinations AS (
                SELECT DISTINCT grain {members} FROM cells WHERE NOT unplaced
            ), periods AS (
                SELECT DISTINCT period FROM cells WHERE NOT unplaced
            ), templates AS (
                SELECT DISTINCT audience, {told},
                       CASE WHEN reason = '{NOT_TRAINED}' THEN reason ELSE '{reason}' END AS reason
                FROM given
                WHERE {" AND ".join(f"{name} IS NULL" for name in dimensions) or "TRUE"} AND period = 'all'
                  AND measure NOT LIKE 'perception%' AND measure <> 'employee_customers'
            )
            SELECT w.* FROM (
                SELECT period, audience {members}, {told}, reason FROM combinations, periods, templates
            ) AS w ANTI JOIN given AS g ON {same}
            """).to_arrow_table()
    finally:
        connection.close()
    columns = []
    for field in table.schema:
        if field.name in added.column_names:
            columns.append(added[field.name].cast(field.type))
        elif field.name == "suppressed":
            columns.append(pa.repeat(pa.scalar(True), len(added)))
        else:
            columns.append(pa.nulls(len(added), field.type))
    return ordered(pa.concat_tables([table, pa.table(columns, schema=table.schema)]), dimensions)
