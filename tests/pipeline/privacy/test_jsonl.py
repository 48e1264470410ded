import json

import pytest

from pipeline.errors import SourceError
from pipeline.privacy import jsonl
from pipeline.privacy.jsonl import mask_file


def _write(path, *records):
    path.write_text(
        "".join(json.dumps(record, ensure_ascii=False) + "\n" for record in records), encoding="utf-8"
    )
    return path


def test_mask_file_keeps_fields_and_order(tmp_path):
    source = _write(
        tmp_path / "in.jsonl", {"id": 2, "text": "tel 0612345678", "note": [1]}, {"text": "RAS 😀"}
    )
    totals = mask_file(source, tmp_path / "out.jsonl")
    lines = [json.loads(line) for line in (tmp_path / "out.jsonl").read_text(encoding="utf-8").splitlines()]
    assert lines == [
        {"id": 2, "text": "tel [TELEPHONE]", "note": [1], "masked": {"TELEPHONE": 1}},
        {"text": "RAS 😀", "masked": {}},
    ]
    assert totals == {"TELEPHONE": 1}


def test_mask_file_drops_half_characters(tmp_path):
    source = tmp_path / "in.jsonl"
    source.write_text(r'{"text": "Très bien \ud83d", "tags": ["\ude00a"]}', encoding="utf-8")
    mask_file(source, tmp_path / "out.jsonl")
    masked = json.loads((tmp_path / "out.jsonl").read_text(encoding="utf-8"))
    assert masked == {"text": "Très bien ", "tags": ["a"], "masked": {}}


def test_mask_file_streams_in_chunks(tmp_path, monkeypatch):
    monkeypatch.setattr(jsonl, "CHUNK_LINES", 2)
    source = _write(tmp_path / "in.jsonl", *({"text": f"Avis {i}"} for i in range(5)))
    seen = []
    mask_file(source, tmp_path / "out.jsonl", lambda n_lines, n_bytes: seen.append((n_lines, n_bytes)))
    assert [n_lines for n_lines, _ in seen] == [2, 2, 1]
    assert sum(n_bytes for _, n_bytes in seen) == source.stat().st_size
    assert len((tmp_path / "out.jsonl").read_text(encoding="utf-8").splitlines()) == 5


def test_mask_file_reads_bom_and_blank_lines(tmp_path):
    source = tmp_path / "in.jsonl"
    source.write_bytes(b'\xef\xbb\xbf{"text": "a"}\r\n\r\n{"text": "b"}')
    mask_file(source, tmp_path / "out.jsonl")
    assert len((tmp_path / "out.jsonl").read_text(encoding="utf-8").splitlines()) == 2


@pytest.mark.parametrize(
    ("line", "got"),
    [
        (b'{"text": 5}', "got `text` of type int"),
        (b'{"id": "secret"}', "got no `text`"),
        (b"secret", "got no JSON"),
        (b'["secret"]', "got JSON of type list"),
        (b'{"text": "\xe9 secret"}', "got bytes that are no UTF-8"),
    ],
)
def test_mask_file_names_the_line_and_never_its_text(tmp_path, line, got):
    source = tmp_path / "in.jsonl"
    source.write_bytes(b'{"text": "ok"}\n' + line + b"\n")
    with pytest.raises(SourceError, match=got) as caught:
        mask_file(source, tmp_path / "out.jsonl")
    assert "line 2" in str(caught.value)
    assert "secret" not in repr(caught.value)
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None
    assert [path.name for path in tmp_path.iterdir()] == ["in.jsonl"]


def test_mask_file_refuses_a_missing_file(tmp_path):
    with pytest.raises(
        SourceError, match="cannot be read: expected a file of JSON lines, got FileNotFoundError"
    ):
        mask_file(tmp_path / "absent.jsonl", tmp_path / "out.jsonl")


def test_mask_file_refuses_a_missing_output_folder(tmp_path):
    source = _write(tmp_path / "in.jsonl", {"text": "a"})
    with pytest.raises(SourceError, match="cannot be written"):
        mask_file(source, tmp_path / "absent" / "out.jsonl")


def test_mask_file_refuses_to_write_over_its_input(tmp_path):
    source = _write(tmp_path / "in.jsonl", {"text": "a"})
    with pytest.raises(SourceError, match="expected another output file"):
        mask_file(source, source)
