"""`miroir forget`: take a respondent who withdrew out of everything later."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from pipeline.errors import PrivacyError

if TYPE_CHECKING:
    from pipeline.config import SourceConfig
    from pipeline.job import Job
    from pipeline.protect.withdrawals import Forgotten

NOBODY = (
    "Aucun verbatim trouvé sous cet identifiant : vérifiez-le (majuscules comprises), ainsi que la source."
    " Une personne déjà retirée n'en a plus. Le retrait est noté pour les exports à venir."
)
KEY = (
    "Identifiant du répondant dans sa source ; celui de sa ligne (numéro d'avis) si la source n'en a pas"
    " d'autre."
)
HIDDEN = (
    "{n} chiffre(s) déjà publiés parlent de groupes où elle était : là où trop peu de personnes ont changé,"
    " les publications suivantes les masqueront (`too_few_changed`), car l'écart avec l'ancien chiffre"
    " dirait ce qu'elle a dit."
)
KEPT = (
    "{n} chiffre(s) déjà publiés parlent de groupes où elle était : là où trop peu de personnes ont changé,"
    " les publications suivantes les redonneront tels quels, avec elle (`after_withdrawal: keep`)."
)


def register(app: typer.Typer) -> None:
    """Add `forget` to the application."""
    app.command("forget")(forget_command)


def forget_command(
    config: Annotated[Path, typer.Argument(help="Configuration YAML de la chaîne.")],
    respondent: Annotated[
        str | None, typer.Option("--respondent", help="Pseudonyme du répondant : 32 chiffres hexadécimaux.")
    ] = None,
    key: Annotated[str | None, typer.Option("--key", help=KEY)] = None,
    source: Annotated[str | None, typer.Option("--source", help="Nom de la source, avec --key.")] = None,
) -> None:
    """Retirer une personne : ses verbatims, ses étiquettes, ses relectures et ses citations à venir."""
    from pipeline.job import open_job
    from pipeline.protect.forget_reviews import forget_reviews
    from pipeline.protect.withdrawals import end_withdrawal, forget, is_known

    job = open_job(config)
    hashes = [respondent] if respondent is not None else _hashes(job, key, source)
    n_reviews = 0
    with job.workspace.locked():
        # Nobody else's hash is noted: a customer may have the number that a record has.
        respondent = next((each for each in hashes if is_known(job.workspace, each)), hashes[0])
        done = forget(job.workspace, respondent)
        if done.verbatim_ids:
            n_reviews = forget_reviews(job.workspace, job.config.review.database, done.verbatim_ids)
        end_withdrawal(job.workspace, respondent)
    _tell(done, n_reviews, kept=job.config.protect.after_withdrawal == "keep")
    if not done.verbatim_ids:
        raise typer.Exit(1)


def _hashes(job: Job, key: str | None, source: str | None) -> list[str]:
    """Give the keyed hashes that an identifier may have in a source: the person's, then the record's."""
    import polars as pl

    from pipeline.ingest.identity import key_rows
    from pipeline.privacy.pseudonym import respondent_key

    if key is None or source is None:
        raise PrivacyError.because(
            "nobody can be forgotten",
            expected="--respondent, or --key and --source",
            got="neither",
            where="miroir forget",
            do="Say who withdrew",
        )
    declared = _declared(job, source)
    if declared.respondent is None and declared.record_id is None:
        raise PrivacyError.because(
            "nobody can be forgotten",
            expected="a source with `respondent` or `record_id`",
            got="neither: no identifier tells its rows apart",
            where=f"source «{source}»",
            do="Remove the row from its file, then run again",
        )
    secret = job.load_secret(make=False)
    hashes = []
    if declared.respondent is not None:
        hashes.append(respondent_key(secret, declared.register_of_persons, key))
    if declared.record_id is not None:
        hashes += key_rows(secret, source, pl.Series([key.strip()]), pl.Series([0])).to_list()
    return hashes


def _declared(job: Job, name: str) -> SourceConfig:
    for source in job.config.sources:
        if source.name == name:
            return source
    raise PrivacyError.because(
        "nobody can be forgotten",
        expected=f"one of {', '.join(each.name for each in job.config.sources)}",
        got=f"«{name}»",
        where="--source",
        do="Name a declared source",
    )


def _tell(done: Forgotten, n_reviews: int, *, kept: bool) -> None:
    console = Console()
    if not done.verbatim_ids:
        console.print(NOBODY)
        return
    console.print(
        f"{done.n_verbatims} verbatim(s), {done.n_annotations} étiquetage(s) et {n_reviews} ligne(s) de"
        f" relecture retirés.{'' if kept else ' Aucune publication à venir ne comptera cette personne.'}"
    )
    if done.n_figures:
        console.print((KEPT if kept else HIDDEN).format(n=done.n_figures))
    if done.releases:
        console.print("Publications antérieures qui la comptent encore, sous forme d'agrégats :")
        for release in done.releases:
            console.print(f"  {release}")
        console.print("Publier de nouveau (`miroir run`), puis effacer celles-ci si la personne le demande.")
