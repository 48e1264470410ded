from __future__ import annotations

from dataclasses import replace

import pytest
from sqlalchemy import delete, select, update
from sqlalchemy.exc import DatabaseError

from pipeline.errors import ReviewError
from pipeline.review import tables
from pipeline.review.campaigns import create_campaign
from pipeline.review.codebooks import themes_read
from pipeline.review.decisions import Ballot, record, stamp_of, undo
from pipeline.review.forget import forget_verbatims
from pipeline.review.labels import VerbatimLabels
from pipeline.review.queue import claim, progress
from pipeline.review.reviewed import incomplete_reviews, reviewed_labels, reviewed_table
from pipeline.review.sampling import Design
from pipeline.review.standing import history
from pipeline.review.store import open_store
from pipeline.review.tables import decision, item
from tests.pipeline.review.authored import MODEL_ID, gold, verbatim_id

BOTH = ("customer", "employee")


def ballot(index: int, key: str, kind: str = "list", **more):
    return Ballot(verbatim_id(index), VerbatimLabels(**{**gold(index), **more}), kind, key)


def make_campaign(store, workspace, labels, lead, n=40, double_share=0.25):
    return create_campaign(
        store,
        workspace,
        labels,
        lead,
        name=f"Campagne {n}",
        model_id=MODEL_ID,
        design=Design(n, double_share=double_share, seed=3),
    )


def test_record_keeps_a_repeated_request_once(desk, bob, stamp):
    assert record(desk, bob, [ballot(0, "k1")], stamp) == 1
    assert record(desk, bob, [ballot(0, "k1")], stamp) == 0
    assert len(history(desk, verbatim_id(0))) == 1


def test_record_keeps_all_or_nothing_when_one_verbatim_is_unknown(desk, bob, stamp):
    unknown = Ballot("0" * 32, VerbatimLabels("neutral", "none", "none"), "list", "k2")
    with pytest.raises(ReviewError, match="an unknown one"):
        record(desk, bob, [ballot(0, "k1"), unknown], stamp)
    assert history(desk, verbatim_id(0)) == []


def test_record_refuses_a_reader(desk, stamp):
    from pipeline.review.accounts import add_reviewer

    reader = add_reviewer(desk, "lise", "Lise", "une phrase assez longue", "reader")
    with pytest.raises(ReviewError, match="expected a reviewer or a lead, got reader"):
        record(desk, reader, [ballot(0, "k1")], stamp)


@pytest.mark.parametrize("change", ["update", "delete"])
def test_decision_table_refuses_changes(desk, bob, stamp, change):
    record(desk, bob, [ballot(0, "k1")], stamp)
    statement = update(decision).values(note="autre") if change == "update" else delete(decision)
    with pytest.raises(DatabaseError, match="append-only"), desk.writing() as connection:
        connection.execute(statement)
    assert len(history(desk, verbatim_id(0))) == 1


def test_history_tells_who_when_from_to_and_undoing(desk, bob, carole, stamp):
    record(desk, bob, [ballot(1, "k1", sentiment="negative")], stamp)
    record(desk, carole, [ballot(1, "k2")], stamp)
    assert undo(desk, carole, "u1", stamp) == [verbatim_id(1)]
    first, second, third = history(desk, verbatim_id(1))
    assert (first.reviewer, first.labels_to.sentiment, first.undone) == ("Bob", "negative", False)
    assert second.labels_from.sentiment == "negative"
    assert (second.reviewer, second.undone) == ("Carole", True)
    assert (third.kind, third.labels_to) == ("undo", None)
    assert third.at > second.at > first.at


def test_labels_in_force_follow_majority_then_first_reviewer_then_adjudication(
    desk, lead, bob, carole, stamp
):
    def in_force():
        with desk.reading() as connection:
            return connection.execute(select(item).where(item.c.verbatim_id == verbatim_id(2))).one()

    record(desk, bob, [ballot(2, "k1", sentiment="mixed")], stamp)
    record(desk, carole, [ballot(2, "k2")], stamp)
    assert "sentiment=mixed" in in_force().codes
    assert in_force().contested
    record(desk, lead, [ballot(2, "k3")], stamp)
    assert "sentiment=positive" in in_force().codes
    assert in_force().n_reviewers == 3
    record(desk, lead, [ballot(2, "k4", kind="adjudication", sentiment="neutral")], stamp)
    assert "sentiment=neutral" in in_force().codes
    assert not in_force().contested
    assert in_force().n_reviewers == 3


def test_undo_of_a_bulk_action_takes_all_of_it_back(desk, bob, stamp):
    record(desk, bob, [ballot(i, f"b1:{i}", kind="bulk", sentiment="neutral") for i in range(5)], stamp)
    record(desk, bob, [ballot(7, "k9")], stamp)
    assert undo(desk, bob, "u1", stamp) == [verbatim_id(7)]
    assert len(undo(desk, bob, "u2", stamp)) == 5
    assert undo(desk, bob, "u2", stamp) == []
    assert undo(desk, bob, "u3", stamp) == []
    with desk.reading() as connection:
        assert connection.execute(select(item).where(item.c.n_reviewers > 0)).all() == []


def test_claim_never_hands_one_verbatim_to_two_and_doubles_blind(desk, workspace, labels, lead, bob, stamp):
    number = make_campaign(desk, workspace, labels, lead)
    mine = claim(desk, lead, number, n_items=25, audiences=BOTH, lease_minutes=30)
    theirs = claim(desk, bob, number, n_items=50, audiences=BOTH, lease_minutes=30)
    shared = {entry.verbatim_id for entry in mine} & {entry.verbatim_id for entry in theirs}
    state = progress(desk, number, bob)
    assert len(mine) == 25
    assert len(shared) <= state.n_wanted - 40  # only verbatims with a second slot
    assert len({entry.verbatim_id for entry in theirs}) == len(theirs)
    taken = theirs[0].verbatim_id
    record(
        desk, bob, [Ballot(taken, VerbatimLabels("neutral", "none", "none"), "review", "k1", number)], stamp
    )
    assert progress(desk, number, bob).n_mine == 1


def test_claim_gives_an_expired_lease_to_somebody_else(desk, workspace, labels, lead, bob, clock, stamp):
    number = make_campaign(desk, workspace, labels, lead, n=5, double_share=0.0)
    mine = claim(desk, lead, number, n_items=5, audiences=BOTH, lease_minutes=30)
    assert claim(desk, bob, number, n_items=5, audiences=BOTH, lease_minutes=30) == []
    clock.seconds += 31 * 60
    assert len(claim(desk, bob, number, n_items=2, audiences=BOTH, lease_minutes=30)) == 2
    late = Ballot(mine[0].verbatim_id, VerbatimLabels("neutral", "none", "none"), "review", "k1", number)
    with pytest.raises(ReviewError, match="handed to somebody else or done"):
        record(desk, lead, [late], stamp)


def test_claim_keeps_employees_verbatims_from_who_may_not_read_them(desk, workspace, labels, lead, bob):
    number = make_campaign(desk, workspace, labels, lead)
    given = claim(desk, bob, number, n_items=40, audiences=("customer",), lease_minutes=30)
    assert given
    assert {entry.audience for entry in given} == {"customer"}


def test_undo_hands_a_queue_verbatim_back(desk, workspace, labels, lead, stamp):
    number = make_campaign(desk, workspace, labels, lead, n=5, double_share=0.0)
    first = claim(desk, lead, number, n_items=1, audiences=BOTH, lease_minutes=30)[0]
    labels_given = VerbatimLabels("neutral", "none", "none")
    record(desk, lead, [Ballot(first.verbatim_id, labels_given, "review", "k1", number)], stamp)
    assert undo(desk, lead, "u1", stamp) == [first.verbatim_id]
    again = claim(desk, lead, number, n_items=1, audiences=BOTH, lease_minutes=30)[0]
    assert again.verbatim_id == first.verbatim_id


def test_reviewed_labels_are_empty_without_a_database(workspace, labels):
    assert reviewed_labels(workspace, labels).num_rows == 0
    assert not workspace.exists("reviews", "review.sqlite")


def test_reviewed_table_weighs_by_the_part_of_the_queue_reached(desk, workspace, labels, lead, stamp):
    number = make_campaign(desk, workspace, labels, lead, n=40, double_share=0.0)
    record(desk, lead, [ballot(i, f"l{i}") for i in range(180) if i % 9 == 0], stamp)
    for step, entry in enumerate(claim(desk, lead, number, n_items=20, audiences=BOTH, lease_minutes=30)):
        given = entry.tagged
        record(desk, lead, [Ballot(entry.verbatim_id, given, "review", f"q{step}", number)], stamp)
    table = reviewed_table(desk, workspace, labels)
    by_chance = table.filter(table["inclusion_probability"].is_valid())
    by_hand = table.filter(table["inclusion_probability"].is_null())
    assert table.num_rows >= 20
    assert by_hand.num_rows > 0
    assert set(by_chance["campaign"].to_pylist()) == {str(number)}
    probabilities = by_chance["inclusion_probability"].to_pylist()
    assert all(0 < p <= 1 for p in probabilities)
    # The weights of what was reviewed by chance count the population, up to chance.
    assert sum(1 / p for p in probabilities) == pytest.approx(180, rel=0.35)


def test_what_was_reviewed_before_a_theme_existed_was_not_read_for_it(
    desk, workspace, labels, lead, bob, stamp
):
    record(desk, lead, [ballot(0, "before"), ballot(1, "first")], stamp)
    own = replace(labels, themes=(*labels.themes, "price"), codebook_hash="1" * 16)
    given = replace(
        ballot(1, "second"), labels=VerbatimLabels("negative", "none", "none", {"price": "negative"})
    )
    record(desk, bob, [given, ballot(2, "after")], stamp_of(1, own))
    table = reviewed_table(desk, workspace, own)
    read = dict(zip(table["verbatim_id"].to_pylist(), table["themes_read"].to_pylist(), strict=True))
    assert read == {
        verbatim_id(0): list(labels.themes),
        verbatim_id(1): None,
        verbatim_id(2): None,
    }
    # Two people read it, and the one whose codebook had the theme found it.
    price = dict(zip(table["verbatim_id"].to_pylist(), table["theme_price"].to_pylist(), strict=True))
    assert price[verbatim_id(1)] == "negative"
    assert incomplete_reviews(desk, own) == {verbatim_id(0): list(labels.themes)}
    assert set(reviewed_table(desk, workspace, labels)["themes_read"].to_pylist()) == {None}


def test_store_made_before_codebooks_were_noted_gets_the_table(desk, labels, lead, stamp):
    with desk.writing() as connection:
        tables.codebook.drop(connection)
    again = open_store(desk.engine.url.render_as_string(hide_password=False))
    record(again, lead, [ballot(0, "k")], stamp)
    with again.reading() as connection:
        assert themes_read(connection) == {labels.codebook_hash: frozenset(labels.themes)}
    again.engine.dispose()


def test_forget_takes_everything_of_a_verbatim_away_and_keeps_the_guard(
    desk, workspace, labels, lead, bob, stamp
):
    number = make_campaign(desk, workspace, labels, lead, n=180)
    record(desk, bob, [ballot(0, "k1"), ballot(1, "k2")], stamp)
    undo(desk, bob, "u1", stamp)
    record(desk, bob, [ballot(1, "k3")], stamp)
    assert forget_verbatims(desk, [verbatim_id(1), "inconnu"]) > 5
    assert history(desk, verbatim_id(1)) == []
    assert len(history(desk, verbatim_id(0))) == 1
    left = claim(desk, bob, number, n_items=180, audiences=BOTH, lease_minutes=30)
    assert verbatim_id(1) not in {entry.verbatim_id for entry in left}
    with pytest.raises(DatabaseError, match="append-only"), desk.writing() as connection:
        connection.execute(delete(decision))
    assert reviewed_table(desk, workspace, labels).num_rows == 1
