import csv
import http.server
import io
import json
import re
import socket
import ssl
import threading
from email import message_from_bytes
from email.utils import parsedate_to_datetime

import polars as pl
import pytest
import trustme

from bench.authored_release import LINEAGE, authored_tables
from pipeline.codebook import read_codebook
from pipeline.config import DigestConfig, PublishConfig, SmtpConfig
from pipeline.publish.digests.delivery import deliver_digests, post_json
from pipeline.publish.digests.routing import concerned, make_digest
from pipeline.publish.reading import read_snapshot
from pipeline.publish.release import point_to, write_release
from pipeline.workspace import Workspace

CLAIMS = DigestConfig(
    department="Réclamations", themes=("support", "feedback"), cells={"step": ("Réclamation",)}
)


@pytest.fixture
def workspace(tmp_path):
    made = Workspace(str(tmp_path / "espace"))
    point_to(made, write_release(made, authored_tables(12, 3), LINEAGE))
    return made


def start_mail_server(tls_context=None):
    """A real SMTP server on loopback, its port, and the list of messages that it took."""
    controller_module = pytest.importorskip("aiosmtpd.controller")
    taken = []

    class Keep:
        async def handle_RCPT(self, server, session, envelope, address, options):
            if address.startswith("parti@"):
                return "550 no such user"
            envelope.rcpt_tos.append(address)
            return "250 OK"

        async def handle_DATA(self, server, session, envelope):
            taken.append(envelope)
            return "250 OK"

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    controller = controller_module.Controller(
        Keep(), hostname="127.0.0.1", port=port, tls_context=tls_context, require_starttls=bool(tls_context)
    )
    controller.start()
    return controller, port, taken


@pytest.fixture
def mailbox():
    """The port of a mail server, and the messages that it took."""
    controller, port, taken = start_mail_server()
    yield port, taken
    controller.stop()


@pytest.fixture
def closed_mailbox(tmp_path):
    """The same, that takes messages over TLS alone, and the file of the authority that vouches for it."""
    authority = trustme.CA()
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    authority.cert_pem.write_to_path(str(tmp_path / "autorite.pem"))
    controller, port, taken = start_mail_server(context)
    yield port, taken, tmp_path / "autorite.pem"
    controller.stop()


@pytest.fixture
def webhook():
    """A real HTTP server on loopback, and the payloads that it took."""
    taken = []

    class Take(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.end_headers()

        def do_POST(self):
            if self.path == "/demenage":
                self.send_response(302)
                self.send_header("Location", "/miroir")
                self.end_headers()
                return
            taken.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Take)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/miroir", taken
    server.shutdown()
    thread.join()
    server.server_close()


def test_department_receives_its_themes_and_cells_alone(workspace):
    digest = make_digest(read_snapshot(workspace), CLAIMS, read_codebook())
    rows = list(csv.DictReader(io.StringIO(digest.csv.decode("utf-8-sig")), delimiter=";"))
    assert len(rows) == digest.n_figures == 8
    assert {row["theme"] for row in rows} == {"support", "feedback"}
    assert {(row["step"], row["unit"], row["period"]) for row in rows} == {("Réclamation", "", "2026-03")}
    assert "Soutien" in digest.html
    assert "Moyens" not in digest.html
    assert digest.stem == "reclamations"


def test_nothing_hidden_is_in_a_digest(tmp_path):
    tables = authored_tables(12, 3)
    measures = tables["measures"].to_pylist()
    for row in measures:
        if row["step"] == "Réclamation" and row["audience"] == "employee":
            row.update(value=None, low=None, high=None, n_verbatims=None, suppressed=True, reason="protected")
    tables["measures"] = type(tables["measures"]).from_pylist(measures, tables["measures"].schema)
    workspace = Workspace(str(tmp_path))
    point_to(workspace, write_release(workspace, tables, LINEAGE))
    snapshot = read_snapshot(workspace)
    assert set(concerned(snapshot, CLAIMS)["audience"]) == {"customer"}
    assert "Collaborateurs :" not in make_digest(snapshot, CLAIMS, read_codebook()).html


def test_digest_goes_by_folder_mail_and_webhook_once_a_release(workspace, mailbox, webhook, tmp_path):
    port, mails = mailbox
    address, posts = webhook
    wanted = CLAIMS.model_copy(
        update={"folder": str(tmp_path / "remis"), "emails": ("sav@exemple.fr",), "webhook": address}
    )
    config = PublishConfig(digests=(wanted,), smtp=SmtpConfig(port=port))
    snapshot = read_snapshot(workspace)
    first = deliver_digests(workspace, snapshot, config, read_codebook())
    assert [(each.way, each.error) for each in first] == [
        ("folder", None),
        ("email", None),
        ("webhook", None),
    ]
    assert sorted(each.name for each in (tmp_path / "remis").iterdir()) == [
        "reclamations.csv",
        "reclamations.html",
    ]
    message = message_from_bytes(mails[0].content)
    assert mails[0].rcpt_tos == ["sav@exemple.fr"]
    assert parsedate_to_datetime(message["Date"])
    assert message["Message-ID"].endswith("@localhost>")
    assert {part.get_filename() for part in message.walk()} >= {"reclamations.html", "reclamations.csv"}
    assert posts[0]["department"] == "Réclamations"
    assert posts[0]["n_figures"] == 8
    again = deliver_digests(workspace, snapshot, config, read_codebook())
    assert all(each.is_skipped for each in again)
    assert (len(mails), len(posts)) == (1, 1)


def test_a_failed_way_is_told_and_tried_again_alone(workspace, mailbox, tmp_path):
    port, mails = mailbox
    wanted = CLAIMS.model_copy(update={"folder": str(tmp_path / "remis"), "emails": ("sav@exemple.fr",)})
    snapshot = read_snapshot(workspace)
    dead = PublishConfig(digests=(wanted,), smtp=SmtpConfig(port=9))
    handovers = deliver_digests(workspace, snapshot, dead, read_codebook())
    assert handovers[0].error is None
    assert "Réclamations" in handovers[1].error
    alive = PublishConfig(digests=(wanted,), smtp=SmtpConfig(port=port))
    assert [each.is_skipped for each in deliver_digests(workspace, snapshot, alive, read_codebook())] == [
        True,
        False,
    ]
    assert len(mails) == 1


def test_a_refused_address_is_told_without_being_named(workspace, mailbox):
    port, mails = mailbox
    wanted = CLAIMS.model_copy(update={"emails": ("sav@exemple.fr", "parti@exemple.fr")})
    config = PublishConfig(digests=(wanted,), smtp=SmtpConfig(port=port))
    (handover,) = deliver_digests(workspace, read_snapshot(workspace), config, read_codebook())
    assert "got 1 of 2 refused (in order: 2)" in handover.error
    assert "parti" not in handover.error
    assert [mail.rcpt_tos for mail in mails] == [["sav@exemple.fr"]]
    (again,) = deliver_digests(workspace, read_snapshot(workspace), config, read_codebook())
    assert not again.is_skipped


def test_a_mail_goes_over_tls_to_a_server_whose_certificate_is_known(workspace, closed_mailbox, monkeypatch):
    port, mails, authority = closed_mailbox
    wanted = CLAIMS.model_copy(update={"emails": ("sav@exemple.fr",)})
    config = PublishConfig(digests=(wanted,), smtp=SmtpConfig(port=port, starttls=True))
    (unknown,) = deliver_digests(workspace, read_snapshot(workspace), config, read_codebook())
    assert "CERTIFICATE_VERIFY_FAILED" in unknown.error
    assert mails == []
    monkeypatch.setenv("SSL_CERT_FILE", str(authority))
    (known,) = deliver_digests(workspace, read_snapshot(workspace), config, read_codebook())
    assert known.error is None
    assert [mail.rcpt_tos for mail in mails] == [["sav@exemple.fr"]]


def test_a_redirected_webhook_is_told_and_not_taken_for_delivered(workspace, webhook):
    address, posts = webhook
    moved = CLAIMS.model_copy(update={"webhook": address.replace("/miroir", "/demenage")})
    config = PublishConfig(digests=(moved,))
    for _ in range(2):
        (handover,) = deliver_digests(workspace, read_snapshot(workspace), config, read_codebook())
        assert "digest of «Réclamations» was not handed over" in handover.error
        assert "HTTP Error 302" in handover.error
        assert "run `miroir digests`" in handover.error
    assert posts == []


def test_an_unforeseen_error_of_one_way_leaves_the_others(workspace):
    def refuse(address, content):
        raise ValueError("no such block")

    wanted = (CLAIMS.model_copy(update={"webhook": "block:absent"}),)
    handovers = deliver_digests(
        workspace, read_snapshot(workspace), PublishConfig(digests=wanted), read_codebook(), refuse
    )
    assert "got ValueError: no such block" in handovers[0].error


def test_department_without_any_shown_figure_receives_nothing(tmp_path):
    tables = authored_tables(12, 3)
    tables["measures"] = (
        pl.from_arrow(tables["measures"])
        .with_columns(pl.when(pl.col("step") != "Réclamation").then(pl.col("value")).alias("value"))
        .to_arrow()
    )
    workspace = Workspace(str(tmp_path / "espace"))
    point_to(workspace, write_release(workspace, tables, LINEAGE))
    wanted = CLAIMS.model_copy(update={"folder": str(tmp_path / "remis")})
    handovers = deliver_digests(
        workspace, read_snapshot(workspace), PublishConfig(digests=(wanted,)), read_codebook()
    )
    assert [each.is_skipped for each in handovers] == [True]
    assert not (tmp_path / "remis").exists()


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"cells": {"agence": ("Lyon 01",)}}, "declared dimensions: .*step.*, got «agence»"),
        ({"cells": {"step": ("Reclamation",)}}, "members of `step`: .*Réclamation.*, got «Reclamation»"),
        ({"themes": ("moyens",)}, "themes of the codebook: means, .*, got «moyens»"),
    ],
)
def test_a_mistyped_name_is_told_and_leaves_the_other_departments(workspace, tmp_path, wrong, told):
    folder = str(tmp_path / "remis")
    mistyped = DigestConfig(department="Agences", folder=folder, **wrong)
    config = PublishConfig(digests=(mistyped, CLAIMS.model_copy(update={"folder": folder})))
    handovers = deliver_digests(workspace, read_snapshot(workspace), config, read_codebook())
    assert re.search(told, handovers[0].error)
    assert handovers[1].error is None
    assert not (tmp_path / "remis" / "agences.csv").exists()


def test_only_http_addresses_are_posted_to():
    from pipeline.errors import SinkError

    with pytest.raises(SinkError, match="https:// or http://"):
        post_json("file:///etc/passwd", {})
