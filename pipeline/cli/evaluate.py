"""`miroir evaluate`: judge a model, or predictions made elsewhere, against labelled verbatims."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table

from models.evaluation import Evaluation, evaluate
from models.evaluation_plots import figure
from models.evaluation_report import HEADLINES, french_name, html_report, markdown_report
from models.gold import GoldSet, read_gold
from models.inherited import without_inherited
from models.labels import LabelSpace
from models.oof import read_oof
from models.predictions import Predictions, predict_gold, read_predictions
from models.registry import DEFAULT_MODEL, load_tagger, model_folder
from models.tagger import VerbatimBatch
from pipeline.codebook import DEFAULT_CODEBOOK, read_codebook
from pipeline.errors import ConfigError
from pipeline.privacy.masking import mask_texts


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(name="evaluate")(evaluate_command)


def evaluate_command(
    gold: Annotated[
        list[Path] | None,
        typer.Option(help="Verbatims étiquetés (JSONL) ; sans eux, les prédictions hors pli livrées."),
    ] = None,
    model: Annotated[str, typer.Option(help="Modèle livré, ou dossier d'un modèle.")] = DEFAULT_MODEL,
    predictions: Annotated[
        Path | None, typer.Option(help="Prédictions faites ailleurs, dans la forme de `miroir tag`.")
    ] = None,
    output: Annotated[Path, typer.Option(help="Dossier du rapport : JSON, HTML, Markdown.")] = Path(
        "evaluation"
    ),
    codebook: Annotated[Path, typer.Option(help="Grille de lecture (YAML).")] = DEFAULT_CODEBOOK,
) -> None:
    """Mesurer un modèle : qualité par public, source, longueur ; étalonnage ; intervalles à 95 %."""
    labels = read_codebook(codebook).label_space
    truth, predicted, n_words, note = _inputs(gold, model, predictions, labels)
    measured = evaluate(truth, predicted.decided, predicted.probabilities, n_words=n_words)
    output.mkdir(parents=True, exist_ok=True)
    title = f"Évaluation : {predictions.name if predictions else model}"
    notes = (note, "Intervalles à 95 % par rééchantillonnage des verbatims.")
    (output / "evaluation.json").write_text(
        json.dumps({"title": title, "note": note, **measured.as_json()}, ensure_ascii=False, indent=1) + "\n",
        encoding="utf-8",
    )
    (output / "evaluation.html").write_text(html_report(measured, title, notes), encoding="utf-8")
    (output / "evaluation.md").write_text(markdown_report(measured, title, notes), encoding="utf-8")
    _show(measured, note, output)


def _inputs(
    gold: list[Path] | None, model: str, predictions: Path | None, labels: LabelSpace
) -> tuple[GoldSet, Predictions, NDArray[np.integer] | None, str]:
    if gold:
        truth = read_gold(gold, labels)
        if not len(truth):
            raise ConfigError.because(
                "nothing can be measured",
                expected="labelled verbatims",
                got="no labelled verbatim",
                where="--gold",
                do="Name a file with at least one",
            )
        masked, _ = mask_texts(truth.batch.texts)
        batch = VerbatimBatch(texts=masked, audiences=truth.batch.audiences, questions=truth.batch.questions)
        truth = replace(truth, batch=batch)
        if predictions:
            return (
                truth,
                read_predictions(predictions, truth),
                None,
                f"Prédictions du fichier {predictions.name}.",
            )
        note = (
            "Chiffres trop bons si le modèle a appris de ces verbatims : voir alors les prédictions hors pli."
        )
        return truth, predict_gold(load_tagger(model, labels), truth), None, note
    if predictions:
        raise ConfigError.because(
            "the predictions cannot be judged",
            expected="labelled verbatims beside the predictions",
            got="no --gold",
            where="--gold",
            do="Name the file of labelled verbatims",
        )
    truth, predicted, n_words = without_inherited(*read_oof(model_folder(model), labels))
    note = "Prédictions hors pli : chaque source réelle a été tenue à l'écart de ce qui l'a étiquetée."
    return truth, predicted, n_words, note


def _show(measured: Evaluation, note: str, output: Path) -> None:
    console = Console()
    table = Table(title=note)
    table.add_column("")
    sides = "real " if any(part.name.startswith("real ") for part in measured.slices) else "audience="
    shown = [part for part in measured.slices if part.name == "all" or part.name.startswith(sides)]
    for part in shown:
        table.add_column(f"{french_name(part.name)} (n = {part.n})", justify="right")
    for key, name in HEADLINES:
        found = [next((m for m in part.measures if m.name == key), None) for part in shown]
        table.add_row(name, *(figure(measure) if measure else "–" for measure in found))
    console.print(table)
    for theme in measured.not_trained:
        console.print(
            f"[yellow]Thème « {theme} » : non entraîné[/], hors des chiffres des thèmes", highlight=False
        )
    console.print(f"Rapport : {output / 'evaluation.html'}", highlight=False)
