from __future__ import annotations

import json
import shutil
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from models.budget import Budget, affordable_share, measure_better_seconds, parse_budget
from models.cascade import AboveDoubt, CascadeTagger, TopShare, expected_errors, take_batch
from models.errors import ModelError
from models.registry import SHIPPED, load_tagger
from pipeline.cli.app import build_app
from pipeline.errors import ConfigError
from tests.models.tiny_taggers import LABELS, KeywordTagger, batch_of

# The fast model knows no word of regret; the better one does.
FAST = KeywordTagger("fast", negative=("attente",))
BETTER = KeywordTagger("better")
TEXTS = (
    "Merci, accueil souriant 😊",
    "Deux heures d'attente !!",
    "le site rame",
    "",
    "Ça tombe en panne tous les jours",
    "RAS",
)
BATCH = batch_of(*TEXTS)


def test_cascade_is_the_fast_model_when_nothing_is_read_again():
    cascade = CascadeTagger(FAST, BETTER, TopShare(0.0))
    assert cascade.decide(cascade.predict(BATCH)).sentiment == FAST.decide(FAST.predict(BATCH)).sentiment


def test_cascade_is_the_better_model_when_all_is_read_again():
    cascade = CascadeTagger(FAST, BETTER, TopShare(1.0))
    mine, theirs = cascade.predict(BATCH), BETTER.predict(BATCH)
    np.testing.assert_array_equal(mine.sentiment, theirs.sentiment)
    np.testing.assert_array_equal(mine.themes["means"], theirs.themes["means"])
    assert cascade.decide(mine).themes == BETTER.decide(theirs).themes


def test_cascade_reads_again_what_the_fast_model_doubts_and_nothing_else():
    better = KeywordTagger("better")
    cascade = CascadeTagger(FAST, better, TopShare(4 / 6))
    probabilities = cascade.predict(BATCH)
    assert probabilities.reread.tolist() == [False, False, True, True, True, True]
    assert better.n_read == 4
    decided = cascade.decide(probabilities)
    assert [decided.sentiment[row] for row in (0, 1, 2, 4)] == [
        "positive",
        "negative",
        "negative",
        "negative",
    ]
    assert decided.themes["means"][2] == "negative"


def test_cascade_decides_with_the_thresholds_of_who_read():
    strict = replace(BETTER.rule, themes=dict.fromkeys(LABELS.themes, 0.999))
    cascade = CascadeTagger(FAST, KeywordTagger("better", rule=strict), TopShare(4 / 6))
    themes = cascade.decide(cascade.predict(BATCH)).themes["means"]
    assert themes[1] == "negative"  # by the fast model
    assert themes[2] is None  # by the better one


def test_doubts_are_the_expected_number_of_wrong_labels():
    decided = FAST.decide(FAST.predict(BATCH))
    doubts = expected_errors(FAST.predict(BATCH), decided, LABELS)
    sure = (1 - 0.97) + 2 * 0.1 + 6 * 0.04
    np.testing.assert_allclose(doubts[[0, 2]], [sure, sure + 0.97 - 0.25], atol=1e-6)


def test_equal_doubts_go_to_the_earlier_verbatim_whenever_it_is_asked():
    doubts = np.array([0.5, 0.9, 0.5, 0.5])
    assert TopShare(0.5).choose(doubts).tolist() == [0, 1]
    assert TopShare(0.5).choose(doubts).tolist() == [0, 1]


@given(st.lists(st.sampled_from(TEXTS), max_size=12), st.integers(0, 12))
def test_a_limit_of_doubt_reads_each_verbatim_as_if_it_were_alone(texts, cut):
    cascade = CascadeTagger(FAST, BETTER, AboveDoubt(0.6))
    batch = batch_of(*texts)
    whole = cascade.predict(batch).sentiment
    parts = [take_batch(batch, np.arange(len(texts))[part]) for part in (slice(cut), slice(cut, None))]
    np.testing.assert_array_equal(whole, np.concatenate([cascade.predict(part).sentiment for part in parts]))


def test_themes_that_one_model_was_not_trained_for_are_left_out():
    class Untrained(KeywordTagger):
        def predict(self, batch):
            full = super().predict(batch)
            return replace(full, themes={k: v for k, v in full.themes.items() if k != "training"})

    cascade = CascadeTagger(Untrained("fast"), BETTER, TopShare(0.5))
    probabilities = cascade.predict(BATCH)
    assert set(probabilities.themes) == set(LABELS.themes) - {"training"}
    assert "training" not in cascade.decide(probabilities).themes


def test_cascade_is_refused_when_the_codebooks_differ():
    other = KeywordTagger("fast", labels=replace(LABELS, codebook_hash="0" * 16))
    with pytest.raises(ModelError, match="cannot read in a row: expected one codebook"):
        CascadeTagger(other, BETTER, TopShare(0.5))


def test_model_id_tells_members_and_choice_apart():
    ids = {
        CascadeTagger(FAST, BETTER, TopShare(0.5)).model_id,
        CascadeTagger(FAST, BETTER, TopShare(0.4)).model_id,
        CascadeTagger(BETTER, FAST, TopShare(0.5)).model_id,
        CascadeTagger(FAST, BETTER, AboveDoubt(0.5)).model_id,
    }
    assert len(ids) == 4
    assert all(each.endswith(LABELS.codebook_hash[:8]) for each in ids)


@pytest.mark.parametrize(
    ("text", "budget"),
    [
        ("30%", Budget(share=0.3)),
        (" 2,5 % ", Budget(share=0.025)),
        ("2000/s", Budget(per_second=2000.0)),
        ("0,125 / s", Budget(per_second=0.125)),
        *((f"2{sign}000/s", Budget(per_second=2000.0)) for sign in " \u00a0\u202f.,"),
        ("1 000 000/s", Budget(per_second=1e6)),
    ],
)
def test_budget_is_read_as_people_write_it(text, budget):
    assert parse_budget(text) == budget


@pytest.mark.parametrize("text", ["", "beaucoup", "120%", "0/s", "-3%", "2000", "20 00/s"])
def test_budget_is_refused_when_it_says_nothing(text):
    with pytest.raises(ModelError, match="the budget cannot be read: expected a share"):
        parse_budget(text)


@given(st.floats(1, 1e5), st.floats(1e-6, 1), st.floats(1e-6, 1))
def test_affordable_share_keeps_the_speed(per_second, fast_seconds, better_seconds):
    share = affordable_share(per_second, fast_seconds, better_seconds)
    assert 0 <= share <= 1
    if share > 0:
        assert fast_seconds + share * better_seconds <= 1 / per_second * (1 + 1e-9) + 1e-12


def test_better_is_timed_on_what_would_be_read_again():
    better = KeywordTagger("better")
    assert measure_better_seconds(FAST, better, BATCH) > 0
    assert better.n_read == 2  # the warm-up and the timing, on the one most doubtful in six


@pytest.fixture
def second_model(tmp_path):
    """The shipped linear model under another version: a second model with its own id."""
    folder = tmp_path / "better"
    shutil.copytree(SHIPPED / "linear", folder)
    card = json.loads((folder / "model.json").read_text(encoding="utf-8"))
    (folder / "model.json").write_text(json.dumps(card | {"version": 99}), encoding="utf-8")
    return folder


def test_cascade_is_loaded_from_its_folder(tmp_path, second_model):
    card = json.loads((second_model / "model.json").read_text(encoding="utf-8"))
    described = {"kind": "cascade", "fast": "linear", "better": "better", "doubt_limit": 0.4}
    (tmp_path / "model.json").write_text(json.dumps(described | {"labels": card["labels"]}), encoding="utf-8")
    cascade = load_tagger(str(tmp_path), LABELS)
    assert isinstance(cascade, CascadeTagger)
    assert cascade.fast.model_id == load_tagger("linear", LABELS).model_id
    assert cascade.better.model_id.startswith("linear-99-")
    assert cascade.choice == AboveDoubt(0.4)


def tag(*arguments):
    return CliRunner().invoke(build_app(["pipeline.cli.tag"]), ["tag", *map(str, arguments)])


@pytest.mark.parametrize(("budget", "n_reread"), [("50%", 3), ("0%", 0), ("0.001/s", 6), ("1e9", None)])
def test_tag_reads_again_what_the_budget_affords(tmp_path, second_model, budget, n_reread):
    source, target = tmp_path / "in.jsonl", tmp_path / "out.jsonl"
    rows = [{"id": k, "audience": "customer", "text": text} for k, text in enumerate(TEXTS)]
    source.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    result = tag("--input", source, "--output", target, "--model", second_model, "--budget", budget)
    if n_reread is None:
        assert isinstance(result.exception, ModelError)
        return
    assert result.exception is None
    assert f"{n_reread} relus" in result.output
    tagged = [json.loads(line) for line in target.read_text(encoding="utf-8").splitlines()]
    assert [row["id"] for row in tagged] == list(range(6))
    assert {row["model_id"].split("-")[0] for row in tagged} == {"cascade"}


def test_tag_refuses_a_budget_without_a_better_model(tmp_path):
    source = tmp_path / "in.jsonl"
    source.write_text("", encoding="utf-8")
    arguments = ("--input", source, "--output", tmp_path / "out", "--model", "linear", "--budget", "10%")
    result = tag(*arguments)
    assert isinstance(result.exception, ConfigError)
    assert "a fast one and a better one" in str(result.exception)
