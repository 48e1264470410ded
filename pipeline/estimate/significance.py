"""Keep false discoveries rare where many figures are tested at once."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
from scipy import stats

from pipeline.estimate.scores import Floats


def adjusted(p: Floats) -> Floats:
    """Adjust p-values for their number (Benjamini and Hochberg 1995).

    Args:
        p: One a test; NaN where there was none.

    Returns:
        Adjusted p-values, NaN kept.
    """
    result = np.full(len(p), np.nan)
    tested = ~np.isnan(p)
    if tested.any():
        result[tested] = stats.false_discovery_control(p[tested], method="bh")
    return result


def adjust(table: pa.Table, rate: float) -> pa.Table:
    """Adjust the column `p_adjusted`, which holds raw p-values until now, and fill `significant`.

    Args:
        table: With both columns.
        rate: False-discovery rate.

    Returns:
        The table.
    """
    p = table["p_adjusted"].cast(pa.float64()).to_numpy(zero_copy_only=False)
    after = adjusted(p)
    missing = np.isnan(after)
    columns = {
        "p_adjusted": pa.array(np.round(after, 4), mask=missing),
        "significant": pa.array(after <= rate, mask=missing),
    }
    for name, column in columns.items():
        position = table.schema.get_field_index(name)
        table = table.set_column(position, table.schema.field(position), column)
    return table
