"""The CSV twin of a table, as a French spreadsheet opens it: BOM, `;`, decimal comma, formulas disarmed."""

from __future__ import annotations

from typing import IO

import polars as pl
import pyarrow as pa

# A cell that begins so is run as a formula by a spreadsheet; an apostrophe before it makes it text.
FORMULA_STARTS = r"^([=+\-@\t\r])"


def disarm(column: pl.Expr) -> pl.Expr:
    """Put an apostrophe before the texts that a spreadsheet would run as formulas.

    Args:
        column: An expression over texts.

    Returns:
        The same texts, none of which begins with `=`, `+`, `-`, `@`, a tab or a carriage return.
    """
    return column.str.replace(FORMULA_STARTS, "'${1}")


def write_csv_twin(table: pa.Table, stream: IO[bytes]) -> None:
    """Write a table as CSV in UTF-8 with BOM.

    Numbers keep their type (a negative number is no formula); only texts are disarmed. Booleans read
    `oui`/`non`, which every French spreadsheet shows as text.

    Args:
        table: Columns of text, numbers, dates or booleans.
        stream: Open for writing bytes.
    """
    frame = pl.from_arrow(table)
    if not isinstance(frame, pl.DataFrame):
        raise TypeError(f"a table is expected, got {type(table).__name__}")
    frame = frame.with_columns(
        pl.col(pl.Boolean).replace_strict({True: "oui", False: "non"}, return_dtype=pl.String)
    ).with_columns(disarm(pl.col(pl.String)))
    frame.write_csv(
        stream,
        include_bom=True,
        separator=";",
        decimal_comma=True,
        float_scientific=False,
        line_terminator="\r\n",
    )
