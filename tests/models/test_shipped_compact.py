"""The shipped compact models: they read plain cases as a person does, and their vocabulary names nobody."""

from __future__ import annotations

import pytest
from tokenizers import Tokenizer

from models.compact.tagger import TOKENIZER_FILE
from models.encoder.pretraining import load_encoder
from models.encoder.wordpiece import fold, names_among
from models.registry import SHIPPED, load_tagger
from models.tagger import Tagger, VerbatimBatch
from pipeline.codebook import read_codebook
from pipeline.privacy.lexicons import lexicons

NAMES = ("compact", "compact-2")
MAX_BYTES = 40 * 2**20


@pytest.fixture(scope="module", params=NAMES)
def tagger(request: pytest.FixtureRequest) -> Tagger:
    return load_tagger(request.param, read_codebook().label_space)


def test_shipped_compact_reads_plain_cases(tagger: Tagger) -> None:
    texts = [
        "Conseillère adorable, à l'écoute, merci infiniment 😊",
        "SERVICE NUL, une heure d'attente au téléphone et personne ne répond",
        "Accueil très sympathique mais deux heures d'attente, c'est beaucoup trop long",
    ]
    decided = tagger.decide(tagger.predict(VerbatimBatch(texts, ["customer"] * 3, [None] * 3)))
    assert list(decided.sentiment) == ["positive", "negative", "mixed"]
    assert decided.themes["means"][1] == "negative"
    assert decided.themes["recognition"][0] == "positive"
    assert decided.themes["recognition"][2] == "positive"


def test_shipped_compact_takes_empty_texts_and_emoji(tagger: Tagger) -> None:
    batch = VerbatimBatch(
        ["", "👍", "a" * 5000], ["employee", "customer", "customer"], [None, None, "Pourquoi ?"]
    )
    found = tagger.predict(batch)
    assert found.sentiment.shape == (3, 4)
    assert (found.sentiment >= 0).all()


def test_shipped_compact_does_not_depend_on_company(tagger: Tagger) -> None:
    text = "Livraison en retard et aucune réponse"
    alone = tagger.predict(VerbatimBatch([text], ["customer"], [None]))
    among = tagger.predict(VerbatimBatch(["Merci !", text, "x " * 300], ["customer"] * 3, [None] * 3))
    assert abs(alone.sentiment[0] - among.sentiment[1]).max() < 0.1


@pytest.mark.parametrize("name", NAMES)
def test_shipped_vocabulary_names_nobody(name: str) -> None:
    words = lexicons()
    vocabulary = Tokenizer.from_file(str(SHIPPED / name / TOKENIZER_FILE)).get_vocab()
    certain = (words.first_names | words.surnames) - words.needs_context
    names = {name for name in certain if not words.is_ordinary(name) and not words.is_house(name)}
    whole_words = [piece for piece in vocabulary if len(piece.removeprefix("##")) >= 4]
    assert len(names) > 5000
    assert names_among(whole_words, names) == []
    assert fold("Sandrine") not in vocabulary


def test_shipped_folders_are_small_and_can_be_trained_on() -> None:
    assert sum(path.stat().st_size for name in NAMES for path in (SHIPPED / name).iterdir()) < MAX_BYTES
    assert load_encoder(SHIPPED / NAMES[0] / "encoder.pt").shape.layers == 4
