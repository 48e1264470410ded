from __future__ import annotations

from pathlib import Path

import numpy as np

from models.blend.training import combine_held_out, write_blend
from models.gold import GoldSet, gold_from_records, text_keys
from models.held_out import honest_predictions
from models.oof import all_learnt, read_learnt, write_learnt, write_oof
from tests.models.tiny_taggers import LABELS, KeywordTagger

TAGGER = KeywordTagger("mots")


def gold_of(n: int) -> GoldSet:
    records = [
        {
            "id": str(k),
            "audience": "customer",
            "text": f"n° {k} : {'merci, bravo' if k % 2 else 'toujours en panne'}",
            "sentiment": "positive" if k % 2 else "negative",
            "enchantment": "none",
            "incivility": "none",
            "themes": {} if k % 2 else {"means": "negative"},
        }
        for k in range(n)
    ]
    return gold_from_records(records, LABELS)


def model_of(folder: Path, held_out: GoldSet, learnt: GoldSet, members: tuple[str, ...] = ()) -> Path:
    """A model that keeps what it said of some verbatims, and the keys of those that it learnt from."""
    combined = combine_held_out([TAGGER.predict(held_out.batch)], held_out)
    write_blend(folder, members, combined, held_out)
    write_oof(folder, held_out, combined.unseen)
    write_learnt(folder, text_keys(learnt))
    return folder


def test_own_verbatims_learnt_from_do_not_judge_but_those_held_out_and_new_ones_do(tmp_path: Path) -> None:
    gold = gold_of(40)
    held_out, learnt = gold.take(np.arange(10)), gold.take(np.arange(10, 30))
    own = np.arange(40) >= 5
    model = model_of(tmp_path / "model", held_out, learnt)
    _, judging = honest_predictions(model, TAGGER, gold, own)
    assert np.flatnonzero(judging).tolist() == [*range(10), *range(30, 40)]

    (model / "oof.parquet").unlink()
    _, judging = honest_predictions(model, TAGGER, gold, own)
    assert np.flatnonzero(judging).tolist() == [*range(5, 10), *range(30, 40)]


def test_what_a_member_learnt_from_does_not_judge_the_blend(tmp_path: Path) -> None:
    gold = gold_of(40)
    nothing = gold.take(np.arange(0))
    blend = model_of(tmp_path / "blend", gold.take(np.arange(10)), nothing, ("member",))
    model_of(blend / "member", gold.take(np.arange(10)), gold.take(np.arange(10, 30)))
    assert set(read_learnt(blend)) == set(text_keys(gold)[10:30])
    assert set(all_learnt(blend)) == set(text_keys(gold)[:30])
    _, judging = honest_predictions(blend, TAGGER, gold, np.ones(40, dtype=np.bool_))
    assert np.flatnonzero(judging).tolist() == [*range(10), *range(30, 40)]
