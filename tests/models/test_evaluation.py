from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from models.decisions import DecisionRule, decide, decide_positions
from models.errors import ModelError
from models.evaluation import evaluate
from models.evaluation_report import html_report, markdown_report
from models.gold import UNKNOWN, GoldSet, read_gold
from models.oof import read_oof, write_oof
from models.predictions import Predictions, read_predictions
from models.tagger import TagProbabilities
from pipeline.codebook import read_codebook

LABELS = read_codebook().label_space
AUTHORED_FILE = Path(__file__).parents[2] / "data" / "gold" / "authored.jsonl"


@pytest.fixture(scope="module")
def gold() -> GoldSet:
    everything = read_gold([AUTHORED_FILE], LABELS)
    return everything.take(np.arange(0, len(everything), 6))


def _sure(gold: GoldSet, certainty: float) -> TagProbabilities:
    """Give each true label the certainty, the others the rest in equal parts."""

    def block(codes: np.ndarray, width: int) -> np.ndarray:
        columns = np.full((len(codes), width), (1 - certainty) / (width - 1), dtype=np.float32)
        columns[np.arange(len(codes)), codes] = certainty
        return columns

    return TagProbabilities(
        sentiment=block(gold.sentiment, 4),
        enchantment=block(gold.enchantment, 3),
        incivility=block(gold.incivility, 3),
        themes={theme: block(gold.themes[:, k], 5) for k, theme in enumerate(LABELS.themes)},
    )


def test_evaluate_gives_one_everywhere_when_predictions_are_the_truth(gold: GoldSet) -> None:
    probabilities = _sure(gold, 0.99)
    measured = evaluate(
        gold, decide_positions(probabilities, DecisionRule.plain(LABELS)), probabilities, n_resamples=5
    )
    everyone = measured.slices[0]
    for name in ("sentiment.macro_f1", "themes.micro_f1", "themes.polarity_accuracy", "incivility.any.f1"):
        assert everyone.value(name) == 1.0
    assert everyone.value("enchantment.relational.average_precision") == 1.0
    assert everyone.value("sentiment.positive.calibration_error") == pytest.approx(0.01, abs=0.01)
    assert everyone.n == len(gold)
    assert sum(part.n for part in measured.slices if part.name.startswith("audience=")) == len(gold)
    assert np.trace(measured.confusions["sentiment"]) == len(gold)


def test_evaluate_gives_low_figures_when_predictions_are_shuffled(gold: GoldSet) -> None:
    shuffled = gold.take(np.random.default_rng(0).permutation(len(gold)))
    probabilities = _sure(shuffled, 0.9)
    decided = decide_positions(probabilities, DecisionRule.plain(LABELS))
    everyone = evaluate(gold, decided, probabilities, n_resamples=20).slices[0]
    assert everyone.value("sentiment.macro_f1") < 0.4
    assert everyone.value("themes.micro_f1") < 0.45
    measure = next(m for m in everyone.measures if m.name == "sentiment.accuracy")
    assert measure.low < measure.value < measure.high


def test_reports_hold_every_slice_and_no_text(gold: GoldSet) -> None:
    probabilities = _sure(gold, 0.9)
    measured = evaluate(
        gold, decide_positions(probabilities, DecisionRule.plain(LABELS)), probabilities, n_resamples=5
    )
    page, text = (
        html_report(measured, "Essai", ["Une note."]),
        markdown_report(measured, "Essai", ["Une note."]),
    )
    assert "Collaborateurs" in page
    assert "Collaborateurs" in text
    assert page.count("<svg") == 1 + len(measured.reliability)
    assert json.loads(json.dumps(measured.as_json()))["slices"][0]["n"] == len(gold)
    for verbatim in (t for t in gold.batch.texts if len(t) > 30):
        assert verbatim not in page
        assert verbatim not in text


def test_outside_predictions_measure_the_same_as_the_tagger(gold: GoldSet, tmp_path: Path) -> None:
    probabilities = _sure(gold, 0.8)
    decisions = decide(probabilities, LABELS, DecisionRule.plain(LABELS))
    path = tmp_path / "predictions.jsonl"
    rows = [
        {
            "id": identifier,
            "sentiment": decisions.sentiment[i],
            "enchantment": decisions.enchantment[i],
            "incivility": decisions.incivility[i],
            "themes": {t: v[i] for t, v in decisions.themes.items() if v[i]},
        }
        for i, identifier in enumerate(gold.ids)
    ]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows[::-1]), encoding="utf-8")
    outside = read_predictions(path, gold)
    assert outside.probabilities is None
    measured = evaluate(gold, outside.decided, n_resamples=2).slices[0]
    inside = evaluate(
        gold, decide_positions(probabilities, DecisionRule.plain(LABELS)), n_resamples=2
    ).slices[0]
    assert [(m.name, m.value) for m in measured.measures] == [(m.name, m.value) for m in inside.measures]
    path.write_text(json.dumps(rows[0]) + "\n", encoding="utf-8")
    with pytest.raises(ModelError, match="verbatims missing"):
        read_predictions(path, gold)


def test_predictions_of_a_model_that_lacks_a_theme_are_judged_on_the_others(
    gold: GoldSet, tmp_path: Path
) -> None:
    own = replace(LABELS, themes=(*LABELS.themes, "price"), codebook_hash="1" * 16)
    few = gold.take(np.arange(20))
    asked = replace(few, labels=own, themes=np.pad(few.themes, ((0, 0), (0, 1))))
    shares = {value: 0.25 for value in LABELS.sentiment}
    line = {
        "sentiment": "neutral",
        "enchantment": "none",
        "incivility": "none",
        "themes": {},
        "probabilities": {
            "sentiment": shares,
            "enchantment": dict.fromkeys(LABELS.enchantment, 1 / 3),
            "incivility": dict.fromkeys(LABELS.incivility, 1 / 3),
            "themes": {theme: dict.fromkeys(LABELS.theme_values, 0.2) for theme in LABELS.themes},
        },
        "not_trained": ["price"],
    }
    path = tmp_path / "tags.jsonl"
    path.write_text("".join(json.dumps({"id": each, **line}) + "\n" for each in few.ids), encoding="utf-8")
    read = read_predictions(path, asked)
    assert list(read.decided.themes) == list(LABELS.themes)
    evaluation = evaluate(asked, read.decided, read.probabilities, n_resamples=2)
    measured = evaluation.slices[0]
    assert np.isnan(measured.value("price.f1"))
    assert not np.isnan(measured.value("means.average_precision"))
    assert evaluation.as_json()["not_trained"] == ["price"]
    assert "| price | non entraîné |" in markdown_report(evaluation, "Essai")
    assert "<td>price</td><td>non entraîné</td>" in html_report(evaluation, "Essai")


def test_calibration_is_told_where_a_theme_was_read_in_no_verbatim(gold: GoldSet) -> None:
    probabilities = _sure(gold, 0.99)
    themes = gold.themes.copy()
    themes[:, 0] = UNKNOWN
    asked = replace(gold, themes=themes)
    decided = decide_positions(probabilities, DecisionRule.plain(LABELS))
    assert "nan" not in markdown_report(evaluate(asked, decided, probabilities, n_resamples=2), "Essai")


def test_oof_comes_back_as_it_was_written_without_text(gold: GoldSet, tmp_path: Path) -> None:
    probabilities = _sure(gold, 0.8)
    decided = decide_positions(probabilities, DecisionRule.plain(LABELS))
    write_oof(tmp_path, gold, Predictions(decided, probabilities))
    again, predictions, n_words = read_oof(tmp_path, LABELS)
    np.testing.assert_array_equal(again.themes, gold.themes)
    np.testing.assert_array_equal(predictions.decided.sentiment, decided.sentiment)
    assert predictions.probabilities is not None
    np.testing.assert_allclose(
        predictions.probabilities.themes["means"], probabilities.themes["means"], atol=1e-3
    )
    assert n_words[0] == len(gold.batch.texts[0].split())
    assert set(again.batch.texts) == {""}
    with pytest.raises(ModelError, match=r"oof\.parquet"):
        read_oof(tmp_path / "none", LABELS)
