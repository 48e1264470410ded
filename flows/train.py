"""Flow `train`: the analysts' corrections to a challenger, and to a champion where it wins.

Without Prefect: `miroir retrain config.yaml`.
"""

from __future__ import annotations

from pathlib import Path

from prefect import flow, task
from prefect.artifacts import create_markdown_artifact
from prefect.cache_policies import NO_CACHE

from pipeline.job import open_job
from pipeline.retrain import retrain
from pipeline.retrain_report import write_report


@task(
    name="Entraîner et comparer", task_run_name="Entraîner et comparer {config_path}", cache_policy=NO_CACHE
)
def train_one(config_path: str, data: str | None, seed: int) -> bool:
    """Train, compare, promote or refuse; leave the comparison as an artifact, figures only."""
    outcome = retrain(open_job(config_path), data=Path(data) if data else None, seed=seed)
    create_markdown_artifact(key="miroir-entrainement", markdown=write_report(outcome))
    return outcome.is_promoted


@flow(name="train", flow_run_name="train {config_path}")
def train(config_path: str = "configs/demo.yaml", data: str | None = None, seed: int = 0) -> bool:
    """Learn from what was reviewed, and take the new model only if it is no worse.

    Owns the files under `models/` of the workspace; the pointer moves last. A refused challenger is kept with
    its report, and the flow succeeds: a refusal is an answer.

    Args:
        config_path: Configuration YAML.
        data: Folder of the data that the shipped model was trained on, where it is at hand.
        seed: Of the training: the same seed and data give the same weights.

    Returns:
        Whether the new model is now the workspace's default.
    """
    return train_one(config_path, data, seed)
