"""The review desk under load: a long list, and twenty reviewers whose server dies."""

from __future__ import annotations

import statistics
import tempfile
import time
from pathlib import Path

from rich.console import Console

from pipeline.config import ReviewConfig
from pipeline.review.accounts import add_reviewer
from pipeline.review.campaigns import create_campaign
from pipeline.review.desk import Desk, open_desk
from pipeline.review.sampling import Design, Mix
from pipeline.review.search import ListFilter, find
from tests.pipeline.review.authored import MODEL_ID, make_workspace
from tests.pipeline.review.load import run_load
from tests.pipeline.review.postgres import find_postgres, start_postgres
from tests.pipeline.review.server import new_server

N_LIST = 100_000
N_REVIEWERS = 20
N_DECISIONS = 5_000
PASSWORD = "une phrase assez longue"
BOTH = ("customer", "employee")

SEARCHES = {
    "no filter, least sure first": ListFilter(),
    "theme and polarity": ListFilter(theme="means", polarity="negative"),
    "words, with accents": ListFilter(words="menacée guichet"),
    "words that nobody wrote": ListFilter(words="xylophone"),
    "dimension, month, latest first": ListFilter(dimension="region=Nord", month_from="2026-03", sort="month"),
    "last page": ListFilter(page=2_000),
}


def main() -> None:
    """Measure on SQLite, and on PostgreSQL where its programs are."""
    console = Console(width=110)
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        postgres = start_postgres(root) if find_postgres() else None
        try:
            for kind in ("sqlite", "postgresql"):
                if kind == "postgresql" and postgres is None:
                    console.print("postgresql: no server programs here, left out")
                    continue
                list_url = postgres.new_database() if postgres and kind == "postgresql" else ""
                load_url = postgres.new_database() if postgres and kind == "postgresql" else ""
                _measure_list(console, root / f"list-{kind}", kind, list_url)
                _measure_load(console, root / f"load-{kind}", kind, load_url)
        finally:
            if postgres:
                postgres.stop()


def _open(root: Path, n: int, url: str) -> Desk:
    return open_desk(make_workspace(root, n), ReviewConfig(database=url or None))


def _measure_list(console: Console, root: Path, kind: str, url: str) -> None:
    make_workspace(root, N_LIST)
    started = time.perf_counter()
    desk = _open_existing(root, url)
    console.print(f"{kind}: index {N_LIST:,} verbatims in {time.perf_counter() - started:.1f} s")
    for name, wanted in SEARCHES.items():
        times = []
        for _ in range(7):
            started = time.perf_counter()
            page = find(desk.store, wanted, BOTH)
            times.append(1000 * (time.perf_counter() - started))
        console.print(
            f"{kind}: list, {name}: median {statistics.median(times):.0f} ms, "
            f"worst {max(times):.0f} ms ({page.n_total:,} found)"
        )
    desk.store.engine.dispose()


def _open_existing(root: Path, url: str) -> Desk:
    from pipeline.workspace import Workspace

    return open_desk(Workspace(str(root)), ReviewConfig(database=url or None))


def _measure_load(console: Console, root: Path, kind: str, url: str) -> None:
    desk = _open(root, 6_000, url)
    lead = add_reviewer(desk.store, "alice", "Alice", PASSWORD, "lead")
    logins = [f"relecteur{i}" for i in range(N_REVIEWERS)]
    for login in logins:
        add_reviewer(desk.store, login, login, PASSWORD, "reviewer")
    number = create_campaign(
        desk.store,
        desk.workspace,
        desk.labels,
        lead,
        name="Charge",
        model_id=MODEL_ID,
        design=Design(round(N_DECISIONS / 1.1) + 40, Mix(0.6, 0.2, 0.2, 0.0), double_share=0.1, seed=1),
    )
    server = new_server(root, url)
    server.start()
    try:
        report = run_load(server, desk.store, number, logins, PASSWORD, kill_after=N_DECISIONS // 2)
    finally:
        server.kill()
        desk.store.engine.dispose()
    console.print(
        f"{kind}: {N_REVIEWERS} reviewers, server killed once: {report.n_stored:,} decisions stored, "
        f"{len(report.acknowledged):,} acknowledged, {len(report.lost)} lost, {len(report.doubled)} doubled, "
        f"{report.n_open} open; {report.n_stored / report.seconds:.0f} decisions/s; median "
        f"{report.percentile(0.5):.0f} ms, 95 % {report.percentile(0.95):.0f} ms; {report.n_retries} retries"
    )


if __name__ == "__main__":
    main()
