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


@pytest.mark.parametrize(
    "theme", ["pouvoir-achat", "qualité", "temps d'attente", "Prix", "2024", "means ", ""]
)
def test_read_codebook_refuses_a_theme_that_no_column_can_be_named_after(tmp_path, content, theme):
    content["themes"][theme] = content["themes"]["means"]
    with pytest.raises(CodebookError, match=r"themes\..*an identifier takes small letters.*under `name`"):
        read_codebook(write(tmp_path, content))


def test_read_codebook_refuses_a_label_value_or_polarity_of_that_kind(tmp_path, content):
    values = content["labels"]["sentiment"]["values"]
    content["labels"]["sentiment"]["values"] = {**values, "très-positif": values["positive"]}
    with pytest.raises(CodebookError, match=r"labels\.sentiment\.values\.très-positif.*an identifier"):
        read_codebook(write(tmp_path, content))
    content["labels"]["sentiment"]["values"] = values
    content["polarities"]["plutôt bien"] = content["polarities"]["positive"]
    with pytest.raises(CodebookError, match=r"polarities\.plutôt bien.*an identifier"):
        read_codebook(write(tmp_path, content))


def test_read_codebook_refuses_identifiers_that_mean_something_else(tmp_path, content):
    themes, polarities = content["themes"], content["polarities"]
    content["themes"] = {**themes, "incivility": themes["means"]}
    with pytest.raises(CodebookError, match=r"themes: .*incivility already names a label"):
        read_codebook(write(tmp_path, content))
    content["themes"], content["polarities"] = themes, {**polarities, "absent": polarities["positive"]}
    with pytest.raises(CodebookError, match=r"polarities: .*absent says that a theme is not there"):
        read_codebook(write(tmp_path, content))
