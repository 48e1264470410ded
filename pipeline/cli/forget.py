"""`miroir forget`: take a respondent who withdrew out of everything later."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from pipeline.errors import PrivacyError


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
    from pipeline.privacy.pseudonym import respondent_key
    from pipeline.protect.forget_reviews import forget_reviews
    from pipeline.protect.withdrawals import forget

    job = open_job(config)
    if respondent is None:
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
        respondent = respondent_key(job.load_secret(), declared[0].register_of_persons, key)
    done = forget(job.workspace, respondent)
    n_reviews = 0
    if done.verbatim_ids:
        n_reviews = forget_reviews(job.workspace, job.config.review.database, done.verbatim_ids)
    console = Console()
    console.print(
        f"{done.n_verbatims} verbatim(s), {done.n_annotations} étiquetage(s) et {n_reviews} ligne(s) de"
        " relecture retirés. Rien de cette personne n'entrera plus dans une publication."
    )
    if done.releases:
        console.print("Publications antérieures qui la comptent encore, sous forme d'agrégats :")
        for release in done.releases:
            console.print(f"  {release}")
        console.print("Publier de nouveau (`miroir run`), puis effacer celles-ci si la personne le demande.")
