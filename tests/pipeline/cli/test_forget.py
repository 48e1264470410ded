from pathlib import Path

import yaml
from typer.testing import CliRunner

from pipeline.cli.app import COMMANDS, build_app
from pipeline.errors import PrivacyError, WorkspaceError
from pipeline.job import open_job
from pipeline.protect.withdrawals import read_withdrawn
from pipeline.publish.release import read_release_table
from pipeline.run import ingest_all, run


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


def read_without_respondent(small_run, **columns):
    config = yaml.safe_load(small_run.config.read_text(encoding="utf-8"))
    config["sources"][0] = {
        name: value for name, value in config["sources"][0].items() if name != "respondent"
    } | columns
    small_run.config.write_text(yaml.safe_dump(config, allow_unicode=True), encoding="utf-8")
    job = open_job(small_run.config)
    ingest_all(job)
    return job


def test_forget_finds_the_author_of_a_record_when_the_source_names_nobody(small_run):
    job = read_without_respondent(small_run, record_id="Adhérent")
    outcome = forget(small_run, "--source", "clients", "--key", " ADH-1 ")
    assert outcome.exit_code == 0, outcome.output
    assert "1 verbatim(s)" in outcome.output
    small_run.add_customers("avril.csv")
    ingest_all(job)
    assert len(read_withdrawn(job.workspace)) == 1


def test_forget_takes_the_person_before_the_record_when_a_source_has_both(small_run):
    job = read_without_respondent(small_run, respondent="Agence", record_id="Adhérent")
    assert "20 verbatim(s)" in forget(small_run, "--source", "clients", "--key", "Lyon").output
    assert len(read_withdrawn(job.workspace)) == 1
    assert forget(small_run, "--source", "clients", "--key", "ADH-1").exit_code == 1


def test_forget_says_what_to_do_when_nothing_identifies_a_row(small_run):
    outcome = forget(small_run, "--source", "equipes", "--key", "1")
    assert isinstance(outcome.exception, PrivacyError)
    assert "Remove the row from its file" in str(outcome.exception)


def test_forget_fails_and_says_so_when_nobody_is_found(small_run):
    run(open_job(small_run.config))
    outcome = forget(small_run, "--source", "clients", "--key", "adh-1")
    assert outcome.exit_code == 1
    text = " ".join(outcome.output.split())
    assert "Aucun verbatim trouvé sous cet identifiant" in text
    assert "Aucune publication" not in text


def test_forget_makes_no_key_when_none_is_there(small_run, monkeypatch):
    monkeypatch.delenv("MIROIR_SECRET", raising=False)
    outcome = forget(small_run, "--source", "clients", "--key", "ADH-1")
    assert isinstance(outcome.exception, PrivacyError)
    assert not (small_run.workspace / "secret.key").exists()


def test_forget_waits_for_no_run(small_run):
    job = open_job(small_run.config)
    run(job)
    with job.workspace.locked():
        outcome = forget(small_run, "--source", "clients", "--key", "ADH-1")
    assert isinstance(outcome.exception, WorkspaceError)
    assert "a workspace that no other run is using" in str(outcome.exception)


def test_figures_that_counted_the_person_are_hidden_in_the_next_release(small_run):
    before, _ = count_of_customers(small_run)
    outcome = forget(small_run, "--source", "clients", "--key", "ADH-1")
    assert "publications suivantes les masqueront" in " ".join(outcome.output.split())
    after, _ = count_of_customers(small_run)
    figures = {unit: reasons(small_run, after, unit) for unit in ("Lyon", "Metz")}
    assert reasons(small_run, before, "Metz") != {"too_few_changed"}
    assert figures["Metz"] <= {"too_few_changed", "protected"}  # where ADH-1 was
    assert "too_few_changed" not in figures["Lyon"]


def test_figures_that_counted_the_person_stay_when_they_are_to_be_kept(small_run):
    config = yaml.safe_load(Path(small_run.config).read_text(encoding="utf-8"))
    config["protect"] = {"after_withdrawal": "keep"}
    Path(small_run.config).write_text(yaml.safe_dump(config, allow_unicode=True), encoding="utf-8")
    count_of_customers(small_run)
    outcome = forget(small_run, "--source", "clients", "--key", "ADH-1")
    assert "avec elle" in " ".join(outcome.output.split())
    after, _ = count_of_customers(small_run)
    assert "held_back" in reasons(small_run, after, "Metz")
    assert "too_few_changed" not in reasons(small_run, after, "Metz")


def reasons(small_run, publication, unit):
    table = read_release_table(open_job(small_run.config).workspace, publication.release, "measures")
    return {
        row["reason"] for row in table.to_pylist() if row["unit"] == unit and row["audience"] == "customer"
    }
