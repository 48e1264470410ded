"""Make the files of `make demo`: answers of customers and of employees of an invented company.

Texts are those of `demo_verbatims.jsonl`: written for the demo, of one bank and insurer, and kept from every
model, so that the demo shows what Miroir makes of verbatims that it has never met. Units, persons, dates and
ratings are invented. Units with happier employees are given happier customers, as the *symétrie des
attentions* says, and one unit is too small to be shown. `python data/samples/make_demo.py` makes the same
files each time.
"""

from __future__ import annotations

import csv
import json
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

import xlsxwriter

HERE = Path(__file__).parent
VERBATIMS = HERE / "demo_verbatims.jsonl"
SEED = 2026
N_CUSTOMERS = 600
N_EMPLOYEES = 330
FIRST_DAY = date(2026, 1, 5)
N_DAYS = 175
TURN, FALL = date(2026, 4, 1), 0.15  # from this day on customers are less happy, before it more, by so much


@dataclass(frozen=True)
class Unit:
    """An invented branch: its region, how well it does (0 to 1), and its share of the answers."""

    name: str
    region: str
    mood: float
    customers: float
    employees: float


UNITS = (
    Unit("Rennes Centre", "Bretagne", 0.72, 1.2, 1.2),
    Unit("Brest", "Bretagne", 0.66, 1.0, 1.0),
    Unit("Vannes", "Bretagne", 0.60, 0.8, 0.8),
    Unit("Lyon Part-Dieu", "Auvergne-Rhône-Alpes", 0.38, 1.5, 1.4),
    Unit("Grenoble", "Auvergne-Rhône-Alpes", 0.52, 1.0, 1.0),
    Unit("Annecy", "Auvergne-Rhône-Alpes", 0.58, 0.7, 0.7),
    Unit("Marseille Prado", "Provence", 0.30, 1.3, 1.2),
    Unit("Nice", "Provence", 0.45, 0.9, 0.8),
    Unit("Gap", "Provence", 0.50, 0.0, 0.0),  # the small one: fixed numbers below
)
SMALL_UNIT, SMALL_CUSTOMERS, SMALL_EMPLOYEES = UNITS[-1], 4, 3
REMOTE = ("Téléphone", "Site et application", "Courriel")
# What a text is about, as its identifier begins: steps of the journey, and channels.
TOPICS = {
    "agence": (("Visite", "Prise de rendez-vous", "Échange avec un conseiller"), ("Agence",)),
    "sinistre": (("Sinistre", "Réclamation", "Suivi du dossier"), ("Agence", *REMOTE)),
    "contrat": (("Souscription", "Échange avec un conseiller"), ("Agence", *REMOTE)),
    "distance": (("Échange avec un conseiller", "Suivi du dossier"), REMOTE),
}
JOBS = ("Conseil", "Accueil", "Gestion", "Support")
SENIORITY = ("moins de 2 ans", "2 à 5 ans", "plus de 5 ans")
# Invented persons, numbers kept free for fiction, the standard's example of an IBAN: all to be masked.
PLANTED = (
    " Cordialement, Mme Lefèvre.",
    " Merci encore à Sandrine Kerbrat !",
    " Vous pouvez me rappeler au 06 39 98 12 34.",
    " Mon adresse : nadia.benali@exemple.fr",
    " (dossier n° 2026-0048127)",
    " IBAN pour le remboursement : FR14 2004 1010 0505 0001 3M02 606",
    " J'habite 12 rue des Lilas, 35000 Rennes.",
    " Née le 14/07/1983.",
    " Mon véhicule est immatriculé AB-123-CD.",
)
SENTIMENTS = ("positive", "negative", "mixed", "neutral")
WHY = "Pourquoi cette note ?"
HELPS = "Qu'est-ce qui vous aide à bien servir les clients ?"
HINDERS = "Que faudrait-il améliorer ?"
ESTIMATE = "À votre avis, quelle note les clients donneraient-ils ?"


def read_texts(question: str) -> dict[str, list[dict[str, Any]]]:
    """Read the texts that answer a question, by sentiment."""
    by_sentiment: dict[str, list[dict[str, Any]]] = {name: [] for name in SENTIMENTS}
    for line in VERBATIMS.read_text(encoding="utf-8").splitlines():
        record = json.loads(line)
        if record["question"] == question:
            by_sentiment[record["sentiment"]].append(record)
    return by_sentiment


class TextBag:
    """Draws texts by mood, each once before any comes again."""

    def __init__(self, question: str, random: Random) -> None:
        """Shuffle the texts that answer a question."""
        self._random = random
        self._texts = read_texts(question)
        self._left: dict[str, list[dict[str, Any]]] = {name: [] for name in self._texts}

    def draw(self, sentiment: str) -> dict[str, Any]:
        """Draw a text of a sentiment."""
        if not self._left[sentiment]:
            self._left[sentiment] = self._random.sample(self._texts[sentiment], len(self._texts[sentiment]))
        return self._left[sentiment].pop()

    def draw_by_mood(self, mood: float) -> dict[str, Any]:
        """Draw a text, positive with about the probability of the mood."""
        weights = (mood * 0.82, (1 - mood) * 0.82, 0.12, 0.06)
        (sentiment,) = self._random.choices(SENTIMENTS, weights)
        return self.draw(sentiment)


def rate(sentiment: str, random: Random) -> int:
    """Give the 0–10 rating that goes with a sentiment, with some noise."""
    centre = {"positive": 9, "mixed": 7, "neutral": 7, "negative": 3}[sentiment]
    return min(10, max(0, centre + random.choice((-2, -1, -1, 0, 0, 0, 1, 1))))


def plant(text: str, random: Random, share: float) -> str:
    """Add invented personal data to a share of the texts."""
    return text + random.choice(PLANTED) if random.random() < share else text


def draw_day(random: Random) -> date:
    """Draw a day of the first half of 2026."""
    return FIRST_DAY + timedelta(days=random.randrange(N_DAYS))


def draw_units(random: Random, n: int, n_small: int, weights: list[float]) -> list[Unit]:
    """Draw the units of n answers; the small one exactly n_small times."""
    units = random.choices(UNITS, weights, k=n - n_small) + [SMALL_UNIT] * n_small
    random.shuffle(units)
    return units


def make_customers(random: Random) -> list[list[str]]:
    """Make the rows of the customers' survey, awkward ones included."""
    bag = TextBag(WHY, random)
    rows = []
    units = draw_units(random, N_CUSTOMERS, SMALL_CUSTOMERS, [unit.customers for unit in UNITS])
    for i, unit in enumerate(units, start=1):
        day = draw_day(random)
        moment = datetime(day.year, day.month, day.day, random.randrange(8, 20), random.randrange(60))
        record = bag.draw_by_mood(unit.mood + (FALL if day < TURN else -FALL))
        steps, channels = TOPICS[record["id"].split("-")[0]]
        # The small unit's customers are different people; elsewhere some answer several times.
        person = 90_000 + i if unit is SMALL_UNIT else random.randrange(10_000, 10_460)
        rows.append(
            [
                f"R{i:05d}",
                f"CLI-{person}",
                moment.strftime("%d/%m/%Y %H:%M"),
                unit.region,
                unit.name,
                random.choice(channels),
                random.choice(steps),
                str(rate(record["sentiment"], random)),
                plant(record["text"], random, 0.08),
            ]
        )
    return spoil_customers(rows)


def spoil_customers(rows: list[list[str]]) -> list[list[str]]:
    """Put in what real exports hold: blanks, wrong dates, ratings off the scale, other languages, doubles."""
    for i in range(20, 600, 53):
        rows[i][-1] = ""
    rows[33][2], rows[150][2] = "31/02/2026 10:00", "12/01/2062 09:30"
    rows[47][-2], rows[310][-2] = "11", "99"
    rows[75][-1] = "The lady at the desk was very kind and solved my problem in five minutes, thank you!"
    rows[220][-1] = "Muy buena atención, el personal fue muy amable con nosotros y todo fue rápido"
    rows[130][-1], rows[400][-1] = "...", "👍👍"
    for i in (60, 260, 510):
        rows.append([f"R{len(rows) + 1:05d}", *rows[i][1:]])  # sent twice: another row, the same answer
    return rows


def make_employees(random: Random) -> list[list[Any]]:
    """Make the rows of the employees' survey."""
    helping, hindering = TextBag(HELPS, random), TextBag(HINDERS, random)
    units = draw_units(random, N_EMPLOYEES, SMALL_EMPLOYEES, [unit.employees for unit in UNITS])
    rows: list[list[Any]] = []
    for i, unit in enumerate(units, start=1):
        happy = random.random() < unit.mood
        helps = helping.draw("positive") if random.random() < (0.85 if happy else 0.35) else None
        hinders = hindering.draw(random.choices(("negative", "mixed", "neutral"), (8, 2, 1))[0])
        hinders = hinders if helps is None or random.random() < (0.35 if happy else 0.9) else None
        # Employees of unhappy units believe customers to be happier than they are: the mirror's distortion.
        estimate = min(10, max(0, round(6.5 + 2 * unit.mood + random.gauss(0, 1))))
        rows.append(
            [
                f"MAT{4000 + i}",
                draw_day(random),
                unit.region,
                unit.name,
                random.choice(JOBS),
                random.choice(SENIORITY),
                rate("positive" if happy else "negative", random),
                estimate,
                plant(helps["text"], random, 0.05) if helps else "",
                plant(hinders["text"], random, 0.05) if hinders else "",
            ]
        )
    rows[12][6], rows[99][6] = 12, "ne sait pas"
    rows[40][-1] = "???"
    return rows


def write_customers(rows: list[list[str]], path: Path) -> None:
    """Write the customers' survey as French Excel does: semicolons, byte-order mark."""
    with path.open("w", encoding="utf-8-sig", newline="") as stream:
        writer = csv.writer(stream, delimiter=";")
        writer.writerow(
            [
                "Réponse",
                "Client",
                "Date de réponse",
                "Région",
                "Agence",
                "Canal",
                "Étape du parcours",
                "Recommanderiez-vous notre entreprise ? (0 à 10)",
                WHY,
            ]
        )
        writer.writerows(rows)


def write_employees(rows: list[list[Any]], path: Path) -> None:
    """Write the employees' survey as a workbook with real dates and numbers."""
    book = xlsxwriter.Workbook(str(path))
    book.set_properties({"created": datetime(2026, 7, 1)})
    sheet = book.add_worksheet("Réponses")
    day = book.add_format({"num_format": "dd/mm/yyyy"})
    bold = book.add_format({"bold": True})
    names = (
        "Matricule",
        "Date",
        "Région",
        "Agence",
        "Métier",
        "Ancienneté",
        "eNPS (0 à 10)",
        ESTIMATE,
        HELPS,
        HINDERS,
    )
    sheet.write_row(0, 0, names, bold)
    for i, row in enumerate(rows, start=1):
        for j, value in enumerate(row):
            if isinstance(value, date):
                sheet.write_datetime(i, j, datetime(value.year, value.month, value.day), day)
            elif value != "":
                sheet.write(i, j, value) if isinstance(value, int) else sheet.write_string(i, j, value)
    book.close()


def main(folder: Path = HERE) -> None:
    """Write both files into a folder."""
    write_customers(make_customers(Random(SEED)), folder / "demo_clients.csv")
    write_employees(make_employees(Random(SEED + 1)), folder / "demo_collaborateurs.xlsx")


if __name__ == "__main__":
    main()
