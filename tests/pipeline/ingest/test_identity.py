from __future__ import annotations

from collections import Counter

import numpy as np
import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from pipeline.ingest.identity import SeenKeys, join_identity, key_respondents, verbatim_ids


@given(st.lists(st.lists(st.integers(0, 12), max_size=20), max_size=8))
def test_seen_keys_counts_as_a_dictionary_would(chunks):
    seen, reference = SeenKeys(), Counter()
    for chunk in chunks:
        expected = []
        for key in chunk:
            expected.append(reference[key])
            reference[key] += 1
        assert seen.count_before(np.array(chunk, dtype=np.uint64)).tolist() == expected
    assert len(seen) == len(reference)


def test_key_respondents_hides_the_identifier(secret):
    keys = key_respondents(secret, "essai", pl.Series(["C1", " C1 ", "C2", "", None]))
    first, again, other, blank, missing = keys.to_list()
    assert first == again != other
    assert len(first) == 32
    assert blank is missing is None
    assert key_respondents(secret, "autre", pl.Series(["C1"])).to_list() != [first]
    assert key_respondents(b"another secret of many bytes", "essai", pl.Series(["C1"])).to_list() != [first]


def test_key_respondents_reads_whole_numbers_as_texts(secret):
    assert (
        key_respondents(secret, "essai", pl.Series([42.0])).to_list()
        == key_respondents(secret, "essai", pl.Series(["42"])).to_list()
    )


def test_join_identity_keeps_rows_apart():
    one = join_identity(pl.Series(["a", "a", None]), pl.Series(["b", None, "b"])).to_list()
    assert len(set(one)) == 3


def test_verbatim_ids_depend_on_secret_and_source(secret):
    texts = ["a", "b", "a"]
    ids = verbatim_ids(secret, "essai", texts)
    assert ids[0] == ids[2] != ids[1]
    assert verbatim_ids(secret, "autre", texts) != ids
