"""Take reviewed verbatims out: CSV and XLSX for people, JSON lines for training."""

from __future__ import annotations

import csv
import datetime as dt
import io
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence

import xlsxwriter

from models.labels import LabelSpace
from pipeline.codebook import Codebook, Language
from pipeline.review.search import ListRow

MAX_ROWS = 200_000
_DANGEROUS = ("=", "+", "-", "@", "\t", "\r")

Cell = str | float | dt.date


def disarm(cell: str) -> str:
    """Keep a spreadsheet from taking a text for a formula.

    >>> disarm("=1+1")
    "'=1+1"
    """
    return f"'{cell}" if cell.lstrip(" ").startswith(_DANGEROUS) else cell


def header(codebook: Codebook, language: Language, dimensions: Mapping[str, str]) -> list[str]:
    """Name the columns of the tables for people."""
    context, reviews = {
        "fr": (
            ("Identifiant", "Public", "Source", "Date", "Question", "Verbatim", "Note", "Échelle"),
            ("Relectures", "Confiance de la machine"),
        ),
        "en": (
            ("Id", "Audience", "Source", "Date", "Question", "Verbatim", "Rating", "Scale"),
            ("Reviews", "Model's confidence"),
        ),
    }[language]
    labels = codebook.labels
    singles = [
        entry.name.get(language) for entry in (labels.sentiment, labels.enchantment, labels.incivility)
    ]
    return [
        *context,
        *dimensions.values(),
        *reviews,
        *singles,
        *(theme.name.get(language) for theme in codebook.themes.values()),
    ]


def table_rows(
    rows: Iterable[ListRow], codebook: Codebook, language: Language, dimensions: Mapping[str, str]
) -> Iterator[list[Cell]]:
    """Turn verbatims into lines, labels in the reader's language."""
    labels = codebook.labels
    for row in rows:
        given = row.labels
        singles: list[Cell] = (
            [
                labels.sentiment.values[given.sentiment].name.get(language),
                labels.enchantment.values[given.enchantment].name.get(language),
                labels.incivility.values[given.incivility].name.get(language),
            ]
            if given
            else ["", "", ""]
        )
        themes: list[Cell] = [
            codebook.polarities[given.themes[theme]].name.get(language)
            if given and theme in given.themes
            else ""
            for theme in codebook.themes
        ]
        audience = next(
            (entry.name.get(language) for key, entry in codebook.audiences.items() if key == row.audience), ""
        )
        places = json.loads(row.context)
        yield [
            row.verbatim_id,
            audience,
            row.source,
            dt.date.fromisoformat(row.date) if row.date else "",
            row.question or "",
            row.text,
            row.rating if row.rating is not None else "",
            row.rating_scale or "",
            *(places.get(name, "") for name in dimensions),
            float(row.n_reviewers),
            row.confidence if row.confidence is not None else "",
            *singles,
            *themes,
        ]


def to_csv(
    rows: Iterable[ListRow], codebook: Codebook, language: Language, dimensions: Mapping[str, str]
) -> bytes:
    """Write what a French spreadsheet opens by itself: BOM, `;`, decimal comma; no cell is a formula.

    Args:
        rows: What to write.
        codebook: Names the labels.
        language: The reader's language.
        dimensions: Dimensions to give a column each → how it is headed.
    """
    stream = io.StringIO(newline="")
    writer = csv.writer(stream, delimiter=";")
    writer.writerow([disarm(name) for name in header(codebook, language, dimensions)])
    for line in table_rows(rows, codebook, language, dimensions):
        writer.writerow([_text(cell) for cell in line])
    return stream.getvalue().encode("utf-8-sig")


def _text(cell: Cell) -> str:
    if isinstance(cell, dt.date):
        return cell.isoformat()
    return disarm(cell) if isinstance(cell, str) else f"{cell:g}".replace(".", ",")


def to_xlsx(
    rows: Iterable[ListRow], codebook: Codebook, language: Language, dimensions: Mapping[str, str]
) -> bytes:
    """Write a workbook whose texts are texts and whose dates are dates; nothing in it is a formula or a link.

    Args:
        rows: What to write.
        codebook: Names the labels.
        language: The reader's language.
        dimensions: Dimensions to give a column each → how it is headed.
    """
    stream = io.BytesIO()
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    with xlsxwriter.Workbook(stream, options) as workbook:
        sheet = workbook.add_worksheet("Verbatims")
        bold = workbook.add_format({"bold": True})
        wrap = workbook.add_format({"text_wrap": True, "valign": "top"})
        day = workbook.add_format({"num_format": "dd/mm/yyyy" if language == "fr" else "yyyy-mm-dd"})
        for place, name in enumerate(header(codebook, language, dimensions)):
            sheet.write_string(0, place, name, bold)
        sheet.freeze_panes(1, 0)
        sheet.set_column(0, 4, 16)
        sheet.set_column(5, 5, 80, wrap)
        for number, line in enumerate(table_rows(rows, codebook, language, dimensions), start=1):
            for place, cell in enumerate(line):
                if isinstance(cell, str):
                    sheet.write_string(number, place, cell)
                elif isinstance(cell, dt.date):
                    sheet.write_datetime(number, place, cell, day)
                else:
                    sheet.write_number(number, place, cell)
    return stream.getvalue()


def training_lines(
    rows: Sequence[ListRow], labels: LabelSpace, themes_read: Mapping[str, Sequence[str]] | None = None
) -> Iterator[str]:
    """Write reviewed verbatims in the codebook's record format, one JSON object a line, for retraining.

    Verbatims that nobody reviewed are left out; so are those in dispute, until they are adjudicated.

    Args:
        rows: What to write.
        labels: The codebook's label space.
        themes_read: Themes that the reviewers were asked about, for verbatims reviewed before the codebook
            had the others.
    """
    for row in rows:
        if row.labels is None or row.n_reviewers == 0 or row.contested:
            continue
        record = {
            "id": row.verbatim_id,
            "audience": row.audience,
            "question": row.question,
            "text": row.text,
            **row.labels.to_dict(),
            "source": row.source,
            "corrected": row.corrected,
            "codebook": labels.codebook_hash,
        }
        if themes_read is not None and row.verbatim_id in themes_read:
            record["themes_read"] = list(themes_read[row.verbatim_id])
        yield json.dumps(record, ensure_ascii=False)
