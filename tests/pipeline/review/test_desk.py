from __future__ import annotations

import datetime as dt

import pytest
from fastapi.testclient import TestClient

from models.registry import load_tagger
from pipeline.cli.review import model_choice
from pipeline.codebook import DEFAULT_CODEBOOK
from pipeline.config import ReviewConfig
from pipeline.publish.health import record_run
from pipeline.review.accounts import add_reviewer
from pipeline.review.desk import open_desk
from pipeline.review.evidence import no_evidence
from pipeline.review.search import ListFilter, find
from pipeline.review.web.app import create_app
from tests.pipeline.review.authored import MODEL_ID, make_workspace, put_in_use, write_version
from tests.pipeline.review.conftest import PASSWORD

BOTH = ("customer", "employee")
PART = "part-00000.parquet"


@pytest.fixture
def workspace(tmp_path):
    """Twenty verbatims, of which a first run read ten."""
    workspace = make_workspace(tmp_path / "workspace", 20)
    write_version(workspace, "debut", 10)
    put_in_use(workspace, "debut")
    return workspace


@pytest.fixture
def opened(workspace):
    desk = open_desk(workspace, ReviewConfig())
    yield desk
    desk.store.engine.dispose()


def end_run(workspace, day):
    record_run(workspace, None, dt.datetime(2026, 3, day, tzinfo=dt.UTC))


def tag_with(workspace, model_id):
    annotations = workspace.read_table("annotations", "essai", MODEL_ID, PART)
    place = annotations.schema.get_field_index("model_id")
    column = [model_id] * len(annotations)
    renamed = annotations.set_column(place, annotations.schema.field("model_id"), [column])
    workspace.write_table(renamed, "annotations", "essai", model_id, PART)


def test_desk_left_open_shows_what_a_run_brought_once_it_has_ended(opened, workspace):
    put_in_use(workspace, "essai")
    tag_with(workspace, "nouveau-2")
    opened.keep_up()
    assert (find(opened.store, ListFilter(), BOTH).n_total, opened.model_id) == (10, MODEL_ID)
    end_run(workspace, 1)
    opened.keep_up()
    page = find(opened.store, ListFilter(), BOTH)
    assert (page.n_total, opened.model_id) == (20, "nouveau-2")
    assert {row.model_id for row in page.rows} == {"nouveau-2"}
    assert len(opened.choices.months) > 1
    assert sum(each.n for each in opened.drifts) == 20


def test_every_page_that_counts_verbatims_keeps_up(opened, workspace):
    add_reviewer(opened.store, "alice", "Alice", PASSWORD, "lead")
    client = TestClient(create_app(opened), follow_redirects=False)
    client.post("/login", data={"login": "alice", "password": PASSWORD})
    for day, path in enumerate(("/verbatims", "/queue", "/campaigns", "/planner", "/quality"), start=1):
        end_run(workspace, day)
        assert client.get(path).status_code == 200
        assert opened.run_seen == f"2026-03-{day:02d}T00:00:00+00:00", path


def test_model_choice_shows_the_configured_model_once_it_has_tagged(workspace, labels):
    choose = model_choice("linear", DEFAULT_CODEBOOK)
    put_in_use(workspace, "essai")
    before = choose(workspace)
    assert (before.model_id, before.evidence) == (MODEL_ID, no_evidence)
    assert before.training_shares
    model_id = load_tagger("linear", labels).model_id
    tag_with(workspace, model_id)
    after = choose(workspace)
    assert after.model_id == model_id
    assert after.evidence is not no_evidence
