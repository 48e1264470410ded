"""Miroir in spaCy: the pipeline component `miroir`, and sentences by spaCy's rules.

import spacy
nlp = spacy.blank("fr")
nlp.add_pipe("miroir", config={"model": "default", "audience": "customer"})
doc = nlp("Conseillère adorable, mais deux heures d'attente")
doc._.miroir.themes        # {"means": "negative", "recognition": "positive"}
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

from spacy.lang.fr import French


@lru_cache(maxsize=1)
def _sentencizer() -> French:
    nlp = French()
    nlp.add_pipe("sentencizer")
    return nlp


def sentence_places(texts: Sequence[str]) -> list[list[tuple[int, int]]]:
    """Find the sentences of texts, by punctuation alone: no trained pipeline is needed.

    Args:
        texts: Texts of one line each.

    Returns:
        For each text the first character and one past the last of each sentence, in code points.
    """
    docs = _sentencizer().pipe(texts)
    return [[(sentence.start_char, sentence.end_char) for sentence in doc.sents] for doc in docs]
