from __future__ import annotations

import shutil

import pytest

from pipeline.codebook import DEFAULT_CODEBOOK, read_codebook
from pipeline.errors import ReviewError
from pipeline.review.proposals import decide, preview, proposals, propose, targets


@pytest.fixture
def own_codebook(tmp_path):
    return shutil.copy(DEFAULT_CODEBOOK, tmp_path / "codebook.yaml")


def test_accepted_example_is_a_small_visible_change_that_needs_no_retraining(desk, lead, bob, own_codebook):
    before = read_codebook(own_codebook)
    number = propose(
        desk, bob, before, kind="example", labels=("theme:means",), fr="  l'appli   rame  le lundi ", en=""
    )
    wanted = next(entry for entry in proposals(desk) if entry.id == number)
    changed = [line for line in preview(own_codebook, wanted).splitlines() if line[:1] in "+-"][2:]
    assert any("l'appli rame le lundi" in line for line in changed)
    assert len(changed) <= 4, changed
    decide(desk, lead, own_codebook, number, accept=True)
    after = read_codebook(own_codebook)
    assert after.themes["means"].examples[-1] == "l'appli rame le lundi"
    assert after.hash == before.hash
    assert "# The only place where labels and themes are named." in own_codebook.read_text(encoding="utf-8")
    assert proposals(desk)[0].state == "accepted"


def test_accepted_rule_joins_the_rules(desk, lead, bob, own_codebook):
    codebook = read_codebook(own_codebook)
    number = propose(
        desk, bob, codebook, kind="rule", labels=("theme:means", "sentiment"),
        fr="Un parking plein → Moyens : négatif.", en="A full car park → means, negative.",
    )  # fmt: skip
    decide(desk, lead, own_codebook, number, accept=True)
    rule = read_codebook(own_codebook).rules[-1]
    assert rule.labels == ("means", "sentiment")
    assert rule.fr.startswith("Un parking plein")


def test_refused_proposal_changes_nothing_and_is_decided_once(desk, lead, bob, own_codebook):
    text = own_codebook.read_text(encoding="utf-8")
    codebook = read_codebook(own_codebook)
    number = propose(
        desk, bob, codebook, kind="example", labels=("sentiment:mixed",), fr="bien mais lent", en=""
    )
    decide(desk, lead, own_codebook, number, accept=False)
    assert own_codebook.read_text(encoding="utf-8") == text
    with pytest.raises(ReviewError, match="expected an open proposal, got refused"):
        decide(desk, lead, own_codebook, number, accept=True)


def test_propose_refuses_unknown_labels_and_empty_texts(desk, bob, codebook):
    with pytest.raises(ReviewError, match="a label of the codebook"):
        propose(desk, bob, codebook, kind="example", labels=("theme:prix",), fr="trop cher", en="")
    with pytest.raises(ReviewError, match="a text of 3 to 500 signs"):
        propose(desk, bob, codebook, kind="example", labels=("theme:means",), fr="  ", en="")
    assert "theme:means" in targets(codebook, "rule")


def test_only_a_lead_decides(desk, bob, codebook, own_codebook):
    number = propose(desk, bob, codebook, kind="example", labels=("theme:means",), fr="la file", en="")
    with pytest.raises(ReviewError, match="expected a lead, got reviewer"):
        decide(desk, bob, own_codebook, number, accept=True)
