from __future__ import annotations

import pytest

from pipeline.config import ReviewConfig
from pipeline.review.accounts import add_reviewer
from pipeline.review.campaigns import create_campaign
from pipeline.review.desk import open_desk
from pipeline.review.sampling import Design
from tests.pipeline.review.authored import MODEL_ID, make_workspace
from tests.pipeline.review.conftest import PASSWORD
from tests.pipeline.review.load import run_load
from tests.pipeline.review.server import new_server


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_no_decision_is_lost_or_doubled_when_the_server_is_killed(request, tmp_path, kind):
    database = "" if kind == "sqlite" else request.getfixturevalue("postgres").new_database()
    workspace = make_workspace(tmp_path / "workspace", 180)
    desk = open_desk(workspace, ReviewConfig(database=database or None))
    logins = [f"relecteur{i}" for i in range(6)]
    lead = add_reviewer(desk.store, "alice", "Alice", PASSWORD, "lead")
    for login in logins:
        add_reviewer(desk.store, login, login, PASSWORD, "reviewer")
    number = create_campaign(
        desk.store, workspace, desk.labels, lead,
        name="Charge", model_id=MODEL_ID, design=Design(120, double_share=0.2, seed=9),
    )  # fmt: skip
    server = new_server(tmp_path / "workspace", database)
    server.start()
    try:
        report = run_load(server, desk.store, number, logins, PASSWORD, kill_after=40)
    finally:
        server.kill()
        desk.store.engine.dispose()
    assert report.lost == set()
    assert report.doubled == []
    assert report.n_open == 0
    assert report.n_stored == len(report.acknowledged) > 120
    assert report.n_retries > 0
