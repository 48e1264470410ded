"""Labelled verbatims: read from JSON lines, held as columns that training and evaluation share."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.errors import ModelError
from models.json_lines import parse_line
from models.labels import LabelSpace
from models.tagger import VerbatimBatch

AUTHORED = "authored"
UNKNOWN = -1
"""Code of a label that the reader of this verbatim did not give."""
FEWEST_OF_A_THEME = 10
"""Verbatims that speak of a theme, and verbatims read for it that do not: fewer of either teach nothing."""

Codes = NDArray[np.int8]


@dataclass(frozen=True, slots=True)
class GoldSet:
    """Labelled verbatims as columns, n of them.

    Attributes:
        ids: Identifier of each verbatim.
        sources: Where each comes from; `authored` for those written for this project.
        strata: How each was drawn: `random`, or the name of an enriched stratum.
        batch: Texts, audiences and questions.
        sentiment: Position in the label space, shape (n,).
        enchantment: Likewise.
        incivility: Likewise.
        themes: Shape (n, themes): 0 where absent, 1 + the polarity's position where present,
            `UNKNOWN` where the reader was not asked about this theme.
        labels: The label space that the codes follow.
    """

    ids: tuple[str, ...]
    sources: NDArray[np.str_]
    strata: NDArray[np.str_]
    batch: VerbatimBatch
    sentiment: Codes
    enchantment: Codes
    incivility: Codes
    themes: Codes
    labels: LabelSpace

    def __len__(self) -> int:
        """Count the verbatims."""
        return len(self.ids)

    @property
    def audiences(self) -> NDArray[np.str_]:
        """Audience of each verbatim."""
        return np.array(self.batch.audiences, dtype=np.str_)

    def take(self, positions: NDArray[np.intp]) -> GoldSet:
        """Give the verbatims at the positions, in their order."""
        return replace(
            self,
            ids=tuple(self.ids[i] for i in positions),
            sources=self.sources[positions],
            strata=self.strata[positions],
            batch=VerbatimBatch(
                texts=[self.batch.texts[i] for i in positions],
                audiences=[self.batch.audiences[i] for i in positions],
                questions=[self.batch.questions[i] for i in positions],
            ),
            sentiment=self.sentiment[positions],
            enchantment=self.enchantment[positions],
            incivility=self.incivility[positions],
            themes=self.themes[positions],
        )


def read_gold(
    paths: Sequence[str | Path], labels: LabelSpace, *, themes_read: Collection[str] | None = None
) -> GoldSet:
    """Read labelled verbatims in the codebook's record format.

    A record may lack a label (`sentiment`, `enchantment`, `incivility`): it is then `UNKNOWN`. It may name in
    `themes_read` the only themes that its reader was asked about; the others are then `UNKNOWN`.

    Args:
        paths: JSON-lines files, read in this order.
        labels: The label space that the codes follow.
        themes_read: Themes that the readers were asked about where a record does not say; all, if not given.

    Returns:
        The verbatims, in the order of the files.

    Raises:
        ModelError: A file is missing, or a line is no sound record.
    """
    records = [record for path in paths for record in _records(Path(path), labels)]
    return gold_from_records(records, labels, themes_read=themes_read)


def text_hash(text: str) -> str:
    """Give the SHA-256 that stands for a text where the text itself must not be kept, 64 hex digits."""
    return hashlib.sha256(text.encode()).hexdigest()


def text_keys(gold: GoldSet) -> NDArray[np.uint64]:
    """Name each verbatim by 64 bits of a hash of its text, audience and question, shape (n,)."""
    return batch_keys(gold.batch)


def batch_keys(batch: VerbatimBatch) -> NDArray[np.uint64]:
    """Name each verbatim of a batch as `text_keys` does."""
    named = [
        f"{audience}\n{text}\n{question}" if question else f"{audience}\n{text}"
        for audience, text, question in zip(batch.audiences, batch.texts, batch.questions, strict=True)
    ]
    return np.array([int(text_hash(name)[:16], 16) for name in named], dtype=np.uint64)


def with_themes(gold: GoldSet, themes: Collection[str]) -> GoldSet:
    """Leave out all themes but some, in the order that they have; the codebook stays the same."""
    kept = [k for k, theme in enumerate(gold.labels.themes) if theme in themes]
    labels = replace(gold.labels, themes=tuple(gold.labels.themes[k] for k in kept))
    return replace(gold, themes=gold.themes[:, kept], labels=labels)


def learnable(gold: GoldSet) -> GoldSet:
    """Leave out the themes that too few verbatims teach: a model would guess them, and tell it as if it knew.

    Raises:
        ModelError: No theme is left.
    """
    fewest = np.minimum((gold.themes > 0).sum(axis=0), (gold.themes == 0).sum(axis=0))
    kept = [theme for theme, n in zip(gold.labels.themes, fewest, strict=True) if n >= FEWEST_OF_A_THEME]
    if not kept:
        raise ModelError.because(
            "no theme can be learnt",
            expected=f"of one theme at least, {FEWEST_OF_A_THEME} verbatims that speak of it and as many "
            "that do not",
            got="fewer of each",
            where="the labelled verbatims",
            do="Label more of them, or learn from the authored ones too (without --no-authored)",
        )
    return with_themes(gold, kept)


def joined_gold(first: GoldSet, second: GoldSet) -> GoldSet:
    """Put one gold set behind another."""
    return replace(
        first,
        ids=(*first.ids, *second.ids),
        sources=np.concatenate([first.sources, second.sources]),
        strata=np.concatenate([first.strata, second.strata]),
        batch=VerbatimBatch(
            texts=[*first.batch.texts, *second.batch.texts],
            audiences=[*first.batch.audiences, *second.batch.audiences],
            questions=[*first.batch.questions, *second.batch.questions],
        ),
        sentiment=np.concatenate([first.sentiment, second.sentiment]),
        enchantment=np.concatenate([first.enchantment, second.enchantment]),
        incivility=np.concatenate([first.incivility, second.incivility]),
        themes=np.concatenate([first.themes, second.themes]),
    )


def gold_from_records(
    records: Sequence[dict[str, Any]], labels: LabelSpace, *, themes_read: Collection[str] | None = None
) -> GoldSet:
    """Turn records whose labels were checked into columns.

    Args:
        records: In the codebook's record format.
        labels: The label space that the codes follow.
        themes_read: Themes that the readers were asked about where a record does not say; all, if not given.
    """
    usual = labels.themes if themes_read is None else themes_read
    themes = np.zeros((len(records), len(labels.themes)), dtype=np.int8)
    for row, record in enumerate(records):
        asked = usual if record.get("themes_read") is None else record["themes_read"]
        themes[row] = [0 if theme in asked else UNKNOWN for theme in labels.themes]
        for theme, polarity in record["themes"].items():
            themes[row, labels.themes.index(theme)] = 1 + labels.polarities.index(polarity)
    return GoldSet(
        ids=tuple(str(record["id"]) for record in records),
        sources=np.array([record.get("source") or AUTHORED for record in records], dtype=np.str_),
        strata=np.array([record.get("stratum") or AUTHORED for record in records], dtype=np.str_),
        batch=VerbatimBatch(
            texts=[record["text"] for record in records],
            audiences=[record["audience"] for record in records],
            questions=[record.get("question") for record in records],
        ),
        sentiment=_codes(records, "sentiment", labels.sentiment),
        enchantment=_codes(records, "enchantment", labels.enchantment),
        incivility=_codes(records, "incivility", labels.incivility),
        themes=themes,
        labels=labels,
    )


def _codes(records: Iterable[dict[str, Any]], name: str, values: tuple[str, ...]) -> Codes:
    return np.array(
        [UNKNOWN if record.get(name) is None else values.index(record[name]) for record in records],
        dtype=np.int8,
    )


def _records(path: Path, labels: LabelSpace) -> list[dict[str, Any]]:
    if not path.is_file():
        raise ModelError.because(
            "labelled verbatims cannot be read",
            expected="a JSON-lines file",
            got="no file",
            where=str(path),
            do="Check the path",
        )
    records = []
    with path.open("rb") as lines:
        for number, line in enumerate(lines, start=1):
            if not line.strip():
                continue
            record, problem = parse_line(line)
            problem = problem or record_problem(record, labels)
            if problem:
                raise _unsound(problem, path, number)
            records.append(record)
    return records


def record_problem(record: object, labels: LabelSpace) -> str | None:
    """Say what is wrong with a labelled record, without its text, or None."""
    if not isinstance(record, dict) or not isinstance(record.get("text"), str) or record.get("id") is None:
        return "no object with `id` and a string `text`"
    if record.get("audience") not in ("customer", "employee"):
        return "an `audience` that is neither customer nor employee"
    for name, values in (
        ("sentiment", labels.sentiment),
        ("enchantment", labels.enchantment),
        ("incivility", labels.incivility),
    ):
        if record.get(name) is not None and record[name] not in values:
            return f"a value of `{name}` that the codebook has not"
    themes = record.get("themes")
    if not isinstance(themes, dict):
        return "no object `themes`"
    if not set(themes) <= set(labels.themes):
        return "a theme that the codebook has not"
    if not all(polarity in labels.polarities for polarity in themes.values()):
        return "a polarity that the codebook has not"
    asked = record.get("themes_read")
    if asked is not None and not (isinstance(asked, list) and all(each in labels.themes for each in asked)):
        return "in `themes_read` something else than a list of the codebook's themes"
    return None


def _unsound(got: str, path: Path, number: int) -> ModelError:
    return ModelError.because(
        "a labelled verbatim is unsound",
        expected="a record of the codebook's form",
        got=got,
        where=f"{path}, line {number}",
        do="Mend or remove the line",
    )
