"""The model card of a trained linear model: what it is, what it learnt from, how good it is."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

from models.evaluation import Evaluation
from models.evaluation_plots import figure
from models.evaluation_report import HEADLINES, french_name, theme_figures
from models.gold import AUTHORED, GoldSet

_TEMPLATE = Path(__file__).with_name("card.md")


def write_card(gold: GoldSet, n_reviews: int, evaluation: Evaluation, model_id: str, seed: int) -> str:
    """Write the card in Markdown.

    Args:
        gold: What the model learnt from.
        n_reviews: Number of rated reviews beside them.
        evaluation: Of the out-of-fold predictions.
        model_id: Of the model.
        seed: Of the training.
    """
    template = _TEMPLATE.read_text(encoding="utf-8")
    return template.format(
        counts=_counts(gold, n_reviews),
        table=_table(evaluation),
        themes=theme_figures(evaluation),
        model_id=model_id,
        seed=seed,
    )


def facts(gold: GoldSet, n_reviews: int, evaluation: Evaluation, seed: int) -> dict[str, Any]:
    """Give what `model.json` tells beside the model: counts and headline figures."""
    return {
        "seed": seed,
        "n_labelled": len(gold),
        "n_by_source": dict(sorted(Counter(gold.sources.tolist()).items())),
        "n_rated_reviews": n_reviews,
        "held_out_figures": {
            part.name: {
                "n": part.n,
                **{
                    m.name: round(m.value, 4)
                    for m in part.measures
                    if m.name in dict(HEADLINES) and m.value == m.value
                },
            }
            for part in evaluation.slices
            if part.name.startswith(("real ", "audience=", "source=", "stratum=random"))
        },
    }


def _counts(gold: GoldSet, n_reviews: int) -> str:
    by_source = Counter(zip(gold.sources.tolist(), gold.batch.audiences, strict=True))
    rows = [f"| {source} | {audience} | {n} |" for (source, audience), n in sorted(by_source.items())]
    return "\n".join(
        [
            f"{len(gold)} labelled verbatims and {n_reviews} other reviews with stars.",
            "",
            "| source | audience | labelled |",
            "|---|---|---|",
            *rows,
            "",
            f"`{AUTHORED}` verbatims were written for this project (`data/gold/`), or came without a",
            "`source`. The texts of the other sources are not part of it: only learnt numbers and, for",
            "reviews, labels keyed by a hash.",
        ]
    )


def _table(evaluation: Evaluation) -> str:
    lines = [
        "| | n | " + " | ".join(name for _, name in HEADLINES) + " |",
        "|---" * (len(HEADLINES) + 2) + "|",
    ]
    for part in evaluation.slices:
        found = {measure.name: measure for measure in part.measures}
        cells = [figure(found[key]) if key in found else "–" for key, _ in HEADLINES]
        lines.append(f"| {french_name(part.name)} | {part.n} | " + " | ".join(cells) + " |")
    return "\n".join(lines)
