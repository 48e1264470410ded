"""Predictions made elsewhere: read when they are sound, refused by line or id when they are not."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from models.errors import ModelError
from models.gold import GoldSet, gold_from_records, joined_gold
from models.predictions import read_predictions
from pipeline.codebook import read_codebook

LABELS = read_codebook().label_space
TEXTS = ("Équipe adorable 😊", "Deux heures d'attente…", "RAS")


def gold_set() -> GoldSet:
    records = [{"id": k, "audience": "customer", "text": text, "themes": {}} for k, text in enumerate(TEXTS)]
    return gold_from_records(records, LABELS)


def told(identifier: int | str, **changed: Any) -> dict[str, Any]:
    """One line of predictions, with probabilities."""
    shares = {
        "sentiment": dict.fromkeys(LABELS.sentiment, 0.25),
        "enchantment": dict.fromkeys(LABELS.enchantment, 0.3333),
        "incivility": dict.fromkeys(LABELS.incivility, 0.3333),
        "themes": {theme: dict.fromkeys(LABELS.theme_values, 0.2) for theme in LABELS.themes},
    }
    labels = {"sentiment": "neutral", "enchantment": "none", "incivility": "none", "themes": {}}
    return {"id": identifier, **labels, "probabilities": shares, **changed}


def sentiment(**shares: float) -> dict[str, Any]:
    """Probabilities of a line, those of the sentiment replaced."""
    probabilities: dict[str, Any] = told(0)["probabilities"]
    return {**probabilities, "sentiment": {**probabilities["sentiment"], **shares}}


def write(tmp_path: Path, *rows: dict[str, Any]) -> Path:
    path = tmp_path / "predictions.jsonl"
    path.write_text("".join(f"{json.dumps(row)}\n" for row in rows), encoding="utf-8")
    return path


def test_read_predictions_takes_rounded_probabilities_in_any_order(tmp_path: Path) -> None:
    path = write(tmp_path, told("2"), told(0, themes={"means": "negative"}), told(1), told("other"))
    read = read_predictions(path, gold_set())
    assert read.decided.themes["means"].tolist() == [1 + LABELS.polarities.index("negative"), 0, 0]
    assert read.probabilities is not None
    assert read.probabilities.enchantment.shape == (3, 3)


def test_read_predictions_refuses_an_id_that_does_not_say_which_verbatim(tmp_path: Path) -> None:
    path = write(tmp_path, told(0), told(1), told(2), told("1", sentiment="positive"))
    with pytest.raises(ModelError, match=r"got the id '1' once more .*line 4.*Number the verbatims once"):
        read_predictions(path, gold_set())
    path = write(tmp_path, told(0), told(1), told(2))
    with pytest.raises(ModelError, match=r"got the id '0' more than once in the labelled verbatims"):
        read_predictions(path, joined_gold(gold_set(), gold_set()))


def test_read_predictions_refuses_a_theme_that_the_codebook_has_not(tmp_path: Path) -> None:
    path = write(tmp_path, told(0), told(1, themes={"Means": "negative"}), told(2))
    with pytest.raises(ModelError, match=r"a theme that the codebook has not .*line 2"):
        read_predictions(path, gold_set())


@pytest.mark.parametrize(
    "shares",
    [
        {"positive": 25.0, "negative": 25.0, "mixed": 25.0, "neutral": 25.0},
        {"positive": float("nan")},
        {"positive": 0.75, "negative": -0.25},
        {"positive": 0.5},
    ],
)
def test_read_predictions_refuses_probabilities_that_are_none(
    tmp_path: Path, shares: dict[str, float]
) -> None:
    path = write(tmp_path, told(0), told(1, probabilities=sentiment(**shares)), told(2))
    with pytest.raises(
        ModelError, match="probabilities of `sentiment` that do not add up to 1, first for id 1"
    ):
        read_predictions(path, gold_set())


def test_read_predictions_refuses_probabilities_on_a_part_of_the_lines(tmp_path: Path) -> None:
    without = {name: value for name, value in told(2).items() if name != "probabilities"}
    with pytest.raises(ModelError, match="probabilities on 2 of 3 lines"):
        read_predictions(write(tmp_path, told(0), told(1), without), gold_set())
    unequal = sentiment()
    del unequal["themes"]["means"]
    path = write(tmp_path, told(0), told(1, probabilities=unequal), told(2))
    with pytest.raises(ModelError, match=r"no probability of `means` for each of absent, .*, first for id 1"):
        read_predictions(path, gold_set())
    alone = {"sentiment": sentiment()["sentiment"], "themes": {}}
    path = write(tmp_path, *(told(k, probabilities=alone) for k in range(3)))
    with pytest.raises(ModelError, match=r"no probability of `enchantment` for each of none, .* for id 0"):
        read_predictions(path, gold_set())


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        (
            {"sentiment": "Negative"},
            "in `sentiment` none of positive, .*, first for id 1",
        ),
        ({"incivility": None}, "in `incivility` none of none, abusive, reported, first for id 1"),
        ({"themes": {"means": "bad"}}, "in the theme `means` none of positive, .*, first for id 1"),
    ],
)
def test_read_predictions_names_the_label_that_is_missing_or_unknown(
    tmp_path: Path, changed: dict[str, Any], message: str
) -> None:
    with pytest.raises(ModelError, match=message):
        read_predictions(write(tmp_path, told(0), told(1, **changed), told(2)), gold_set())


@pytest.mark.parametrize("themes", [None, ["means"]])
def test_read_predictions_refuses_themes_that_are_no_object(tmp_path: Path, themes: object) -> None:
    with pytest.raises(ModelError, match=r"no object `themes` .*line 1"):
        read_predictions(write(tmp_path, told(0, themes=themes)), gold_set())


def test_read_predictions_says_what_other_programs_saved(tmp_path: Path) -> None:
    path = write(tmp_path, told(0), told(1), told(2))
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())
    assert len(read_predictions(path, gold_set()).decided.sentiment) == len(TEXTS)
    path.write_bytes(path.read_bytes() + '{"id": "é"}'.encode("cp1252"))
    with pytest.raises(ModelError, match=r"bytes that are no UTF-8 .*line 4"):
        read_predictions(path, gold_set())
    with pytest.raises(ModelError, match="got IsADirectoryError"):
        read_predictions(tmp_path, gold_set())
