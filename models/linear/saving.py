"""Put a trained linear model into a folder."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from models.decisions import DecisionRule
from models.labels import LabelSpace
from models.linear.weights import LinearWeights
from models.registry import MODEL_FILE

VERSION = 1


def save_linear(
    folder: Path, weights: LinearWeights, rule: DecisionRule, labels: LabelSpace, facts: dict[str, Any]
) -> None:
    """Write weights and description.

    Args:
        folder: Made if it is not there.
        weights: The learnt numbers.
        rule: The thresholds.
        labels: What was learnt.
        facts: What the card tells besides: counts of the training data, seed, measures.
    """
    weights.save(folder)
    card = {
        "kind": "linear",
        "version": VERSION,
        "weights_hash": weights.digest(),
        "labels": asdict(labels),
        "rule": rule.as_json(),
        **facts,
    }
    (folder / MODEL_FILE).write_text(json.dumps(card, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
