"""Write an evaluation for people: one HTML page that needs nothing else, and the same tables in Markdown."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape

import numpy as np

from models.evaluation import Evaluation, Measure, Slice
from models.evaluation_plots import figure, interval_bars, reliability_plot

HEADLINES = (
    ("sentiment.accuracy", "Sentiment, exactitude"),
    ("sentiment.macro_f1", "Sentiment, macro-F1"),
    ("themes.micro_f1", "Thèmes, micro-F1"),
    ("themes.polarity_accuracy", "Polarité des thèmes trouvés"),
    ("enchantment.relational.f1", "Enchantement relationnel, F1"),
    ("enchantment.relational.average_precision", "Enchantement relationnel, précision moyenne"),
    ("incivility.any.f1", "Incivilité, F1"),
)
FRENCH = {
    "all": "Tous les verbatims",
    "real customer": "Clients, textes réels",
    "real employee": "Collaborateurs, textes réels",
    "audience=customer": "Clients",
    "audience=employee": "Collaborateurs",
    "length=1-10 words": "1 à 10 mots",
    "length=11-40 words": "11 à 40 mots",
    "length=41 words and more": "41 mots et plus",
}
_STYLE = """
body{font:15px/1.5 system-ui,sans-serif;max-width:1280px;margin:2rem auto;padding:0 1rem;color:#1b2430}
h1{font-size:1.6rem}h2{font-size:1.15rem;margin-top:2.2rem}table{border-collapse:collapse;margin:.6rem 0}
th,td{border-bottom:1px solid #dde3ea;padding:.3rem .6rem;text-align:right;font-variant-numeric:tabular-nums}
td{white-space:nowrap}th:first-child,td:first-child{text-align:left}
thead th{vertical-align:bottom;font-weight:600}
.wide{overflow-x:auto}.plots{display:flex;flex-wrap:wrap;gap:.4rem}svg text{font-size:11px;fill:#1b2430}
.frame{fill:none;stroke:#b8c2cf}.ideal{stroke:#b8c2cf;stroke-dasharray:4 3}.line{fill:none;stroke:#1f6feb}
circle{fill:#1f6feb}.bar{fill:#9cc2f5}.whisker{stroke:#12407f;stroke-width:2}.note{color:#55606e;max-width:60rem}
"""


def html_report(evaluation: Evaluation, title: str, notes: Sequence[str] = ()) -> str:
    """Write the page.

    Args:
        evaluation: What was measured.
        title: Of the page.
        notes: How the figures were obtained, a sentence each.
    """
    everyone = evaluation.slices[0]
    plots = "".join(reliability_plot(name, table) for name, table in evaluation.reliability.items())
    parts = [
        f"<h1>{escape(title)}</h1>",
        "".join(f'<p class="note">{escape(note)}</p>' for note in notes),
        f"<h2>En bref ({_thousands(everyone.n)} verbatims)</h2>",
        interval_bars([(name, _measure(everyone, key)) for key, name in HEADLINES]),
        "<h2>Par public, source, strate et longueur</h2>",
        _html_table(*_headline_table(evaluation.slices)),
        "<h2>Thèmes</h2>",
        _html_table(*_theme_table(evaluation)),
        "<h2>Étalonnage : probabilité annoncée, fréquence constatée</h2>",
        f'<div class="plots">{plots}</div>' if plots else "<p>Prédictions sans probabilités.</p>",
        "<h2>Confusions</h2>",
        *(_html_table(*_confusion_table(evaluation, name)) for name in evaluation.confusions),
    ]
    return (
        f'<!doctype html><html lang="fr"><head><meta charset="utf-8"><title>{escape(title)}</title>'
        f"<style>{_STYLE}</style></head><body>{''.join(parts)}</body></html>\n"
    )


def markdown_report(evaluation: Evaluation, title: str, notes: Sequence[str] = ()) -> str:
    """Write the same tables in Markdown."""
    parts = [
        f"# {title}",
        *notes,
        "## Par public, source, strate et longueur",
        _markdown_table(*_headline_table(evaluation.slices)),
        "## Thèmes",
        _markdown_table(*_theme_table(evaluation)),
        "## Confusions",
        *(_markdown_table(*_confusion_table(evaluation, name)) for name in evaluation.confusions),
    ]
    return "\n\n".join(parts) + "\n"


def theme_figures(evaluation: Evaluation) -> str:
    """Write the themes' figures alone, in Markdown."""
    return _markdown_table(*_theme_table(evaluation))


def french_name(name: str) -> str:
    """Name a slice for a reader: `audience=customer` is « Clients »."""
    return FRENCH.get(name, name.replace("source=", "source : ").replace("stratum=", "strate : "))


def _headline_table(slices: Sequence[Slice]) -> tuple[list[str], list[list[str]]]:
    header = ["", "n", *(name for _, name in HEADLINES), "Écart d’étalonnage (thèmes)"]
    rows = [
        [
            french_name(part.name),
            _thousands(part.n),
            *(figure(_measure(part, key)) for key, _ in HEADLINES),
            _calibration(part),
        ]
        for part in slices
    ]
    return header, rows


def _theme_table(evaluation: Evaluation) -> tuple[list[str], list[list[str]]]:
    slices = evaluation.slices
    shown = [part for part in slices if part.name == "all" or part.name.startswith(("real ", "audience="))]
    themes = [
        m.name.removesuffix(".f1") for m in slices[0].measures if m.name.count(".") == 1 and _is_theme(m.name)
    ]
    header = [
        "",
        *(f"{french_name(part.name)} : {what}" for part in shown for what in ("F1", "précision moyenne")),
    ]
    rows = [
        [
            theme,
            *(
                figure(_measure(part, f"{theme}.{what}"))
                for part in shown
                for what in ("f1", "average_precision")
            ),
        ]
        for theme in themes
    ]
    rows += [[theme, *["non entraîné"] * (len(header) - 1)] for theme in evaluation.not_trained]
    return header, rows


def _is_theme(name: str) -> bool:
    label, measure = name.split(".")
    return measure == "f1" and label not in ("themes", "sentiment", "enchantment", "incivility")


def _confusion_table(evaluation: Evaluation, name: str) -> tuple[list[str], list[list[str]]]:
    values = evaluation.values[name]
    header = [f"{name} : vrai ↓ décidé →", *values]
    rows = [
        [value, *(_thousands(count) for count in counts)]
        for value, counts in zip(values, evaluation.confusions[name], strict=True)
    ]
    return header, rows


def _measure(part: Slice, name: str) -> Measure:
    nothing = Measure(name, float("nan"), float("nan"), float("nan"))
    return next((measure for measure in part.measures if measure.name == name), nothing)


def _calibration(part: Slice) -> str:
    errors = [
        m.value
        for m in part.measures
        if m.name.count(".") == 1 and m.name.endswith(".calibration_error") and not np.isnan(m.value)
    ]
    return f"{np.mean(errors):.3f}".replace(".", ",") if errors else "–"


def _thousands(count: float) -> str:
    return f"{count:,.0f}".replace(",", "\u202f")


def _html_table(header: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    head = "".join(f"<th>{escape(cell)}</th>" for cell in header)
    body = "".join("<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in rows)
    return f'<div class="wide"><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>'


def _markdown_table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)
