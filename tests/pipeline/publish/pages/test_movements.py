import polars as pl
import pytest

from bench.authored_release import LINEAGE, authored_tables
from pipeline.estimate.alerts import MIN_HISTORY
from pipeline.publish.pages.documents import report_page
from pipeline.publish.pages.movements import HISTORY_NEEDED, alerts, changes, no_alert_text
from pipeline.publish.pages.view import View
from pipeline.publish.reading import read_snapshot
from pipeline.publish.release import point_to, write_release
from pipeline.workspace import Workspace


@pytest.fixture
def past(tmp_path, authored):
    """The authored company, whose alerts and changes are those of January; the last month is March."""
    workspace = Workspace(str(tmp_path))
    earlier = {
        name: pl.from_arrow(authored[name]).with_columns(period=pl.lit("2026-01")).to_arrow()
        for name in ("alerts", "changes")
    }
    point_to(workspace, write_release(workspace, {**authored, **earlier}, LINEAGE))
    return read_snapshot(workspace)


def test_whole_time_shows_what_moved_in_the_last_period_of_the_release_alone(past):
    assert alerts(View(past)) == changes(View(past)) == []
    assert alerts(View(past, period="2026-01"))
    assert changes(View(past, period="2026-01"))


@pytest.mark.parametrize(
    ("measure", "value", "tone"),
    [
        ("sentiment_negative", 0.2, "worse"),
        ("sentiment_negative", -0.2, "better"),
        ("sentiment_net", 0.2, "better"),
        ("theme_balance", -0.2, "worse"),
        ("theme_share", 0.2, ""),
    ],
)
def test_a_change_is_shown_as_the_news_that_it_is(tmp_path, authored, measure, value, tone):
    table = pl.from_arrow(authored["changes"])
    last = table["period"].max()
    nowhere = [name for name in ("region", "unit", "channel", "journey_step") if name in table.columns]
    row = (
        table.filter(pl.col("period") == last)
        .head(1)
        .with_columns(
            pl.lit(measure).alias("measure"),
            pl.lit("means" if measure == "theme_share" else None, pl.String).alias("theme"),
            *(
                pl.lit(number).alias(name)
                for name, number in zip(("value", "low", "high"), (value,) * 3, strict=True)
            ),
            *(pl.lit(None, pl.String).alias(name) for name in nowhere),
            pl.lit(True).alias("significant"),
            pl.lit(False).alias("suppressed"),
        )
    )
    workspace = Workspace(str(tmp_path))
    point_to(workspace, write_release(workspace, {**authored, "changes": row.to_arrow()}, LINEAGE))
    (change,) = changes(View(read_snapshot(workspace)))
    assert change["tone"] == tone
    together = "tous les thèmes réunis" in change["what"]
    assert together == (measure == "theme_balance")


def test_an_alert_is_listed_with_its_period(published):
    assert ", mars 2026 :" in report_page(View(read_snapshot(published), standalone=True))


def test_figures_are_said_to_be_in_their_band_once_there_is_one(published, tmp_path):
    assert HISTORY_NEEDED == MIN_HISTORY
    assert "Pas encore d'alerte possible" in no_alert_text(View(read_snapshot(published)))
    workspace = Workspace(str(tmp_path))
    point_to(workspace, write_release(workspace, authored_tables(2, MIN_HISTORY + 1), LINEAGE))
    longer = read_snapshot(workspace)
    assert no_alert_text(View(longer, "en")) == "No alert: figures stay within their usual band."
    assert no_alert_text(View(longer, "en", period="2026-02")).startswith("No alert is possible yet")
