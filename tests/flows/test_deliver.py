import http.server
import json
import threading

import pytest
import yaml

from bench.authored_release import LINEAGE, authored_tables
from pipeline.errors import SinkError
from pipeline.publish.release import point_to, write_release
from pipeline.publish.sinks.delivery import put_everywhere
from pipeline.workspace import Workspace


@pytest.fixture
def webhook():
    taken = []

    class Take(http.server.BaseHTTPRequestHandler):
        def do_POST(self):
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


@pytest.fixture
def published(small_run, tmp_path):
    """A configuration whose workspace holds an authored release; one sink, one department."""
    config = yaml.safe_load(small_run.config.read_text(encoding="utf-8"))
    config["publish"] = {
        "sinks": [{"kind": "duckdb", "name": "fichier", "path": str(tmp_path / "miroir.duckdb")}],
        "digests": [
            {"department": "Relation client", "themes": ["listening"], "webhook": "block:miroir-essai"}
        ],
    }
    small_run.config.write_text(yaml.safe_dump(config, allow_unicode=True), encoding="utf-8")
    workspace = Workspace(str(small_run.workspace))
    point_to(workspace, write_release(workspace, authored_tables(3, 2), LINEAGE))
    return small_run


def test_flow_delivers_through_a_prefect_block_once(published, webhook, tmp_path):
    from prefect.blocks.webhook import Webhook

    from flows.deliver import deliver

    address, taken = webhook
    Webhook(method="POST", url=address, allow_private_urls=True).save("miroir-essai", overwrite=True)
    deliver(str(published.config))
    deliver(str(published.config))
    assert [each["department"] for each in taken] == ["Relation client"]
    assert (tmp_path / "miroir.duckdb").exists()


def test_flow_tries_a_failed_sink_again_hands_digests_over_and_fails(published, tmp_path, monkeypatch):
    from flows.deliver import deliver, put_one

    tries = []

    def put(*arguments):
        tries.append(arguments)
        return put_everywhere(*arguments)

    monkeypatch.setattr("flows.deliver.put_everywhere", put)
    monkeypatch.setattr("flows.deliver.put_one", put_one.with_options(retry_delay_seconds=0))
    text = published.config.read_text(encoding="utf-8")
    config = yaml.safe_load(text)
    config["publish"] = {
        "sinks": [{"kind": "duckdb", "name": "casse", "path": f"{published.config}/x.duckdb"}],
        "digests": [
            {"department": "Relation client", "themes": ["listening"], "folder": str(tmp_path / "remis")}
        ],
    }
    published.config.write_text(yaml.safe_dump(config, allow_unicode=True), encoding="utf-8")
    with pytest.raises(SinkError, match=r"some deliveries failed.*casse"):
        deliver(str(published.config))
    assert len(tries) == 3
    assert (tmp_path / "remis" / "relation-client.html").exists()
