"""Labels that people decided pass before the model's, in what is read verbatim by verbatim."""

from __future__ import annotations

import pyarrow as pa
import pytest

from pipeline import schema
from pipeline.config import EstimateConfig
from pipeline.estimate.drivers import DIFFERENCE
from pipeline.estimate.measures import estimate
from tests.pipeline.estimate.conftest import LABELS, annotation, verbatim
from tests.pipeline.estimate.test_measures import one, rows_of

IRONIC = "Bravo les moyens, on attend encore les chaises de la salle de pause"


def reviews(numbers, sentiment="negative", themes=None, themes_read=None):
    """What people decided of some verbatims; a theme that is not named is absent."""
    rows = [
        {
            "verbatim_id": f"v{number:07d}",
            "sentiment": sentiment,
            "enchantment": "none",
            "incivility": "none",
            **{schema.theme_column(theme): said for theme, said in (themes or {}).items()},
            "n_reviewers": 1,
            "adjudicated": False,
            "themes_read": themes_read,
        }
        for number in numbers
    ]
    return pa.Table.from_pylist(rows, schema=schema.reviewed_schema(LABELS))


def tables_with(world, decided):
    """Twenty employees whom the model takes at their word."""
    world.add(
        [verbatim(i, audience="employee", text=IRONIC) for i in range(20)],
        [
            annotation(i, sentiment="positive", enchantment="other", themes={"means": "positive"})
            for i in range(20)
        ],
    )
    return estimate(world.inputs(reviews=decided), EstimateConfig(), LABELS)


def test_quotes_have_no_theme_when_a_review_takes_it_away(world):
    tables = tables_with(world, reviews(range(20)))
    assert one(tables["measures"], measure="sentiment_negative", period="all")["value"] == 1
    assert len(tables["_quotes"]) == 0


def test_quotes_have_the_labels_of_the_last_review_when_there_are_two(world):
    last = reviews(range(20), "mixed", {"listening": "negative"})
    quotes = tables_with(world, pa.concat_tables([reviews(range(20)), last]))["_quotes"].to_pylist()
    assert {(row["theme"], row["polarity"], row["sentiment"]) for row in quotes} == {
        ("listening", "negative", "mixed")
    }


def test_quotes_keep_a_theme_of_the_model_when_the_review_did_not_ask_for_it(world):
    quotes = tables_with(world, reviews(range(20), themes_read=["listening"]))["_quotes"].to_pylist()
    assert {(row["theme"], row["polarity"], row["sentiment"]) for row in quotes} == {
        ("means", "positive", "negative")
    }


def test_drivers_count_a_theme_where_a_review_found_it(world):
    world.add(
        [verbatim(i, rating=float(i < 20), rating_scale="nps") for i in range(40)],
        [annotation(i, themes={"means": "positive"} if i < 10 else {}) for i in range(40)],
    )
    decided = reviews(range(10, 20), themes={"means": "positive"})
    drivers = estimate(world.inputs(reviews=decided), EstimateConfig(), LABELS)["drivers"]
    row = rows_of(drivers, measure=DIFFERENCE, theme="means")[0]
    assert (row["value"], row["n_respondents"]) == (pytest.approx(1.0), 20)


@pytest.mark.parametrize(("is_learnt", "expected"), [(False, 0.55), (True, 0.2)])
def test_the_model_does_not_speak_where_it_was_told_the_answers(world, is_learnt, expected):
    """Right on the fifty that it learnt, of which a fifth are negative, it sees two thirds in the others."""
    said = ["negative" if i < 10 or (i >= 50 and i % 3) else "positive" for i in range(200)]
    world.add(
        [verbatim(i) for i in range(200)],
        [annotation(i, sentiment=each, is_learnt=is_learnt and i < 50) for i, each in enumerate(said)],
    )
    decided = pa.concat_tables([reviews(range(10)), reviews(range(10, 50), "positive")])
    place = decided.schema.get_field_index("inclusion_probability")
    decided = decided.set_column(place, "inclusion_probability", pa.array([0.25] * 50))
    measures = estimate(world.inputs(reviews=decided), EstimateConfig(), LABELS)["measures"]
    row = one(measures, measure="sentiment_negative", period="all")
    assert row["value"] == pytest.approx(expected, abs=0.01)
    assert row["n_reviewed"] == 50
