from __future__ import annotations

import polars as pl
import pytest

from pipeline.ingest.cleaning import blank_nothing, clean_texts, join_titles, same_text_key


@pytest.mark.parametrize(
    ("raw", "clean"),
    [
        ("  bien \n", "bien"),
        ("un\r\ndeux\rtrois", "un\ndeux\ntrois"),
        ("un_x000D_\ndeux", "un\ndeux"),
        ("accueil<br/>parfait", "accueil\nparfait"),
        ("l&#39;accueil &amp; le suivi", "l'accueil & le suivi"),
        ("<p>Bon <b>accueil</b>.</p><p class='x'>À revoir</p>", "Bon accueil.\nÀ revoir"),
        ("<ul><li>délais</li><li>prix</li></ul>", "délais\nprix"),
        ('<a href="mailto:a@b.fr">écrire</a>', "écrire"),
        ("&lt;p&gt;bien&lt;/p&gt;", "bien"),
        ("<p><br></p>", None),
        ("<div>&nbsp;</div>", None),
        ("<3 l'équipe, < 5 min, <nom du produit>", "<3 l'équipe, < 5 min, <nom du produit>"),
        ("bon\x00jour", "bonjour"),
        ("e\u0301quipe", "équipe"),
        ("RAS", "RAS"),
        ("nan", None),
        ("#N/A", None),
        ("NULL", None),
        (" n/a ", None),
        ("\\N", None),
        ("   ", None),
        (None, None),
    ],
)
def test_clean_texts_takes_away_what_machines_added(raw, clean):
    assert clean_texts(pl.Series([raw], dtype=pl.String)).to_list() == [clean]


def test_blank_nothing_leaves_typed_values_and_names_that_look_alike():
    assert blank_nothing(pl.Series(["NA", "Aucun", "Nullipare", "null"])).to_list() == [
        "NA",
        "Aucun",
        "Nullipare",
        None,
    ]
    assert blank_nothing(pl.Series([1.5, None])).to_list() == [1.5, None]
    assert blank_nothing(pl.Series([1, None])).to_list() == [1, None]


def test_blank_nothing_takes_away_not_a_number():
    assert blank_nothing(pl.Series([1.5, float("nan"), None])).to_list() == [1.5, None, None]


@pytest.mark.parametrize(
    ("title", "text", "joined"),
    [
        ("Bon accueil", "Rien à redire", "Bon accueil. Rien à redire"),
        ("À fuir !", "Trois heures d'attente", "À fuir ! Trois heures d'attente"),
        ("Trois heures…", "Trois heures d'attente", "Trois heures d'attente"),
        ("Parfait", None, "Parfait"),
        (None, "Rien à redire", "Rien à redire"),
        (None, None, None),
    ],
)
def test_join_titles_puts_the_title_first(title, text, joined):
    result = join_titles(pl.Series([title], dtype=pl.String), pl.Series([text], dtype=pl.String))
    assert result.to_list() == [joined]


def test_same_text_key_meets_two_spellings():
    first, second = same_text_key(pl.Series(["Très  BIEN !", "très bien"])).to_list()
    assert first == second
