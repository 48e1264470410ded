"""Quotes give nobody away; who withdraws is forgotten."""

from __future__ import annotations

import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from pipeline.config import EstimateConfig, ProtectConfig
from pipeline.errors import PrivacyError
from pipeline.estimate.measures import estimate
from pipeline.protect.suppression import protect
from pipeline.protect.withdrawals import FILE, end_withdrawal, forget, read_withdrawn
from pipeline.workspace import Workspace
from tests.pipeline.estimate.conftest import LABELS, World, annotation, verbatim

COMMON = "Les plannings arrivent trop tard et personne ne répond à nos demandes"


def quotes_of(folder, texts, audience="employee", units=("Lyon",)):
    folder.mkdir(exist_ok=True)
    world = World(folder)
    rows, tags = [], []
    for number, text in enumerate(texts):
        unit = units[number % len(units)]
        rows.append(verbatim(number, audience=audience, text=text, dimensions=[("unit", unit)]))
        tags.append(annotation(number, sentiment="negative", themes={"means": "negative"}))
    world.add(rows, tags)
    tables = estimate(world.inputs(["unit"]), EstimateConfig(), LABELS)
    return protect(tables, ProtectConfig(), None)["quotes"].to_pylist()


def test_quotes_are_shown_for_the_smallest_cell_that_is_large_enough(tmp_path):
    found = quotes_of(tmp_path, [COMMON] * 40)
    assert {row["unit"] for row in found} >= {"Lyon"}
    assert all(row["period"] in ("2026-03", "all") for row in found)


def test_quotes_of_employees_name_no_unit_when_it_is_small(tmp_path):
    found = quotes_of(tmp_path, [COMMON] * 30, units=("Lyon", "Lyon", "Lyon", "Nîmes"))
    assert found
    assert "Nîmes" not in {row["unit"] for row in found}


@pytest.mark.parametrize(
    "telling",
    [
        "Ma collègue [PERSONNE] arrive trop tard et personne ne répond à nos demandes",
        "Les plannings du Zanzibar arrivent trop tard et personne ne répond à nos demandes",
        "Les plannings arrivent trop tard depuis 1987 et personne ne répond à nos demandes",
        "Zythologue taxidermiste funambule, voilà ce que je suis devenue ici, quelle misère",
    ],
)
def test_quotes_leave_out_what_could_identify(tmp_path, telling):
    found = quotes_of(tmp_path, [COMMON] * 30 + [telling])
    assert found
    assert telling not in {row["text"] for row in found}


def test_quotes_give_one_text_one_cell_when_it_speaks_of_two_themes(tmp_path):
    """Means may be told by unit, support by job; the first verbatim speaks of both."""
    world = World(tmp_path)
    people = [("Lyon", "infirmier", ("means", "support"))]
    people += [("Lyon", "infirmier", ("means",))] * 3 + [("Lyon", "cadre", ("means",))] * 8
    people += [("Nîmes", "cadre", ("means",))] * 12 + [("Nîmes", "infirmier", ("support",))] * 11
    people += [("Nîmes", "cadre", ("support",))] * 12
    people += [(unit, job, ()) for unit in ("Lyon", "Nîmes") for job in ("infirmier", "cadre")] * 20
    rows, tags = [], []
    for number, (unit, job, themes) in enumerate(people):
        text = COMMON if number == 0 else f"{COMMON}{'!' * number}"
        members = [("unit", unit), ("job", job)]
        rows.append(verbatim(number, audience="employee", text=text, dimensions=members))
        tags.append(annotation(number, sentiment="negative", themes=dict.fromkeys(themes, "negative")))
    world.add(rows, tags)
    tables = estimate(world.inputs(["job", "unit"]), EstimateConfig(period="all"), LABELS)
    candidates = tables["_quotes"].filter(pc.equal(tables["_quotes"]["text"], COMMON))
    assert len(candidates) == 2
    quotes = protect({**tables, "_quotes": candidates}, ProtectConfig(), None)["quotes"].to_pylist()
    assert quotes
    assert len({(row["unit"], row["job"], row["period"]) for row in quotes}) == 1


def test_quotes_are_not_given_when_the_group_is_small(tmp_path):
    assert quotes_of(tmp_path, [COMMON] * 8) == []


def march(folder, n_more, ledger=None, quotes=None):
    """Twenty employees of March say a common thing of means; those who came since say well of them."""
    folder.mkdir()
    world = World(folder)
    said = [(COMMON, "negative")] * 20 + [(NEW, "positive")] * n_more
    world.add(
        [verbatim(i, audience="employee", text=text) for i, (text, _) in enumerate(said)],
        [annotation(i, themes={"means": polarity}) for i, (_, polarity) in enumerate(said)],
    )
    return protect(estimate(world.inputs(), EstimateConfig(), LABELS), ProtectConfig(), ledger, quotes)


NEW = "Personne ne répond trop tard à nos demandes et les plannings arrivent"


def test_quotes_hold_no_words_of_the_one_who_came_between_two_releases(tmp_path):
    first = march(tmp_path / "1", 0)
    by_one = march(tmp_path / "2", 1, first["_shown"], first["quotes"])["quotes"]
    by_many = march(tmp_path / "3", 20, first["_shown"], first["quotes"])["quotes"]
    assert set(by_one["text"].to_pylist()) == {COMMON}
    assert len(by_one) == len(first["quotes"])
    assert set(by_many["text"].to_pylist()) == {COMMON, NEW}


def test_quotes_of_a_group_changed_by_one_are_none_when_it_had_none(tmp_path):
    first = march(tmp_path / "1", 0)
    assert len(march(tmp_path / "2", 1, first["_shown"])["quotes"]) == 0


def workspace_with(tmp_path, respondents):
    workspace = Workspace(str(tmp_path / "ws"))
    world = World(tmp_path)
    world.add(
        [verbatim(i, respondent=name) for i, name in enumerate(respondents)],
        [annotation(i) for i in range(len(respondents))],
    )
    workspace.write_table(
        pq.read_table(tmp_path / "v0.parquet"), "batches", "b1", "verbatims", "part-0.parquet"
    )
    workspace.write_table(pq.read_table(tmp_path / "a0.parquet"), "annotations", "b1", "m", "part-0.parquet")
    workspace.write_json({}, "releases", "r1", "manifest.json")
    return workspace


def test_forget_removes_rows_and_names_releases(tmp_path):
    one, other = "a" * 32, "b" * 32
    workspace = workspace_with(tmp_path, [one, other, one, None])
    done = forget(workspace, one)
    assert (done.n_verbatims, done.n_annotations, done.releases) == (2, 2, ("r1",))
    left = workspace.read_table("batches", "b1", "verbatims", "part-0.parquet")
    assert left["respondent"].to_pylist() == [other, None]
    assert len(workspace.read_table("annotations", "b1", "m", "part-0.parquet")) == 2
    assert read_withdrawn(workspace) == (one,)


def test_forget_changes_nothing_when_done_twice(tmp_path):
    workspace = workspace_with(tmp_path, ["a" * 32, "b" * 32])
    forget(workspace, "a" * 32)
    end_withdrawal(workspace, "a" * 32)
    assert forget(workspace, "a" * 32).n_verbatims == 0
    assert read_withdrawn(workspace) == ("a" * 32,)


def test_forget_goes_on_where_a_killed_command_stopped(tmp_path, monkeypatch):
    one = "a" * 32
    workspace = workspace_with(tmp_path, [one, "b" * 32])

    def killed(_, name, *parts):
        if name == "annotations":
            raise KeyboardInterrupt
        return names(workspace, name, *parts)

    names = Workspace.names
    monkeypatch.setattr(Workspace, "names", killed)
    with pytest.raises(KeyboardInterrupt):
        forget(workspace, one)
    monkeypatch.undo()
    assert len(workspace.read_table("batches", "b1", "verbatims", "part-0.parquet")) == 1
    assert read_withdrawn(workspace) == (one,)
    done = forget(workspace, one)
    assert (done.verbatim_ids, done.n_annotations) == (("v0000000",), 1)
    end_withdrawal(workspace, one)
    assert forget(workspace, one).verbatim_ids == ()
    assert read_withdrawn(workspace) == (one,)


def test_end_withdrawal_leaves_no_verbatim_named(tmp_path):
    workspace = workspace_with(tmp_path, ["a" * 32])
    forget(workspace, "a" * 32)
    assert workspace.read_json(*FILE)["under_way"] == {"a" * 32: ["v0000000"]}
    end_withdrawal(workspace, "a" * 32)
    assert workspace.read_json(*FILE) == {"respondents": ["a" * 32], "under_way": {}}


def test_forget_refuses_what_is_no_hash(tmp_path):
    with pytest.raises(PrivacyError, match="32 hexadecimal digits"):
        forget(Workspace(str(tmp_path)), "marie@example.fr")
