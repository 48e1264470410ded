"""`miroir pretrain`: pretrain a compact encoder from scratch on plain French text and rated reviews."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from pipeline.cli.doctor import require_train_extra
from pipeline.errors import ConfigError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from tokenizers import Tokenizer

    from models.encoder.pretraining import Progress as RunProgress

# Informal text is worth the most, and customers' own reviews most of all; formal text is drawn now and then.
PLAIN_SHARES = {
    "tweets_mickaeldp": 1.0, "blogs_hoedic": 1.0, "blogs_perso": 1.0, "blogs_misc": 1.0,
    "subs_matignon_mediapi": 1.0, "dialogue_awsw_fr": 1.0, "web_akinarticle": 1.0, "admin_fiches_piafml": 0.5,
    "news_gilets_jaunes": 0.4, "docs_ms_support_fr": 0.08, "novels_eltec": 0.05, "news_orangesum": 0.04,
    "news_masakhanews_fr": 0.0,
}  # fmt: skip
OTHER_PLAIN_SHARE = 1.0
REVIEW_SHARE = 4.0
AUTHORED_SHARE = 8.0


def register(app: typer.Typer) -> None:
    """Add `pretrain` to the application."""
    app.command("pretrain")(pretrain_command)


def pretrain_command(
    folder: Annotated[Path, typer.Option(help="Dossier de travail : textes découpés, point de reprise.")],
    reviews: Annotated[
        list[Path] | None, typer.Option(help="Avis notés (Parquet : text, source, rating).")
    ] = None,
    plain: Annotated[
        list[Path] | None, typer.Option(help="Textes français (Parquet : text, source).")
    ] = None,
    minutes: Annotated[float, typer.Option(help="Durée de tout l'apprentissage, reprises comprises.")] = 60,
    layers: Annotated[int, typer.Option(help="Nombre de couches.")] = 3,
    width: Annotated[int, typer.Option(help="Largeur, multiple de 64.")] = 192,
    vocabulary: Annotated[int, typer.Option(help="Taille du vocabulaire.")] = 8192,
    rows: Annotated[
        int, typer.Option(help="Lignes de 96 signes par pas : 32 sur processeur, 1024 sur GPU.")
    ] = 32,
    device: Annotated[str, typer.Option(help="cpu ou cuda.")] = "cpu",
    half: Annotated[
        bool, typer.Option(help="Calculer en bfloat16 (GPU, ou processeur avec AVX512-BF16 ou AMX).")
    ] = False,
    seed: Annotated[int, typer.Option(help="Graine.")] = 0,
) -> None:
    """Pré-entraîner un encodeur ; la même commande reprend un apprentissage interrompu."""
    require_train_extra("miroir pretrain", "torch")
    _check_texts([*(reviews or []), *(plain or [])], folder)
    from models.encoder.corpus import continued_pieces, n_control_ids, row_tokens
    from models.encoder.network import EncoderShape
    from models.encoder.pretraining import PretrainSettings, Vocabulary, pretrain
    from models.encoder.shards import read_shards

    console = Console(stderr=True)
    if reviews or plain:
        _write_corpus(reviews or [], plain or [], folder, vocabulary, console)
    texts = read_shards(folder)
    tokenizer = _tokenizer(folder)
    size = tokenizer.get_vocab_size()
    shape = EncoderShape(size, width=width, layers=layers, heads=max(1, width // 64), hidden=3 * width)
    with Progress(
        TextColumn("{task.description}"), BarColumn(), TimeRemainingColumn(), console=console, transient=True
    ) as bar:
        task = bar.add_task("", total=minutes * 60)

        def report(progress: RunProgress) -> None:
            speed = progress.tokens / max(progress.seconds, 1e-9)
            said = f"{progress.tokens / 1e6:.1f} M signes, {speed:,.0f}/s, perte {progress.loss:.3f}"
            bar.update(task, completed=progress.seconds, description=said)

        reached = pretrain(
            texts,
            Vocabulary(size, n_control_ids(), continued_pieces(tokenizer), row_tokens(tokenizer)),
            shape,
            PretrainSettings(minutes=minutes, rows=rows, device=device, half=half, seed=seed),
            folder / "encoder.pt",
            start_embedding=_start_embedding(folder, size, width, seed),
            report=report,
        )
    console.print(
        f"{reached.tokens / 1e6:.2f} M signes en {reached.seconds / 60:.1f} min, perte {reached.loss:.3f} : "
        f"{folder / 'encoder.pt'}",
        highlight=False,
    )


def _check_texts(paths: Sequence[Path], folder: Path) -> None:
    """Refuse what holds no texts before anything is read and masked."""
    from pyarrow import ArrowException
    from pyarrow.parquet import read_schema

    if not paths and not (folder / "tokenizer.json").is_file():
        raise _no_texts("neither --reviews nor --plain, and no texts of an earlier call", folder)
    for path in paths:
        try:
            lacking = {"text", "source"} - set(read_schema(path).names)
        except (OSError, ArrowException) as error:
            got = "no file" if isinstance(error, FileNotFoundError) else "no Parquet file"
            raise _no_texts(got, path) from None
        if lacking:
            raise _no_texts(f"no column {' and no column '.join(sorted(lacking))}", path)


def _no_texts(got: str, where: Path) -> ConfigError:
    return ConfigError.because(
        "there are no texts to learn from",
        expected="Parquet files with columns `text` and `source`",
        got=got,
        where=str(where),
        do="Name such files with --reviews (rated, `rating`) or --plain",
    )


def _write_corpus(
    reviews: Sequence[Path], plain: Sequence[Path], folder: Path, vocabulary: int, console: Console
) -> None:
    from models.encoder.corpus import TextSource, read_parquet_texts, write_corpus
    from pipeline.privacy.lexicons import lexicons
    from pipeline.privacy.masking import mask_texts
    from pipeline.training_data import authored_texts, labelled_hashes

    sources: list[TextSource] = []
    for path in reviews:
        sources += read_parquet_texts(
            path, {}, writer="customer", default_share=REVIEW_SHARE, unrated=labelled_hashes(path.parent)
        )
    for audience, texts in authored_texts().items():
        sources.append(TextSource(texts, writer=audience, share=AUTHORED_SHARE))
    for path in plain:
        sources += read_parquet_texts(path, PLAIN_SHARES, default_share=OTHER_PLAIN_SHARE)
    words = lexicons()
    certain = (words.first_names | words.surnames) - words.needs_context
    names = {name for name in certain if not words.is_ordinary(name)}
    paths = write_corpus(
        sources, folder, mask=lambda texts: mask_texts(texts)[0], names=names, size=vocabulary
    )
    n_texts = sum(len(source.texts) for source in sources)
    console.print(
        f"{n_texts} textes masqués et découpés, {len(paths) - 1} fichier(s) : {folder}", highlight=False
    )


def _tokenizer(folder: Path) -> Tokenizer:
    from tokenizers import Tokenizer

    return Tokenizer.from_file(str(folder / "tokenizer.json"))


def _start_embedding(folder: Path, size: int, width: int, seed: int) -> NDArray[np.float32] | None:
    from models.encoder.cooccurrence import cooccurrence_embedding
    from models.encoder.corpus import n_control_ids
    from models.encoder.shards import read_shards

    if (folder / "encoder.pt").exists() or size <= width + 32:
        return None
    texts = read_shards(folder)
    return cooccurrence_embedding(texts, n_ids=size, n_control=n_control_ids(), width=width, seed=seed)
