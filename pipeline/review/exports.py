"""Take reviewed verbatims out: CSV and XLSX for people, JSON lines for training."""

from __future__ import annotations

import csv
import datetime as dt
import io
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import xlsxwriter

from models.labels import LabelSpace
from pipeline.codebook import Codebook, Language, Wording
from pipeline.ingest.layouts import plain_key
from pipeline.review.search import ListRow

MAX_ROWS = 200_000
_DANGEROUS = ("=", "+", "-", "@", "\t", "\r")

# Columns that tell, in a file that comes back, which verbatim a line is of and what a person did there.
ID_COLUMN: dict[Language, str] = {"fr": "Identifiant", "en": "Id"}
READ_COLUMN: dict[Language, str] = {"fr": "Relu (x)", "en": "Read (x)"}
WAS_COLUMN: dict[Language, str] = {
    "fr": "Étiquettes à l'export (ne pas modifier)",
    "en": "Labels when exported (do not change)",
}

Cell = str | float | dt.date


@dataclass(frozen=True, slots=True)
class LabelColumn:
    """What a column of labels holds.

    Attributes:
        label: `sentiment`, `enchantment`, `incivility` or `theme:<id>`.
        theme: The theme, for a theme.
        names: Names of its values, in the reader's language.
        values: Plain form of a value's name, in any language, or identifier → the value.
    """

    label: str
    theme: str
    names: list[str]
    values: dict[str, str]


def label_columns(codebook: Codebook, language: Language) -> dict[str, LabelColumn]:
    """List the columns of labels by name, in the order of the tables for people."""
    labels = codebook.labels
    singles = {
        "sentiment": labels.sentiment,
        "enchantment": labels.enchantment,
        "incivility": labels.incivility,
    }
    columns = {}
    for name, label in singles.items():
        wordings = {key: value.name for key, value in label.values.items()}
        columns[label.name.get(language)] = LabelColumn(name, "", *_read_as(wordings, language))
    polarities = _read_as({key: value.name for key, value in codebook.polarities.items()}, language)
    for theme, entry in codebook.themes.items():
        columns[entry.name.get(language)] = LabelColumn(f"theme:{theme}", theme, *polarities)
    return columns


def _read_as(values: Mapping[str, Wording], language: Language) -> tuple[list[str], dict[str, str]]:
    """Give the names that a reader sees, and all that is read back as each value."""
    languages: tuple[Language, ...] = ("fr", "en")
    named = {plain_key(name.get(each)): key for key, name in values.items() for each in languages}
    return [name.get(language) for name in values.values()], named | {plain_key(key): key for key in values}


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
            ("Public", "Source", "Date", "Question", "Verbatim", "Note", "Échelle"),
            ("Relectures", "Confiance de la machine"),
        ),
        "en": (
            ("Audience", "Source", "Date", "Question", "Verbatim", "Rating", "Scale"),
            ("Reviews", "Model's confidence"),
        ),
    }[language]
    labels = label_columns(codebook, language)
    taken = {plain_key(name) for name in labels}
    places = [f"{name} (dimension)" if plain_key(name) in taken else name for name in dimensions.values()]
    return [
        ID_COLUMN[language],
        *context,
        *places,
        *reviews,
        *labels,
        READ_COLUMN[language],
        WAS_COLUMN[language],
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
            "",
            given.codes.strip() if given else "",
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
        names = header(codebook, language, dimensions)
        for place, name in enumerate(names):
            sheet.write_string(0, place, name, bold)
        sheet.freeze_panes(1, 0)
        sheet.set_column(0, 4, 16)
        sheet.set_column(5, 5, 80, wrap)
        number = 0
        for number, line in enumerate(table_rows(rows, codebook, language, dimensions), start=1):
            for place, cell in enumerate(line):
                if isinstance(cell, str):
                    sheet.write_string(number, place, cell)
                elif isinstance(cell, dt.date):
                    sheet.write_datetime(number, place, cell, day)
                else:
                    sheet.write_number(number, place, cell)
        for name, column in label_columns(codebook, language).items():
            # A cell that holds something else is said of, not refused: the import tells it with its line.
            wanted = {"validate": "list", "source": column.names, "error_type": "warning"}
            place = names.index(name)
            sheet.data_validation(1, place, max(number, 1), place, wanted)
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
