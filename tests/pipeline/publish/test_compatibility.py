import pyarrow as pa
import pytest

from pipeline.errors import ReleaseError
from pipeline.publish.compatibility import OLD_SHAPES, OldShape, compatible_tables
from pipeline.publish.contract import CONTRACT_VERSION

TABLES = {"measures": pa.table({"period": ["2026-03"], "estimate": [0.4], "more": [1]})}


def test_old_names_keep_the_same_rows():
    shape = OldShape("measures", {"value": "estimate", "period": "period"})
    kept = compatible_tables(TABLES, [shape], "2.0.0")
    assert {name: table.to_pylist() for name, table in kept.items()} == {
        "measures_v1": [{"value": 0.4, "period": "2026-03"}]
    }


def test_a_column_that_is_gone_is_named():
    with pytest.raises(ReleaseError, match="no value"):
        compatible_tables(TABLES, [OldShape("measures", {"value": "value"})], "2.0.0")


def test_a_major_version_says_what_it_broke():
    assert bool(OLD_SHAPES) == (int(CONTRACT_VERSION.split(".")[0]) > 1)
