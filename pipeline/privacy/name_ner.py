"""Names by spaCy's French entity recogniser, where a model is installed: more than the rules, never needed.

A model `fr_core_news_*` that is installed is taken by itself. The environment's `MIROIR_NER` chooses: `off`
for rules alone, else the name or folder of a model.
"""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Callable, Iterator
from functools import cache
from typing import TYPE_CHECKING, Final

from pipeline.errors import PrivacyError
from pipeline.privacy import name_contexts as ctx
from pipeline.privacy.lexicons import lexicons
from pipeline.privacy.placeholders import PERSON
from pipeline.privacy.reading import Reading
from pipeline.privacy.spans import Span
from pipeline.privacy.views import View

if TYPE_CHECKING:
    from spacy.language import Language

CHOICE: Final = "MIROIR_NER"
OFF: Final = "off"
# The largest first; the transformer is left out: it would take hours a million verbatims on a processor.
MODELS: Final = ("fr_core_news_lg", "fr_core_news_md", "fr_core_news_sm")
_PERSON_LABELS: Final = frozenset(["PER", "PERSON"])
_NOT_NEEDED: Final = ("parser", "attribute_ruler", "lemmatizer", "morphologizer", "senter")

Finder = Callable[[View], Iterator[Span]]


def chosen_model() -> str:
    """Tell which model will find names besides the rules.

    Returns:
        The name or folder of a model; empty where the rules stand alone.
    """
    choice = os.environ.get(CHOICE, "").strip()
    if choice == OFF:
        return ""
    return choice or next((name for name in MODELS if importlib.util.find_spec(name) is not None), "")


def finders() -> tuple[Finder, ...]:
    """Give the finder of names by the chosen model.

    Returns:
        One finder, or none where no model is installed or `MIROIR_NER` is `off`.

    Raises:
        PrivacyError: The model that `MIROIR_NER` names cannot be loaded.
    """
    model = chosen_model()
    return (_finder(model),) if model else ()


@cache
def _finder(model: str) -> Finder:
    pipeline = _load(model)

    def find(view: View) -> Iterator[Span]:
        return find_names(view, pipeline)

    return find


def find_names(view: View, pipeline: Language) -> Iterator[Span]:
    """Find names of persons among the entities of a pipeline.

    Recognisers take greetings, brands and capitalised words of loose writing for persons. So an entity loses
    the words at its ends that are titles, ordinary words, places, brands or in lower case; what is left is a
    name. A text longer than the pipeline reads is left to the rules.

    Args:
        view: The view of a text.
        pipeline: A spaCy pipeline that sets `doc.ents`.

    Yields:
        Spans of kind `PERSONNE`.
    """
    if len(view.text) > pipeline.max_length:
        return
    people = [entity for entity in pipeline(view.text).ents if entity.label_ in _PERSON_LABELS]
    if not people:
        return
    reading = Reading(view, lexicons())
    for entity in people:
        named = [
            index
            for index, token in enumerate(reading.tokens)
            if token.start >= entity.start_char and token.end <= entity.end_char and _may_name(reading, index)
        ]
        if named:
            yield Span(reading.tokens[named[0]].start, reading.tokens[named[-1]].end, PERSON)


def _may_name(reading: Reading, index: int) -> bool:
    token = reading.tokens[index]
    if index in reading.shielded or not reading.is_proper(index) or len(token.folded) < 2:
        return False
    if reading.lex.is_house(token.folded) or token.folded in ctx.TITLES | ctx.THANKS | ctx.CLOSINGS:
        return False
    listed = reading.lex.is_first_name(token.folded) and token.folded not in reading.lex.needs_context
    return listed or token.folded in reading.lex.surnames or reading.is_unknown(token)


def _load(model: str) -> Language:
    import spacy

    try:
        return spacy.load(model, exclude=list(_NOT_NEEDED))
    except OSError as error:
        raise PrivacyError.because(
            "the model that finds names cannot be loaded",
            expected="an installed fr_core_news_* model or the folder of a spaCy pipeline",
            got=model,
            where=f"the environment's {CHOICE}",
            do=f"install it (python -m spacy download {MODELS[1]}), or set {CHOICE}={OFF}",
        ) from error
