from __future__ import annotations

from pathlib import Path

import pytest
import xlsxwriter
from typer.testing import CliRunner

from pipeline.cli import inspect as inspect_module
from pipeline.config_file import read_config
from pipeline.errors import SourceError
from pipeline.ingest.batches import find_inputs, ingest_input
from pipeline.ingest.proposal_yaml import write_yaml
from pipeline.ingest.propose import plain_name, propose

SAMPLES = Path(__file__).parents[3] / "data" / "samples"

# file: audience, layout, rows, answers, kept, rejects
EXPECTED = {
    "plain.csv": (
        *("customer", "plain", 42, 42, 35),
        {
            "duplicate": 1,
            "empty": 1,
            "no_letters": 1,
            "not_french": 1,
            "ragged_row": 1,
            "rating_off_scale": 1,
            "wrong_date": 1,
        },
    ),
    "questions.xlsx": ("employee", "plain", 30, 60, 47, {"empty": 13}),
    "qualtrics.csv": ("employee", "qualtrics", 30, 60, 40, {"empty": 20}),
    "google_forms.csv": (
        *("customer", "plain", 35, 70, 55),
        {"empty": 12, "no_letters": 1, "rating_off_scale": 2},
    ),
    "surveymonkey.xlsx": ("employee", "surveymonkey", 28, 56, 43, {"empty": 13}),
    "reviews.ods": ("customer", "plain", 32, 32, 30, {"empty": 1, "rating_off_scale": 1}),
    "jobs.tsv": ("employee", "plain", 26, 52, 48, {"no_letters": 4}),
}


def _propose(name: str, folder: Path):
    path = folder / "proposed.yaml"
    path.write_text(write_yaml(propose(SAMPLES / name)), encoding="utf-8")
    return read_config(path).sources[0]


@pytest.mark.parametrize("name", EXPECTED)
def test_propose_can_be_run_as_it_is_when_the_shape_is_known(name, tmp_path, workspace, secret, rows):
    audience, layout, n_rows, n_answers, n_kept, reasons = EXPECTED[name]
    source = _propose(name, tmp_path)
    (item,) = find_inputs(source, tmp_path)

    report = ingest_input(workspace, source, item, secret)

    assert source.audience == audience
    assert source.layout == layout
    assert (report.rows_read, report.answers_read, report.n_verbatims) == (n_rows, n_answers, n_kept)
    assert report.rejects == reasons
    assert report.n_verbatims + sum(report.rejects.values()) == report.answers_read
    kept = rows(report)
    assert all(row["date"] is not None and row["date"].year == 2026 for row in kept)
    assert all(row["respondent"] is not None for row in kept)
    assert len({row["verbatim_id"] for row in kept}) == n_kept


def test_propose_keeps_the_wording_of_questions_when_qualtrics_hides_it(tmp_path):
    source = _propose("qualtrics.csv", tmp_path)
    assert source.questions == {
        "Q5_TEXT": "Qu'est-ce qui vous aiderait à mieux travailler ?",
        "Q6_TEXT": "Un mot pour votre manager ?",
    }
    assert source.record_id == "ResponseId"
    assert source.rating is not None
    assert source.rating.scale == "enps"


def test_propose_gives_each_side_of_an_employer_review_its_question(tmp_path):
    assert list(_propose("jobs.tsv", tmp_path).questions) == ["Avantages", "Inconvénients"]


@pytest.mark.parametrize(
    ("header", "is_question"), [("Points forts", True), ("À améliorer", True), ("Commentaire", False)]
)
def test_propose_keeps_a_header_that_says_what_was_asked(tmp_path, header, is_question):
    path = tmp_path / "enquete.csv"
    answers = "".join(f"1{i}/03/2026;Le café du matin entre collègues numéro {i}\n" for i in range(8))
    path.write_text(f"Date;{header}\n{answers}", encoding="utf-8")
    assert propose(path).questions == ({header: header} if is_question else {})


def test_propose_puts_the_title_before_the_text_when_it_is_a_review(tmp_path, workspace, secret, rows):
    source = _propose("reviews.ods", tmp_path)
    assert (source.text, source.title) == ("Avis", "Titre")
    (item,) = find_inputs(source, tmp_path)
    texts = [row["text"] for row in rows(ingest_input(workspace, source, item, secret))]
    assert any(text.startswith("Bon accueil. ") for text in texts)
    assert any(text.startswith("À revoir ! ") for text in texts)
    assert not any("…. " in text for text in texts)  # a cut beginning of the text is no title


def test_propose_refuses_when_there_is_no_header(tmp_path):
    path = tmp_path / "sans_entete.csv"
    path.write_text("12/03/2026;8;jean@exemple.fr;Très bon accueil\n13/03/2026;9;a@exemple.fr;Bien\n")
    with pytest.raises(SourceError, match="no header") as caught:
        propose(path)
    assert "accueil" not in str(caught.value)


def test_propose_refuses_when_nothing_is_an_open_answer(tmp_path):
    path = tmp_path / "notes.csv"
    path.write_text("Date;Note\n" + "12/03/2026;8\n" * 5)
    with pytest.raises(SourceError, match="no column looks like an open answer"):
        propose(path)


def test_propose_leaves_personal_columns_out_when_they_could_group(tmp_path):
    path = tmp_path / "avis.csv"
    lines = "".join(
        f"p{i % 3}@exemple.fr;Durand;Lyon {i % 3};Une phrase assez longue, numéro {i}\n" for i in range(30)
    )
    path.write_text("Courriel;Nom;Ville;Verbatim\n" + lines)
    proposal = propose(path)
    assert proposal.column("respondent") == "Courriel"
    assert {choice.column for choice in proposal.choices if choice.key.startswith("dimensions.")} == {"Ville"}
    assert [choice.fr for choice in proposal.choices if choice.column == "Nom"] == ["donnée personnelle"]


def test_propose_leaves_columns_of_persons_out_whatever_they_are_called(tmp_path):
    path = tmp_path / "avis.csv"
    persons = ["Sophie Martin", "Karim Benali", "DURAND Paul", "Nathalie Petit"]
    lines = "".join(
        f"{persons[i % 4]};C{i % 5};Lyon {i % 3};Une phrase assez longue, numéro {i}\n" for i in range(30)
    )
    path.write_text("Suivi par;Code vendeur;Nom du magasin;Verbatim\n" + lines)
    proposal = propose(path)
    grouped = {choice.column for choice in proposal.choices if choice.key.startswith("dimensions.")}
    assert grouped == {"Nom du magasin"}
    left_out = {choice.column: choice.fr for choice in proposal.choices if not choice.key}
    assert left_out == {"Suivi par": "donnée personnelle", "Code vendeur": "donnée personnelle"}


def _technical_export(path, *, codes):
    lines = "".join(
        f"{i};A{i % 9};0{1 + i % 9}/03/2026;Lyon {i % 3};{i % 11};Une phrase assez longue, numéro {i}\n"
        for i in range(30)
    )
    worded = "Ligne;Numéro d'adhérent;Date;Agence;Recommanderiez-vous ?;Pourquoi cette note ?\n"
    path.write_text("id_rep;num_adh;dt_rep;point_de_vente;q1_nps;q2_pourquoi\n" + worded * codes + lines)
    return path


@pytest.mark.parametrize("codes", [False, True])
def test_propose_knows_the_names_that_databases_give(codes, tmp_path, workspace, secret):
    proposal = propose(_technical_export(tmp_path / "export.csv", codes=codes))
    keys = ("record_id", "respondent", "date", "dimensions.unit", "rating")
    expected = ["id_rep", "num_adh", "dt_rep", "point_de_vente", "q1_nps"]
    assert [proposal.column(key) for key in keys] == expected
    assert not codes or proposal.questions == {"q2_pourquoi": "Pourquoi cette note ?"}
    path = tmp_path / "proposed.yaml"
    path.write_text(write_yaml(proposal), encoding="utf-8")
    source = read_config(path).sources[0]
    (item,) = find_inputs(source, tmp_path)
    report = ingest_input(workspace, source, item, secret)
    assert (report.rows_read, report.n_verbatims) == (30, 30)


def test_propose_says_which_column_left_out_reads_as_dates(tmp_path):
    path = tmp_path / "avis.csv"
    lines = "".join(
        f"1{i % 9}/03/2026;{'ab'[i % 2]};Une phrase assez longue, numéro {i}\n" for i in range(30)
    )
    path.write_text("Quand;Type de client;Verbatim\n" + lines)
    proposal = propose(path)
    assert [choice.en[:14] for choice in proposal.choices if choice.column == "Quand"] == ["reads as dates"]
    assert proposal.column("respondent") is None
    assert proposal.column("dimensions.type_de_client") == "Type de client"


def test_propose_refuses_a_folder(tmp_path):
    with pytest.raises(SourceError, match=r"got a folder .* Inspect one of its files"):
        propose(tmp_path)


def test_propose_knows_a_column_by_its_values_when_most_cells_read_null(tmp_path):
    path = tmp_path / "avis.csv"
    lines = "".join(
        f"{'NULL;NULL' if i % 3 else f'12/03/2026;{i % 6}'};Une phrase assez longue, numéro {i}\n"
        for i in range(30)
    )
    path.write_text("Date;Note;Verbatim\n" + lines)
    proposal = propose(path)
    assert (proposal.column("date"), proposal.column("rating")) == ("Date", "Note")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Étape du parcours", "etape_du_parcours"),
        ("2026 avis", "s_2026_avis"),
        ("Période", "periode"),
        ("value", "value_"),
    ],
)
def test_plain_name_is_a_name(text, expected):
    assert plain_name(text) == expected


@pytest.mark.parametrize(("language", "words"), [("fr", "à relire avant"), ("en", "read it before")])
def test_inspect_speaks_the_language_asked_for(language, words):
    import typer

    app = typer.Typer()
    app.command("other")(lambda: None)
    inspect_module.register(app)
    result = CliRunner().invoke(app, ["inspect", str(SAMPLES / "plain.csv"), "--lang", language])
    assert result.exit_code == 0
    assert words in result.output


def test_inspect_writes_a_file_that_can_be_read(tmp_path, monkeypatch):
    import typer

    app = typer.Typer()
    app.command("other")(lambda: None)
    inspect_module.register(app)
    monkeypatch.setenv("MIROIR_LANG", "en")
    target = tmp_path / "avis.yaml"
    result = CliRunner().invoke(app, ["inspect", str(SAMPLES / "jobs.tsv"), "--output", str(target)])
    assert "Written" in result.output
    assert read_config(target).sources[0].name == "jobs"


def _months(path: Path, **headers: str) -> Path:
    book = xlsxwriter.Workbook(str(path))
    for name, head in headers.items():
        sheet = book.add_worksheet(name)
        sheet.write_row(0, 0, ["Date", head])
        for day in range(1, 6):
            sheet.write_row(
                day, 0, [f"2026-03-0{day}", f"Un accueil parfait au guichet, le {day}, merci {name}"]
            )
    book.close()
    return path


def test_propose_reads_every_sheet_of_the_same_header(tmp_path, workspace, secret):
    proposal = propose(_months(tmp_path / "mois.xlsx", Janvier="Avis", Février="Avis", Autres="Prix"))
    text = write_yaml(proposal)
    assert '2 feuilles de même en-tête : "Janvier", "Février" ; feuilles laissées de côté : "Autres"' in text
    (tmp_path / "proposed.yaml").write_text(text, encoding="utf-8")
    source = read_config(tmp_path / "proposed.yaml").sources[0]
    assert source.sheet == "*"
    (item,) = find_inputs(source, tmp_path)
    assert ingest_input(workspace, source, item, secret).n_verbatims == 10


def test_propose_names_the_sheet_when_others_have_another_header(tmp_path):
    text = write_yaml(propose(_months(tmp_path / "mois.xlsx", Avis="Avis", Prix="Prix")), "en")
    assert '    sheet: "Avis"  # sheets left out: "Prix"' in text


def test_propose_passes_over_a_large_sheet_without_rows(tmp_path):
    with xlsxwriter.Workbook(str(tmp_path / "mois.xlsx")) as book:
        book.add_worksheet("Gabarit").write_row(0, 0, [f"colonne {number}" for number in range(200)])
        sheet = book.add_worksheet("Avis")
        sheet.write_row(0, 0, ["Date", "Avis"])
        for day in range(1, 6):
            sheet.write_row(day, 0, [f"2026-03-0{day}", f"Un accueil parfait au guichet, le {day} du mois"])
    text = write_yaml(propose(tmp_path / "mois.xlsx"))
    assert "colonne" not in text
    assert '"Avis"' in text
