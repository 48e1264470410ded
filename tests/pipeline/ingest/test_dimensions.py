from __future__ import annotations

import polars as pl
import pytest

from pipeline.errors import SourceError
from pipeline.ingest.dimensions import mask_name, read_dimension


def _read(values, dtype=pl.String):
    return read_dimension(pl.Series(values, dtype=dtype), "unit", "Agence", "avis.csv").to_list()


def test_read_dimension_trims_and_keeps_names_of_places():
    values = [" Lyon  Part-Dieu ", "Saint-Martin", "", None, "Agence 12"]
    assert _read(values) == ["Lyon Part-Dieu", "Saint-Martin", None, None, "Agence 12"]


def test_read_dimension_writes_whole_numbers_without_decimals():
    assert _read([75001.0, None, 2.5], pl.Float64) == ["75001", None, "2.5"]


def test_read_dimension_masks_a_stray_personal_value():
    values = ["Lyon", "Nice", "Brest", "voir jean.dupont@exemple.fr"]
    assert _read(values) == ["Lyon", "Nice", "Brest", "voir [EMAIL]"]


def test_read_dimension_refuses_a_column_of_personal_data():
    values = [f"client{i}@exemple.fr" for i in range(10)] + ["Lyon"]
    with pytest.raises(SourceError, match=r"«unit» holds personal data.*10 of 11.*column «Agence»") as caught:
        _read(values)
    assert "client3" not in str(caught.value)


@pytest.mark.parametrize(
    "values",
    [
        ["Sophie Martin", "Karim Benali", "Marie Le Goff", "Aïcha Ben Salah", "Sophie Petit"],
        ["MARTIN SOPHIE", "BENALI KARIM", "DURAND PAUL"],
        ["sophie martin", "karim benali", "paul durand", "non renseigné"],
        ["S. Martin", "K. Benali", "A. Durand"],
        ["Léa", "Karim", "Sophie", "Nathalie"],
    ],
)
def test_read_dimension_refuses_a_column_of_names_of_persons(values):
    with pytest.raises(SourceError, match="«unit» holds personal data"):
        _read(values)


def test_read_dimension_masks_two_persons_without_leaving_a_surname():
    assert _read(["KOWALCZYK Mathilde", "Karim Benali", None]) == ["[PERSONNE]", "[PERSONNE]", None]


@pytest.mark.parametrize(
    "values",
    [
        ["Nancy", "Florence", "Lourdes", "Lyon"],
        ["Jean Jaurès", "Jean Macé", "Victor Hugo", "Charles de Gaulle"],
        ["Lycée Jean Moulin", "Collège Pierre Curie", "École Jules Ferry"],
        ["Yves Rocher", "Christian Dior", "Louis Vuitton", "Nina Ricci"],
        ["Équipe Sophie", "Équipe Karim", "Équipe Paul"],
        ["Ain", "Aude", "Jura", "Landes", "Nièvre"],
    ],
)
def test_read_dimension_keeps_places_brands_and_teams_that_bear_a_name(values):
    assert _read(values) == values


def test_mask_name_masks_an_address():
    assert "dupont" not in mask_name("avis jean.dupont@exemple.fr.csv")
    assert mask_name("avis_2026.csv") == "avis_2026.csv"
