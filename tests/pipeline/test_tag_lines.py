from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from models.registry import DEFAULT_MODEL, load_tagger, untrained_themes
from pipeline.codebook import read_codebook
from pipeline.errors import ModelError, SourceError
from pipeline.tag_lines import read_lines, tag_file
from tests.models.tiny_taggers import KeywordTagger

LABELS = read_codebook().label_space

VERBATIMS = [
    {"id": "b", "audience": "customer", "text": "Accueil charmant, merci à Sandrine !", "note": "x"},
    {
        "id": 7,
        "audience": "employee",
        "text": "Le logiciel rame, on perd des heures chaque jour.",
        "question": "?",
    },
    {"id": "é", "audience": "customer", "text": "", "question": None},
    {"id": "d", "audience": "customer", "text": "Honte à vous 😡 : personne ne répond, 3 mails sans réponse"},
]


def _write(path: Path, rows: list[dict[str, object]]) -> Path:
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
    return path


def test_tag_file_keeps_order_and_never_the_text(tmp_path: Path) -> None:
    source = _write(tmp_path / "in.jsonl", VERBATIMS)
    tagger = load_tagger(DEFAULT_MODEL, LABELS)
    assert tag_file(source, tmp_path / "out.jsonl", tagger) == 4
    content = (tmp_path / "out.jsonl").read_text(encoding="utf-8")
    tagged = [json.loads(line) for line in content.splitlines()]
    assert [row["id"] for row in tagged] == ["b", 7, "é", "d"]
    assert "Sandrine" not in content
    assert all("text" not in row for row in tagged)
    assert tagged[0]["sentiment"] == "positive"
    assert tagged[3]["sentiment"] == "negative"
    assert tagged[1]["themes"].get("means") == "negative"
    for row in tagged:
        assert sum(row["probabilities"]["sentiment"].values()) == pytest.approx(1, abs=1e-3)
        assert set(row["probabilities"]["themes"]) == set(LABELS.themes)
        assert 0 <= row["confidence"] <= 1


def test_tag_file_gives_the_same_in_any_company(tmp_path: Path) -> None:
    tagger = load_tagger(DEFAULT_MODEL, LABELS)
    tag_file(_write(tmp_path / "a.jsonl", VERBATIMS), tmp_path / "a.out", tagger)
    tag_file(_write(tmp_path / "b.jsonl", VERBATIMS[::-1] * 3), tmp_path / "b.out", tagger)
    forward = (tmp_path / "a.out").read_text(encoding="utf-8").splitlines()
    backward = (tmp_path / "b.out").read_text(encoding="utf-8").splitlines()
    assert forward == backward[:4][::-1]


@pytest.mark.parametrize(
    ("line", "got"),
    [
        ('{"id": 1, "audience": "customer"}', "no field text"),
        ('{"id": 1, "audience": "client", "text": "secret"}', "neither customer nor employee"),
        ('{"id": 1, "audience": "customer", "text": 3}', "no string"),
        ('{"id": null, "audience": "customer", "text": "secret"}', "an `id`"),
        ("[1]", "something else than an object"),
        ("{secret", "no JSON"),
        pytest.param("[" * 100_000, "JSON nested too deep", id="nested"),
    ],
)
def test_tag_file_names_the_bad_line_and_writes_nothing(tmp_path: Path, line: str, got: str) -> None:
    source = _write(tmp_path / "in.jsonl", VERBATIMS)
    source.write_text(source.read_text(encoding="utf-8") + line + "\n", encoding="utf-8")
    with pytest.raises(SourceError, match=rf"{got}.*line 5") as caught:
        tag_file(source, tmp_path / "out.jsonl", load_tagger(DEFAULT_MODEL, LABELS))
    assert "secret" not in str(caught.value)
    assert [path.name for path in tmp_path.iterdir()] == ["in.jsonl"]


def test_tag_file_says_when_the_file_is_missing(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"expected a JSON-lines file, got no file"):
        tag_file(tmp_path / "none.jsonl", tmp_path / "out.jsonl", load_tagger(DEFAULT_MODEL, LABELS))


def test_tag_file_reads_what_other_programs_save(tmp_path: Path) -> None:
    source = tmp_path / "in.jsonl"
    cut = '{"id": 1, "audience": "customer", "text": "super \\ud83d", "question": "Et \\udc4d ?"}'
    source.write_text(f"\ufeff{cut}\n", encoding="utf-8")
    assert [(line.text, line.question) for line in read_lines(source)] == [("super ", "Et  ?")]
    assert tag_file(source, tmp_path / "sorties" / "out.jsonl", KeywordTagger("plain")) == 1
    source.write_bytes('{"id": 1, "audience": "customer", "text": "secret été"}'.encode("cp1252"))
    with pytest.raises(SourceError, match=r"bytes that are no UTF-8 .*line 1") as caught:
        list(read_lines(source))
    assert caught.value.__context__ is None


def test_tag_file_says_when_a_folder_is_named(tmp_path: Path) -> None:
    source = _write(tmp_path / "in.jsonl", VERBATIMS)
    with pytest.raises(SourceError, match=r"the labels cannot be written: .*got a folder"):
        tag_file(source, tmp_path, KeywordTagger("plain"))
    with pytest.raises(SourceError, match=r"the labels cannot be written: .*got FileExistsError"):
        tag_file(source, source / "out.jsonl", KeywordTagger("plain"))
    with pytest.raises(SourceError, match=r"the verbatims cannot be read: .*got IsADirectoryError"):
        tag_file(tmp_path, tmp_path / "out.jsonl", KeywordTagger("plain"))


def test_load_tagger_says_what_to_retrain_when_the_codebook_differs() -> None:
    other = replace(LABELS, sentiment=("good", "bad"), codebook_hash="0" * 16)
    with pytest.raises(
        ModelError, match=r"another codebook: expected sentiment good, bad.*--codebook … --output"
    ):
        load_tagger(DEFAULT_MODEL, other)
    renamed = replace(LABELS, themes=("price", *LABELS.themes[1:]), codebook_hash="0" * 16)
    with pytest.raises(ModelError, match=r"expected themes price.*learn its themes"):
        load_tagger(DEFAULT_MODEL, renamed)


def test_load_tagger_reports_an_own_theme_as_not_trained(tmp_path: Path) -> None:
    own = replace(LABELS, themes=(*LABELS.themes, "price"), codebook_hash="0" * 16)
    tagger = load_tagger(DEFAULT_MODEL, own)
    assert untrained_themes(tagger) == ("price",)
    tag_file(_write(tmp_path / "in.jsonl", VERBATIMS), tmp_path / "out", tagger)
    first = json.loads((tmp_path / "out").read_text(encoding="utf-8").splitlines()[0])
    assert first["not_trained"] == ["price"]
    assert "price" not in first["probabilities"]["themes"]


def test_load_tagger_lists_models_when_the_name_is_unknown() -> None:
    with pytest.raises(ModelError, match=r"expected one of .*linear.*'magic'"):
        load_tagger("magic", LABELS)
