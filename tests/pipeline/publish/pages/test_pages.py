import doctest
import re

import pytest

from pipeline.publish.pages import charts, content, figures, french, panels
from pipeline.publish.pages.charts import Scale, nice_scale, ticks, track
from pipeline.publish.pages.figures import Figure
from pipeline.publish.pages.view import View
from pipeline.publish.reading import read_snapshot


@pytest.mark.parametrize("module", [figures, french])
def test_examples_in_docstrings_hold(module):
    assert doctest.testmod(module).failed == 0


@pytest.fixture(scope="module")
def view(published):
    return View(read_snapshot(published))


def test_interval_is_drawn_where_there_is_one():
    figure = Figure("theme_net", "net", value=0.2, low=0.1, high=0.3)
    drawn = track(figure, Scale(-1, 1), "customer", "fr")
    assert 'class="interval" x1="55.0%" x2="65.0%"' in drawn
    assert 'aria-label="+20 [+10 ; +30]"' in drawn


def test_nothing_is_drawn_for_a_hidden_figure():
    drawn = track(
        Figure("theme_net", "net", suppressed=True, reason="protected"), Scale(-1, 1), "customer", "fr"
    )
    assert "mark" not in drawn
    assert "interval" not in drawn


def test_a_name_is_escaped_in_a_chart():
    sides = {"customers": Figure("n", "net", value=0.1), "employees": Figure("n", "net", value=0.1)}
    point = charts.Point("<script>alert(1)</script>", **sides)
    drawn = charts.quadrant_map([point], ["a", "b", "c", "d"], "fr", "carte", ("x", "y"))
    assert "<script" not in drawn


@pytest.mark.parametrize(("low", "high"), [(0.004, 0.011), (0.2, 0.97), (-0.31, 0.12), (-0.9, -0.2)])
def test_scale_holds_every_interval_and_zero(low, high):
    scale = nice_scale([Figure("x", "net", value=(low + high) / 2, low=low, high=high)], floor=-1, ceiling=1)
    assert scale.low <= min(low, 0)
    assert scale.high >= max(high, 0)
    assert 2 <= len(ticks(scale)) <= 6


@pytest.mark.parametrize("centred", [False, True])
def test_scale_has_a_width_when_every_figure_is_zero(centred):
    scale = nice_scale(
        [Figure("gap", "gap", value=0.0, low=0.0, high=0.0)], floor=-2, ceiling=2, centred=centred
    )
    assert scale.high > scale.low


def test_mirror_agrees_with_the_tables(view, authored):
    row = next(each for each in content.mirror(view)["rows"] if each.theme == "recognition")
    assert row.gap.value == pytest.approx(row.customers.value - row.employees.value)


def test_figures_of_a_unit_are_its_own(published, authored):
    snapshot = read_snapshot(published)
    here = View(snapshot, cell={"unit": "Lyon 01"}, period="2026-03").figure("sentiment_net", "customer")
    rows = [
        row
        for row in authored["measures"].to_pylist()
        if (row["unit"], row["period"], row["audience"], row["measure"])
        == ("Lyon 01", "2026-03", "customer", "sentiment_net")
    ]
    assert [here.value] == [row["value"] for row in rows]


def test_every_page_has_its_words_in_both_languages(published):
    from pipeline.publish.pages.words import TEXTS

    for key, (french_text, english_text) in TEXTS.items():
        assert french_text, key
        assert english_text, key
        assert set(re.findall(r"{\w+}", french_text)) == set(re.findall(r"{\w+}", english_text)), key


def test_ratings_links_and_perception_are_shown_where_a_release_has_them(published, authored, tmp_path):
    import polars as pl

    from bench.authored_release import DIMENSIONS, LINEAGE
    from pipeline import schema
    from pipeline.publish.release import point_to, write_release
    from pipeline.workspace import Workspace

    common = {"period": "all", "level": 0.95, "suppressed": False, "method": "count"}
    nps = {**common, "audience": "customer", "measure": "nps", "value": 0.31, "low": 0.2, "high": 0.4}
    link = {
        **common,
        "audience": "both",
        "measure": "rank_correlation",
        "value": 0.42,
        "low": 0.1,
        "high": 0.7,
    }
    gap = {
        **common,
        "audience": "both",
        "measure": "perception_gap",
        "value": -12.0,
        "low": -15.0,
        "high": -9.0,
    }
    measures = pl.from_dicts([nps], pl.Schema(pl.from_arrow(authored["measures"]).schema))
    tables = {
        "measures": pl.concat([pl.from_arrow(authored["measures"]), measures]).to_arrow(),
        "links": pl.from_dicts(
            [{**link, "dimension": "unit", "lag": 1, "n_units": 14}],
            pl.from_arrow(schema.links_schema(DIMENSIONS).empty_table()).schema,
        ).to_arrow(),
        "mirror": pl.from_dicts(
            [gap], pl.from_arrow(schema.mirror_schema(DIMENSIONS).empty_table()).schema
        ).to_arrow(),
    }
    workspace = Workspace(str(tmp_path))
    point_to(workspace, write_release(workspace, tables, LINEAGE))
    view = View(read_snapshot(workspace))
    texts = [
        french.value_text(panel.rows[0].figure, "fr")
        for panel in (panels.ratings(view), panels.links(view), panels.perception(view))
    ]
    assert texts == ["+31", "+0,42", "−12"]
    assert "(14)" in panels.links(view).rows[0].name
    plain = View(read_snapshot(published))
    assert [panels.ratings(plain), panels.links(plain), panels.perception(plain)] == [None, None, None]
