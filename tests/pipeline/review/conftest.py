from __future__ import annotations

import pytest

from pipeline.codebook import read_codebook
from pipeline.review.accounts import add_reviewer
from pipeline.review.decisions import stamp_of
from pipeline.review.index import refresh_index
from pipeline.review.store import ReviewStore, open_store
from tests.pipeline.review.authored import make_workspace
from tests.pipeline.review.postgres import PostgresServer, find_postgres, start_postgres

PASSWORD = "une phrase assez longue"


class FakeClock:
    """A clock that tests move by hand."""

    def __init__(self) -> None:
        self.seconds = 1_780_000_000.0

    def __call__(self) -> float:
        self.seconds += 0.001
        return self.seconds


@pytest.fixture(scope="session")
def codebook():
    return read_codebook()


@pytest.fixture(scope="session")
def labels(codebook):
    return codebook.label_space


@pytest.fixture(scope="session")
def stamp(codebook, labels):
    return stamp_of(codebook.version, labels)


@pytest.fixture
def workspace(tmp_path):
    return make_workspace(tmp_path / "workspace")


@pytest.fixture
def clock():
    return FakeClock()


@pytest.fixture(scope="session")
def postgres(tmp_path_factory):
    if find_postgres() is None:
        pytest.skip("no PostgreSQL server programs here (Debian: apt-get install postgresql)")
    pytest.importorskip("psycopg", reason="needs the extra miroir[postgresql]")
    server = start_postgres(tmp_path_factory.mktemp("postgres"))
    yield server
    server.stop()


@pytest.fixture(params=["sqlite", "postgresql"])
def store(request, tmp_path, clock):
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path / 'review.sqlite'}"
    else:
        server: PostgresServer = request.getfixturevalue("postgres")
        url = server.new_database()
    opened = open_store(url)
    yield ReviewStore(opened.engine, clock)
    opened.engine.dispose()


@pytest.fixture
def desk(store, workspace, labels):
    """A store with the workspace indexed in it."""
    refresh_index(store, workspace, labels)
    return store


@pytest.fixture(scope="session", autouse=True)
def _quick_passwords():
    """Hash with the least argon2 allows: the tests are not about its cost."""
    from argon2 import PasswordHasher

    import pipeline.review.accounts as accounts

    kept = accounts._HASHER
    accounts._HASHER = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    yield
    accounts._HASHER = kept


@pytest.fixture
def lead(desk):
    return add_reviewer(desk, "alice", "Alice", PASSWORD, "lead")


@pytest.fixture
def bob(desk):
    return add_reviewer(desk, "bob", "Bob", PASSWORD, "reviewer")


@pytest.fixture
def carole(desk):
    return add_reviewer(desk, "carole", "Carole", PASSWORD, "reviewer")
