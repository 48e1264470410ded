"""Coarse words that people half hide are read as the words that they are; ordinary dots stay."""

from __future__ import annotations

import pytest

from models.compact.half_hidden import spell_out


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("Un site de m****, fuyez", "Un site de merde, fuyez"),
        ("SERVICE CLIENT DE M......!", "SERVICE CLIENT DE merde!"),
        ("c'est de la m...e.", "c'est de la merde."),
        ("quelle m*rd* ce logiciel", "quelle merde ce logiciel"),
        ("ils nous prennent pour des c...", "ils nous prennent pour des cons"),
        ("j'attends comme un c*n", "j'attends comme un con"),
        ("du foutage de g...", "du foutage de gueule"),
        ("un f*****e de g****e énorme", "un foutage de gueule énorme"),
        ("il m'a raccroché à la g....", "il m'a raccroché à la gueule"),
        ("bande d'enc… de première", "bande d'enculés de première"),
        ("quels conn**ds", "quels connards"),
        ("ça me fait ch... à chaque appel", "ça me fait chier à chaque appel"),
        ("P***** de répondeur", "putain de répondeur"),
        ("bougez-vous le c*l", "bougez-vous le cul"),
    ],
)
def test_spells_out_what_is_in_no_doubt(written: str, read: str) -> None:
    assert spell_out(written) == read


@pytest.mark.parametrize(
    "text",
    [
        "Merci... et bravo à M... de l'agence",
        "La vue sur la mer... magnifique, fruits de mer… excellents",
        "Un fou... rire avec la vendeuse",
        "C... pratique, mais c'est long...",
        "Note : 4****, parking compris",
        "Voir page 3... puis la suite",
        "Nul... mais alors nul...",
        "Il y avait des couverts... en plastique",
        "Référence C**12 introuvable",
    ],
)
def test_leaves_what_is_in_doubt(text: str) -> None:
    assert spell_out(text) == text
