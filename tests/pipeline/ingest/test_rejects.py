from __future__ import annotations

import pytest

from pipeline.errors import SourceError
from pipeline.ingest.rejects import REASONS, describe


def test_describe_has_words_in_both_languages():
    for code, reason in REASONS.items():
        assert describe(code) == reason.fr
        assert describe(code, "en") == reason.en
        assert reason.fr != reason.en


def test_describe_fails_when_the_code_is_unknown():
    with pytest.raises(SourceError, match="got «nope»"):
        describe("nope")
