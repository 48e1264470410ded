"""The whole way of a verbatim, as `miroir run` takes it."""

import errno
import multiprocessing
import random
import sqlite3
import time
from pathlib import Path

import pytest
import yaml

from pipeline.errors import ReleaseError, SourceError
from pipeline.ingest.files import read_content
from pipeline.ingest.inputs import find_inputs
from pipeline.job import open_job
from pipeline.privacy.canaries import grep_files_for
from pipeline.publish.health import read_health
from pipeline.publish.publication import publish
from pipeline.publish.reading import Reader
from pipeline.publish.release import current_release, list_releases, roll_back, verify_release
from pipeline.report import describe_publication
from pipeline.run import annotate_all, ingest_all, run
from tests.small_run import CANARIES, make_small_run, run_config, write_customers

# Children come from a server that has imported the libraries: a run costs its work, not its imports.
PROCESSES = multiprocessing.get_context("forkserver")
N_KILLS = 20
KILLS_IN_A_ROW = 3


def content_of(workspace):
    """Every file of the current release but the manifest's moment, with its hash."""
    release = current_release(workspace)
    assert release is not None
    assert verify_release(workspace, release) == []
    return release.release_id, release.manifest["files"]


def test_run_publishes_both_audiences_and_adds_up(small_run):
    report = run(open_job(small_run.config))
    assert [batch.n_verbatims for batch in report.batches] == [60, 60]
    assert report.n_annotated == 120
    job = open_job(small_run.config)
    for batch in report.batches:
        manifest = job.workspace.read_json("batches", batch.batch_id, "batch.json")
        assert manifest["answers_read"] == manifest["n_verbatims"] + sum(manifest["rejects"].values())
    assert {"parquet", "csv", "rows"} <= set(report.publication.release.tables["measures"])


def test_run_does_not_call_a_release_unchanged_that_was_damaged(small_run):
    job = open_job(small_run.config)
    release = run(job).publication.release
    job.workspace.write_bytes(b"abime", "releases", release.release_id, "tables", "measures.csv")
    with pytest.raises(ReleaseError, match=r"got 1 damaged: tables/measures.csv"):
        run(job)
    assert any("damaged" in problem for problem in read_health(Reader(job.workspace), None).problems)


def test_second_run_with_one_new_file_treats_only_that_file(small_run):
    first = run(open_job(small_run.config))
    again = run(open_job(small_run.config))
    assert again.n_annotated == 0
    assert not again.publication.is_new
    assert again.publication.release.release_id == first.publication.release.release_id
    small_run.add_customers("avril.csv", n_rows=8)
    third = run(open_job(small_run.config))
    assert third.n_annotated == 8
    assert third.publication.is_new
    assert len(list_releases(open_job(small_run.config).workspace)) == 2


def refuse_to_list_customers(monkeypatch, error):
    """Let the store of one source raise an error when its files are looked for."""

    def refuse(source, base):
        if source.name == "clients":
            raise error
        return find_inputs(source, base)

    monkeypatch.setattr("pipeline.run.find_inputs", refuse)


def test_run_publishes_nothing_when_a_file_left_until_that_is_accepted(small_run):
    small_run.add_customers("avril.csv", n_rows=8)
    first = run(open_job(small_run.config)).publication.release
    (small_run.customers / "avril.csv").unlink()
    for _ in range(2):
        with pytest.raises(
            SourceError, match=r"«avril\.csv» of source «clients» \(8 verbatims\).*--accept-removed"
        ):
            run(open_job(small_run.config))
    workspace = open_job(small_run.config).workspace
    assert current_release(workspace) == first
    assert any("avril.csv" in problem for problem in read_health(Reader(workspace), None).problems)
    report = run(open_job(small_run.config), accept_removed=True)
    assert [batch.n_verbatims for batch in report.batches] == [60, 60]
    assert report.publication.is_new
    assert not run(open_job(small_run.config)).publication.is_new


def test_file_that_was_renamed_replaced_or_cannot_be_read_is_still_there(small_run):
    for name in ("avril.csv", "mai.csv", "juin.csv"):
        write_customers(small_run.customers / name, 8, first=len(name) * 100)
    ingest_all(open_job(small_run.config))
    (small_run.customers / "avril.csv").rename(small_run.customers / "autre.csv")
    write_customers(small_run.customers / "mai.csv", 9, first=5000)
    (small_run.customers / "juin.csv").write_bytes(b"\x00\x01\x02" * 50)
    _, unread = ingest_all(open_job(small_run.config))
    assert [each.name for each in unread] == ["juin.csv"]


def test_source_that_was_emptied_is_missed_and_one_that_cannot_be_listed_is_not(small_run, monkeypatch):
    ingest_all(open_job(small_run.config))
    (small_run.customers / "mars.csv").unlink()
    with pytest.raises(SourceError, match=r"got 1 that left: «mars\.csv»"):
        ingest_all(open_job(small_run.config))

    refuse_to_list_customers(monkeypatch, SourceError("the remote source «clients» cannot be listed"))
    _, unread = ingest_all(open_job(small_run.config))
    assert [each.source for each in unread] == ["clients"]


def test_source_that_is_no_longer_declared_is_no_removed_file(small_run):
    ingest_all(open_job(small_run.config))
    config = yaml.safe_load(small_run.config.read_text("utf-8"))
    del config["sources"][1]
    small_run.config.write_text(yaml.safe_dump(config), "utf-8")
    batches, _ = ingest_all(open_job(small_run.config))
    assert [batch.source for batch in batches] == ["clients"]


def test_release_rolled_back_from_stays_out_until_its_inputs_change(small_run):
    first = run(open_job(small_run.config)).publication.release
    small_run.add_customers("avril.csv", n_rows=8)
    wrong = run(open_job(small_run.config)).publication.release
    workspace = open_job(small_run.config).workspace
    roll_back(workspace, first)
    night = run(open_job(small_run.config)).publication
    assert night.release == first == current_release(workspace)
    assert night.kept_out == wrong
    assert f"{wrong.release_id} reste écartée" in describe_publication(night)
    small_run.add_customers("mai.csv", n_rows=8)
    mended = run(open_job(small_run.config)).publication
    assert mended.is_new
    assert current_release(workspace) == mended.release


def test_remote_workspace_gives_the_figures_of_a_local_one(small_run, monkeypatch):
    monkeypatch.setenv("MIROIR_SECRET", "une clé d'essai de plus de seize octets")
    local = run(open_job(small_run.config)).publication.release
    config = yaml.safe_load(small_run.config.read_text("utf-8"))
    config["workspace"] = f"memory://essai-{small_run.config.parent.name}"
    small_run.config.write_text(yaml.safe_dump(config), "utf-8")
    remote = run(open_job(small_run.config)).publication.release
    assert content_of(open_job(small_run.config).workspace) == (remote.release_id, remote.manifest["files"])
    assert remote.manifest["tables"] == local.manifest["tables"]
    names = ("tables/measures.csv", "tables/quotes.csv")
    assert [remote.manifest["files"][name] for name in names] == [
        local.manifest["files"][name] for name in names
    ]


def test_publish_refuses_an_annotation_part_that_lacks_verbatims(small_run):
    run(open_job(small_run.config))
    small_run.add_customers("avril.csv", n_rows=8)
    job = open_job(small_run.config)
    batches, _ = ingest_all(job)
    annotate_all(job)
    part = ("annotations", batches[0].batch_id, job.load_tagger().model_id, "part-00000.parquet")
    job.workspace.write_table(job.workspace.read_table(*part).slice(0, 5), *part)
    with pytest.raises(ReleaseError, match="annotation parts with a row for each verbatim, got 0"):
        publish(job)


def test_file_that_cannot_be_read_does_not_stop_the_others(small_run):
    (small_run.customers / "casse.xlsx").write_bytes(b"PK\x03\x04 ceci n'est pas un classeur")
    report = run(open_job(small_run.config))
    assert [Path(each.name).name for each in report.unread] == ["casse.xlsx"]
    assert "casse.xlsx" in report.unread[0].error
    assert len(report.batches) == 2


def test_unforeseen_error_of_a_driver_does_not_stop_the_other_inputs(small_run, monkeypatch):
    class NoCredentialsError(Exception):
        """As botocore's, neither an OSError nor an error of Miroir's."""

    def refuse(item, *_):
        if item.name == "avril.csv":
            raise NoCredentialsError("clé AKIA-canari de Quillfeldt")
        return read_content(item, *_)

    small_run.add_customers("avril.csv")
    monkeypatch.setattr("pipeline.ingest.batches.read_content", refuse)
    batches, unread = ingest_all(open_job(small_run.config))
    assert [batch.file for batch in batches] == ["mars.csv", "collaborateurs.csv"]
    assert "got NoCredentialsError (source «clients», avril.csv)" in unread[0].error
    assert "canari" not in unread[0].error


def test_store_that_cannot_be_listed_does_not_stop_the_other_sources(small_run, monkeypatch):
    refuse_to_list_customers(monkeypatch, EOFError("connexion perdue"))
    batches, unread = ingest_all(open_job(small_run.config))
    assert [batch.file for batch in batches] == ["collaborateurs.csv"]
    assert [each.source for each in unread] == ["clients"]


def test_full_disk_ends_the_run(small_run, monkeypatch):
    def refuse(*_):
        raise OSError(errno.ENOSPC, "plus de place")

    monkeypatch.setattr("pipeline.ingest.batches.read_file_chunks", refuse)
    with pytest.raises(OSError, match="plus de place"):
        ingest_all(open_job(small_run.config))


def test_run_fails_when_nothing_can_be_read(small_run):
    for path in (small_run.customers / "mars.csv", small_run.customers.parent / "collaborateurs.csv"):
        path.write_bytes(b"\x00\x01\x02" * 50)
    with pytest.raises(SourceError, match="nothing can be published"):
        run(open_job(small_run.config))


def test_no_raw_personal_data_is_left_in_any_file(small_run):
    run(open_job(small_run.config))
    assert grep_files_for(small_run.config.parent / "clients", CANARIES), (
        "the check must see the planted data"
    )
    assert grep_files_for(small_run.workspace, CANARIES) == []


def test_address_of_a_database_is_left_nowhere(small_run):
    database = small_run.config.parent / "motdepasse-canari.db"
    with sqlite3.connect(database) as connection:
        connection.execute("create table reponses (texte text)")
        connection.executemany("insert into reponses values (?)", [("Accueil parfait",), ("Trop d'attente",)])
    connection.close()
    config = yaml.safe_load(small_run.config.read_text("utf-8"))
    query = {"url": f"sqlite:///{database}", "query": "select texte from reponses"}
    config["sources"] = [{"name": "base", "audience": "customer", "sql": query, "text": "texte"}]
    small_run.config.write_text(yaml.safe_dump(config), "utf-8")
    report = run(open_job(small_run.config))
    assert [batch.n_verbatims for batch in report.batches] == [2]
    assert grep_files_for(small_run.workspace, ["motdepasse-canari"]) == []


def test_password_of_a_url_without_a_file_is_left_nowhere(small_run, caplog):
    config = yaml.safe_load(small_run.config.read_text("utf-8"))
    path = "memory://bob:motdepasse-canari@hote/exports/*.csv"
    config["sources"].append({"name": "depot", "audience": "customer", "path": path, "text": "texte"})
    small_run.config.write_text(yaml.safe_dump(config), "utf-8")
    job = open_job(small_run.config)
    with caplog.at_level("INFO"):
        _, unread = ingest_all(job)
    assert [(each.source, each.name) for each in unread] == [("depot", "memory://…")]
    assert "motdepasse-canari" not in caplog.text
    assert grep_files_for(small_run.workspace, ["motdepasse-canari"]) == []


def test_status_tells_of_a_run_that_an_unforeseen_error_ended(small_run, monkeypatch):
    def fail(*_: object) -> None:
        raise RuntimeError("Quillfeldt est nulle")

    monkeypatch.setattr("pipeline.run.annotate_all", fail)
    job = open_job(small_run.config)
    with pytest.raises(RuntimeError):
        run(job)
    told = " ".join(read_health(Reader(job.workspace), None).problems)
    assert "stopped before its end" in told
    assert "Quillfeldt" not in told


def test_logs_and_errors_hold_no_text(small_run, caplog):
    (small_run.customers / "casse.jsonl").write_text('{"Commentaire": "Quillfeldt est nulle"\n' * 3, "utf-8")
    with caplog.at_level("DEBUG"):
        run(open_job(small_run.config))
    assert not [needle for needle in CANARIES if needle in caplog.text]


def start_run(config, secret):
    """Start a run in a process of its own, from a server that has imported everything before."""
    process = PROCESSES.Process(target=run_config, args=(str(config), secret))
    process.start()
    return process


def test_killed_runs_end_in_the_release_of_an_undisturbed_run(tmp_path):
    PROCESSES.set_forkserver_preload(["pipeline.run", "tests.small_run"])
    calm = make_small_run(tmp_path / "calme", n_rows=200)
    # The same key of pseudonyms for all, so that identifiers can be compared.
    secret = "une clé d'essai de plus de seize octets"
    start_run(calm.config, secret).join()
    started = time.monotonic()
    other = make_small_run(tmp_path / "mesure", n_rows=200)
    start_run(other.config, secret).join()
    duration = time.monotonic() - started
    _, expected = content_of(open_job(calm.config).workspace)
    rng = random.Random(20260312)
    n_kills, n_tries = 0, 0
    while n_kills < N_KILLS:
        n_tries += 1
        assert n_tries <= 3 * N_KILLS, "runs end before they can be killed"
        disturbed = make_small_run(tmp_path / f"tue-{n_tries}", n_rows=200)
        for _ in range(KILLS_IN_A_ROW):
            process = start_run(disturbed.config, secret)
            process.join(timeout=rng.uniform(0.0, 1.0) * duration)
            if process.is_alive():
                process.kill()
                process.join()
                n_kills += 1
            workspace = open_job(disturbed.config).workspace
            release = current_release(workspace)
            assert release is None or verify_release(workspace, release) == []
        last = start_run(disturbed.config, secret)
        last.join()
        assert last.exitcode == 0
        release_id, files = content_of(open_job(disturbed.config).workspace)
        assert files == expected
        assert release_id.startswith("0001-")
