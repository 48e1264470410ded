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
