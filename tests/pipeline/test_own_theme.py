"""A theme of one's own, from the codebook to a release that tells it, as CONTRIBUTING says."""

from __future__ import annotations

import csv
import hashlib
import json
import shutil
from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest
import yaml
from rich.console import Console

from models.registry import SHIPPED, load_tagger, untrained_themes
from pipeline import training_data
from pipeline.cli.blend import blend
from pipeline.cli.evaluate import evaluate_command
from pipeline.cli.summary import print_run_summary
from pipeline.cli.tag import _check_same_themes
from pipeline.cli.train import train
from pipeline.codebook import DEFAULT_CODEBOOK, read_codebook
from pipeline.errors import ConfigError
from pipeline.job import open_job
from pipeline.publish.release import verify_release
from pipeline.run import RunReport, run
from tests.models.tiny_taggers import LABELS, KeywordTagger
from tests.small_run import SmallRun

DEAR = ("Trop cher pour ce que c'est", "Les prix ont encore augmenté", "Tarif excessif, hausse de 20 %")


@pytest.fixture
def own_codebook(tmp_path: Path) -> Path:
    """A copy of the shipped codebook with a seventh theme."""
    content = yaml.safe_load(DEFAULT_CODEBOOK.read_text(encoding="utf-8"))
    content["themes"]["price"] = {
        **content["themes"]["means"],
        "name": {"fr": "Prix", "en": "Price"},
    }
    path = tmp_path / "grille.yaml"
    path.write_text(yaml.safe_dump(content, allow_unicode=True, sort_keys=False), encoding="utf-8")
    return path


@pytest.fixture
def own_labels(tmp_path: Path) -> Path:
    """Verbatims read for the own theme alone: 20 that speak of it, 120 of all kinds that do not."""
    dear = [f"{DEAR[number % 3]} ({number})" for number in range(20)]
    lines = (training_data.GOLD_FOLDER / "authored.jsonl").read_text(encoding="utf-8").splitlines()[4::8]
    records = [
        {
            "id": str(number),
            "audience": "customer",
            "text": text,
            "themes": {"price": "negative"} if number < len(dear) else {},
            "themes_read": ["price"],
        }
        for number, text in enumerate([*dear, *(json.loads(line)["text"] for line in lines[:120])])
    ]
    path = tmp_path / "mine.jsonl"
    path.write_text(
        "".join(f"{json.dumps(each, ensure_ascii=False)}\n" for each in records), encoding="utf-8"
    )
    return path


@pytest.fixture
def few_shipped_labels(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The shipped labels, one authored verbatim in eight."""
    folder = tmp_path / "gold"
    folder.mkdir()
    lines = (training_data.GOLD_FOLDER / "authored.jsonl").read_text(encoding="utf-8").splitlines()[::8]
    (folder / "authored.jsonl").write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    shutil.copy(training_data.GOLD_FOLDER / training_data.REVIEW_LABELS, folder)
    monkeypatch.setattr(training_data, "GOLD_FOLDER", folder)


def configure(small_run: SmallRun, codebook: Path, model: str) -> RunReport:
    """Run the configuration with a codebook and a model."""
    content = yaml.safe_load(small_run.config.read_text(encoding="utf-8"))
    content |= {"codebook": str(codebook), "annotate": {"model": model}}
    small_run.config.write_text(yaml.safe_dump(content, allow_unicode=True), encoding="utf-8")
    return run(open_job(small_run.config))


def told(small_run: SmallRun, report: RunReport) -> pl.DataFrame:
    """The release's figures of the own theme, over both units and all periods, of customers."""
    job = open_job(small_run.config)
    release = report.publication.release
    assert verify_release(job.workspace, release) == []
    table = pl.read_parquet(
        small_run.workspace / "releases" / release.release_id / release.tables["measures"]["parquet"]
    )
    return table.filter(pl.col("theme") == "price")


def summary(small_run: SmallRun, report: RunReport) -> str:
    console = Console(width=200, record=True, quiet=False)
    print_run_summary(console, open_job(small_run.config), report)
    return console.export_text()


def digest(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


@pytest.mark.usefixtures("own_labels", "few_shipped_labels")
def test_own_theme_is_published_as_not_trained_then_learnt_and_told(
    small_run: SmallRun, own_codebook: Path, own_labels: Path, tmp_path: Path
) -> None:
    with (small_run.customers / "prix.csv").open("w", encoding="utf-8-sig", newline="") as stream:
        writer = csv.writer(stream, delimiter=";")
        writer.writerow(["Adhérent", "Date", "Agence", "Note", "Commentaire"])
        for i in range(60):
            writer.writerow([f"P-{i}", "12/03/2026", "Lyon", 3, f"{DEAR[i % 3]}, dossier {i}"])
    run(open_job(small_run.config))  # parts tagged before the theme existed
    before = configure(small_run, own_codebook, "linear")
    untrained = told(small_run, before)
    assert set(untrained["reason"]) == {"not_trained"}
    assert untrained["value"].null_count() == len(untrained) > 0
    assert "Thème « price » : non entraîné" in summary(small_run, before)

    shipped = digest(SHIPPED)
    folder = tmp_path / "modeles" / "mien"
    train(output=folder, gold=[own_labels], codebook=own_codebook)
    assert digest(SHIPPED) == shipped
    after = configure(small_run, own_codebook, str(folder))
    whole = told(small_run, after).filter(pl.col("unit").is_null(), audience="customer", period="all")
    net = whole.filter(measure="theme_net")  # its n is that of the verbatims that speak of the theme
    assert "not_trained" not in whole["reason"]
    assert net["n_verbatims"].to_list() == [pytest.approx(60, abs=10)]
    assert "non entraîné" not in summary(small_run, after)


def test_a_fast_model_must_know_the_themes_of_the_better_one() -> None:
    own = replace(LABELS, themes=(*LABELS.themes, "price"), codebook_hash="1" * 16)
    better = KeywordTagger("better", labels=own)
    fast = KeywordTagger("fast", labels=own)
    learnt = fast.predict
    fast.predict = lambda batch: replace(learnt(batch), themes={"means": learnt(batch).themes["means"]})
    with pytest.raises(ConfigError, match=r"trained for listening, .*price, as better-1.*got fast-1.*--fast"):
        _check_same_themes(fast, better)
    _check_same_themes(better, better)


def test_own_labels_never_go_into_a_shipped_model(own_labels: Path, own_codebook: Path) -> None:
    for options in ({"gold": [own_labels]}, {"codebook": own_codebook}):
        with pytest.raises(ConfigError, match=r"expected a folder of its own.*--output"):
            train(**options)
    with pytest.raises(ConfigError, match=r"expected a folder of its own.*--output"):
        blend(member=["linear", "modeles/mien"])


def test_shipped_labels_say_nothing_of_an_own_theme(own_labels: Path, own_codebook: Path) -> None:
    labels = read_codebook(own_codebook).label_space
    authored = training_data.authored_files(answers=False)
    gold = training_data.read_labelled(authored, [own_labels], labels)
    assert set(gold.themes[:-140, -1].tolist()) == {-1}
    assert set(gold.themes[:-140, :-1].ravel().tolist()) >= {0, 1, 2}
    assert set(gold.themes[-140:, -1].tolist()) == {0, 2}
    assert set(gold.themes[-140:, :-1].ravel().tolist()) == {-1}


@pytest.mark.usefixtures("few_shipped_labels")
def test_a_theme_that_too_few_labels_teach_stays_not_trained(
    own_codebook: Path, own_labels: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = own_labels.read_text(encoding="utf-8").splitlines()
    own_labels.write_text("".join(f"{line}\n" for line in lines[:9] + lines[20:60]), encoding="utf-8")
    folder = tmp_path / "modeles" / "mien"
    train(output=folder, gold=[own_labels], codebook=own_codebook)
    assert "Thème « price » : non entraîné" in " ".join(capsys.readouterr().err.split())
    tagger = load_tagger(str(folder), read_codebook(own_codebook).label_space)
    assert untrained_themes(tagger) == ("price",)

    blended = tmp_path / "modeles" / "melange"
    blend(output=blended, member=[str(folder), "linear"], codebook=own_codebook)
    assert untrained_themes(load_tagger(str(blended), tagger.labels)) == ("price",)


def test_evaluate_says_when_there_is_nothing_to_measure(tmp_path: Path) -> None:
    empty = tmp_path / "vide.jsonl"
    empty.write_text("", encoding="utf-8")
    with pytest.raises(ConfigError, match="no labelled verbatim"):
        evaluate_command(gold=[empty], output=tmp_path / "report")
