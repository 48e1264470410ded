import duckdb
import pytest
import yaml

from pipeline.config_file import read_config
from pipeline.errors import ConfigError
from pipeline.reserved_names import RESERVED_DIMENSIONS

MINIMAL = {"sources": [{"name": "avis", "audience": "customer", "path": "avis.csv", "text": "Commentaire"}]}


def write(tmp_path, content):
    path = tmp_path / "run.yaml"
    path.write_text(yaml.safe_dump(content, allow_unicode=True), encoding="utf-8")
    return path


def changed(**source):
    return {"sources": [MINIMAL["sources"][0] | source]}


def test_defaults_are_safe_when_little_is_said(tmp_path):
    config = read_config(write(tmp_path, MINIMAL))
    assert config.annotate.model == "default"
    assert (config.protect.employee.scores, config.protect.employee.themes) == (5, 10)
    assert config.dimensions == ()


def test_dimensions_of_all_sources_are_named_once(tmp_path):
    config = read_config(
        write(tmp_path, changed(dimensions={"unit": "Agence"}, constants={"channel": "web"}))
    )
    assert config.dimensions == ("channel", "unit")


def test_every_word_that_queries_cannot_take_for_a_column_is_reserved():
    reserved = duckdb.sql("SELECT keyword_name FROM duckdb_keywords() WHERE keyword_category = 'reserved'")
    assert {word for (word,) in reserved.fetchall()} <= RESERVED_DIMENSIONS


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ({}, "sources"),
        ({"sources": []}, "at least 1"),
        (changed(audiance="client"), "audiance"),
        (changed(audience="client"), "'customer' or 'employee'"),
        (changed(name="Mes avis"), "lower-case"),
        (changed(sql={"url": "sqlite://", "query": "select 1"}), "either `path` or `sql`"),
        (changed(questions={"Q1": "Pourquoi ?"}), "either `text` or `questions`"),
        (changed(dimensions={"theme": "Thème"}), "not a column of the tables"),
        (changed(dimensions={"direction": "Direction"}), "name the dimension «direction_»"),
        (changed(constants={"group": "Nord"}), "name the dimension «group_»"),
        ({"sources": MINIMAL["sources"] * 2}, "given twice: avis"),
        (MINIMAL | {"surprise": 1}, "surprise"),
        (
            MINIMAL | {"publish": {"digests": [{"department": "S A V"}, {"department": "S.A.V."}]}},
            "S A V, S.A.V.",
        ),
        (
            MINIMAL | {"publish": {"sinks": [{"kind": "duckdb", "name": "base", "path": "a.duckdb"}] * 2}},
            "given twice: base",
        ),
        (
            MINIMAL | {"estimate": {"cells": [["agence"]]}},
            r"expected in `estimate.cells`, .* \(none\), not agence",
        ),
        (
            changed(dimensions={"unit": "Agence"}) | {"protect": {"hierarchies": [["unit", "region"]]}},
            r"in `protect.hierarchies`, .* \(unit\), not region",
        ),
        (MINIMAL | {"publish": {"units": "agence"}}, "in `publish.units`, .* not agence"),
        (
            MINIMAL | {"publish": {"digests": [{"department": "SAV", "cells": {"etape": ["SAV"]}}]}},
            "in `publish.digests`, .* not etape",
        ),
    ],
)
def test_read_config_names_what_is_wrong(tmp_path, content, message):
    with pytest.raises(ConfigError, match=message):
        read_config(write(tmp_path, content))


def test_read_config_says_so_when_there_is_no_file(tmp_path):
    with pytest.raises(ConfigError, match="got no file"):
        read_config(tmp_path / "absent.yaml")


def test_read_config_names_the_line_when_yaml_is_broken(tmp_path):
    path = tmp_path / "run.yaml"
    path.write_text("sources: [\n", encoding="utf-8")
    with pytest.raises(ConfigError, match="line 2"):
        read_config(path)


def test_codebook_and_model_are_found_beside_the_configuration(tmp_path, monkeypatch):
    (tmp_path / "mine.yaml").write_text("", encoding="utf-8")
    for name in ("mine", "linear"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "model.json").write_text("{}", encoding="utf-8")
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)

    def read(**more):
        config = read_config(write(tmp_path, MINIMAL | more))
        return config.codebook, config.annotate.model

    given = {"codebook": "mine.yaml", "annotate": {"model": "mine"}}
    assert read(**given) == (str(tmp_path / "mine.yaml"), str(tmp_path / "mine"))
    # A shipped model's name means that model, and what lies in the current folder is left as it is named.
    assert read(codebook="other.yaml", annotate={"model": "linear"}) == ("other.yaml", "linear")
