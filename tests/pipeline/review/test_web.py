from __future__ import annotations

import csv
import datetime as dt
import html
import io
import logging
import re
from dataclasses import replace
from functools import partial
from html.parser import HTMLParser
from zoneinfo import ZoneInfo

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import update

from data.samples import review_demo
from pipeline.config import ReviewConfig
from pipeline.review.accounts import add_reviewer, reviewers
from pipeline.review.campaigns import campaigns, create_campaign
from pipeline.review.decisions import Ballot, record
from pipeline.review.desk import open_desk
from pipeline.review.drift import drift_by_source
from pipeline.review.exchange import to_argilla
from pipeline.review.labels import VerbatimLabels
from pipeline.review.sampling import Design
from pipeline.review.search import rows_by_id
from pipeline.review.standing import history
from pipeline.review.tables import content
from pipeline.review.web import transfer
from pipeline.review.web.app import create_app
from pipeline.review.web.keys import theme_keys
from pipeline.review.web.messages import catalogue
from tests.pipeline.review.authored import MODEL_ID, gold, make_workspace, put_in_use, verbatim_id
from tests.pipeline.review.conftest import PASSWORD

PAGES = [
    "/queue",
    "/queue/1",
    "/verbatims",
    "/campaigns",
    "/campaigns/1",
    "/planner",
    "/quality",
    "/codebook",
]
LEAD_PAGES = ["/planner", "/people", "/agreement", "/adjudication"]


class Forms(HTMLParser):
    """Collects what a page would run or load."""

    def __init__(self):
        super().__init__()
        self.offenders = []

    def handle_starttag(self, tag, attributes):
        for name, value in attributes:
            if (
                name.startswith("on")
                or name == "style"
                or (value or "").startswith(("http:", "https:", "//"))
            ):
                self.offenders.append((tag, name))
        if tag == "style" or (tag == "script" and "src" not in dict(attributes)):
            self.offenders.append((tag, "inline"))


@pytest.fixture(scope="module")
def desk(tmp_path_factory):
    workspace = make_workspace(tmp_path_factory.mktemp("web") / "workspace", 180)
    desk = open_desk(workspace, ReviewConfig())
    for login, role in (("alice", "lead"), ("bob", "reviewer"), ("lise", "reader")):
        add_reviewer(desk.store, login, login.capitalize(), PASSWORD, role)
    people = {person.login: person for person in reviewers(desk.store)}
    create_campaign(
        desk.store, workspace, desk.labels, people["alice"],
        name="Printemps", model_id=MODEL_ID, design=Design(60, seed=1),
    )  # fmt: skip
    for login, change in (("alice", {}), ("bob", {"sentiment": "neutral"})):
        ballot = Ballot(verbatim_id(0), VerbatimLabels(**{**gold(0), **change}), "list", f"{login}-000")
        record(desk.store, people[login], [ballot], desk.stamp)
    yield desk
    desk.store.engine.dispose()


@pytest.fixture
def client_of(desk):
    def make(login=None):
        client = TestClient(create_app(desk), follow_redirects=False)
        if login:
            answer = client.post("/login", data={"login": login, "password": PASSWORD})
            assert answer.status_code == 303
        return client

    return make


def token_in(page):
    return re.search(r'name="csrf" value="([^"]+)"', page).group(1)


@pytest.mark.parametrize("language", ["fr", "en"])
def test_every_page_opens_in_both_languages_and_runs_nothing_inline(client_of, language):
    client = client_of("alice")
    client.get(f"/language/{language}")
    for path in [*PAGES, *LEAD_PAGES, "/import", f"/verbatims/{verbatim_id(0)}"]:
        answer = client.get(path)
        assert answer.status_code in (200, 303), path
        forms = Forms()
        forms.feed(answer.text)
        assert forms.offenders == [], path
        assert answer.headers["content-security-policy"].startswith("default-src 'none'")
        assert answer.headers["cache-control"] == "no-store"


def test_quality_page_sets_a_source_beside_the_training_sources(client_of, desk, monkeypatch):
    alike = {name: {"sentiment": {"positive": share, "neutral": 1 - share}} for name, share in
             (("avis", 0.5), ("avis_bis", 0.51))}  # fmt: skip
    client = client_of("alice")
    for training, said in (
        ({"customer": alike}, ("au-delà du repère", "encore 20 verbatims")),
        ({"customer": {"avis": alike["avis"]}}, ("sans repère", "encore 20 verbatims")),
    ):
        monkeypatch.setattr(desk, "drifts", drift_by_source(desk.store, training))
        page = client.get("/quality").text
        assert all(words in page.replace("\u00a0", " ") for words in (*said, "<td>avis"))
    monkeypatch.setattr(desk, "drifts", drift_by_source(desk.store, {}))
    assert "pas de comparaison" in client.get("/quality").text


def test_campaign_whose_verbatims_are_gone_can_still_be_followed_and_closed(client_of, desk):
    client = client_of("alice")
    put_in_use(desk.workspace)
    try:
        answer = client.get("/campaigns/1")
    finally:
        desk.workspace.remove("batches", "current.json")
    assert answer.status_code == 200
    assert "le graphique n'est plus calculé" in html.unescape(answer.text)
    assert "Fermer la file" in answer.text


def test_hostile_text_is_escaped(client_of):
    page = client_of("alice").get("/verbatims?words=script").text
    assert "&lt;script&gt;alert(&#39;é&#39;)&lt;/script&gt;" in page
    assert "<script>alert" not in page


def test_a_verbatim_leads_back_to_the_list_as_it_was(client_of):
    client = client_of("alice")
    asked = "audience=customer&sort=month"
    listed = html.unescape(client.get(f"/verbatims?{asked}").text)
    links = re.findall(r'class="text-link" href="([^"]+)"', listed)
    assert links
    for link in links:
        query = link.partition("?")[2]
        assert sorted(query.split("&")) == sorted(asked.split("&"))
    page = html.unescape(client.get(links[0]).text)
    assert f'<a href="/verbatims?{query}">' in page
    labels = {"sentiment": "negative", "enchantment": "none", "incivility": "none"}
    changed = client.post(links[0], data={"csrf": token_in(page), **labels})
    assert changed.headers["location"] == links[0]
    undone = client.post("/verbatims/undo", data={"csrf": token_in(page), "query": query})
    assert undone.headers["location"] == f"/verbatims?{query}&undone=1"


@pytest.mark.parametrize("path", [*PAGES, *LEAD_PAGES, "/api/queue/1", "/import"])
def test_nothing_opens_without_a_session(client_of, path):
    answer = client_of().get(path)
    assert answer.status_code == (401 if path.startswith("/api/") else 303)
    assert "agence" not in answer.text.lower()


@pytest.mark.parametrize("path", LEAD_PAGES)
def test_lead_pages_are_for_leads(client_of, path):
    assert client_of("bob").get(path).status_code == 403


def test_reader_cannot_review_nor_read_employees(client_of):
    client = client_of("lise")
    assert client.get("/api/queue/1").status_code == 403
    assert client.get(f"/verbatims/{verbatim_id(10)}").status_code == 403
    assert client.get("/campaigns/1").status_code == 403  # its figures count employees
    token = token_in(client.get("/verbatims").text)
    exported = client.post("/export", data={"csrf": token, "format": "csv"}).content.decode("utf-8-sig")
    assert "Clients" in exported
    assert "Collaborateurs" not in exported


@pytest.mark.parametrize(
    ("headers", "data", "status"),
    [
        ({}, {"csrf": "faux"}, 403),
        ({"origin": "http://ailleurs.example"}, {}, 403),
        ({"sec-fetch-site": "cross-site"}, {}, 403),
        ({"host": "ailleurs.example"}, {}, 400),
    ],
)
def test_forged_changes_are_refused(client_of, headers, data, status):
    client = client_of("alice")
    token = token_in(client.get("/people").text)
    form = {"csrf": token, "login": "mallory", "name": "M", "password": PASSWORD, "role": "lead", **data}
    assert client.post("/people", data=form, headers=headers).status_code == status


def test_api_needs_the_token(client_of):
    client = client_of("alice")
    body = {"key": "12345678"}
    assert client.post("/api/queue/1/undo", json=body).status_code == 403


def test_login_is_limited_and_tells_nothing(desk):
    client = TestClient(create_app(desk), follow_redirects=False)
    answers = [client.post("/login", data={"login": "inconnu", "password": "x" * 12}) for _ in range(8)]
    assert [answer.status_code for answer in answers] == [401] * 6 + [429] * 2


def test_login_page_says_that_a_session_has_ended(client_of):
    assert "Votre session est terminée" not in client_of().get("/login").text
    assert "Votre session est terminée" in client_of().get("/login?ended=1").text


def test_session_ends_with_logout_and_with_a_closed_account(desk, client_of):
    client = client_of("bob")
    cookie = client.cookies["miroir_session"]
    client.post("/logout", data={"csrf": token_in(client.get("/verbatims").text)})
    client.cookies.set("miroir_session", cookie)
    assert client.get("/verbatims").status_code == 303


def test_rating_keeps_its_decimal(desk, client_of):
    halves = update(content).where(content.c.verbatim_id == verbatim_id(1))
    with desk.store.writing() as connection:
        connection.execute(halves.values(rating=4.5, rating_scale="stars"))
    client = client_of("alice")
    assert "note 4,5 (étoiles)" in client.get(f"/verbatims/{verbatim_id(1)}").text
    client.get("/language/en")
    assert "rating 4.5 (stars)" in client.get(f"/verbatims/{verbatim_id(1)}").text


def test_times_are_those_of_paris(desk, client_of):
    made = dt.datetime.fromtimestamp(campaigns(desk.store)[0].created_at, ZoneInfo("Europe/Paris"))
    assert f"<td>{made:%d/%m/%Y %H:%M}</td>" in client_of("alice").get("/campaigns").text


def test_preview_says_that_nothing_is_ticked(client_of):
    client = client_of("alice")
    form = {"csrf": token_in(client.get("/verbatims").text), "which": "ids", "action": "sentiment=neutral"}
    assert "Aucun verbatim n'est coché" in html.unescape(client.post("/verbatims/preview", data=form).text)


def test_one_verbatim_found_is_written_in_the_singular(client_of):
    client = client_of("alice")
    assert "<strong>1 verbatim</strong>" in client.get("/verbatims?words=179)").text


def test_cookie_is_for_this_site_and_not_for_scripts(client_of):
    answer = client_of().post("/login", data={"login": "alice", "password": PASSWORD})
    assert {"HttpOnly", "SameSite=strict"} <= set(answer.headers["set-cookie"].split("; "))


def test_access_log_holds_no_text_and_no_query(client_of, caplog):
    client = client_of("alice")
    with caplog.at_level(logging.INFO, logger="pipeline.review.access"):
        client.get("/verbatims?words=virement")
    assert "GET /verbatims 200" in caplog.text
    assert "virement" not in caplog.text


def test_first_account_needs_the_code_of_the_terminal(tmp_path):
    desk = open_desk(make_workspace(tmp_path / "w", 20), ReviewConfig())
    client = TestClient(create_app(desk), follow_redirects=False)
    assert client.get("/login").headers["location"] == "/first-account"
    form = {"token": "faux", "login": "alice", "name": "Alice", "password": PASSWORD}
    assert client.post("/first-account", data=form).status_code == 403
    weak = client.post("/first-account", data={**form, "token": desk.setup_token, "password": "alice12345"})
    assert weak.status_code == 400
    assert "Le mot de passe doit avoir" in weak.text
    assert client.post("/first-account", data={**form, "token": desk.setup_token}).status_code == 303
    assert [person.role for person in reviewers(desk.store)] == ["lead"]
    assert client.get("/first-account").headers["location"] == "/login"
    desk.store.engine.dispose()


def test_first_account_is_asked_for_after_the_demo(tmp_path):
    workspace = make_workspace(tmp_path / "w", 20)
    config = tmp_path / "demo.yaml"
    sources = "[{name: avis, audience: customer, path: avis.csv, text: avis}]"
    config.write_text(f"workspace: {tmp_path / 'w'}\nsources: {sources}\n", encoding="utf-8")
    review_demo.main(str(config))
    desk = open_desk(workspace, ReviewConfig())
    client = TestClient(create_app(desk), follow_redirects=False)
    assert client.get("/login").headers["location"] == "/first-account"
    form = {"token": desk.setup_token, "login": "alice", "name": "Alice", "password": PASSWORD}
    assert client.post("/first-account", data=form).status_code == 303
    assert {person.login: person.active for person in reviewers(desk.store)} == {"demo": False, "alice": True}
    desk.store.engine.dispose()


def test_last_lead_stays(desk, client_of):
    client = client_of("alice")
    number = next(person.id for person in reviewers(desk.store) if person.login == "alice")
    form = {"csrf": token_in(client.get("/people").text), "role": "reader"}
    answer = client.post(f"/people/{number}", data=form)
    assert answer.status_code == 400
    assert "au moins un responsable" in answer.text
    assert client.get("/people").status_code == 200


def test_import_takes_back_what_was_exported_once(client_of):
    client = client_of("alice")
    token = token_in(client.get("/verbatims").text)
    export = client.post("/export", data={"csrf": token, "format": "argilla", "state": "reviewed"})
    files = {"file": ("argilla.json", export.content)}
    first = client.post("/import", data={"csrf": token}, files=files).text
    assert "enregistrées\u00a0: 1." in first
    assert "enregistrées\u00a0: 0." in client.post("/import", data={"csrf": token}, files=files).text
    assert "déjà enregistrées" in client.post("/import", data={"csrf": token}, files=files).text
    bad = client.post("/import", data={"csrf": token}, files={"file": ("x.json", b"non")})
    assert bad.status_code == 400
    assert "Ce fichier ne se reconnaît pas" in bad.text


def test_import_takes_back_a_corrected_csv_and_says_what_it_left(client_of):
    client = client_of("alice")
    token = token_in(client.get("/verbatims").text)
    export = client.post("/export", data={"csrf": token, "format": "csv", "audience": "customer"})
    lines = list(csv.reader(io.StringIO(export.content.decode("utf-8-sig")), delimiter=";"))
    lines[1][lines[0].index("Relu (x)")] = "x"
    lines[2][lines[0].index("Sentiment")] = "<b>bof"
    stream = io.StringIO()
    csv.writer(stream, delimiter=";").writerows(lines)
    files = {"file": ("verbatims.csv", stream.getvalue().encode("cp1252", "replace"))}
    page = html.unescape(client.post("/import", data={"csrf": token}, files=files).text)
    assert "enregistrées\u00a0: 1." in page
    assert (
        "Ligne 3, colonne «\u00a0Sentiment\u00a0»\u00a0: «\u00a0<b>bof\u00a0» n'est pas du codebook." in page
    )
    assert client.post("/verbatims/undo", data={"csrf": token}).headers["location"].endswith("undone=1")


def test_export_holds_the_whole_list_or_is_refused(client_of, monkeypatch):
    client = client_of("alice")
    token = token_in(client.get("/verbatims").text)
    monkeypatch.setattr(transfer, "MAX_ROWS", 100)
    for name, status in (("csv", 400), ("xlsx", 400), ("training", 200), ("argilla-settings", 200)):
        answer = client.post("/export", data={"csrf": token, "format": name})
        assert answer.status_code == status, name
        assert (status == 200) is ("C&#39;est trop pour un fichier" not in answer.text)
    monkeypatch.setattr(transfer, "MAX_ROWS", 180)
    assert client.post("/export", data={"csrf": token, "format": "csv"}).content.count(b"\r\n") == 181


def test_import_takes_again_what_was_undone_and_what_was_unknown_before(client_of, desk, monkeypatch):
    client = client_of("bob")
    token = token_in(client.get("/verbatims").text)
    with desk.store.reading() as connection:
        rows = rows_by_id(connection, [verbatim_id(i) for i in (5, 15)])
    tagged = [replace(row, labels=row.tagged, n_reviewers=1) for row in rows]
    send = partial(
        client.post, "/import", data={"csrf": token}, files={"file": ("a.json", to_argilla(tagged))}
    )
    monkeypatch.setattr(desk, "audiences_for", lambda reviewer: ("employee",))
    assert "enregistrées\u00a0: 1." in send().text
    monkeypatch.undo()
    assert "enregistrées\u00a0: 1." in send().text
    assert "déjà enregistrées" in send().text
    client.post("/verbatims/undo", data={"csrf": token})
    assert "enregistrées\u00a0: 2." in send().text
    for index in (5, 15):
        kept = [each for each in history(desk.store, verbatim_id(index)) if not each.undone]
        assert [each.kind for each in kept].count("import") == 1
    client.post("/verbatims/undo", data={"csrf": token})


def test_messages_are_all_in_both_languages():
    for key, texts in catalogue().items():
        assert texts["fr"].strip(), key
        assert texts["en"].strip(), key
        assert set(re.findall(r"{(\w+)", texts["fr"])) == set(re.findall(r"{(\w+)", texts["en"])), key


def test_theme_keys_stay_distinct_whatever_the_codebook(codebook):
    names = {theme: entry.name.fr for theme, entry in codebook.themes.items()}
    assert theme_keys(names) == {
        "means": "m", "listening": "c", "feedback": "f", "recognition": "r", "training": "o", "support": "s",
    }  # fmt: skip
    many = theme_keys({f"t{i}": f"Moyens {i}" for i in range(30)})
    assert len(set(many.values())) == len(many) == 20
    assert not set(many.values()) & set("eiundg")
