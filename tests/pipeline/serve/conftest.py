import pytest

from bench.authored_release import LINEAGE, authored_tables
from pipeline.publish.release import point_to, write_release
from pipeline.workspace import Workspace


@pytest.fixture(scope="session")
def authored(tmp_path_factory):
    """Tables of an authored company of 12 units over 6 months."""
    return authored_tables(12, 6)


@pytest.fixture(scope="session")
def published(tmp_path_factory, authored):
    """A workspace with that company's release published; read only."""
    workspace = Workspace(str(tmp_path_factory.mktemp("publie")))
    point_to(workspace, write_release(workspace, authored, LINEAGE))
    return workspace
