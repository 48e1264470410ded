"""`miroir tag`: labels for a file of JSON lines."""

from __future__ import annotations

from collections import Counter
from itertools import islice
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from models.budget import Budget, affordable_share, measure_better_seconds, parse_budget, seconds_of
from models.cascade import CascadeTagger, TopShare
from models.labels import LabelSpace
from models.registry import DEFAULT_MODEL, load_tagger, untrained_themes
from models.tagger import Tagger, VerbatimBatch
from pipeline.codebook import DEFAULT_CODEBOOK, read_codebook
from pipeline.errors import ConfigError
from pipeline.privacy.masking import mask_texts
from pipeline.tag_lines import read_lines, tag_chunk, tag_file

FAST_MODEL = "linear"
PROBE_LINES = 1_000
"""Lines that speeds are measured on."""


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(name="tag")(tag)


def tag(
    source: Annotated[Path, typer.Option("--input", help="Verbatims, un objet JSON par ligne.")],
    target: Annotated[
        Path, typer.Option("--output", help="Étiquettes, un objet JSON par ligne, même ordre.")
    ],
    model: Annotated[str, typer.Option(help="Modèle livré, ou dossier d'un modèle.")] = DEFAULT_MODEL,
    codebook: Annotated[Path, typer.Option(help="Grille de lecture (YAML).")] = DEFAULT_CODEBOOK,
    budget: Annotated[
        str | None,
        typer.Option(
            metavar="30%|2000/s",
            help="En cascade : le modèle rapide lit tout, --model relit les verbatims les plus douteux, "
            "pour cette part, ou autant que cette vitesse le permet.",
        ),
    ] = None,
    fast: Annotated[str, typer.Option(help="Modèle rapide de la cascade.")] = FAST_MODEL,
) -> None:
    """Étiqueter des verbatims (id, audience, text, question facultative), masqués d'abord."""
    labels = read_codebook(codebook).label_space
    console = Console(stderr=True)
    counts: Counter[str] = Counter()
    tagger = load_tagger(model, labels)
    if budget is not None:
        tagger = _cascade(tagger, fast, parse_budget(budget), source, labels, counts, console)
    columns = (SpinnerColumn(), TextColumn("{task.completed} verbatims"), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True) as progress:
        task = progress.add_task("tag", total=None)
        n_tagged = tag_file(source, target, tagger, lambda n_lines: progress.advance(task, n_lines))
    console.print(f"{n_tagged} verbatims étiquetés par {tagger.model_id} : {target}", highlight=False)
    if counts["read"]:
        console.print(f"{counts['reread']} relus par le meilleur modèle", highlight=False)
    for theme in untrained_themes(tagger):
        console.print(
            f"[yellow]Thème « {theme} » : non entraîné[/] (voir `miroir train --help`)", highlight=False
        )


def _cascade(
    better: Tagger,
    fast_name: str,
    budget: Budget,
    source: Path,
    labels: LabelSpace,
    counts: Counter[str],
    console: Console,
) -> CascadeTagger:
    """Put the fast model before the better one, and choose how much the latter reads."""
    fast = load_tagger(fast_name, labels)
    if fast.model_id == better.model_id:
        raise ConfigError.because(
            "the budget cannot be spent",
            expected="two models: a fast one and a better one",
            got=f"{fast.model_id} twice",
            where="--budget",
            do="Name the better model with --model, or leave --budget out",
        )
    _check_same_themes(fast, better)
    share = budget.share if budget.share is not None else _share(fast, better, budget, source)
    console.print(
        f"Cascade : {fast.model_id}, puis {better.model_id} pour {100 * share:.3g} % des verbatims "
        f"(pour refaire le même passage : --budget {100 * share:.4g}%)",
        highlight=False,
    )
    if budget.per_second is not None and share == 0:
        console.print("[yellow]Le modèle rapide seul n'atteint pas plus que cette vitesse.[/]")

    def count(n_verbatims: int, n_reread: int) -> None:
        counts.update(read=n_verbatims, reread=n_reread)

    return CascadeTagger(fast, better, TopShare(share), count)


def _check_same_themes(fast: Tagger, better: Tagger) -> None:
    """Refuse a fast model that would keep the better one from telling a theme."""
    lacking = [theme for theme in untrained_themes(fast) if theme not in untrained_themes(better)]
    if lacking:
        raise ConfigError.because(
            "the two models cannot read in a row",
            expected=f"a fast model that was trained for {', '.join(lacking)}, as {better.model_id} was",
            got=fast.model_id,
            where="--fast",
            do="Name one that was with --fast, or leave --budget out",
        )


def _share(fast: Tagger, better: Tagger, budget: Budget, source: Path) -> float:
    """Measure both models on the first lines, masking and writing counted, and see what can be afforded."""
    lines = list(islice(read_lines(source), PROBE_LINES))
    if not lines or budget.per_second is None:
        return 0.0
    texts, _ = mask_texts([line.text for line in lines])
    batch = VerbatimBatch(texts, [line.audience for line in lines], [line.question for line in lines])
    fast.predict(batch)  # compiles, where compiling is due
    fast_seconds = seconds_of(lambda: list(tag_chunk(lines, fast))) / len(lines)
    better_seconds = measure_better_seconds(fast, better, batch)
    return round(affordable_share(budget.per_second, fast_seconds, better_seconds), 3)
