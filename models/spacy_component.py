"""Miroir in spaCy: the pipeline component `miroir`, and sentences by spaCy's rules.

    import spacy
    nlp = spacy.blank("fr")
    nlp.add_pipe("miroir", config={"model": "default", "audience": "customer"})
    doc = nlp("Conseillère adorable, mais deux heures d'attente")
    doc.cats["theme.means"], doc._.miroir["themes"], doc.spans["miroir"]

Once Miroir is installed, spaCy finds the factory by itself; elsewhere, import this module first. Texts are
read as they are: mask them before (`miroir mask`) where documents, cats or spans will be kept.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from itertools import islice
from pathlib import Path
from typing import Any

from spacy.lang.fr import French
from spacy.language import Language
from spacy.tokens import Doc, SpanGroup

from models.blend.members import copy_model
from models.errors import ModelError
from models.evidence import EvidenceSpan, evidence
from models.registry import load_tagger, model_folder, read_card, trained_labels
from models.tagger import Decisions, Tagger, TagProbabilities, VerbatimBatch

NAME = "miroir"
AUDIENCES = ("customer", "employee")
MODEL_FOLDER = "model"
DEFAULTS = {"model": "default", "audience": "customer", "question": None, "spans": True, "batch_size": 256}


class MiroirComponent:
    """The component `miroir` of a pipeline. It changes neither tokens nor other annotations.

    It fills `doc.cats` (`sentiment.positive`, `theme.means`, `theme.means.negative` … → probability),
    `doc._.miroir` (decided labels, confidence, probabilities, model id: plain values, so that documents can
    be serialised), and `doc.spans["miroir"]` (passages that carried each label; their weights are in the
    group's `attrs`). A document's own `doc._.audience` and `doc._.question` win over the component's.
    """

    def __init__(
        self, name: str, *, model: str, audience: str, question: str | None, spans: bool, batch_size: int
    ) -> None:
        """Prepare the component.

        Args:
            name: Its name in the pipeline.
            model: Name of a shipped model, or a model folder.
            audience: `customer` or `employee`, of documents that do not say theirs.
            question: The question answered, of documents that do not say theirs.
            spans: Whether passages are looked for; it costs about thirty more readings a document.
            batch_size: Documents read at once by `nlp.pipe`.

        Raises:
            ModelError: There is no such audience. A model that is not there is told by the first document.
        """
        self.name = name
        self.model = model
        self.audience = _checked(audience)
        self.question = question
        self.spans = spans
        self.batch_size = batch_size
        # Not looked for yet: it may come with `from_disk`, where no folder of that name lies any more.
        self._folder = Path(model)
        self._tagger: Tagger | None = None

    def __getstate__(self) -> dict[str, Any]:
        """Leave the loaded model out: each process of `nlp.pipe(…, n_process=2)` loads its own."""
        return {**self.__dict__, "_tagger": None}

    @property
    def tagger(self) -> Tagger:
        """The model, loaded when it is first needed; it answers in the labels that it learnt."""
        if self._tagger is None:
            folder = model_folder(str(self._folder))
            self._tagger = load_tagger(str(folder), trained_labels(read_card(folder)))
        return self._tagger

    def __call__(self, doc: Doc) -> Doc:
        """Read one document."""
        self._read([doc])
        return doc

    def pipe(self, stream: Iterable[Doc], *, batch_size: int | None = None) -> Iterator[Doc]:
        """Read documents in batches, in the order given; spaCy passes `nlp.pipe`'s own batch size."""
        documents = iter(stream)
        while batch := list(islice(documents, max(self.batch_size, batch_size or 0))):
            self._read(batch)
            yield from batch

    def to_disk(self, path: str | Path, *, exclude: Sequence[str] = ()) -> None:
        """Put a copy of the model, and of those it is made of, beside the pipeline.

        The pipeline can then go to another machine, or stay through another version of Miroir.
        """
        source, target = model_folder(str(self._folder)), Path(path) / MODEL_FOLDER
        if MODEL_FOLDER in exclude or source.resolve() == target.resolve():
            return
        part = target.with_name(f".{MODEL_FOLDER}.part")
        shutil.rmtree(part, ignore_errors=True)
        copy_model(source, part)
        if target.exists():
            shutil.rmtree(target)
        part.rename(target)

    def from_disk(self, path: str | Path, *, exclude: Sequence[str] = ()) -> MiroirComponent:
        """Take the model that lies beside the pipeline."""
        folder = Path(path) / MODEL_FOLDER
        if MODEL_FOLDER not in exclude and folder.is_dir():
            self._folder, self._tagger = folder, None
        return self

    def to_bytes(self, *, exclude: Sequence[str] = ()) -> bytes:
        """Give the model's id: weights do not travel as bytes."""
        return self.tagger.model_id.encode()

    def from_bytes(self, content: bytes, *, exclude: Sequence[str] = ()) -> MiroirComponent:
        """Check that the model at hand is the one that was serialised.

        Raises:
            ModelError: It is another one.
        """
        if content.decode() != self.tagger.model_id:
            raise ModelError.because(
                "the pipeline cannot be loaded",
                expected=content.decode(),
                got=self.tagger.model_id,
                where=f"component «{self.name}», model {self.model!r}",
                do="Name the model that the pipeline was made with, or use `to_disk`",
            )
        return self

    def _read(self, docs: Sequence[Doc]) -> None:
        batch = VerbatimBatch(
            texts=[doc.text for doc in docs],
            audiences=[_checked(doc._.audience or self.audience) for doc in docs],
            questions=[doc._.question or self.question for doc in docs],
        )
        probabilities = self.tagger.predict(batch)
        decided = self.tagger.decide(probabilities)
        found = evidence(self.tagger, batch) if self.spans else [()] * len(docs)
        for row, (doc, spans) in enumerate(zip(docs, found, strict=True)):
            cats = _cats(self.tagger, probabilities, row)
            doc.cats = {**doc.cats, **cats}
            doc._.miroir = {**_labels(decided, row), "probabilities": cats, "model_id": self.tagger.model_id}
            if self.spans:
                doc.spans[NAME] = _span_group(doc, spans)


@Language.factory(NAME, default_config=DEFAULTS, assigns=["doc.cats", "doc._.miroir", "doc.spans"])
def make_miroir(
    nlp: Language, name: str, model: str, audience: str, question: str | None, spans: bool, batch_size: int
) -> MiroirComponent:
    """Make the component; spaCy calls it for `nlp.add_pipe("miroir", config={…})`."""
    for attribute in (NAME, "audience", "question"):
        if not Doc.has_extension(attribute):
            Doc.set_extension(attribute, default=None)
    return MiroirComponent(
        name, model=model, audience=audience, question=question, spans=spans, batch_size=batch_size
    )


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


def _cats(tagger: Tagger, probabilities: TagProbabilities, row: int) -> dict[str, float]:
    labels = tagger.labels
    cats: dict[str, float] = {}
    for name in ("sentiment", "enchantment", "incivility"):
        columns = getattr(probabilities, name)[row]
        cats |= {f"{name}.{value}": float(p) for value, p in zip(getattr(labels, name), columns, strict=True)}
    for theme, table in probabilities.themes.items():
        cats[f"theme.{theme}"] = float(1 - table[row, 0])
        polarities = zip(labels.polarities, table[row, 1:], strict=True)
        cats |= {f"theme.{theme}.{polarity}": float(p) for polarity, p in polarities}
    return cats


def _labels(decided: Decisions, row: int) -> dict[str, Any]:
    themes = {theme: values[row] for theme, values in decided.themes.items() if values[row] is not None}
    return {
        "sentiment": decided.sentiment[row],
        "enchantment": decided.enchantment[row],
        "themes": themes,
        "incivility": decided.incivility[row],
        "confidence": float(decided.confidence[row]),
        "needs_review": bool(decided.needs_review[row]),
    }


def _span_group(doc: Doc, spans: Sequence[EvidenceSpan]) -> SpanGroup:
    """Turn characters into tokens: a token that a span touches belongs to it."""
    tokens = [
        (doc.char_span(each.start, each.end, label=each.label, alignment_mode="expand"), each.weight)
        for each in spans
    ]
    kept = [(span, weight) for span, weight in tokens if span is not None]
    attributes = {"weights": [weight for _, weight in kept]}
    return SpanGroup(doc, name=NAME, attrs=attributes, spans=[span for span, _ in kept])


def _checked(audience: str) -> str:
    if audience not in AUDIENCES:
        raise ModelError.because(
            "a document cannot be read",
            expected=" or ".join(AUDIENCES),
            got=repr(audience)[:40],
            where="audience of the component «miroir», or doc._.audience",
            do="Say who wrote",
        )
    return audience
