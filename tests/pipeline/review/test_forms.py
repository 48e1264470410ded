from __future__ import annotations

import doctest
import html
import re

import pytest
from fastapi.testclient import TestClient

from pipeline.config import ReviewConfig
from pipeline.errors import ReviewError
from pipeline.review.accounts import add_reviewer
from pipeline.review.desk import open_desk
from pipeline.review.search import ListFilter
from pipeline.review.web import filters
from pipeline.review.web.app import create_app
from pipeline.review.web.filters import filter_query, read_filter
from tests.pipeline.review.authored import make_workspace
from tests.pipeline.review.conftest import PASSWORD


@pytest.fixture(scope="module")
def client(tmp_path_factory):
    desk = open_desk(make_workspace(tmp_path_factory.mktemp("forms") / "workspace", 40), ReviewConfig())
    add_reviewer(desk.store, "alice", "Alice", PASSWORD, "lead")
    client = TestClient(create_app(desk), follow_redirects=False)
    client.post("/login", data={"login": "alice", "password": PASSWORD})
    yield client
    desk.store.engine.dispose()


def test_examples_in_docstrings_hold():
    assert doctest.testmod(filters).failed == 0


@pytest.mark.parametrize(
    ("typed", "share"),
    [("80", 0.8), ("80 %", 0.8), ("80\u00a0%", 0.8), ("80,5", 0.805), ("0.5", 0.005), ("", None)],
)
def test_confidence_is_read_as_people_write_it_and_written_so(typed, share):
    wanted = read_filter({"confidence_below": typed})
    assert wanted.confidence_below == share
    assert read_filter({"confidence_below": filter_query(wanted).removeprefix("confidence_below=")}) == wanted


@pytest.mark.parametrize("field", ["confidence_below", "confidence_above", "reviewer", "page"])
@pytest.mark.parametrize("typed", ["beaucoup", "²", "-1", "101 %", "nan", "9" * 20])
def test_a_filter_that_cannot_be_read_is_refused(field, typed):
    with pytest.raises(ReviewError, match="the filter cannot be read"):
        read_filter({field: typed})
    assert read_filter({field: " "}) == ListFilter()


@pytest.mark.parametrize(("typed", "box"), [("80,5", "80,5"), ("0,5", "0,5"), ("80 %", "80")])
def test_the_box_shows_the_confidence_that_was_asked_for(client, typed, box):
    page = client.get("/verbatims", params={"confidence_below": typed}).text
    assert set(re.findall(r'name="confidence_below"[^>]*value="([^"]*)"', page)) == {box}


@pytest.mark.parametrize(
    ("path", "status", "said"),
    [
        ("/verbatims?confidence_below=beaucoup", 400, "Ce filtre n'est pas compris"),
        ("/verbatims?page=²", 400, "Ce filtre n'est pas compris"),
        ("/planner?points=", 422, "Un champ est vide ou n'est pas compris"),
        ("/queue/abc", 422, "Un champ est vide ou n'est pas compris"),
        ("/ancienne/page", 404, "Cette page n'existe pas"),
        ("/verbatims/undo/x", 404, "Cette page n'existe pas"),
    ],
)
def test_what_cannot_be_read_is_said_on_a_page(client, path, status, said):
    answer = client.get(path)
    assert answer.status_code == status
    assert said in html.unescape(answer.text)
    assert "Retour à l'accueil" in html.unescape(answer.text)


def test_programs_are_answered_in_json(client):
    answer = client.get("/api/queue/abc")
    assert (answer.status_code, list(answer.json())) == (422, ["error"])


def test_language_changes_on_a_page_that_a_form_opened(client):
    answer = client.get("/language/fr", headers={"referer": "http://testserver/verbatims/preview"})
    assert answer.headers["location"] == "/verbatims"
