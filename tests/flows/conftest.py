"""One Prefect server for the flow tests, with its own home."""

import pytest

import flows  # noqa: F401  # gives Prefect its defaults before it is imported


@pytest.fixture(scope="session")
def prefect_home(tmp_path_factory):
    return tmp_path_factory.mktemp("prefect")


@pytest.fixture(scope="session", autouse=True)
def prefect_server(prefect_home):
    from prefect.settings import PREFECT_HOME, temporary_settings
    from prefect.testing.utilities import prefect_test_harness

    with temporary_settings({PREFECT_HOME: prefect_home}), prefect_test_harness(server_startup_timeout=120):
        yield
