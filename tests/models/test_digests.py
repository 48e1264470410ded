from __future__ import annotations

import json
import shutil

import pytest

from models.registry import MODEL_FILE, SHIPPED, load_tagger
from pipeline.codebook import read_codebook


@pytest.mark.parametrize("name", ["linear", "compact"])
def test_other_thresholds_make_another_model(tmp_path, name):
    labels = read_codebook().label_space
    folder = tmp_path / name
    shutil.copytree(SHIPPED / name, folder, ignore=shutil.ignore_patterns("*.parquet", "encoder.pt"))
    assert load_tagger(str(folder), labels).model_id == load_tagger(name, labels).model_id
    card = json.loads((folder / MODEL_FILE).read_text("utf-8"))
    card["rule"]["review_below"] /= 2
    (folder / MODEL_FILE).write_text(json.dumps(card), "utf-8")
    assert load_tagger(str(folder), labels).model_id != load_tagger(name, labels).model_id
