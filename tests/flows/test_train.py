"""The training flow through Prefect: reviews become a model, or a refusal that says why."""

from __future__ import annotations

import json
from pathlib import Path

import pipeline.training_data
from flows.train import train
from pipeline.job import open_job
from pipeline.model_choice import promoted_model
from pipeline.review.accounts import add_reviewer
from pipeline.review.decisions import Ballot, record, stamp_of
from pipeline.review.index import refresh_index
from pipeline.review.labels import VerbatimLabels
from pipeline.review.store import database_url, open_store
from pipeline.run import ingest_all

AUTHORED = Path(__file__).resolve().parents[2] / "data" / "gold" / "authored.jsonl"


def review_some_customers(job, n_verbatims):
    store = open_store(database_url(job.workspace, None))
    refresh_index(store, job.workspace, job.labels)
    alice = add_reviewer(store, "alice", "Alice", "une phrase assez longue", "lead")
    batches = job.workspace.names("batches")
    parts = (("batches", batch, "verbatims", "part-00000.parquet") for batch in batches)
    tables = (job.workspace.read_table(*part) for part in parts if job.workspace.exists(*part))
    rows = [row for table in tables for row in table.to_pylist() if row["audience"] == "customer"]
    labels = VerbatimLabels("negative", "none", "none", {"means": "negative"})
    ballots = [Ballot(row["verbatim_id"], labels, "list", row["verbatim_id"]) for row in rows[:n_verbatims]]
    record(store, alice, ballots, stamp_of(1, job.labels))
    store.engine.dispose()


def test_flow_refuses_on_too_few_corrections_and_its_artifact_says_why(small_run, tmp_path, monkeypatch):
    from prefect.client.orchestration import get_client

    gold = tmp_path / "gold"
    gold.mkdir()
    lines = AUTHORED.read_text(encoding="utf-8").splitlines()[::45]
    (gold / "authored.jsonl").write_text("\n".join(lines), encoding="utf-8")
    monkeypatch.setattr(pipeline.training_data, "GOLD_FOLDER", gold)
    job = open_job(small_run.config)
    ingest_all(job)
    review_some_customers(job, 12)

    assert train(str(small_run.config)) is False

    assert promoted_model(job.workspace) is None
    with get_client(sync_client=True) as client:
        artifact = next(each for each in client.read_artifacts() if each.key == "miroir-entrainement")
    assert "Nouveau modèle refusé" in artifact.data
    assert "Trop peu de vos verbatims de collaborateurs pour juger : 0" in artifact.data
    assert "Dont 12 relus au bureau" in artifact.data
    assert not any(json.loads(line)["text"] in artifact.data for line in lines if len(line) > 200)
    (folder,) = (small_run.workspace / "models").iterdir()
    assert (folder / "CARD.md").read_text(encoding="utf-8") == artifact.data
