from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import yaml

from models.blend.training import blend_unseen
from models.gold import GoldSet, read_gold
from models.inherited import INHERITED, without_inherited
from models.linear.saving import save_linear
from models.linear.training import train_linear
from models.oof import read_oof, write_oof
from models.recall import Recall
from models.registry import SHIPPED, load_tagger, read_card, untrained_themes
from models.tagger import VerbatimBatch
from pipeline.challenger import make_challenger
from pipeline.codebook import DEFAULT_CODEBOOK, read_codebook
from pipeline.corrections import corrections
from pipeline.errors import ConfigError
from pipeline.job import open_job
from pipeline.model_choice import MODELS, chosen_model, promote, promoted_model
from pipeline.retrain import retrain
from pipeline.retrain_report import CARD_FILE, write_report
from pipeline.review.accounts import add_reviewer
from pipeline.review.decisions import Ballot, record, stamp_of
from pipeline.review.index import refresh_index
from pipeline.review.labels import VerbatimLabels
from pipeline.review.store import database_url, open_store
from pipeline.run import ingest_all
from pipeline.training_data import masked

AUTHORED = Path(__file__).resolve().parents[2] / "data" / "gold" / "authored.jsonl"
LABELS = read_codebook().label_space


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """A small authored set, and other verbatims as if somebody had labelled their own."""
    folder = tmp_path_factory.mktemp("gold")
    lines = AUTHORED.read_text(encoding="utf-8").splitlines()[::5]
    rows = [json.loads(line) for line in lines]
    own = [row | {"source": "clients"} for row in rows[::2]]
    (folder / "authored.jsonl").write_text("\n".join(json.dumps(row) for row in rows[1::2]), encoding="utf-8")
    (folder / "own.jsonl").write_text("\n".join(json.dumps(row) for row in own), encoding="utf-8")
    return folder


def job_in(folder, **more):
    source = {"name": "clients", "audience": "customer", "path": "x.csv", "text": "t"}
    config = {"workspace": str(folder / "espace"), "sources": [source], **more}
    (folder / "run.yaml").write_text(yaml.safe_dump(config), encoding="utf-8")
    return open_job(folder / "run.yaml")


def shuffled(gold: GoldSet, seed: int = 0) -> GoldSet:
    """Give each verbatim the labels of another one: nothing can be learnt."""
    order = np.random.default_rng(seed).permutation(len(gold))
    parts = {
        name: getattr(gold, name)[order] for name in ("sentiment", "enchantment", "incivility", "themes")
    }
    return replace(gold, **parts)


def learn_nothing(gold, reviews=None, **options):
    return train_linear(shuffled(gold), reviews, **options)


@pytest.fixture(scope="module")
def first_champion(files):
    """A model that learnt from half of the authored set alone, in the place of the shipped one."""
    gold = masked(read_gold([files / "authored.jsonl"], LABELS))
    trained = train_linear(gold)
    folder = files / "premier"
    save_linear(folder, trained.weights, trained.rule, LABELS, {})
    write_oof(folder, gold, trained.unseen)
    return folder


def with_champion(job, folder):
    """Put a model where the workspace finds its own."""
    shutil.copytree(folder, job.workspace.path(MODELS, folder.name))
    promote(job.workspace, folder.name)
    return load_tagger(str(folder), LABELS).model_id


def test_retrain_refuses_a_challenger_that_learnt_nothing_and_promotes_one_that_learnt(
    tmp_path, files, first_champion
):
    job = job_in(tmp_path)
    first_id = with_champion(job, first_champion)
    given = {"own": [files / "own.jsonl"], "shipped": [files / "authored.jsonl"]}

    refused = retrain(job, **given, train=learn_nothing)
    assert not refused.is_promoted
    assert {each.audience for each in refused.verdict.worse} == {"customer", "employee"}
    assert {each.kind for each in refused.verdict.worse} == {"own", "authored"}
    assert promoted_model(job.workspace) == "premier"
    assert job.load_tagger().model_id == first_id
    card = (refused.folder / CARD_FILE).read_text(encoding="utf-8")
    assert card.startswith(f"# Nouveau modèle refusé, {first_id} reste en place")
    assert "Moins bon (collaborateurs, les vôtres) : Sentiment" in card
    n_judged = refused.verdict.n_judged
    for kind, words in (("own", "les vôtres"), ("authored", "rédigés")):
        customers, employees = n_judged[kind]["customer"], n_judged[kind]["employee"]
        assert f"{customers} de clients et {employees} de collaborateurs ({words})" in card
    assert load_tagger(str(refused.folder), LABELS).model_id == refused.challenger_id

    # With the model that learnt nothing in its place, one that learnt must win.
    promote(job.workspace, refused.challenger_id)
    won = retrain(job, **given)
    assert won.champion_id == refused.challenger_id
    assert won.is_promoted
    assert any(each.is_better for each in won.verdict.comparisons)
    assert job.load_tagger().model_id == won.challenger_id
    assert chosen_model(job.workspace, "linear") == "linear"
    assert "Nouveau modèle en place" in (won.folder / CARD_FILE).read_text(encoding="utf-8")

    # What it learnt from the workspace it reads there as it did before: no better than elsewhere.
    mine = masked(read_gold([files / "own.jsonl"], LABELS))
    tagger = load_tagger(str(won.folder), LABELS)
    recalled, learnt = Recall(won.folder, LABELS).predict(tagger, mine.batch)
    assert learnt.all()
    right = [
        float((each.sentiment.argmax(axis=1) == mine.sentiment).mean())
        for each in (recalled, tagger.predict(mine.batch))
    ]
    assert right[0] < right[1] - 0.05

    # The champion is judged by what it said of verbatims before it learnt from them: no better than itself.
    same = retrain(job, **given)
    assert same.challenger_id == won.challenger_id
    assert same.is_same
    assert not same.is_promoted
    assert all(abs(each.challenger - each.champion) < 1e-3 for each in same.verdict.comparisons)
    assert same.verdict.n_judged == won.verdict.n_judged
    assert "Rien de nouveau" in (same.folder / CARD_FILE).read_text(encoding="utf-8")


def test_retrain_gives_the_same_weights_for_the_same_seed(tmp_path, files, first_champion):
    given = {"own": [files / "own.jsonl"], "shipped": [], "seed": 3}
    outcomes = []
    for name in "ab":
        (tmp_path / name).mkdir()
        job = job_in(tmp_path / name)
        with_champion(job, first_champion)
        outcomes.append(retrain(job, **given))
    left, right = outcomes
    assert left.challenger_id == right.challenger_id
    assert left.verdict == right.verdict
    for name in ("weights.npz", "model.json", "oof.parquet"):
        assert (left.folder / name).read_bytes() == (right.folder / name).read_bytes()


def test_retrain_leaves_no_text_in_the_models_folder(tmp_path, files, first_champion):
    job = job_in(tmp_path)
    with_champion(job, first_champion)
    outcome = retrain(job, own=[files / "own.jsonl"], shipped=[])
    texts = [json.loads(line)["text"] for line in (files / "own.jsonl").read_text("utf-8").splitlines()]
    long_ones = [text.encode() for text in texts if len(text) > 30]
    for path in outcome.folder.rglob("*"):
        content = path.read_bytes()
        assert not any(text in content for text in long_ones), path.name


def test_retrain_blends_the_new_linear_model_with_the_champions_other_member(
    tmp_path, files, first_champion, monkeypatch
):
    job = job_in(tmp_path)
    champion = Path(job.workspace.path(MODELS, "melange"))
    blend_unseen(champion, [str(first_champion), "compact"], LABELS)
    promote(job.workspace, champion.name)
    champion_id = job.load_tagger().model_id
    learnt = []

    def train_and_keep(gold, reviews=None, **options):
        learnt.append((train_linear(gold, reviews, **options), gold))
        return learnt[0][0]

    given = {"own": [files / "own.jsonl"], "shipped": [files / "authored.jsonl"]}
    outcome = retrain(job, **given, train=train_and_keep)
    assert outcome.champion_id == champion_id
    card = read_card(outcome.folder)
    assert card["kind"] == "blend"
    assert card["members"] == ["linear", "compact"]
    assert read_card(outcome.folder / "linear")["kind"] == "linear"
    assert load_tagger(str(outcome.folder), LABELS).model_id == outcome.challenger_id
    # Fifty own verbatims teach no thresholds: those of the champion stay.
    before = read_card(champion)
    assert card["combination"] == before["combination"]
    assert card["rule"] == before["rule"]
    assert "Poids des modèles mêlés et seuils : ceux du modèle en place" in write_report(outcome)
    assert min(outcome.verdict.n_judged["own"].values()) >= 50
    assert {each.audience for each in outcome.verdict.comparisons} == {"customer", "employee"}
    judged, _, _ = read_oof(outcome.folder, LABELS)
    assert len(judged) == sum(n for each in outcome.verdict.n_judged.values() for n in each.values())

    # With enough of them, weights and thresholds are learnt anew, and on them alone.
    monkeypatch.setattr("models.thresholds.FEWEST_REAL", 100)
    trained, gold = learnt[0]
    kinds = np.full(len(gold), "authored")
    kinds[-sum(outcome.verdict.n_judged["own"].values()) :] = "own"
    anew = make_challenger(trained, gold, kinds, champion)
    assert not anew.keeps_settings
    assert anew.combined.rule.as_json() != before["rule"]


def test_what_retrain_makes_of_the_shipped_blend_stands_alone(tmp_path, files, monkeypatch):
    outcome = retrain(job_in(tmp_path), own=[files / "own.jsonl"], shipped=[files / "authored.jsonl"])
    assert sorted(path.name for path in outcome.folder.glob("compact/*.onnx")) == ["weights.onnx"]
    assert not list(outcome.folder.rglob("encoder.pt"))

    # Published intervals still know how sources differ; those verbatims judge nobody.
    shipped, _, _ = read_oof(SHIPPED / "blend", LABELS)
    real = shipped.take(np.flatnonzero(shipped.sources != "authored"))
    kept, _, n_words = read_oof(outcome.folder, LABELS)
    inherited = np.array([name.endswith(INHERITED) for name in kept.sources])
    assert inherited.sum() == len(real) == outcome.n_inherited
    assert {name.removesuffix(INHERITED) for name in kept.sources[inherited]} == set(real.sources)
    assert {kept.ids[row] for row in np.flatnonzero(inherited)} == {"0"}
    np.testing.assert_array_equal(kept.themes[inherited], real.themes)
    assert n_words[inherited].min() >= 0
    itself, _, _ = without_inherited(*read_oof(outcome.folder, LABELS))
    assert len(itself) == (~inherited).sum()
    assert set(kept.sources[~inherited]) == {"clients", "authored"}

    # Another version of Miroir brings other weights under the same names.
    monkeypatch.setattr("models.registry.SHIPPED", tmp_path / "none")
    assert load_tagger(str(outcome.folder), LABELS).model_id == outcome.challenger_id


def test_a_model_that_the_configuration_names_keeps_its_place(tmp_path, files, first_champion):
    poor = tmp_path / "mauvais"
    gold = masked(read_gold([files / "authored.jsonl"], LABELS))
    trained = learn_nothing(gold)
    save_linear(poor, trained.weights, trained.rule, LABELS, {})
    write_oof(poor, gold, trained.unseen)
    job = job_in(tmp_path, annotate={"model": str(poor)})
    outcome = retrain(job, own=[files / "own.jsonl"], shipped=[files / "authored.jsonl"])
    assert outcome.verdict.is_promoted
    assert not outcome.is_promoted
    assert promoted_model(job.workspace) is None
    card = (outcome.folder / CARD_FILE).read_text(encoding="utf-8")
    assert card.startswith(f"# Nouveau modèle prêt, {outcome.champion_id} reste en place")
    assert f"écrivez `annotate: {{model: {outcome.folder}}}`" in card

    followed = job_in(tmp_path, annotate={"model": str(outcome.folder)})
    assert followed.load_tagger().model_id == outcome.challenger_id


@pytest.fixture(scope="module")
def priced(files):
    """A codebook with a theme of one's own, and a company's customers who were read for it."""
    book = yaml.safe_load(DEFAULT_CODEBOOK.read_text(encoding="utf-8"))
    book["themes"]["price"] = book["themes"]["means"]
    (files / "codebook.yaml").write_text(
        yaml.safe_dump(book, allow_unicode=True, sort_keys=False), encoding="utf-8"
    )
    rows = [json.loads(line) for line in (files / "own.jsonl").read_text("utf-8").splitlines()]
    mine = [row for row in rows if row["audience"] == "customer"]
    for k, row in enumerate(mine):
        if k % 3 == 0:
            row["text"] += " Et c'est trop cher."
            row["themes"]["price"] = "negative"
    alone = [
        {name: row[name] for name in ("id", "audience", "text", "source")}
        | {"themes_read": ["price"], "themes": {k: v for k, v in row["themes"].items() if k == "price"}}
        for row in mine
    ]
    for name, found in (("priced", mine), ("price_alone", alone)):
        content = "\n".join(json.dumps(row) for row in found)
        (files / f"{name}.jsonl").write_text(content, encoding="utf-8")
    return files


def test_a_theme_of_ones_own_comes_in_beside_what_the_champion_knew(tmp_path, priced):
    job = job_in(tmp_path, codebook=str(priced / "codebook.yaml"))
    assert untrained_themes(job.load_tagger()) == ("price",)
    before = read_card(SHIPPED / "blend")
    given = {"shipped": [priced / "authored.jsonl"]}

    unjudged = retrain(job, own=[priced / "price_alone.jsonl"], **given)
    assert unjudged.verdict.n_judged["own"] == {"customer": 0, "employee": 0}
    assert not unjudged.is_promoted
    assert "Trop peu de vos verbatims de clients pour juger : 0 dont le sentiment est étiqueté" in (
        write_report(unjudged)
    )
    for outcome in (unjudged, retrain(job, own=[priced / "priced.jsonl"], **given)):
        rule = read_card(outcome.folder)["rule"]
        known = {theme: rule["themes"].pop(theme) for theme in before["rule"]["themes"]}
        assert {**rule, "themes": known} == before["rule"]
        assert set(rule["themes"]) == {"price"}
        for audience in ("customer", "employee"):
            kinds = {each.kind for each in outcome.verdict.comparisons if each.audience == audience}
            assert "authored" in kinds
        assert outcome.verdict.new_themes == ("price",)

    # Customers alone write here: no employee need judge but the authored ones, who lost nothing.
    assert outcome.verdict.n_judged["own"]["employee"] == 0
    assert outcome.verdict.unjudged == ()
    won = replace(outcome, verdict=replace(outcome.verdict, comparisons=()))
    assert "Thèmes nouveaux, sans rien à quoi les comparer : price" in write_report(won)
    tagger = load_tagger(str(outcome.folder), job.labels)
    assert untrained_themes(tagger) == ()
    dear = VerbatimBatch(["Bon accueil. Et c'est trop cher.", "Bon accueil."], ["customer"] * 2, [None] * 2)
    told = tagger.predict(dear).themes["price"][:, 0]
    assert told[0] < told[1]


def test_a_theme_that_nobody_labelled_stays_not_trained(tmp_path, priced):
    alone = [json.loads(line) for line in (priced / "own.jsonl").read_text("utf-8").splitlines()]
    older = [row | {"themes_read": list(LABELS.themes)} for row in alone]
    (tmp_path / "older.jsonl").write_text("\n".join(json.dumps(row) for row in older), encoding="utf-8")
    job = job_in(tmp_path, codebook=str(priced / "codebook.yaml"))
    outcome = retrain(job, own=[tmp_path / "older.jsonl"], shipped=[priced / "authored.jsonl"])
    assert untrained_themes(load_tagger(str(outcome.folder), job.labels)) == ("price",)
    assert "price" not in read_card(outcome.folder / "linear")["labels"]["themes"]
    assert outcome.verdict.new_themes == outcome.verdict.untrained == ()
    assert "Non entraînés : price. Il faut, par thème, 10 verbatims" in write_report(outcome)


def test_retrain_is_refused_when_nothing_is_new(tmp_path, files):
    with pytest.raises(ConfigError, match="nothing new to learn from: expected verbatims reviewed"):
        retrain(job_in(tmp_path), shipped=[files / "authored.jsonl"])


def test_retrain_is_refused_on_a_remote_workspace(tmp_path):
    job = job_in(tmp_path)
    job.workspace = type(job.workspace)("memory://espace")
    with pytest.raises(ConfigError, match="cannot be trained here: expected a workspace that is a local"):
        retrain(job)


def test_corrections_are_what_was_agreed_on_with_masked_texts(small_run):
    job = open_job(small_run.config)
    ingest_all(job)
    store = open_store(database_url(job.workspace, None))
    refresh_index(store, job.workspace, job.labels)
    alice = add_reviewer(store, "alice", "Alice", "une phrase assez longue", "lead")
    bob = add_reviewer(store, "bob", "Bob", "une phrase assez longue", "reviewer")
    batch = job.workspace.names("batches")[0]
    part = job.workspace.read_table("batches", batch, "verbatims", "part-00000.parquet").to_pylist()
    ids = [row["verbatim_id"] for row in part[:3]]
    stamp = stamp_of(1, job.labels)
    good = VerbatimLabels("positive", "relational", "none", {"support": "positive"})
    poor = VerbatimLabels("negative", "none", "none", {})
    record(store, alice, [Ballot(each, good, "list", f"a:{each}") for each in ids], stamp)
    record(store, bob, [Ballot(ids[2], poor, "list", "b")], stamp)
    found = corrections(job)
    assert {row["id"] for row in found} == set(ids[:2])  # the third one is in dispute
    texts = {row["verbatim_id"]: row["text"] for row in part}
    for row in found:
        assert row["text"] == texts[row["id"]]
        assert (row["sentiment"], row["themes"]) == ("positive", {"support": "positive"})
        assert (row["source"], row["stratum"]) == (part[0]["source"], "reviewed")
        assert "Quillfeldt" not in row["text"]
    others = job.workspace.names("batches")[1:]
    job.workspace.write_json({"batches": others}, "batches", "current.json")
    assert corrections(job) == []  # the file was taken out
    store.engine.dispose()
