from __future__ import annotations

import csv
import io
import re

import pytest
from fastapi.testclient import TestClient

from pipeline.codebook import DEFAULT_CODEBOOK
from pipeline.config import ReviewConfig
from pipeline.review.agreement import blind_readings
from pipeline.review.campaigns import create_campaign, set_open
from pipeline.review.decisions import Ballot, record
from pipeline.review.desk import Desk
from pipeline.review.labels import VerbatimLabels
from pipeline.review.queue import blind_for, claim
from pipeline.review.sampling import Design
from pipeline.review.search import rows_by_id
from pipeline.review.web.app import create_app
from tests.pipeline.review.authored import MODEL_ID
from tests.pipeline.review.conftest import PASSWORD

BOTH = ("customer", "employee")
BOBS = VerbatimLabels("mixed", "other", "abusive", {"training": "mixed"})


def read(store, person, campaign, stamp, verbatim_id, key):
    claim(store, person, campaign, n_items=10, audiences=BOTH, lease_minutes=30)
    record(store, person, [Ballot(verbatim_id, BOBS, "review", key, campaign)], stamp)


@pytest.fixture
def campaign(desk, workspace, labels, lead):
    return create_campaign(
        desk, workspace, labels, lead,
        name="Double", model_id=MODEL_ID, design=Design(5, double_share=1.0, seed=2),
    )  # fmt: skip


@pytest.fixture
def waiting(desk, campaign, bob, stamp):
    """A verbatim that Bob has read, and that awaits its second reading."""
    first = claim(desk, bob, campaign, n_items=1, audiences=BOTH, lease_minutes=30)[0]
    record(desk, bob, [Ballot(first.verbatim_id, BOBS, "review", "b1", campaign)], stamp)
    return first.verbatim_id


@pytest.fixture
def client_of(desk, workspace):
    app = create_app(Desk(desk, workspace, DEFAULT_CODEBOOK, ReviewConfig(), model_id=MODEL_ID))

    def make(login):
        client = TestClient(app, follow_redirects=False)
        client.post("/login", data={"login": login, "password": PASSWORD})
        page = client.get("/verbatims").text
        return client, re.search(r'name="csrf" value="([^"]+)"', page).group(1)

    return make


def test_who_may_be_asked_for_a_second_reading_sees_the_first_nowhere(
    client_of, desk, waiting, bob, carole, lead
):
    with desk.reading() as connection:
        words = rows_by_id(connection, [waiting])[0].text
    for login, is_shown in (("carole", False), ("bob", True), ("alice", True)):
        client, token = client_of(login)
        page = client.get("/verbatims", params={"words": words}).text
        assert waiting in page
        assert ('class="chip ok"' in page) is is_shown
        for told in ({"state": "reviewed"}, {"enchantment": "other"}, {"reviewer": bob.id}):
            page = client.get("/verbatims", params={"words": words, **told}).text
            assert (waiting in page) is is_shown, told
        export = {"csrf": token, "format": "csv", "words": words}
        content = client.post("/export", data=export).content
        lines = csv.DictReader(io.StringIO(content.decode("utf-8-sig")), delimiter=";")
        line = next(each for each in lines if each["Identifiant"] == waiting)
        assert (line["Enchantement"] == "Autre cause") is is_shown
        assert (line["Relectures"] == "1") is is_shown
        content = client.post("/export", data={**export, "format": "training"}).content
        assert bool(content.strip()) is is_shown
        form = {"csrf": token, "action": "confirm=", "id": waiting}
        preview = client.post("/verbatims/preview", data=form).text
        assert ("Laissés de côté" not in preview) is is_shown
        key = login.encode().hex().ljust(8, "0")
        form = {"csrf": token, "action": "confirm=", "ids": waiting, "key": key}
        assert client.post("/verbatims/apply", data=form).headers["location"].endswith(f"kept={is_shown:d}")


def test_the_first_reading_is_shown_once_the_second_is_given_or_no_longer_wanted(
    desk, campaign, waiting, bob, carole, stamp
):
    assert blind_for(desk, bob) == set()
    assert blind_for(desk, carole) == {waiting}
    set_open(desk, campaign, False)
    assert blind_for(desk, carole) == set()
    set_open(desk, campaign, True)
    read(desk, carole, campaign, stamp, waiting, "c1")
    assert blind_for(desk, carole) == set()


def test_a_reading_after_a_decision_from_the_list_is_not_counted_as_blind(
    desk, campaign, waiting, lead, stamp
):
    record(desk, lead, [Ballot(waiting, BOBS, "list", "l1")], stamp)
    read(desk, lead, campaign, stamp, waiting, "l2")
    assert blind_readings(desk) == {}
