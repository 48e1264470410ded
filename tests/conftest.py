"""Fixtures shared by every package."""

import pytest

from tests.small_run import SmallRun, make_small_run


@pytest.fixture
def small_run(tmp_path) -> SmallRun:
    """Sources and configuration of a run of about 120 verbatims, in a folder of their own."""
    return make_small_run(tmp_path)
