"""Pretraining: names stay out of the vocabulary, shards travel, a run learns, stops on time and resumes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import torch
import typer
from tokenizers import Tokenizer
from typer.testing import CliRunner

from models.encoder.cooccurrence import cooccurrence_embedding
from models.encoder.corpus import (
    TextSource,
    continued_pieces,
    n_control_ids,
    read_parquet_texts,
    row_tokens,
    write_corpus,
)
from models.encoder.muon import orthogonalise
from models.encoder.network import EncoderShape
from models.encoder.pretraining import (
    PretrainSettings,
    Progress,
    Vocabulary,
    WordHider,
    load_encoder,
    pretrain,
    rate_share,
)
from models.encoder.shards import TokenisedTexts, packed_rows, read_shards, write_shards
from models.encoder.wordpiece import fold, learn_wordpiece, names_among
from models.errors import ModelError
from pipeline.cli.pretrain import register
from pipeline.errors import ConfigError

REVIEWS = [
    "Livraison rapide, conseiller très aimable, merci à Sandrine !",
    "Attente interminable au guichet et personne ne répond… 😡",
    "Colis arrivé cassé, le remboursement traîne depuis des semaines",
    "Équipe à l'écoute, explications claires, je recommande",
]
STARS = [5, 1, 2, 4]
TINY = EncoderShape(vocabulary=300, width=32, layers=2, heads=2, hidden=64)


def mask(texts: object) -> list[str]:
    return [text.replace("Sandrine", "[PERSONNE]") for text in texts]  # type: ignore[attr-defined]


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("corpus")
    sources = [
        TextSource(texts=REVIEWS * 30, writer="customer", stars=STARS * 30, share=2.0),
        TextSource(texts=["La séance est ouverte ce matin."] * 20, writer="plain"),
    ]
    write_corpus(sources, folder, mask=mask, names=["Sandrine"], size=300)
    return folder


@pytest.fixture(scope="module")
def tokenizer(corpus: Path) -> Tokenizer:
    return Tokenizer.from_file(str(corpus / "tokenizer.json"))


@pytest.fixture
def vocabulary(tokenizer: Tokenizer) -> Vocabulary:
    size = tokenizer.get_vocab_size()
    continued = np.zeros(TINY.vocabulary, dtype=np.bool_)
    continued[:size] = continued_pieces(tokenizer)
    return Vocabulary(TINY.vocabulary, n_control_ids(), continued, row_tokens(tokenizer))


def test_learn_wordpiece_leaves_names_out() -> None:
    texts = ["merci Léandrine pour votre aide", "Léandrine est aimable"] * 50
    with_name = learn_wordpiece(texts, size=200, min_frequency=2)
    without = learn_wordpiece(texts, size=200, min_frequency=2, names=["Léandrine"])
    assert names_among(with_name.get_vocab(), ["LÉANDRINE"]) == ["leandrine"]
    assert names_among(without.get_vocab(), ["Léandrine"]) == []
    assert without.encode("leandrine").tokens != ["leandrine"]
    assert "[UNK]" not in without.encode("Léandrine").tokens


def test_tokenizer_keeps_placeholders_whole_and_digits_apart(tokenizer: Tokenizer) -> None:
    tokens = tokenizer.encode("[PERSONNE] 42").tokens
    assert tokens[0] == "[PERSONNE]"
    assert len(tokens) == 3
    assert fold("ÉŒÇ") == "eoec"


def test_corpus_holds_no_name_of_the_texts(tokenizer: Tokenizer, corpus: Path) -> None:
    texts = read_shards(corpus)
    words = {tokenizer.decode(texts.text(k).tolist()) for k in range(len(texts))}
    assert not any("sandrine" in word for word in words)
    assert names_among(tokenizer.get_vocab(), ["Sandrine"]) == []


def test_read_parquet_texts_keeps_sources_with_a_share(tmp_path: Path) -> None:
    table = pa.table({"text": ["a", "b", None], "source": ["x", "y", "x"], "rating": [5, None, 1]})
    pq.write_table(table, tmp_path / "t.parquet")
    found = list(read_parquet_texts(tmp_path / "t.parquet", {"x": 2.0}, writer="customer"))
    assert [(s.texts, s.stars, s.share) for s in found] == [(["a"], [5], 2.0)]


def test_write_shards_are_small_and_read_back(corpus: Path, tmp_path: Path) -> None:
    texts = read_shards(corpus)
    paths = write_shards(texts, tmp_path, max_bytes=400)
    assert len(paths) > 3
    read_back = read_shards(tmp_path)
    for name in ("ids", "starts", "kind", "stars", "share"):
        np.testing.assert_array_equal(getattr(read_back, name), getattr(texts, name))


def test_read_shards_says_what_to_do_when_there_are_none(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="miroir pretrain"):
        read_shards(tmp_path)


def test_packed_rows_frame_each_text(corpus: Path, tokenizer: Tokenizer) -> None:
    texts, tokens = read_shards(corpus), row_tokens(tokenizer)
    batch = next(packed_rows(texts, tokens, rows=6, length=40, rng=np.random.default_rng(0)))
    assert batch.ids.shape == (6, 40)
    for row in range(6):
        for segment in range(1, batch.segments[row].max() + 1):
            inside = batch.segments[row] == segment
            ids = batch.ids[row, inside]
            assert tokenizer.id_to_token(int(ids[0])) in ("[CLIENT]", "[TEXTE]")
            assert ids[1] == tokens.hidden or 0 <= ids[1] - tokens.first_star < 5
            assert ids[-1] == tokens.end
            assert batch.positions[row, inside].tolist() == list(range(len(ids)))
    assert ((batch.segments == 0) == (batch.ids == 0)).all()


def test_hide_masks_whole_words_and_remembers_them(vocabulary: Vocabulary, corpus: Path) -> None:
    torch.manual_seed(0)
    rng = np.random.default_rng(0)
    rows = next(packed_rows(read_shards(corpus), vocabulary.row, rows=20, length=60, rng=rng))
    ids = torch.from_numpy(rows.ids)
    hidden, places, right = WordHider(vocabulary, PretrainSettings(), torch.device("cpu")).hide(ids)
    assert (ids.flatten()[places] == right).all()
    untouched = torch.ones(ids.numel(), dtype=torch.bool)
    untouched[places] = False
    assert (hidden.flatten()[untouched] == ids.flatten()[untouched]).all()
    is_text = right >= vocabulary.n_control
    text_share = is_text.sum() / (ids >= vocabulary.n_control).sum()
    assert 0.2 < float(text_share) < 0.3
    assert set(right[~is_text].tolist()) <= set(
        range(vocabulary.row.first_star, vocabulary.row.first_star + 5)
    )


def test_rate_share_rises_stays_and_falls_to_zero() -> None:
    settings = PretrainSettings(warm_steps=10, steady_share=0.5)
    assert rate_share(0, 0.0, settings) == pytest.approx(0.1)
    assert rate_share(100, 0.4, settings) == 1
    assert rate_share(100, 0.75, settings) == pytest.approx(0.5)
    assert rate_share(100, 1.0, settings) == 0


def test_orthogonalise_brings_singular_values_near_one() -> None:
    torch.manual_seed(0)
    values = torch.linalg.svdvals(orthogonalise(torch.randn(12, 30)))
    assert float(values.min()) > 0.6
    assert float(values.max()) < 1.3


def test_cooccurrence_embedding_draws_neighbours_together(corpus: Path, tokenizer: Tokenizer) -> None:
    size = tokenizer.get_vocab_size()
    vectors = cooccurrence_embedding(read_shards(corpus), n_ids=size, n_control=n_control_ids(), width=16)
    assert vectors.shape == (size, 16)
    vocabulary = tokenizer.get_vocab()
    text = [vocabulary[piece] for piece in tokenizer.encode("attente interminable").tokens]
    other = [vocabulary[piece] for piece in tokenizer.encode("seance ouverte").tokens]
    assert vectors[text[0]] @ vectors[text[-1]] > vectors[text[0]] @ vectors[other[-1]]


def test_pretrain_learns_writes_and_resumes(corpus: Path, vocabulary: Vocabulary, tmp_path: Path) -> None:
    checkpoint = tmp_path / "run" / "encoder.pt"
    texts = read_shards(corpus)
    settings = PretrainSettings(minutes=0.04, rows=8, length=48, warm_steps=5, checkpoint_seconds=0.5)
    losses: list[float] = []

    def run(minutes: float) -> Progress:
        limit = PretrainSettings(
            **{**{n: getattr(settings, n) for n in settings.__slots__}, "minutes": minutes}
        )
        return pretrain(texts, vocabulary, TINY, limit, checkpoint, report=lambda p: losses.append(p.loss))

    # A pretraining is bounded by the clock: a busy machine goes on until it has learnt something.
    minutes = 0.1
    first = run(minutes)
    while losses[-1] >= 0.9 * losses[0] and minutes < 2:
        minutes += 0.2
        first = run(minutes)
    assert losses[-1] < 0.9 * losses[0]
    assert checkpoint.stat().st_size < 16 * 2**20
    assert not list(checkpoint.parent.glob("*.partial"))
    second = run(minutes + 0.02)
    assert second.steps > first.steps
    assert second.tokens > first.tokens
    assert run(minutes + 0.02).steps == second.steps
    assert load_encoder(checkpoint).shape == TINY


def test_pretrain_refuses_a_checkpoint_of_another_shape(
    corpus: Path, vocabulary: Vocabulary, tmp_path: Path
) -> None:
    checkpoint = tmp_path / "encoder.pt"
    texts: TokenisedTexts = read_shards(corpus)
    pretrain(texts, vocabulary, TINY, PretrainSettings(minutes=0, rows=2, length=32), checkpoint)
    wider = EncoderShape(vocabulary=300, width=48, layers=2, heads=2, hidden=64)
    with pytest.raises(ModelError, match="pretraining cannot go on"):
        pretrain(texts, vocabulary, wider, PretrainSettings(minutes=0), checkpoint)


def test_load_encoder_says_what_to_do_without_a_checkpoint(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="Pretrain one"):
        load_encoder(tmp_path / "none.pt")


def test_miroir_pretrain_writes_a_corpus_and_an_encoder(tmp_path: Path) -> None:
    reviews = pa.table({"text": REVIEWS * 40, "source": ["avis"] * 160, "rating": STARS * 40})
    pq.write_table(reviews, tmp_path / "reviews.parquet")
    folder = tmp_path / "work"
    app = typer.Typer()
    register(app)
    given = ["--folder", folder, "--reviews", tmp_path / "reviews.parquet", "--minutes", 0.02, "--width", 64]
    result = CliRunner().invoke(app, [str(part) for part in [*given, "--layers", 1, "--rows", 2]])
    assert result.exit_code == 0, result.output
    assert load_encoder(folder / "encoder.pt").shape.width == 64
    tokens = Tokenizer.from_file(str(folder / "tokenizer.json")).get_vocab()
    assert names_among(tokens, ["Sandrine"]) == []


def test_the_command_refuses_what_holds_no_texts(tmp_path: Path) -> None:
    app = typer.Typer()
    register(app)
    (tmp_path / "plain.txt").write_text("Très bien.", encoding="utf-8")
    pq.write_table(pa.table({"text": ["Très bien."]}), tmp_path / "unnamed.parquet")
    for given, got in [
        ([], "neither --reviews nor --plain"),
        (["--plain", tmp_path / "plain.txt"], "no Parquet file"),
        (["--plain", tmp_path / "nowhere.parquet"], "no file"),
        (["--plain", tmp_path / "unnamed.parquet"], "no column source"),
    ]:
        told = CliRunner().invoke(app, ["--folder", str(tmp_path / "new"), *(str(part) for part in given)])
        assert isinstance(told.exception, ConfigError)
        assert f"got {got}" in str(told.exception)


def test_the_command_learns_from_plain_texts_of_any_source(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pq.write_table(pa.table({"text": REVIEWS, "source": ["intranet"] * 4}), tmp_path / "plain.parquet")
    given: list[TextSource] = []

    def keep(sources: list[TextSource], *_: object, **__: object) -> list[Path]:
        given.extend(sources)
        return []

    monkeypatch.setattr("models.encoder.corpus.write_corpus", keep)
    app = typer.Typer()
    register(app)
    CliRunner().invoke(app, ["--folder", str(tmp_path / "new"), "--plain", str(tmp_path / "plain.parquet")])
    assert list(given[-1].texts) == REVIEWS
