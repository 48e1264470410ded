from typer.testing import CliRunner

from pipeline.cli.app import COMMANDS, build_app
from pipeline.errors import PrivacyError
from pipeline.job import open_job
from pipeline.publish.release import read_release_table
from pipeline.run import run


def forget(small_run, *options):
    app = build_app([COMMANDS["forget"]])
    return CliRunner().invoke(app, ["forget", str(small_run.config), *options])


def count_of_customers(small_run):
    job = open_job(small_run.config)
    publication = run(job).publication
    parts = [
        job.workspace.read_table("batches", batch, "verbatims", "part-00000.parquet")
        for batch in job.read_current_batches()[0]
    ]
    persons = {person for part in parts for person in part["respondent"].to_pylist()}
    return publication, persons


def test_forget_takes_a_person_out_of_the_workspace_and_of_the_next_release(small_run):
    before, persons = count_of_customers(small_run)
    outcome = forget(small_run, "--source", "clients", "--key", "ADH-1")
    assert outcome.exit_code == 0, outcome.output
    assert before.release.release_id in outcome.output
    after, left = count_of_customers(small_run)
    assert len(persons - left) == 1
    assert after.is_new
    assert read_release_table(open_job(small_run.config).workspace, after.release, "measures").num_rows


def test_person_who_withdrew_is_left_out_of_a_later_export(small_run):
    count_of_customers(small_run)
    forget(small_run, "--source", "clients", "--key", "ADH-1001")
    small_run.add_customers("avril.csv", n_rows=8)
    report = run(open_job(small_run.config))
    later = next(batch for batch in report.batches if batch.file == "avril.csv")
    assert later.rejects["withdrawn"] == 1
    assert later.n_verbatims == 7


def test_forget_names_the_sources_when_it_is_given_another(small_run):
    run(open_job(small_run.config))
    outcome = forget(small_run, "--source", "client", "--key", "ADH-1")
    assert isinstance(outcome.exception, PrivacyError)
    assert "one of clients, equipes" in str(outcome.exception)
