import pytest
import yaml
from typer.testing import CliRunner

from bench.authored_release import LINEAGE, QUOTES, authored_tables
from pipeline.cli.app import COMMANDS, build_app
from pipeline.errors import WorkspaceError
from pipeline.publish.pages.approvals import read_approved
from pipeline.publish.pages.poster import quote_key
from pipeline.publish.release import current_release, point_to, write_release
from pipeline.workspace import Workspace

RUN = CliRunner()


@pytest.fixture
def config(small_run, tmp_path):
    content = yaml.safe_load(small_run.config.read_text(encoding="utf-8"))
    content["publish"] = {
        "sinks": [
            {"kind": "duckdb", "name": "fichier", "path": str(tmp_path / "miroir.duckdb")},
            {"kind": "duckdb", "name": "casse", "path": f"{small_run.config}/x.duckdb"},
        ],
        "digests": [
            {"department": "Écoute client", "themes": ["listening"], "folder": str(tmp_path / "remis")}
        ],
    }
    small_run.config.write_text(yaml.safe_dump(content, allow_unicode=True), encoding="utf-8")
    workspace = Workspace(str(small_run.workspace))
    point_to(workspace, write_release(workspace, authored_tables(3, 2), LINEAGE))
    return small_run.config


def invoke(*arguments):
    return RUN.invoke(build_app([COMMANDS[arguments[0]]]), [str(each) for each in arguments])


def test_status_is_well_then_says_what_failed_and_what_to_run(config):
    assert invoke("status", config).exit_code == 0
    delivered = invoke("deliver", config)
    assert delivered.exit_code == 1
    assert "fichier : à jour" in delivered.output
    failing = invoke("status", config)
    assert failing.exit_code == 1
    assert "miroir deliver --only casse" in failing.output
    assert '"state": "degraded"' in invoke("status", config, "--json").output


def test_deliver_is_refused_while_a_run_may_write_the_same_sinks(config, small_run):
    with Workspace(str(small_run.workspace)).locked():
        refused = invoke("deliver", config)
    assert isinstance(refused.exception, WorkspaceError)
    assert "Wait for the other run" in str(refused.exception)


def test_run_tells_of_a_sink_that_was_not_reached_and_exits_with_two(config):
    answer = invoke("run", config, "--quiet")
    assert answer.exit_code == 2
    assert "Destination non servie casse" in answer.output
    assert "miroir deliver --only casse" in answer.output


def test_status_before_any_release(small_run):
    answer = invoke("status", small_run.config)
    assert answer.exit_code == 1
    assert "aucune publication" in answer.output


def test_rollback_says_what_stays_out_and_which_sinks_to_bring_along(config, small_run):
    workspace = Workspace(str(small_run.workspace))
    first = current_release(workspace)
    second = write_release(workspace, authored_tables(3, 2, seed=2), {**LINEAGE, "batches": ["b"]})
    point_to(workspace, second)
    invoke("deliver", config)
    told = invoke("releases", "rollback", first.release_id, "-w", config).output
    assert f"Restent écartées : {second.release_id}" in told
    assert "À remettre d'accord : casse, fichier. Lancez `miroir deliver`" in told
    assert current_release(workspace) == first


def test_list_gives_whole_identifiers_in_a_narrow_terminal(config, small_run, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    current = current_release(Workspace(str(small_run.workspace)))
    assert current.release_id in invoke("releases", "list", "-w", config).output


def test_rollback_waits_for_no_run(config, small_run):
    workspace = Workspace(str(small_run.workspace))
    with workspace.locked():
        refused = invoke("releases", "rollback", "0001", "-w", config)
    assert isinstance(refused.exception, WorkspaceError)
    assert "a lock held by another process" in str(refused.exception)


def test_digests_can_be_seen_before_they_are_handed_over(config, tmp_path):
    preview = tmp_path / "apercu"
    assert "Écoute client" in invoke("digests", config, "--preview", preview).output
    assert sorted(each.name for each in preview.iterdir()) == ["ecoute-client.csv", "ecoute-client.html"]
    assert not (tmp_path / "remis").exists()
    assert "remis" in invoke("digests", config).output
    assert (tmp_path / "remis" / "ecoute-client.csv").exists()


def test_poster_is_approved_by_keys(config, small_run):
    key = next(quote_key(text) for audience, _, _, _, text in QUOTES if audience == "employee")
    assert "à accorder" in invoke("poster", "list", "-w", small_run.workspace).output
    assert "1 verbatims accordés" in invoke("poster", "approve", key, "-w", small_run.workspace).output
    assert read_approved(Workspace(str(small_run.workspace))) == frozenset({key})
    assert "0 verbatims" in invoke("poster", "refuse", key, "-w", small_run.workspace).output
