"""The demo shows what Miroir makes of verbatims that no model has learnt from."""

from __future__ import annotations

import csv
import json

import numpy as np

from data.samples import make_demo
from models.gold import batch_keys
from models.oof import all_learnt
from models.registry import SHIPPED
from models.tagger import VerbatimBatch
from pipeline.privacy.masking import mask_texts

MOST_WORDS = 6
"""What is this short, people write in the same words: « RAS », « toujours là quand il faut »."""


def test_no_shipped_model_has_learnt_from_the_demo_but_for_words_that_everybody_writes() -> None:
    lines = make_demo.VERBATIMS.read_text(encoding="utf-8").splitlines()
    records = [json.loads(line) for line in lines]
    masked, _ = mask_texts([record["text"] for record in records])
    audiences = [record["audience"] for record in records]
    learnt = np.unique(np.concatenate([all_learnt(folder) for folder in SHIPPED.iterdir()]))
    assert len(learnt) > 90_000
    for questions in ([None] * len(records), [record["question"] for record in records]):
        keys = batch_keys(VerbatimBatch(masked, audiences, questions))
        known = [masked[row] for row in np.flatnonzero(np.isin(keys, learnt))]
        assert len(known) <= 0.03 * len(records)
        assert all(len(text.split()) <= MOST_WORDS for text in known)


def test_the_demos_files_are_what_the_command_makes(tmp_path) -> None:
    make_demo.main(tmp_path)
    made, shipped = (folder / "demo_clients.csv" for folder in (tmp_path, make_demo.HERE))
    assert made.read_bytes() == shipped.read_bytes()
    with shipped.open(encoding="utf-8-sig", newline="") as stream:
        texts = [row[make_demo.WHY] for row in csv.DictReader(stream, delimiter=";")]
    written = {json.loads(line)["text"] for line in make_demo.VERBATIMS.read_text("utf-8").splitlines()}
    assert sum(text in written for text in texts) > 0.85 * len(texts)
