"""`miroir coverage`: how often intervals hold the truth, on verbatims whose labels are known."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markdown import Markdown

from pipeline.errors import EstimateError


def register(app: typer.Typer) -> None:
    """Add `coverage` to the application."""
    app.command("coverage")(coverage_command)


def coverage_command(
    model: Annotated[str, typer.Option("--model", help="Modèle livré, ou dossier d'un modèle.")] = "default",
    repeats: Annotated[int, typer.Option("--repeats", min=1, help="Groupes simulés par combinaison.")] = 10,
    seed: Annotated[int, typer.Option("--seed", help="Graine des tirages.")] = 20260301,
    output: Annotated[Path | None, typer.Option("--output", help="Fichier Markdown à écrire.")] = None,
) -> None:
    """Mesurer combien de fois les intervalles contiennent la vérité."""
    from models.registry import read_out_of_fold
    from pipeline.codebook import read_codebook
    from pipeline.estimate import calibration, companies, coverage
    from pipeline.estimate.coverage_report import write_report
    from pipeline.estimate.scores import score_book

    predictions = read_out_of_fold(model)
    if predictions is None:
        raise EstimateError.because(
            "coverage cannot be measured",
            expected="a model with out-of-fold predictions (oof.parquet)",
            got="none",
            where=f"model «{model}»",
            do="Train it with `miroir train`",
        )
    book = score_book(read_codebook().label_space)
    gold = calibration.read_out_of_fold(predictions, book)
    rows = coverage.simulate(gold, book, coverage.Grid(repeats=repeats), seed)
    # A company holds hundreds of figures: one for every five cells is enough.
    whole = companies.simulate_companies(gold, book, max(1, repeats // 5), seed)
    report = write_report(rows, whole, f"miroir coverage --model {model} --repeats {repeats} --seed {seed}")
    if output is not None:
        output.write_text(report, encoding="utf-8")
    Console().print(Markdown(report))
