"""Find a model by name or folder, and check that it was trained for the codebook in use."""

from __future__ import annotations

import importlib
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, cast

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from models.errors import ModelError
from models.labels import LabelSpace
from models.tagger import Tagger, VerbatimBatch

SHIPPED = Path(__file__).parent / "shipped"
DEFAULT_MODEL = "blend"
MODEL_FILE = "model.json"
OUT_OF_FOLD_FILE = "oof.parquet"

Loader = Callable[[Path, LabelSpace], Tagger]


def load_tagger(name_or_path: str, labels: LabelSpace) -> Tagger:
    """Load a model.

    A theme of the codebook that the model was not trained for is left out of its probabilities;
    `untrained_themes` names it, so that it is shown as not trained.

    Args:
        name_or_path: Name of a shipped model, or a folder that holds `model.json`.
        labels: The label space of the codebook in use.

    Returns:
        The model, which answers in the codebook's label space.

    Raises:
        ModelError: There is no such model, its kind is not known, or it was trained for other labels.
    """
    folder = model_folder(name_or_path)
    card = read_card(folder)
    check_labels(trained_labels(card), labels, folder)
    return _loader(card, folder)(folder, labels)


def load_member(folder: Path, name: str, labels: LabelSpace) -> Tagger:
    """Load a model that another one is made of: a folder beside its description, or a model of that name."""
    return load_tagger(str(member_folder(folder, name)), labels)


def member_folder(folder: Path, name: str) -> Path:
    """Find the folder of a model that another one is made of."""
    beside = folder / name
    return beside if (beside / MODEL_FILE).is_file() else model_folder(name)


def model_folder(name_or_path: str) -> Path:
    """Find the folder of a model."""
    name = DEFAULT_MODEL if name_or_path == "default" else name_or_path
    for folder in (SHIPPED / name, Path(name)):
        if (folder / MODEL_FILE).is_file():
            return folder
    shipped = sorted(path.parent.name for path in SHIPPED.glob(f"*/{MODEL_FILE}"))
    raise ModelError.because(
        "the model cannot be found",
        expected=f"one of {', '.join(shipped)}, or a folder with {MODEL_FILE}",
        got=repr(name_or_path),
        where="--model",
        do="Name a shipped model, or train one with `miroir train`",
    )


def read_out_of_fold(name_or_path: str) -> pa.Table | None:
    """Read a model's out-of-fold predictions on gold labels: what its calibration error is known from.

    Args:
        name_or_path: Name of a shipped model, or a folder that holds `model.json`.

    Returns:
        `audience`, `source`, `stratum`, probabilities, and the gold labels in words: `sentiment`,
        `enchantment`, `incivility`, `theme_<id>` (null: absent); no texts. `themes_read` lists the themes
        that a verbatim was read for; one that was read for themes alone has null for the other three.
        Verbatims without one or two of the three are left out: readers differed on them. None for a model
        that has none.
    """
    folder = model_folder(name_or_path)
    path = folder / OUT_OF_FOLD_FILE
    if not path.is_file():
        return None
    labels = trained_labels(read_card(folder))
    table = pq.read_table(path)
    singles = [table[f"gold_{name}"].to_numpy() >= 0 for name in ("sentiment", "enchantment", "incivility")]
    table = table.filter(pa.array(np.all(singles, axis=0) | ~np.any(singles, axis=0)))
    if not table.num_rows:
        return None
    names = [name for name in table.column_names if not name.startswith(("gold_", "decided_", "text_key"))]
    gold = {
        "sentiment": _in_words(table["gold_sentiment"], labels.sentiment),
        "enchantment": _in_words(table["gold_enchantment"], labels.enchantment),
        "incivility": _in_words(table["gold_incivility"], labels.incivility),
        **{
            f"theme_{theme}": _in_words(table[f"gold_theme_{theme}"], (None, *labels.polarities))
            for theme in labels.themes
        },
        "themes_read": _themes_read(table, labels.themes),
    }
    return pa.table({**{name: table[name] for name in names}, **gold})


def _in_words(codes: pa.ChunkedArray, words: tuple[str | None, ...]) -> pa.Array:
    known = pc.if_else(pc.greater_equal(codes, 0), codes, None)
    return pa.array(words, pa.string()).take(known.combine_chunks())


def _themes_read(table: pa.Table, themes: tuple[str, ...]) -> pa.Array:
    """List, for each verbatim, the themes that its reader was asked about."""
    known = np.stack([table[f"gold_theme_{theme}"].to_numpy() >= 0 for theme in themes], axis=1)
    kinds, kind = np.unique(known, axis=0, return_inverse=True)
    lists = [[theme for theme, asked in zip(themes, row, strict=True) if asked] for row in kinds]
    return pa.array(lists, pa.list_(pa.string())).take(pa.array(kind.ravel()))


def read_card(folder: Path) -> dict[str, Any]:
    """Read what a model says of itself."""
    try:
        card: dict[str, Any] = json.loads((folder / MODEL_FILE).read_text(encoding="utf-8"))
    except json.JSONDecodeError as error:
        raise ModelError.because(
            "the model's description is broken",
            expected="JSON",
            got=error.msg,
            where=str(folder / MODEL_FILE),
            do="Train it again, or take it again from the release",
        ) from None
    return card


def trained_labels(card: dict[str, Any]) -> LabelSpace:
    """Give the label space that a model was trained for."""
    names = card["labels"]
    return LabelSpace(
        sentiment=tuple(names["sentiment"]),
        enchantment=tuple(names["enchantment"]),
        incivility=tuple(names["incivility"]),
        themes=tuple(names["themes"]),
        polarities=tuple(names["polarities"]),
        codebook_hash=names["codebook_hash"],
    )


def check_labels(trained: LabelSpace, wanted: LabelSpace, folder: Path) -> None:
    """Refuse a model whose labels are not the codebook's; more themes in the codebook are allowed.

    Raises:
        ModelError: A label or a theme differs, or the codebook's version did: the message says which.
    """
    if trained.codebook_hash == wanted.codebook_hash:
        return
    for name in ("sentiment", "enchantment", "incivility", "polarities"):
        if getattr(trained, name) != getattr(wanted, name):
            raise _other_codebook(name, getattr(wanted, name), getattr(trained, name), folder)
    if not set(trained.themes) < set(wanted.themes):
        raise _other_codebook("themes", wanted.themes, trained.themes, folder)


def untrained_themes(tagger: Tagger) -> tuple[str, ...]:
    """List the codebook's themes that a model was not trained for: shown as «not trained»."""
    trained = tagger.predict(VerbatimBatch(texts=[], audiences=[], questions=[])).themes
    return tuple(theme for theme in tagger.labels.themes if theme not in trained)


def themes_to_learn(name_or_path: str, labels: LabelSpace) -> tuple[str, ...]:
    """List the codebook's themes that a model was not trained for, from its description alone."""
    trained = trained_labels(read_card(model_folder(name_or_path))).themes
    return tuple(theme for theme in labels.themes if theme not in trained)


def _other_codebook(name: str, wanted: tuple[str, ...], trained: tuple[str, ...], folder: Path) -> ModelError:
    same = set(wanted) == set(trained)
    return ModelError.because(
        "the model was trained for another codebook",
        expected=f"{name} {', '.join(wanted)}" + (" of this codebook's version" if same else ""),
        got=", ".join(trained) + (" of another version or order" if same else ""),
        where=str(folder),
        do=f"Train one for this codebook (it must learn its {name}): `miroir train --gold … --codebook … "
        "--output modeles/mien`, then name it with --model, or by `annotate: {model: modeles/mien}`",
    )


_LOADERS: Mapping[str, tuple[str, str]] = {
    "linear": ("models.linear.tagger", "load_linear"),
    "compact": ("models.compact.tagger", "load_compact"),
    "transformer": ("models.compact.tagger", "load_compact"),
    "blend": ("models.blend.tagger", "load_blend"),
    "cascade": ("models.cascade", "load_cascade"),
}
"""Module and function that load each kind of model; imported only when one is asked for."""


def _loader(card: dict[str, Any], folder: Path) -> Loader:
    kind = str(card.get("kind"))
    if kind in _LOADERS:
        module, function = _LOADERS[kind]
        return cast(Loader, getattr(importlib.import_module(module), function))
    raise ModelError.because(
        "the model cannot be loaded",
        expected=f"a kind among: {', '.join(_LOADERS)}",
        got=repr(kind),
        where=str(folder / MODEL_FILE),
        do="Install the version of Miroir that made it",
    )
