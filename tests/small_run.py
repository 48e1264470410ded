"""A small run with personal data planted in it, for the tests of the whole way."""

from __future__ import annotations

import csv
import os
from dataclasses import dataclass
from pathlib import Path

import yaml

# Personal data that must be in no file that a run leaves.
CANARIES = (
    "06 39 98 12 34",
    "zoe.quillfeldt@exemple.fr",
    "Quillfeldt",
    "FR7630006000011234567890189",
    "ADH-88412-XQ",
)
CUSTOMER_TEXTS = (
    "Merci à madame Quillfeldt, elle a retrouvé mon virement en cinq minutes, chapeau !",
    "Deux heures d'attente au guichet et personne au téléphone",
    "Rappelez-moi au 06 39 98 12 34 ou zoe.quillfeldt@exemple.fr, mon dossier n'avance pas",
    "Rien à redire, accueil souriant 😊",
    "Le prélèvement sur FR7630006000011234567890189 est une erreur, personne ne répond",
    "RAS",
    "Conseillère adorable, mais le site plante sans arrêt",
)
EMPLOYEE_TEXTS = (
    "Équipe soudée, on s'entraide beaucoup",
    "Jamais un merci de la direction, et le logiciel rame",
    "Mon manager m'a soutenue quand un client m'a insultée",
    "Aucune formation depuis trois ans",
    "On ne nous demande jamais notre avis",
)


@dataclass(frozen=True)
class SmallRun:
    """A configuration file with two sources, and the folder of its workspace."""

    config: Path
    workspace: Path
    customers: Path

    def add_customers(self, name: str, n_rows: int = 8) -> None:
        """Put one more file of customers into the declared folder."""
        write_customers(self.customers / name, n_rows, first=1000)


def write_customers(path: Path, n_rows: int, first: int = 0) -> None:
    """Write a customers' export: `;`, dates as in France, a member number for each person."""
    with path.open("w", encoding="utf-8-sig", newline="") as stream:
        writer = csv.writer(stream, delimiter=";")
        writer.writerow(["Adhérent", "Date", "Agence", "Note", "Commentaire"])
        for index in range(first, first + n_rows):
            text = CUSTOMER_TEXTS[index % len(CUSTOMER_TEXTS)]
            member = "ADH-88412-XQ" if index == 0 else f"ADH-{index}"
            unit = ("Lyon", "Metz", "Évreux")[index % 3]
            writer.writerow([member, f"{index % 28 + 1:02d}/03/2026", unit, index % 11, f"{text} ({index})"])
        writer.writerow(["ADH-VIDE", "01/03/2026", "Lyon", "5", ""])


def write_employees(path: Path, n_rows: int) -> None:
    """Write an employees' export: `,`, ISO dates, no respondent."""
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(["date", "site", "reponse"])
        for index in range(n_rows):
            text = EMPLOYEE_TEXTS[index % len(EMPLOYEE_TEXTS)]
            writer.writerow([f"2026-03-{index % 28 + 1:02d}", ("Lyon", "Metz")[index % 2], f"{text} {index}"])


def make_small_run(folder: Path, n_rows: int = 60) -> SmallRun:
    """Make the sources and the configuration of a small run under a folder."""
    customers = folder / "clients"
    customers.mkdir(parents=True)
    write_customers(customers / "mars.csv", n_rows)
    write_employees(folder / "collaborateurs.csv", n_rows)
    workspace = folder / "espace"
    config = {
        "workspace": str(workspace),
        "annotate": {"model": "linear"},
        "sources": [
            {
                "name": "clients",
                "audience": "customer",
                "path": "clients",
                "text": "Commentaire",
                "date": "Date",
                "respondent": "Adhérent",
                "rating": {"column": "Note", "scale": "nps"},
                "dimensions": {"unit": "Agence"},
            },
            {
                "name": "equipes",
                "audience": "employee",
                "path": "collaborateurs.csv",
                "text": "reponse",
                "date": "date",
                "dimensions": {"unit": "site"},
            },
        ],
    }
    path = folder / "run.yaml"
    path.write_text(yaml.safe_dump(config, allow_unicode=True, sort_keys=False), encoding="utf-8")
    return SmallRun(path, workspace, customers)


def run_config(config: str, secret: str) -> None:
    """Run a configuration as `miroir run` does, with a given key of pseudonyms."""
    from pipeline.job import open_job
    from pipeline.run import run

    os.environ["MIROIR_SECRET"] = secret
    run(open_job(config))
