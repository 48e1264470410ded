"""Labelled verbatims as people's programs save them: read, or refused by line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from models.errors import ModelError
from models.gold import read_gold, text_keys
from pipeline.codebook import read_codebook

LABELS = read_codebook().label_space
RECORD = {"id": 1, "audience": "customer", "text": "Équipe adorable", "themes": {"support": "positive"}}


def test_read_gold_passes_over_a_mark_and_half_an_emoji(tmp_path: Path) -> None:
    path = tmp_path / "mine.jsonl"
    lines = [
        json.dumps({**RECORD, "text": "super \ud83d"}),
        json.dumps({**RECORD, "question": "Et \udc4d ?"}),
    ]
    path.write_text("\ufeff" + "\n\n".join(lines), encoding="utf-8")
    gold = read_gold([path], LABELS)
    assert list(gold.batch.texts) == ["super ", "Équipe adorable"]
    assert list(gold.batch.questions) == [None, "Et  ?"]
    assert len(text_keys(gold)) == 2


@pytest.mark.parametrize(
    ("line", "got"),
    [
        (json.dumps(RECORD, ensure_ascii=False).encode("cp1252"), "bytes that are no UTF-8"),
        (b"{secret", "no JSON"),
        (json.dumps({**RECORD, "themes": {"means": ["positive"]}}).encode(), "a polarity that the codebook"),
        (json.dumps({**RECORD, "themes": None}).encode(), "no object `themes`"),
        (json.dumps({**RECORD, "themes_read": [["means"]]}).encode(), "in `themes_read` something else"),
    ],
)
def test_read_gold_names_the_unsound_line_without_its_text(tmp_path: Path, line: bytes, got: str) -> None:
    path = tmp_path / "mine.jsonl"
    path.write_bytes(json.dumps(RECORD).encode() + b"\n" + line)
    with pytest.raises(ModelError, match=rf"{got}.*line 2") as caught:
        read_gold([path], LABELS)
    assert caught.value.__context__ is None
    with pytest.raises(ModelError, match="got no file"):
        read_gold([tmp_path], LABELS)
