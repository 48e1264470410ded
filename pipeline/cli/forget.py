"""`miroir forget`: take a respondent who withdrew out of everything later."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from pipeline.errors import PrivacyError

if TYPE_CHECKING:
    from pipeline.job import Job
    from pipeline.protect.withdrawals import Forgotten

NOBODY = (
    "Aucun verbatim trouvé sous cet identifiant : vérifiez-le (majuscules comprises), ainsi que la source."
    " Une personne déjà retirée n'en a plus. Le retrait est noté pour les exports à venir."
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
    key: Annotated[str | None, typer.Option("--key", help="Identifiant du répondant dans sa source.")] = None,
    source: Annotated[str | None, typer.Option("--source", help="Nom de la source, avec --key.")] = None,
) -> None:
    """Retirer une personne : ses verbatims, ses étiquettes, ses relectures et ses citations à venir."""
    from pipeline.job import open_job
    from pipeline.protect.forget_reviews import forget_reviews
    from pipeline.protect.withdrawals import end_withdrawal, forget

    job = open_job(config)
    if respondent is None:
        respondent = _respondent(job, key, source)
    n_reviews = 0
    with job.workspace.locked():
        done = forget(job.workspace, respondent)
        if done.verbatim_ids:
            n_reviews = forget_reviews(job.workspace, job.config.review.database, done.verbatim_ids)
        end_withdrawal(job.workspace, respondent)
    _tell(done, n_reviews, kept=job.config.protect.after_withdrawal == "keep")
    if not done.verbatim_ids:
        raise typer.Exit(1)


def _respondent(job: Job, key: str | None, source: str | None) -> str:
    """Find the keyed hash of a person by their identifier in a source."""
    from pipeline.privacy.pseudonym import respondent_key

    if key is None or source is None:
        raise PrivacyError.because(
            "nobody can be forgotten",
            expected="--respondent, or --key and --source",
            got="neither",
            where="miroir forget",
            do="Say who withdrew",
        )
    declared = [each for each in job.config.sources if each.name == source]
    if not declared:
        raise PrivacyError.because(
            "nobody can be forgotten",
            expected=f"one of {', '.join(each.name for each in job.config.sources)}",
            got=f"«{source}»",
            where="--source",
            do="Name a declared source",
        )
    return respondent_key(job.load_secret(make=False), declared[0].register_of_persons, key)


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
