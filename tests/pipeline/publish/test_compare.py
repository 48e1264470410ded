import pyarrow as pa

from pipeline.publish.compare import compare_tables


def table(rows):
    return pa.Table.from_pylist(
        [{"period": p, "unit": u, "measure": "share", "value": v, "reason": None} for p, u, v in rows],
        schema=pa.schema(
            [(n, pa.string()) for n in ("period", "unit", "measure")]
            + [("value", pa.float64()), ("reason", pa.string())]
        ),
    )


def test_rows_are_compared_by_their_keys_nulls_included():
    before = table([("2026-01", None, 0.1), ("2026-01", "Lyon", 0.2), ("2026-01", "Metz", 0.3)])
    after = table([("2026-01", None, 0.1), ("2026-01", "Lyon", 0.4), ("2026-02", "Metz", 0.3)])
    difference = compare_tables(before, after)
    assert difference.added["period"].to_list() == ["2026-02"]
    assert difference.removed["unit"].to_list() == ["Metz"]
    assert difference.changed.select("unit", "value_before", "value_after").rows() == [("Lyon", 0.2, 0.4)]


def test_nothing_differs_between_a_table_and_itself():
    assert compare_tables(table([("2026-01", None, None)]), table([("2026-01", None, None)])).is_empty


def test_value_that_becomes_hidden_is_a_change():
    difference = compare_tables(table([("2026-01", "Lyon", 0.2)]), table([("2026-01", "Lyon", None)]))
    assert difference.changed.height == 1
