import re

import pytest

from bench.authored_release import QUOTES
from pipeline.codebook import read_codebook
from pipeline.config import PublishConfig
from pipeline.publish.pages.approvals import approve, read_approved, refuse
from pipeline.publish.pages.documents import document_files
from pipeline.publish.pages.levers import levers
from pipeline.publish.pages.poster import PER_SIDE, is_allowed, poster_quotes, quote_key
from pipeline.publish.pages.view import Quote, View
from pipeline.publish.reading import read_snapshot
from pipeline.workspace import Workspace

EMPLOYEES = [text for audience, _, _, _, text in QUOTES if audience == "employee"]


@pytest.fixture(scope="module")
def files(published, authored):
    config = PublishConfig(title="Banque de l'Ouest", poster_blocklist=("guichet",))
    return document_files(authored, config, read_codebook(), published)


def test_documents_stand_alone_and_are_the_same_twice(files, published, authored):
    config = PublishConfig(title="Banque de l'Ouest", poster_blocklist=("guichet",))
    assert document_files(authored, config, read_codebook(), published) == files
    for content in files.values():
        text = content.decode()
        assert "<script" not in text
        assert not re.search(r'(?:src|href)="(?!data:|#)', text)
        assert " style=" not in text
        assert "default-src 'none'" in text


def test_poster_has_no_employee_without_approval_and_no_blocked_word(files):
    poster = files["affiche.html"].decode()
    assert not any(text in poster for text in EMPLOYEES)
    assert "guichet" not in poster
    assert "retrouvé mon virement" in poster


def test_poster_shows_an_approved_employee(published, authored):
    key = quote_key(EMPLOYEES[0])
    poster = document_files(authored, PublishConfig(), read_codebook(), published, {key})[
        "affiche.html"
    ].decode()
    assert "entraide même les jours de rush" in poster


def quote(text, theme="means", place="Lyon", audience="customer", sentiment="negative"):
    return Quote(text, audience, place, "2026-03", theme, sentiment, "none")


def test_poster_varies_themes_and_leaves_what_cannot_be_read_from_afar():
    many = [quote(f"Beaucoup trop d'attente au comptoir numéro {i} ce matin") for i in range(9)]
    other = quote("Personne ne répond jamais à mes messages, c'est lassant", theme="listening", place="Metz")
    chosen = poster_quotes([*many, other, quote("Nul."), quote("x" * 300)], "negative", (), ())
    assert len(chosen) == PER_SIDE
    assert other in chosen
    assert all(25 <= len(each.text) <= 160 for each in chosen)
    assert poster_quotes(many, "positive", (), ()) == []


def test_blocklist_takes_whole_words_in_any_case():
    assert not is_allowed(quote("Le GUICHET était fermé tout l'après-midi"), ("guichet",), ())
    assert is_allowed(quote("Les guichetiers sont aimables et rapides"), ("guichet",), ())


def test_approvals_are_kept_and_taken_back(tmp_path):
    workspace = Workspace(str(tmp_path))
    assert read_approved(workspace) == frozenset()
    approve(workspace, ["a" * 16, "b" * 16])
    assert refuse(workspace, ["a" * 16]) == frozenset({"b" * 16})
    assert read_approved(workspace) == frozenset({"b" * 16})


def test_levers_name_themes_whose_whole_interval_is_negative(published):
    found = levers(View(read_snapshot(published)))
    assert found
    assert all(each.net.high < 0 for each in found)
    assert {"means", "listening"} & {each.theme for each in found}


def test_levers_without_interval_are_said_to_be_unsure(published, authored, tmp_path):
    import pyarrow as pa

    from bench.authored_release import LINEAGE
    from pipeline.publish.release import point_to, write_release

    bare = authored["measures"]
    for name in ("low", "high"):
        bare = bare.set_column(bare.schema.get_field_index(name), name, pa.nulls(len(bare), pa.float64()))
    workspace = Workspace(str(tmp_path))
    point_to(workspace, write_release(workspace, {"measures": bare}, LINEAGE))
    found = levers(View(read_snapshot(workspace)))
    assert found
    assert not any(each.is_sure for each in found)
