"""`miroir finetune`: fine-tune the compact model, or an encoder of the hub, on labelled verbatims."""

from __future__ import annotations

import shutil
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from models.registry import SHIPPED
from pipeline.cli.doctor import require_train_extra
from pipeline.cli.model_output import learnable_part
from pipeline.codebook import DEFAULT_CODEBOOK, read_codebook
from pipeline.errors import ConfigError
from pipeline.training_data import (
    DATA_VARIABLE,
    USUAL_DATA,
    authored_files,
    data_folder,
    gather,
    masked,
    read_labelled,
    unlabelled,
)

if TYPE_CHECKING:
    from models.encoder.finetuning import FineTuneSettings
    from models.gold import GoldSet
    from models.labels import LabelSpace
    from models.transformer.training import TransformerSettings
    from models.unlabelled import Unlabelled

PRETRAINED = SHIPPED / "compact"
PRETRAINED_FILES = ("encoder.pt", "tokenizer.json")
TRAINERS = ("torch", "onnx")
HUB_TRAINERS = ("transformers", "datasets", "accelerate", "onnxscript")


def register(app: typer.Typer) -> None:
    """Add `finetune` to the application."""
    app.command("finetune")(finetune)


def finetune(
    output: Annotated[Path, typer.Option(help="Dossier du modèle.")],
    data: Annotated[
        Path | None,
        typer.Option(help=f"Dossier des données (sinon {DATA_VARIABLE}, puis {USUAL_DATA})."),
    ] = None,
    gold: Annotated[list[Path] | None, typer.Option(help="Vos verbatims étiquetés (JSONL), en plus.")] = None,
    authored: Annotated[
        bool, typer.Option(help="Sans --data : apprendre aussi des verbatims rédigés livrés.")
    ] = True,
    encoder: Annotated[
        str, typer.Option(help="Encodeur Hugging Face ou dossier local, au lieu du modèle compact.")
    ] = "",
    pretrained: Annotated[
        Path, typer.Option(help="Dossier de l'encodeur pré-entraîné (encoder.pt, tokenizer.json).")
    ] = PRETRAINED,
    epochs: Annotated[
        float | None,
        typer.Option(help="Passages sur les verbatims (sinon ceux de chaque recette).", show_default=False),
    ] = None,
    half: Annotated[
        bool, typer.Option(help="Calculer en bfloat16 (processeur avec AVX512-BF16 ou AMX).")
    ] = False,
    workers: Annotated[
        int, typer.Option(min=1, help="Apprentissages menés de front, un processus chacun (modèle compact).")
    ] = 1,
    taught_with: Annotated[
        int | None,
        typer.Option(
            help="Réapprendre ensuite de ce que le modèle et un autre, de cette graine, disent des avis de "
            "--data que personne n'a étiquetés (modèle compact).",
            show_default=False,
        ),
    ] = None,
    scratch: Annotated[
        Path | None,
        typer.Option(
            help="Dossier des apprentissages finis, gardé et partagé entre commandes (sinon dans --output).",
            show_default=False,
        ),
    ] = None,
    batch_size: Annotated[int, typer.Option(help="Verbatims par pas (encodeur Hugging Face).")] = 16,
    seed: Annotated[int, typer.Option(help="Graine.")] = 0,
    codebook: Annotated[Path, typer.Option(help="Grille de lecture (YAML).")] = DEFAULT_CODEBOOK,
) -> None:
    """Affiner un modèle neuronal sur des verbatims étiquetés et masqués (extra « train » requis)."""
    require_train_extra("miroir finetune", *TRAINERS, *(HUB_TRAINERS if encoder else ()))
    if encoder:
        from models.transformer.hub import check_encoder

        check_encoder(encoder)
    else:
        _check_pretrained(pretrained)
    reviews = None if taught_with is None else _reviews_folder(data, gold or [])
    console = Console(stderr=True)
    labels = read_codebook(codebook).label_space
    labelled = learnable_part(_labelled(data, gold or [], authored, labels, console), console)
    if encoder:
        from models.transformer.training import TransformerSettings

        hub = TransformerSettings(encoder=encoder, batch_size=batch_size, seed=seed)
        _finetune_hub(labelled, output, hub if epochs is None else replace(hub, epochs=epochs))
    else:
        from models.encoder.finetuning import FineTuneSettings

        compact = FineTuneSettings(half=half, seed=seed)
        compact = compact if epochs is None else replace(compact, epochs=epochs)
        job = _CompactJob(labelled, pretrained, output, compact, workers, scratch)
        others = None if reviews is None else unlabelled(reviews, labelled)
        _finetune_compact(job, others, taught_with or 0, console)
    console.print(f"Modèle : {output}", highlight=False)


def _check_pretrained(folder: Path) -> None:
    """Refuse a folder without an encoder before all texts are read and masked."""
    if missing := [name for name in PRETRAINED_FILES if not (folder / name).is_file()]:
        raise ConfigError.because(
            "the pretrained encoder cannot be found",
            expected=f"a folder with {' and '.join(PRETRAINED_FILES)}",
            got=f"no {' and no '.join(missing)}",
            where=f"--pretrained {folder}",
            do="Name a folder that `miroir pretrain` filled, or leave --pretrained out",
        )


def _labelled(
    data: Path | None, own: list[Path], authored: bool, labels: LabelSpace, console: Console
) -> GoldSet:
    folder = data_folder(data, own)
    if folder is not None:
        return gather(folder, labels, own, lambda message: console.print(f"[dim]…[/] {message}")).gold
    if own:
        shipped = authored_files(answers=True) if authored else []
        return masked(read_labelled(shipped, own, labels))
    raise ConfigError.because(
        "there is nothing to learn from",
        expected=f"--data or {DATA_VARIABLE}, or your own verbatims in --gold",
        got="neither",
        where="miroir finetune",
        do="Name the folder of the training data, or a file of labelled verbatims",
    )


def _reviews_folder(data: Path | None, own: list[Path]) -> Path:
    """Find where reviews without labels are, before all texts are read and masked."""
    folder = data_folder(data, own)
    if folder is None:
        raise ConfigError.because(
            "there are no reviews without labels to learn from",
            expected=f"--data or {DATA_VARIABLE}",
            got="neither",
            where="--taught-with",
            do="Name the folder of the training data, or leave --taught-with out",
        )
    return folder


@dataclass(frozen=True, slots=True)
class _CompactJob:
    gold: GoldSet
    pretrained: Path
    output: Path
    settings: FineTuneSettings
    workers: int
    scratch: Path | None


def _finetune_compact(job: _CompactJob, others: Unlabelled | None, other_seed: int, console: Console) -> None:
    from tokenizers import Tokenizer

    from models.encoder.recipe import Pretrained
    from models.encoder.training import train_compact

    tokenizer = Tokenizer.from_file(str(job.pretrained / "tokenizer.json"))
    own_scratch = job.output / "scratch"
    train_compact(
        job.gold,
        Pretrained(job.pretrained / "encoder.pt", tokenizer),
        job.output,
        job.settings,
        others=others,
        other_seed=other_seed,
        workers=job.workers,
        scratch=job.scratch or own_scratch,
        report=lambda message: console.print(f"[dim]…[/] {message}", highlight=False),
    )
    if job.scratch is None:
        shutil.rmtree(own_scratch)


def _finetune_hub(gold: GoldSet, output: Path, settings: TransformerSettings) -> None:
    from models.folds import group_folds
    from models.transformer.training import train_transformer

    fold = group_folds(gold)[-1]
    train_transformer(gold.take(fold.train), gold.take(fold.test), settings, output)
