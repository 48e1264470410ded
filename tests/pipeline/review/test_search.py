from __future__ import annotations

import time

import polars as pl
import pyarrow as pa
import pytest

from pipeline.review.accounts import add_reviewer
from pipeline.review.bulk import apply_bulk, parse_action, plan_bulk
from pipeline.review.campaigns import create_campaign
from pipeline.review.decisions import Ballot, record
from pipeline.review.folding import fold, folded
from pipeline.review.index import refresh_index
from pipeline.review.labels import VerbatimLabels
from pipeline.review.population import Scope, read_population
from pipeline.review.queue import claim, progress
from pipeline.review.reviewed import reviewed_table
from pipeline.review.sampling import Design
from pipeline.review.search import ListFilter, find, find_ids, rows_by_id
from pipeline.review.store import open_store
from tests.pipeline.review.authored import (
    MODEL_ID,
    TEXTS,
    gold,
    make_workspace,
    put_in_use,
    verbatim_id,
    write_version,
)

BOTH = ("customer", "employee")


def test_fold_and_folded_agree():
    texts = ["Cœur à l’ÉCOUTE", "", "Ça où naïf ŒUVRE 😤", "ÎLE"]
    assert pl.DataFrame({"t": texts}).select(folded(pl.col("t")))["t"].to_list() == [fold(t) for t in texts]


@pytest.mark.parametrize("words", ["ECOUTE", "equipe soudee", "Cœur", "coeur", "%", "_", "L'été"])
def test_find_searches_words_whatever_case_and_accents(desk, words):
    found = find(desk, ListFilter(words=words), BOTH)
    texts = [TEXTS[i % len(TEXTS)] for i in range(180)]
    questions = {"employee": "Que devrions-nous améliorer ?", "customer": ""}
    wanted = sum(
        all(word in fold(f"{text} {questions[audience]}") for word in fold(words).split())
        for audience, text, *_ in texts
    )
    assert found.n_total == wanted


def test_find_filters_on_labels_context_and_state(desk, bob, stamp):
    given = [
        Ballot(verbatim_id(i), VerbatimLabels(**gold(i)), "list", f"k{i}", doubt=i == 0) for i in range(18)
    ]
    record(desk, bob, given, stamp)
    reviewed = find(desk, ListFilter(state="reviewed", sort="reviewed"), BOTH)
    assert reviewed.n_total == 18
    assert find(desk, ListFilter(reviewer=bob.id), BOTH).n_total == 18
    assert find(desk, ListFilter(state="doubted"), BOTH).n_total == 1
    negative = find(desk, ListFilter(state="reviewed", theme="means", polarity="negative"), BOTH)
    assert negative.n_total == sum(gold(i)["themes"].get("means") == "negative" for i in range(18))
    assert find(desk, ListFilter(state="reviewed", incivility="reported"), BOTH).n_total == 1
    regions = find(desk, ListFilter(dimension="region=Nord", audience="employee"), BOTH)
    assert regions.n_total == sum(i % 3 == 1 and TEXTS[i % 18][0] == "employee" for i in range(180))
    assert find(desk, ListFilter(dimension="region=Nor"), BOTH).n_total == 0
    low = find(desk, ListFilter(confidence_below=0.2), BOTH)
    high = find(desk, ListFilter(confidence_above=0.2), BOTH)
    assert low.n_total + high.n_total == 180


def test_find_never_shows_an_audience_that_is_not_allowed(desk):
    assert find(desk, ListFilter(audience="employee"), ("customer",)).n_total == 0
    assert {row.audience for row in find(desk, ListFilter(), ("customer",)).rows} == {"customer"}


def test_pages_hold_each_verbatim_once(desk):
    seen = [row.verbatim_id for page in range(1, 5) for row in find(desk, ListFilter(page=page), BOTH).rows]
    assert len(seen) == len(set(seen)) == 180
    assert seen == find_ids(desk, ListFilter(), BOTH, 1000)


def test_bulk_changes_what_was_previewed_and_nothing_twice(desk, bob, labels, stamp):
    action = parse_action("theme:support=positive", labels)
    ids = [verbatim_id(i) for i in range(6)]
    changes = plan_bulk(desk, ids, action, ("customer",))
    assert all(change.after.themes["support"] == "positive" for change in changes)
    assert apply_bulk(desk, bob, changes, stamp, "abc") == len(changes)
    assert apply_bulk(desk, bob, changes, stamp, "abc") == 0
    assert find(desk, ListFilter(state="reviewed", theme="support", polarity="positive"), BOTH).n_total == 6


def test_refresh_index_takes_new_parts_once_and_keeps_reviews(tmp_path, labels):
    workspace = make_workspace(tmp_path / "w", 40)
    store = open_store(f"sqlite:///{tmp_path / 'r.sqlite'}")
    assert refresh_index(store, workspace, labels).n_verbatims == 40
    again = refresh_index(store, workspace, labels)
    assert (again.n_parts, again.n_verbatims) == (0, 0)
    store.engine.dispose()


def test_refresh_index_shows_the_model_asked_for_and_keeps_what_people_decided(tmp_path, labels, stamp):
    workspace = make_workspace(tmp_path / "w", 20)
    part = workspace.read_table("annotations", "essai", MODEL_ID, "part-00000.parquet")
    neutral = pa.array(["neutral"] * 20)
    other = part.set_column(part.schema.get_field_index("sentiment"), part.schema.field("sentiment"), neutral)
    place = part.schema.get_field_index("model_id")
    other = other.set_column(place, part.schema.field("model_id"), pa.array(["essai-2"] * 20))
    workspace.write_table(other, "annotations", "essai", "essai-2", "part-00000.parquet")
    store = open_store(f"sqlite:///{tmp_path / 'r.sqlite'}")
    refresh_index(store, workspace, labels, MODEL_ID)
    person = add_reviewer(store, "bob", "Bob", "une phrase assez longue", "reviewer")
    record(store, person, [Ballot(verbatim_id(0), VerbatimLabels(**gold(0)), "list", "k1")], stamp)
    for model, n_neutral in (("essai-2", 19), (MODEL_ID, None), ("essai-2", 19)):
        refresh_index(store, workspace, labels, model)
        found = find(store, ListFilter(sentiment="neutral"), BOTH).n_total
        assert n_neutral is None or found == n_neutral
        assert {row.model_id for row in find(store, ListFilter(), BOTH).rows} == {model}
    store.engine.dispose()


def test_desk_shows_of_each_verbatim_the_last_version_in_use(desk, workspace, labels):
    write_version(workspace, "corrige", 100, audience="employee", text="[PERSONNE] remasqué")
    for batches, n_all, n_customers, n_new in (
        (["corrige"], 100, 0, 100),
        (["essai", "corrige"], 180, 40, 100),
        (["essai"], 180, 100, 0),
        (["corrige", "essai"], 180, 100, 0),
        (["corrige"], 100, 0, 100),
    ):
        put_in_use(workspace, *batches)
        refresh_index(desk, workspace, labels)
        assert find(desk, ListFilter(), BOTH).n_total == n_all, batches
        assert find(desk, ListFilter(), ("customer",)).n_total == n_customers, batches
        assert find(desk, ListFilter(words="remasque"), BOTH).n_total == n_new, batches
        assert all(row.tagged for row in find(desk, ListFilter(sort="month"), BOTH).rows)
        population = read_population(workspace, MODEL_ID, Scope())
        assert population["audience"].to_list().count("customer") == n_customers, batches
        with desk.reading() as connection:
            assert len(rows_by_id(connection, [verbatim_id(i) for i in range(180)])) == n_all, batches
        assert refresh_index(desk, workspace, labels).n_parts == 0, batches


def test_queue_asks_only_for_what_is_in_use_and_of_whom_may_read_it(
    desk, workspace, labels, lead, bob, stamp
):
    number = create_campaign(
        desk, workspace, labels, lead, name="Tout", model_id=MODEL_ID, design=Design(180, double_share=0)
    )
    read = claim(desk, bob, number, n_items=30, audiences=BOTH, lease_minutes=30)
    labels_given = VerbatimLabels("neutral", "none", "none")
    ballots = [Ballot(each.verbatim_id, labels_given, "review", each.verbatim_id, number) for each in read]
    record(desk, bob, ballots, stamp)
    before = reviewed_table(desk, workspace, labels)["inclusion_probability"].to_pylist()
    write_version(workspace, "corrige", 100, audience="employee")
    put_in_use(workspace, "corrige")
    refresh_index(desk, workspace, labels)
    n_left = 100 - sum(each.verbatim_id in {verbatim_id(i) for i in range(100)} for each in read)
    assert progress(desk, number, bob).n_wanted == 30 + n_left
    assert claim(desk, bob, number, n_items=180, audiences=("customer",), lease_minutes=30) == []
    assert len(claim(desk, bob, number, n_items=180, audiences=BOTH, lease_minutes=30)) == n_left
    assert all(before)
    assert all(reviewed_table(desk, workspace, labels)["inclusion_probability"].to_pylist())


def test_first_page_of_a_long_list_is_fast(tmp_path, labels):
    workspace = make_workspace(tmp_path / "w", 6_000)
    store = open_store(f"sqlite:///{tmp_path / 'r.sqlite'}")
    refresh_index(store, workspace, labels)
    for wanted in (ListFilter(), ListFilter(words="menacée"), ListFilter(theme="means", sort="month")):
        started = time.perf_counter()
        page = find(store, wanted, BOTH)
        assert len(page.rows) == 50
        assert time.perf_counter() - started < 0.3
    store.engine.dispose()
