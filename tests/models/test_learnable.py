"""Themes that too few verbatims teach are left out."""

from __future__ import annotations

import numpy as np
import pytest

from models.errors import ModelError
from models.gold import GoldSet, gold_from_records, learnable
from models.labels import LabelSpace

LABELS = LabelSpace(
    sentiment=("positive", "negative"),
    enchantment=("none",),
    incivility=("none",),
    themes=("means", "price", "training"),
    polarities=("positive", "negative"),
    codebook_hash="0" * 16,
)


def gold_of(n_dear: int, n_other: int) -> GoldSet:
    """Give verbatims read for two themes: each speaks of means or does not, some speak of the price."""
    records = [
        {
            "id": str(k),
            "audience": "customer",
            "text": f"Trop cher, n° {k}" if k < n_dear else f"Accueil aimable, n° {k}",
            "themes": ({"price": "negative"} if k < n_dear else {})
            | ({"means": "negative"} if k % 2 else {}),
            "themes_read": ["means", "price"],
        }
        for k in range(n_dear + n_other)
    ]
    return gold_from_records(records, LABELS)


@pytest.mark.parametrize(
    ("n_dear", "n_other", "themes"),
    [(10, 10, ("means", "price")), (9, 40, ("means",)), (40, 9, ("means",)), (0, 40, ("means",))],
)
def test_learnable_keeps_the_themes_of_which_both_is_known(
    n_dear: int, n_other: int, themes: tuple[str, ...]
) -> None:
    gold = gold_of(n_dear, n_other)
    kept = learnable(gold)
    assert kept.labels.themes == themes
    assert kept.labels.codebook_hash == LABELS.codebook_hash
    np.testing.assert_array_equal(kept.themes, gold.themes[:, : len(themes)])


def test_learnable_refuses_labels_that_teach_no_theme() -> None:
    with pytest.raises(ModelError, match=r"no theme can be learnt: expected .* 10 verbatims.*--no-authored"):
        learnable(gold_of(2, 3))
