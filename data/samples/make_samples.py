"""Make one small file for each shape of export met in the field, awkward rows included.

Texts are authored: those of `data/gold/authored.jsonl` and the awkward ones below; persons, units and dates
are invented. `python data/samples/make_samples.py` makes the same files each time.
"""

from __future__ import annotations

import csv
import io
import json
import zipfile
from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta
from pathlib import Path
from random import Random
from xml.sax.saxutils import escape

import xlsxwriter

HERE = Path(__file__).parent
GOLD = HERE.parent / "gold" / "authored.jsonl"
ENGLISH = "The staff was very kind and the queue went fast, thank you so much for everything"
QUOTED = "Il m'a dit « bonjour », puis : \"suivant !\"\nEt rien d'autre ; dommage, vraiment."


def texts_of(audience: str, seed: int, longest: int = 220) -> Iterator[str]:
    """Draw authored texts of an audience in a fixed order, those that Windows-1252 can write."""
    records = [json.loads(line) for line in GOLD.read_text(encoding="utf-8").splitlines()]
    texts = [r["text"] for r in records if r["audience"] == audience and 25 <= len(r["text"]) <= longest]
    texts = [text for text in texts if text.encode("cp1252", "ignore").decode("cp1252") == text]
    Random(seed).shuffle(texts)
    yield from texts


def days(seed: int) -> Iterator[date]:
    """Draw days of the first half of 2026."""
    random = Random(seed)
    while True:
        yield date(2026, 1, 5) + timedelta(days=random.randrange(175))


def write_text(name: str, rows: Sequence[Sequence[str]], encoding: str, delimiter: str) -> None:
    """Write a delimited file in an encoding."""
    stream = io.StringIO(newline="")
    csv.writer(stream, delimiter=delimiter).writerows(rows)
    (HERE / name).write_bytes(stream.getvalue().encode(encoding))


def make_plain() -> None:
    """One column of text with metadata: customers, Windows-1252, semicolons, French Excel."""
    texts, moments, random = texts_of("customer", 1), days(1), Random(1)
    rows: list[list[str]] = [["N°", "Date", "Client", "Agence", "Canal", "Note NPS", "Commentaire"]]
    for i in range(1, 41):
        text = QUOTED if i == 4 else next(texts)
        unit, channel = random.choice(("Nantes", "Angers", "Le Mans")), random.choice(("Agence", "Téléphone"))
        day = next(moments).strftime("%d/%m/%Y")
        rows.append([str(i), day, f"C{100 + i % 30}", unit, channel, str(random.randrange(11)), text])
    rows[5][1], rows[6][1] = "3 mars 2026", "1er avril 2026"
    rows[7][1], rows[8][5] = "30/02/2026", "12"
    rows[9][6], rows[10][6], rows[11][6] = "", "...", ENGLISH
    rows[12][6] = rows[12][6] + " Merci à Mme Durand, 06 39 98 00 12."
    rows.append(["41", *rows[20][1:]])  # the same answer of the same person on the same day
    rows.append(["42", "12/03/2026", "C999"])  # cut short
    write_text("plain.csv", rows, "cp1252", ";")


def make_questions() -> None:
    """Several open questions in columns: employees, a workbook with a title above its header."""
    texts, moments, random = texts_of("employee", 2), days(2), Random(2)
    book = xlsxwriter.Workbook(str(HERE / "questions.xlsx"))
    book.set_properties({"created": datetime(2026, 7, 1)})
    notes = book.add_worksheet("Lisez-moi")
    notes.write_string(0, 0, "Export du baromètre interne")
    sheet = book.add_worksheet("Réponses")
    day_format = book.add_format({"num_format": "dd/mm/yyyy"})
    sheet.merge_range(0, 0, 0, 6, "Baromètre interne 2026, premier semestre")
    keep, change = "Que faut-il garder à tout prix ?", "Que changeriez-vous en premier ?"
    names = ("Matricule", "Date", "Service", "Ancienneté", "eNPS", keep, change)
    sheet.write_row(1, 0, names)
    for i in range(2, 32):
        day = next(moments)
        sheet.write_string(i, 0, f"E{500 + i}")
        if i % 3:
            sheet.write_datetime(i, 1, datetime(day.year, day.month, day.day), day_format)
        else:
            sheet.write_number(i, 1, (day - date(1899, 12, 30)).days)  # a serial that lost its format
        sheet.write_string(i, 2, random.choice(("Accueil", "Gestion", "Logistique")))
        sheet.write_string(i, 3, random.choice(("moins de 2 ans", "2 à 5 ans", "plus de 5 ans")))
        sheet.write_number(i, 4, random.randrange(11))
        if i % 4:
            sheet.write_string(i, 5, next(texts))
        if i % 5:
            sheet.write_string(i, 6, next(texts))
    book.close()


def make_qualtrics() -> None:
    """Qualtrics: three header rows, technical columns; employees, UTF-8 with a byte-order mark."""
    texts, moments, random = texts_of("employee", 3), days(3), Random(3)
    heads = [
        ("StartDate", "Start Date", "startDate"),
        ("EndDate", "End Date", "endDate"),
        ("Status", "Response Type", "status"),
        ("IPAddress", "IP Address", "ipAddress"),
        ("Progress", "Progress", "progress"),
        ("Finished", "Finished", "finished"),
        ("RecordedDate", "Recorded Date", "recordedDate"),
        ("ResponseId", "Response ID", "_recordId"),
        ("ExternalReference", "External Data Reference", "externalDataReference"),
        ("Q1", "Quel est votre service ?", "QID1"),
        ("Q2", "Recommanderiez-vous notre entreprise comme employeur ? (eNPS)", "QID2"),
        ("Q5_TEXT", "Qu'est-ce qui vous aiderait\nà mieux travailler ?", "QID5_TEXT"),
        ("Q6_TEXT", "Un mot pour votre manager ?", "QID6_TEXT"),
    ]
    rows = [
        [name for name, _, _ in heads],
        [wording for _, wording, _ in heads],
        [json.dumps({"ImportId": key}) for _, _, key in heads],
    ]
    for i in range(30):
        moment = f"{next(moments).isoformat()} {8 + i % 10:02d}:15:00"
        team, rating = random.choice(("Vente", "Caisse", "Réserve")), str(random.randrange(11))
        answers = [next(texts) if i % 6 else "", next(texts) if i % 2 else ""]
        row = [moment, moment, "0", "203.0.113.7", "100", "1", moment, f"R_{i:04d}xYz", f"EMP{i:03d}"]
        rows.append([*row, team, rating, *answers])
    write_text("qualtrics.csv", rows, "utf-8-sig", ",")


def make_google_forms() -> None:
    """Google Forms: questions as headers, French timestamps; customers, UTF-8, commas."""
    texts, moments, random = texts_of("customer", 4), days(4), Random(4)
    heads = [
        "Horodateur",
        "Dans quel magasin êtes-vous allé(e) ?",
        "Quelle note donnez-vous à votre visite ?",
    ]
    heads += ["Qu'avez-vous pensé de l'accueil ?", "Que pourrions-nous améliorer ?"]
    rows = [heads]
    for i in range(35):
        moment = f"{next(moments).strftime('%d/%m/%Y')} 14:{i:02d}:33"
        unit = random.choice(("Lille", "Roubaix", "Tourcoing"))
        answers = [next(texts), next(texts) if i % 3 else ""]
        rows.append([moment, unit, str(random.randrange(1, 6)), *answers])
    rows[3][2], rows[4][3] = "6", "👍"
    write_text("google_forms.csv", rows, "utf-8", ",")


def make_surveymonkey() -> None:
    """SurveyMonkey: two header rows, « Réponse libre »; employees, a workbook."""
    texts, moments, random = texts_of("employee", 5), days(5), Random(5)
    book = xlsxwriter.Workbook(str(HERE / "surveymonkey.xlsx"))
    book.set_properties({"created": datetime(2026, 7, 1)})
    sheet = book.add_worksheet("Sheet")
    first = [
        "Respondent ID",
        "Date Created",
        "Dans quelle équipe travaillez-vous ?",
        "Vos outils préférés",
        "",
    ]
    first += ["Qu'est-ce qui vous donne envie de rester ?", "Qu'est-ce qui vous freine au quotidien ?"]
    second = ["", "", "Réponse", "Téléphone", "Messagerie", "Réponse libre", "Open-Ended Response"]
    sheet.write_row(0, 0, first)
    sheet.write_row(1, 0, second)
    for i in range(28):
        row = [str(118_000_000 + 37 * i), f"{next(moments).strftime('%d/%m/%Y')} 09:{i:02d}:00"]
        row += [
            random.choice(("Plateau A", "Plateau B")),
            "Téléphone" if i % 2 else "",
            "Messagerie" if i % 3 else "",
        ]
        row += [next(texts) if i % 5 else "", next(texts) if i % 4 else ""]
        sheet.write_row(i + 2, 0, row)
    book.close()


def make_reviews() -> None:
    """Reviews of a public site: stars, title and text; customers, an ODS workbook."""
    texts, moments, random = texts_of("customer", 6), days(6), Random(6)
    rows = [["Date", "Pseudo", "Note", "Titre", "Avis", "Magasin"]]
    for i in range(32):
        text = next(texts)
        title = (
            text[:22].rsplit(" ", 1)[0] + "…"
            if i % 4 == 0
            else random.choice(("Bon accueil", "À revoir !", ""))
        )
        stars = random.randrange(1, 6)
        note = ("★" * stars + "☆" * (5 - stars), f"{stars}/5", str(stars))[i % 3]
        unit = random.choice(("Tours", "Blois", "Orléans"))
        rows.append([next(moments).isoformat(), f"pseudo{i:02d}", note, title, text, unit])
    rows[2][2], rows[5][4], rows[5][3] = "8/10", "", ""
    write_ods(HERE / "reviews.ods", rows)


def make_jobs() -> None:
    """Reviews of employers: « Avantages » and « Inconvénients »; employees, UTF-16, tabs."""
    texts, moments, random = texts_of("employee", 7), days(7), Random(7)
    rows = [["Date de publication", "Poste occupé", "Statut", "Note globale", "Avantages", "Inconvénients"]]
    for i in range(26):
        day = next(moments)
        month = ("janvier", "février", "mars", "avril", "mai", "juin")[day.month - 1]
        job = random.choice(("Vendeur", "Caissière", "Responsable de rayon", "Préparateur"))
        status = random.choice(("Salarié actuel", "Ancien salarié"))
        answers = [next(texts), next(texts) if i % 7 else "-"]
        rows.append([f"{day.day} {month} {day.year}", job, status, f"{random.randrange(1, 6)},0", *answers])
    write_text("jobs.tsv", rows, "utf-16", "\t")


def write_ods(path: Path, rows: Sequence[Sequence[str]]) -> None:
    """Write the smallest ODS workbook there is."""
    filled = '<table:table-cell office:value-type="string">'
    cells = "".join(
        "<table:table-row>"
        + "".join(
            f"{filled}<text:p>{escape(cell)}</text:p></table:table-cell>" if cell else "<table:table-cell/>"
            for cell in row
        )
        + "</table:table-row>"
        for row in rows
    )
    space = "urn:oasis:names:tc:opendocument:xmlns"
    names = " ".join(f'xmlns:{name}="{space}:{name}:1.0"' for name in ("office", "table", "text"))
    head = '<?xml version="1.0" encoding="UTF-8"?>'
    sheet = f'<office:spreadsheet><table:table table:name="Avis">{cells}</table:table></office:spreadsheet>'
    content = (
        f'{head}<office:document-content {names} office:version="1.2"><office:body>{sheet}</office:body>'
        "</office:document-content>"
    )
    kind = "application/vnd.oasis.opendocument.spreadsheet"
    entry = "<manifest:file-entry manifest:full-path={} manifest:media-type={}/>"
    manifest = (
        f'{head}<manifest:manifest xmlns:manifest="{space}:manifest:1.0">'
        + entry.format('"/"', f'"{kind}"')
        + entry.format('"content.xml"', '"text/xml"')
        + "</manifest:manifest>"
    )
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in (("mimetype", kind), ("content.xml", content), ("META-INF/manifest.xml", manifest)):
            info = zipfile.ZipInfo(name, (2026, 7, 1, 0, 0, 0))
            info.compress_type = zipfile.ZIP_STORED if name == "mimetype" else zipfile.ZIP_DEFLATED
            archive.writestr(info, text)


def main() -> None:
    """Write every sample beside this script."""
    for make in (
        make_plain,
        make_questions,
        make_qualtrics,
        make_google_forms,
        make_surveymonkey,
        make_reviews,
        make_jobs,
    ):
        make()


if __name__ == "__main__":
    main()
