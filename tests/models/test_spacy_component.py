from __future__ import annotations

import pickle
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import spacy
from spacy.tokens import DocBin

import models.spacy_component  # noqa: F401  # registers the factory where Miroir is not installed
from models.errors import ModelError
from models.registry import SHIPPED, load_tagger
from models.tagger import VerbatimBatch
from pipeline.codebook import read_codebook

ROOT = Path(__file__).resolve().parents[2]
TEXTS = [
    "Conseillère adorable, mais deux heures d'attente 😤",
    "",
    "Chapeau Fatou, elle a retrouvé mon virement ! Merci du fond du cœur.",
    "Équipe soudée, on s'entraide même les jours de rush",
]


def pipeline(**config):
    nlp = spacy.blank("fr")
    nlp.add_pipe("miroir", config={"model": "linear", **config})
    return nlp


@pytest.fixture(scope="module")
def nlp():
    return pipeline()


def test_component_says_what_the_model_says(nlp):
    labels = read_codebook().label_space
    tagger = load_tagger("linear", labels)
    probabilities = tagger.predict(VerbatimBatch(TEXTS, ["customer"] * 4, [None] * 4))
    decided = tagger.decide(probabilities)
    for row, doc in enumerate(nlp.pipe(TEXTS)):
        assert doc.text == TEXTS[row]
        for k, value in enumerate(labels.sentiment):
            assert doc.cats[f"sentiment.{value}"] == pytest.approx(float(probabilities.sentiment[row, k]))
        means = probabilities.themes["means"][row]
        assert doc.cats["theme.means"] == pytest.approx(1 - float(means[0]), abs=1e-6)
        assert doc.cats["theme.means.negative"] == pytest.approx(float(means[2]))
        assert doc._.miroir["sentiment"] == decided.sentiment[row]
        assert doc._.miroir["themes"] == {t: v[row] for t, v in decided.themes.items() if v[row] is not None}
        assert doc._.miroir["confidence"] == pytest.approx(float(decided.confidence[row]))
        assert doc._.miroir["model_id"] == tagger.model_id
        assert doc._.miroir["probabilities"] == doc.cats


def test_component_shows_the_passages_with_their_labels_and_weights(nlp):
    doc = nlp(TEXTS[0])
    group = doc.spans["miroir"]
    by_label = {span.label_: span.text for span in group}
    assert "attente" in by_label["theme:means"]
    assert "adorable" in by_label["theme:recognition"]
    assert len(group.attrs["weights"]) == len(group)
    assert len(nlp("").spans["miroir"]) == 0
    assert "miroir" not in pipeline(spans=False)(TEXTS[0]).spans


def test_component_gives_the_same_by_batches_and_one_by_one(nlp):
    together = [doc.cats for doc in nlp.pipe(TEXTS * 3, batch_size=2)]
    alone = [nlp(text).cats for text in TEXTS] * 3
    for one, other in zip(together, alone, strict=True):
        assert one == pytest.approx(other, abs=1e-6)


def test_audience_and_question_of_the_document_win(nlp):
    text = TEXTS[3]
    customer, employee = nlp.make_doc(text), nlp.make_doc(text)
    employee._.audience = "employee"
    read = [doc.cats for doc in nlp.pipe([customer, employee])]
    assert read[0] != read[1]
    assert read[1] == pytest.approx(pipeline(audience="employee")(text).cats)
    employee._.audience = "voisin"
    with pytest.raises(ModelError, match="expected customer or employee, got 'voisin'"):
        nlp(employee)


def test_component_keeps_what_other_components_found(nlp):
    doc = nlp.make_doc(TEXTS[0])
    doc.cats = {"autre": 0.5}
    assert nlp(doc).cats["autre"] == 0.5


def test_pipeline_comes_back_from_disk_with_its_own_model(tmp_path, nlp):
    shutil.copytree(SHIPPED / "linear", tmp_path / "mine")
    mine = pipeline(model=str(tmp_path / "mine"), audience="employee", question="Et vous ?")
    expected = mine(TEXTS[3]).cats
    mine.to_disk(tmp_path / "saved")
    shutil.rmtree(tmp_path / "mine")
    loaded = spacy.load(tmp_path / "saved")
    assert loaded.get_pipe("miroir").audience == "employee"
    assert loaded.get_pipe("miroir").question == "Et vous ?"
    assert loaded(TEXTS[3]).cats == pytest.approx(expected)
    again = spacy.blank("fr").from_config(loaded.config)
    assert again.config["components"]["miroir"] == loaded.config["components"]["miroir"]


def test_saved_pipeline_holds_every_model_that_a_blend_is_made_of(tmp_path, monkeypatch):
    blend = pipeline(model="default", spans=False)
    expected = blend(TEXTS[0])
    blend.to_disk(tmp_path / "saved")
    monkeypatch.setattr("models.registry.SHIPPED", tmp_path / "another version")
    loaded = spacy.load(tmp_path / "saved")(TEXTS[0])
    assert loaded.cats == expected.cats
    assert loaded._.miroir["model_id"] == expected._.miroir["model_id"]


def test_pipeline_can_be_saved_over_itself_and_over_another(tmp_path, nlp):
    expected = nlp(TEXTS[0]).cats
    nlp.to_disk(tmp_path / "saved")
    loaded = spacy.load(tmp_path / "saved")
    loaded.to_disk(tmp_path / "saved")
    assert spacy.load(tmp_path / "saved")(TEXTS[0]).cats == expected
    saved = tmp_path / "saved" / "miroir" / "model"
    (saved / "of an older model").touch()
    nlp.to_disk(tmp_path / "saved")
    assert {path.name for path in saved.iterdir()} == {path.name for path in (SHIPPED / "linear").iterdir()}
    assert [path.name for path in saved.parent.iterdir()] == ["model"]


def test_pipeline_of_a_folder_in_the_working_directory_comes_back_elsewhere(tmp_path, monkeypatch, nlp):
    shutil.copytree(SHIPPED / "linear", tmp_path / "here" / "mien")
    (tmp_path / "there").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    pipeline(model="mien").to_disk(tmp_path / "saved")
    monkeypatch.chdir(tmp_path / "there")
    assert spacy.load(tmp_path / "saved")(TEXTS[0]).cats == nlp(TEXTS[0]).cats


def test_component_goes_to_another_process_once_its_model_is_loaded():
    component = pipeline(model="compact").get_pipe("miroir")
    model_id = component.tagger.model_id
    assert pickle.loads(pickle.dumps(component)).tagger.model_id == model_id


def test_pipeline_comes_back_from_bytes_and_checks_its_model(nlp):
    assert pipeline().from_bytes(nlp.to_bytes())(TEXTS[0]).cats == nlp(TEXTS[0]).cats
    with pytest.raises(ModelError, match="the pipeline cannot be loaded"):
        nlp.get_pipe("miroir").from_bytes(b"linear-0-00000000-00000000")


def test_documents_can_be_stored(nlp):
    docs = list(nlp.pipe(TEXTS))
    stored = DocBin(store_user_data=True, docs=docs).to_bytes()
    read = list(DocBin().from_bytes(stored).get_docs(nlp.vocab))
    assert [doc._.miroir for doc in read] == [doc._.miroir for doc in docs]
    assert [[span.text for span in doc.spans["miroir"]] for doc in read] == [
        [span.text for span in doc.spans["miroir"]] for doc in docs
    ]


def test_first_document_tells_when_there_is_no_such_model():
    with pytest.raises(ModelError, match="the model cannot be found"):
        pipeline(model="inconnu")("Merci !")


def test_spacy_finds_the_factory_by_itself_when_miroir_is_installed(tmp_path):
    installed = tmp_path / "miroir-0.dist-info"
    installed.mkdir()
    (installed / "METADATA").write_text("Metadata-Version: 2.1\nName: miroir\nVersion: 0\n")
    import tomllib

    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    points = project["entry-points"]["spacy_factories"]
    lines = "".join(f"{name} = {place}\n" for name, place in points.items())
    (installed / "entry_points.txt").write_text(f"[spacy_factories]\n{lines}")
    script = "import spacy; nlp = spacy.blank('fr'); nlp.add_pipe('miroir'); print(nlp('merci').cats.keys())"
    result = subprocess.run(
        [sys.executable, "-c", script],
        env={"PYTHONPATH": f"{tmp_path}:{ROOT}", "PATH": ""},
        capture_output=True,
        text=True,
        check=False,
        cwd=tmp_path,
        timeout=240,
    )
    assert "sentiment.positive" in result.stdout, result.stderr
