"""`miroir train`: learn the labels from labelled verbatims."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from models.evaluation import evaluate
from models.linear.card import facts, write_card
from models.linear.saving import save_linear
from models.linear.tagger import build_tagger
from models.linear.training import train_linear
from models.linear.weights import load_weights, without_words
from models.oof import write_oof
from models.registry import MODEL_FILE
from pipeline.cli.model_output import learnable_part, shipped_folder
from pipeline.codebook import DEFAULT_CODEBOOK, read_codebook
from pipeline.errors import ConfigError
from pipeline.privacy.lexicons import lexicons
from pipeline.training_data import (
    DATA_VARIABLE,
    MOST_VERBATIMS,
    USUAL_DATA,
    TrainingData,
    authored_files,
    data_folder,
    gather,
    masked,
    read_labelled,
)


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(name="train")(train)


def train(
    output: Annotated[
        Path | None,
        typer.Option(
            help="Dossier du modèle ; à nommer avec --gold ou une autre grille.", show_default=False
        ),
    ] = None,
    data: Annotated[
        Path | None,
        typer.Option(help=f"Dossier des données (sinon {DATA_VARIABLE}, puis {USUAL_DATA})."),
    ] = None,
    gold: Annotated[list[Path] | None, typer.Option(help="Vos verbatims étiquetés (JSONL), en plus.")] = None,
    authored: Annotated[
        bool, typer.Option(help="Sans --data : apprendre aussi des verbatims rédigés livrés.")
    ] = True,
    codebook: Annotated[Path, typer.Option(help="Grille de lecture (YAML).")] = DEFAULT_CODEBOOK,
    most: Annotated[
        int,
        typer.Option(
            help="Verbatims appris au plus, les vôtres d'abord : la mémoire croît comme leur carré."
        ),
    ] = MOST_VERBATIMS,
    seed: Annotated[int, typer.Option(help="Graine : même graine, mêmes poids.")] = 0,
    forget_names: Annotated[
        bool,
        typer.Option("--forget-names", help="Sans entraîner : ôter les prénoms ajoutés depuis au lexique."),
    ] = False,
) -> None:
    """Entraîner le modèle linéaire, le mesurer sur des sources tenues à l'écart, écrire sa fiche."""
    console = Console(stderr=True)
    own = gold or []
    output = output or shipped_folder("linear", is_own=bool(own) or codebook != DEFAULT_CODEBOOK)
    if forget_names:
        _forget_names(output)
        return

    def report(message: str) -> None:
        console.print(f"[dim]…[/] {message}", highlight=False)

    labels = read_codebook(codebook).label_space
    folder = data_folder(data, own)
    if folder is not None:
        content = gather(folder, labels, own, report, most=most)
    elif own:
        shipped = authored_files(answers=False) if authored else []
        content = TrainingData(masked(read_labelled(shipped, own, labels, most, report)), None)
    else:
        raise ConfigError.because(
            "there is nothing to learn from",
            expected=f"--data or {DATA_VARIABLE}, or your own verbatims in --gold",
            got="neither",
            where="miroir train",
            do="Name the folder of the training data, or a file of labelled verbatims",
        )
    labelled = learnable_part(content.gold, console)
    trained = train_linear(labelled, content.reviews, seed=seed, report=report)
    weights = without_words(trained.weights, _first_names())
    report("measuring on what was held out")
    measured = evaluate(labelled, trained.unseen.decided, trained.unseen.probabilities)
    n_reviews = 0 if content.reviews is None else len(content.reviews.stars)
    facts_ = facts(labelled, n_reviews, measured, seed)
    save_linear(output, weights, trained.rule, trained.labels, facts_)
    write_oof(output, labelled, trained.unseen)
    model_id = build_tagger(weights, trained.rule, trained.labels, 1).model_id
    card = write_card(labelled, n_reviews, measured, model_id, seed)
    (output / "CARD.md").write_text(card, encoding="utf-8")
    console.print(f"Modèle {model_id} : {output} (fiche : {output / 'CARD.md'})", highlight=False)


def _first_names() -> frozenset[str]:
    """First names that are no ordinary word: none keeps a weight of its own."""
    lexicon = lexicons()
    return frozenset(lexicon.first_names - lexicon.needs_context)


def _forget_names(folder: Path) -> None:
    """Drop the weights of first names from a model that was trained before they were listed."""
    before = load_weights(folder)
    after = without_words(before, _first_names())
    after.save(folder)
    for name in (MODEL_FILE, "CARD.md"):
        text = (folder / name).read_text(encoding="utf-8")
        (folder / name).write_text(text.replace(before.digest(), after.digest()), encoding="utf-8")
