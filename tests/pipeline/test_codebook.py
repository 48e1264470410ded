import pytest
import yaml

from pipeline.codebook import DEFAULT_CODEBOOK, read_codebook
from pipeline.errors import CodebookError


@pytest.fixture
def content():
    return yaml.safe_load(DEFAULT_CODEBOOK.read_text(encoding="utf-8"))


def write(tmp_path, content):
    path = tmp_path / "codebook.yaml"
    path.write_text(yaml.safe_dump(content, sort_keys=False), encoding="utf-8")
    return path


def test_shipped_codebook_names_the_labels_of_the_field():
    labels = read_codebook().label_space
    assert labels.sentiment == ("positive", "negative", "mixed", "neutral")
    assert labels.enchantment == ("none", "relational", "other")
    assert labels.incivility == ("none", "abusive", "reported")
    assert labels.themes == ("means", "listening", "feedback", "recognition", "training", "support")
    assert labels.theme_values[0] == "absent"


def test_hash_ignores_wordings_and_sees_identifiers(tmp_path, content):
    shipped = read_codebook().hash
    content["themes"]["means"]["name"]["fr"] = "Ressources"
    assert read_codebook(write(tmp_path, content)).hash == shipped
    content["themes"]["price"] = content["themes"]["means"]
    assert read_codebook(write(tmp_path, content)).hash != shipped


def test_read_codebook_names_the_entry_when_one_is_missing(tmp_path, content):
    del content["themes"]["support"]["employee"]
    with pytest.raises(CodebookError, match=r"themes\.support\.employee"):
        read_codebook(write(tmp_path, content))


def test_read_codebook_says_so_when_there_is_no_file(tmp_path):
    with pytest.raises(CodebookError, match="got no file"):
        read_codebook(tmp_path / "absent.yaml")
