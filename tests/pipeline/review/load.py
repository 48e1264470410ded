"""Many reviewers at once, a server that dies among them, and what must be left: every decision, once."""

from __future__ import annotations

import threading
import time
import uuid
from collections import Counter
from dataclasses import dataclass, field

import httpx

from pipeline.review.store import ReviewStore
from pipeline.review.tables import assignment, decision
from tests.pipeline.review.server import DeskServer

PATIENCE_SECONDS = 120


@dataclass
class LoadReport:
    """What the reviewers saw and what the database holds."""

    acknowledged: set[str] = field(default_factory=set)
    milliseconds: list[float] = field(default_factory=list)
    n_retries: int = 0
    seconds: float = 0.0
    n_stored: int = 0
    lost: set[str] = field(default_factory=set)
    doubled: list[str] = field(default_factory=list)
    n_open: int = 0

    def percentile(self, share: float) -> float:
        ordered = sorted(self.milliseconds)
        return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


@dataclass
class _Reviewer:
    server: DeskServer
    login: str
    password: str
    campaign: int
    report: LoadReport
    lock: threading.Lock
    problems: list[str]

    def work(self) -> None:
        """Review until the queue is empty; a request that got no answer is sent again with the same key."""
        try:
            with httpx.Client(base_url=self.server.url, timeout=60) as client:
                self._log_in(client)
                while items := self._ask(client, "GET", f"/api/queue/{self.campaign}", None)["items"]:
                    for entry in items:
                        self._decide(client, entry)
        except (httpx.HTTPError, AssertionError, KeyError) as error:
            self.problems.append(f"{self.login}: {type(error).__name__} {error}")

    def _log_in(self, client: httpx.Client) -> None:
        self._send(client, "POST", "/login", data={"login": self.login, "password": self.password})
        page = self._send(client, "GET", f"/queue/{self.campaign}").text
        client.headers["X-CSRF-Token"] = page.split('data-csrf="')[1].split('"')[0]

    def _decide(self, client: httpx.Client, entry: dict) -> None:
        key = uuid.uuid4().hex
        body = {"verbatim_id": entry["verbatim_id"], "labels": entry["tagged"], "key": key, "seconds": 1.0}
        started = time.perf_counter()
        answer = self._ask(client, "POST", f"/api/queue/{self.campaign}/decisions", body)
        elapsed = 1000 * (time.perf_counter() - started)
        assert answer["kept"]
        with self.lock:
            self.report.acknowledged.add(key)
            self.report.milliseconds.append(elapsed)

    def _ask(self, client: httpx.Client, method: str, path: str, body: dict | None) -> dict:
        answer = self._send(client, method, path, json=body)
        assert answer.status_code == 200, f"{path} {answer.status_code} {answer.text[:100]}"
        return answer.json()

    def _send(self, client: httpx.Client, method: str, path: str, **content) -> httpx.Response:
        deadline = time.monotonic() + PATIENCE_SECONDS
        while True:
            try:
                return client.request(method, path, **content)
            except httpx.TransportError:
                if time.monotonic() > deadline:
                    raise
                with self.lock:
                    self.report.n_retries += 1
                time.sleep(0.1)


def run_load(
    server: DeskServer,
    store: ReviewStore,
    campaign: int,
    logins: list[str],
    password: str,
    *,
    kill_after: int | None = None,
) -> LoadReport:
    """Let everybody review the whole campaign; kill the server once that many decisions are acknowledged."""
    report, lock, problems = LoadReport(), threading.Lock(), []
    threads = [
        threading.Thread(
            target=_Reviewer(server, login, password, campaign, report, lock, problems).work, daemon=True
        )
        for login in logins
    ]
    started = time.perf_counter()
    for thread in threads:
        thread.start()
    if kill_after is not None:
        while len(report.acknowledged) < kill_after and any(thread.is_alive() for thread in threads):
            time.sleep(0.005)
        server.kill()
        server.start()
    for thread in threads:
        thread.join()
    report.seconds = time.perf_counter() - started
    assert not problems, problems[:3]
    _check(store, campaign, report)
    return report


def _check(store: ReviewStore, campaign: int, report: LoadReport) -> None:
    with store.reading() as connection:
        rows = connection.execute(decision.select().where(decision.c.campaign_id == campaign)).all()
        open_query = assignment.select().where(
            assignment.c.campaign_id == campaign, assignment.c.done.is_(False)
        )
        report.n_open = len(connection.execute(open_query).all())
    stored = {row.request_key.split(":", 1)[1] for row in rows}
    report.n_stored = len(rows)
    report.lost = report.acknowledged - stored
    places = Counter((row.verbatim_id, row.slot) for row in rows)
    report.doubled = [verbatim_id for (verbatim_id, _slot), n in places.items() if n > 1]
