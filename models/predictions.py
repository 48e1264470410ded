"""Predictions of a tagger, or those that somebody made elsewhere, in one form."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.decisions import DecidedPositions
from models.errors import ModelError
from models.gold import GoldSet
from models.json_lines import parse_line
from models.labels import LabelSpace
from models.tagger import Decisions, Probabilities, Tagger, TagProbabilities, put

_NUMBER_ONCE = "Number the verbatims once across all files, and give each one line of predictions"
_TOLERANCE = 0.02
"""How far from 1 a verbatim's probabilities may add up: they may have been rounded."""


@dataclass(frozen=True, slots=True)
class Predictions:
    """What was predicted for the verbatims of a gold set, in its order.

    Attributes:
        decided: Decided labels.
        probabilities: Their probabilities; None where only labels were given.
    """

    decided: DecidedPositions
    probabilities: TagProbabilities | None

    def with_rows(self, at: NDArray[np.intp], part: Predictions) -> Predictions:
        """Give the same predictions with those of some verbatims replaced.

        Args:
            at: Positions of the replaced ones.
            part: Their new predictions, in that order; probabilities stay only where both have them.
        """
        decided, new = self.decided, part.decided
        mixed = DecidedPositions(
            sentiment=put(decided.sentiment, at, new.sentiment),
            enchantment=put(decided.enchantment, at, new.enchantment),
            incivility=put(decided.incivility, at, new.incivility),
            themes={theme: put(values, at, new.themes[theme]) for theme, values in decided.themes.items()},
            confidence=put(decided.confidence, at, new.confidence),
        )
        old, fresh = self.probabilities, part.probabilities
        if old is None or fresh is None:
            return Predictions(mixed, None)
        return Predictions(mixed, old.with_rows(at, fresh))


def predict_gold(tagger: Tagger, gold: GoldSet) -> Predictions:
    """Let a tagger read the verbatims of a gold set."""
    probabilities = tagger.predict(gold.batch)
    return Predictions(_positions(tagger.decide(probabilities), gold.labels), probabilities)


def read_predictions(path: Path, gold: GoldSet) -> Predictions:
    """Read predictions in the form of `miroir tag`, matched to the gold set by `id`.

    Args:
        path: JSON lines with `id`, the four labels and, optionally on all lines, `probabilities`.
        gold: The verbatims to judge on; others in the file are passed over.

    Raises:
        ModelError: The file is missing or unsound, lacks a verbatim of the gold set, or an `id` comes twice
            in one of the two, so that it does not say which verbatim is meant.
    """
    if twice := [identifier for identifier, count in Counter(gold.ids).items() if count > 1]:
        raise _unsound(f"the id {twice[0]!r} more than once in the labelled verbatims", path, do=_NUMBER_ONCE)
    rows = _rows(path, gold.labels)
    missing = [identifier for identifier in gold.ids if identifier not in rows]
    if missing:
        raise _unsound(f"{len(missing)} verbatims missing, the first {missing[0]!r}", path)
    ordered = [rows[identifier] for identifier in gold.ids]
    for row in ordered:
        if problem := _label_problem(row, gold.labels):
            raise _unsound(f"{problem}, first for id {row['id']!r}", path)
    try:
        decisions = _decisions(ordered, gold.labels)
        n_told = sum("probabilities" in row for row in ordered)
        if 0 < n_told < len(ordered):
            raise _unsound(f"probabilities on {n_told} of {len(ordered)} lines", path)
        probabilities = _probabilities(ordered, gold.labels, path) if n_told else None
        return Predictions(_positions(decisions, gold.labels), probabilities)
    except (KeyError, TypeError, ValueError) as error:
        raise _unsound(f"{type(error).__name__} {error}", path) from error


def _rows(path: Path, labels: LabelSpace) -> dict[str, dict[str, Any]]:
    rows: dict[str, dict[str, Any]] = {}
    try:
        with path.open("rb") as lines:
            for number, line in enumerate(lines, start=1):
                if line.strip():
                    row, problem = parse_line(line)
                    place = f", line {number}"
                    if problem := problem or _problem(row, labels):
                        raise _unsound(problem, path, place)
                    identifier = str(row["id"])
                    if identifier in rows:
                        raise _unsound(f"the id {identifier!r} once more", path, place, do=_NUMBER_ONCE)
                    rows[identifier] = row
    except OSError as error:
        got = "no file" if isinstance(error, FileNotFoundError) else type(error).__name__
        raise _unsound(got, path) from error
    return rows


def _problem(row: object, labels: LabelSpace) -> str | None:
    """Say what is wrong with a line, or None; a label's value is looked up once its verbatim is judged."""
    if not isinstance(row, dict) or "id" not in row:
        return "no object with an `id`"
    if not isinstance(row.get("themes"), dict):
        return "no object `themes`"
    if not set(row["themes"]) <= set(labels.themes):
        return "a theme that the codebook has not"
    return None


def _label_problem(row: Mapping[str, Any], labels: LabelSpace) -> str | None:
    """Say which label of a judged verbatim is missing or unknown, or None."""
    for name in ("sentiment", "enchantment", "incivility"):
        if row.get(name) not in getattr(labels, name):
            return f"in `{name}` none of {', '.join(getattr(labels, name))}"
    for theme, polarity in row["themes"].items():
        if polarity not in (None, *labels.polarities):
            return f"in the theme `{theme}` none of {', '.join(labels.polarities)}"
    return None


def _decisions(rows: Sequence[Mapping[str, Any]], labels: LabelSpace) -> Decisions:
    themes = {theme: [row["themes"].get(theme) for row in rows] for theme in _trained(rows, labels)}
    return Decisions(
        sentiment=[row["sentiment"] for row in rows],
        enchantment=[row["enchantment"] for row in rows],
        incivility=[row["incivility"] for row in rows],
        themes=themes,
        confidence=np.array([row.get("confidence", np.nan) for row in rows], dtype=np.float32),
        needs_review=[bool(row.get("needs_review", False)) for row in rows],
    )


def _trained(rows: Sequence[Mapping[str, Any]], labels: LabelSpace) -> list[str]:
    """List the themes that were told; one that a line names as not trained is not absent from it."""
    untrained = {theme for row in rows for theme in row.get("not_trained", ())}
    return [theme for theme in labels.themes if theme not in untrained]


def _positions(decisions: Decisions, labels: LabelSpace) -> DecidedPositions:
    def find(values: Sequence[str | None], names: Sequence[str | None]) -> np.ndarray[Any, np.dtype[np.intp]]:
        place = {name: k for k, name in enumerate(names)}
        return np.array([place[value] for value in values], dtype=np.intp)

    return DecidedPositions(
        sentiment=find(decisions.sentiment, labels.sentiment),
        enchantment=find(decisions.enchantment, labels.enchantment),
        incivility=find(decisions.incivility, labels.incivility),
        themes={
            theme: find(values, (None, *labels.polarities)) for theme, values in decisions.themes.items()
        },
        confidence=decisions.confidence,
    )


def _probabilities(rows: Sequence[Mapping[str, Any]], labels: LabelSpace, path: Path) -> TagProbabilities:
    def columns(name: str, told: Sequence[Any], values: Sequence[str]) -> Probabilities:
        whole = [isinstance(row, dict) and set(values) <= set(row) for row in told]
        if not all(whole):
            first = rows[whole.index(False)]["id"]
            lacking = f"no probability of `{name}` for each of {', '.join(values)}"
            raise _unsound(f"{lacking}, first for id {first!r}", path)
        shares = np.array([[row[value] for value in values] for row in told], dtype=np.float32)
        sound = (shares >= 0).all(axis=1) & (np.abs(shares.sum(axis=1) - 1) <= _TOLERANCE)
        if not sound.all():
            first = rows[int(np.argmin(sound))]["id"]
            raise _unsound(f"probabilities of `{name}` that do not add up to 1, first for id {first!r}", path)
        return shares

    told = [row["probabilities"] for row in rows]
    return TagProbabilities(
        sentiment=columns("sentiment", [row.get("sentiment") for row in told], labels.sentiment),
        enchantment=columns("enchantment", [row.get("enchantment") for row in told], labels.enchantment),
        incivility=columns("incivility", [row.get("incivility") for row in told], labels.incivility),
        themes={
            theme: columns(theme, [row["themes"].get(theme) for row in told], labels.theme_values)
            for theme in _trained(rows, labels)
            if any(theme in row["themes"] for row in told)
        },
    )


def _unsound(
    got: str, path: Path, place: str = "", do: str = "Make them in the form that `miroir tag` writes"
) -> ModelError:
    return ModelError.because(
        "the predictions cannot be judged",
        expected="JSON lines with `id` and the four labels, for every gold verbatim",
        got=got,
        where=f"{path}{place}",
        do=do,
    )
