"""A workspace made of authored verbatims and of a tagger that errs in known ways."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from pathlib import Path

import numpy as np
import pyarrow as pa

from models.labels import LabelSpace
from pipeline.codebook import read_codebook
from pipeline.schema import (
    VERBATIM,
    annotation_schema,
    enchantment_column,
    incivility_column,
    sentiment_column,
    theme_column,
    theme_probability_column,
)
from pipeline.workspace import Workspace

TEXTS = [
    (
        "customer",
        "45 minutes de queue pour un colis, c'est long… 😤",
        "negative",
        "none",
        {"means": "negative"},
    ),
    (
        "customer",
        "Conseillère adorable, mais deux heures d'attente",
        "mixed",
        "none",
        {"means": "negative", "recognition": "positive"},
    ),
    (
        "customer",
        "Chapeau [PERSONNE], elle a retrouvé mon virement ! Merci du fond du cœur ❤️",
        "positive",
        "relational",
        {"support": "positive"},
    ),
    ("customer", "RAS", "neutral", "none", {}),
    (
        "customer",
        "personne ne répond jamais aux mails, jamais",
        "negative",
        "none",
        {"listening": "negative"},
    ),
    (
        "customer",
        "Bluffée par la vue depuis la terrasse, je n'oublierai jamais cette soirée",
        "positive",
        "other",
        {},
    ),
    (
        "customer",
        "aucune nouvelle de mon dossier [REFERENCE] depuis 3 semaines",
        "negative",
        "none",
        {"feedback": "negative"},
    ),
    (
        "customer",
        "vendeur qui conait ses produits, bon conseil",
        "positive",
        "none",
        {"training": "positive"},
    ),
    ("customer", "Accueil souriant, rien à redire", "positive", "none", {"recognition": "positive"}),
    ("customer", "Bande d'incapables, vous êtes des nuls", "negative", "none", {}),
    ("employee", "le VPN plante tous les matins", "negative", "none", {"means": "negative"}),
    ("employee", "on ne nous demande jamais notre avis", "negative", "none", {"listening": "negative"}),
    (
        "employee",
        "Équipe soudée, on s'entraide quand ça déborde",
        "positive",
        "none",
        {"support": "positive"},
    ),
    (
        "employee",
        "un client m'a menacée au guichet, la direction n'a rien fait",
        "negative",
        "none",
        {"support": "negative"},
    ),
    (
        "employee",
        "Jamais un merci de la direction mais mon manager me laisse m'organiser",
        "mixed",
        "none",
        {"feedback": "positive", "recognition": "negative"},
    ),
    ("employee", "aucune perspective d'évolution", "negative", "none", {"training": "negative"}),
    (
        "employee",
        "Le jour de mes 20 ans de boîte, toute l'équipe m'attendait. J'en ai pleuré.",
        "positive",
        "relational",
        {"recognition": "positive"},
    ),
    ("employee", "<script>alert('é')</script> <b>gras</b> & \"guillemets\" =1+1", "neutral", "none", {}),
]
INCIVILITY = {9: "abusive", 13: "reported"}
MODEL_ID = "essai-1-0a1b2c3d-4e5f6a7b"


def gold(index: int) -> dict:
    """Give the true labels of the verbatim made at this place."""
    _audience, _text, sentiment, enchantment, themes = TEXTS[index % len(TEXTS)]
    incivility = INCIVILITY.get(index % len(TEXTS), "none")
    return {
        "sentiment": sentiment,
        "enchantment": enchantment,
        "themes": dict(themes),
        "incivility": incivility,
    }


def verbatim_id(index: int) -> str:
    return hashlib.sha256(f"verbatim {index}".encode()).hexdigest()[:32]


def make_workspace(
    root: Path, n: int = 180, *, seed: int = 0, part_rows: int = 50_000, accuracy: float = 0.8
) -> Workspace:
    """Write a workspace with n verbatims of both audiences and their annotations."""
    workspace = Workspace(str(root))
    labels = read_codebook().label_space
    generator = np.random.default_rng(seed)
    for part, start in enumerate(range(0, n, part_rows)):
        indices = list(range(start, min(start + part_rows, n)))
        workspace.write_table(
            _verbatims(indices), "batches", "essai", "verbatims", f"part-{part:05d}.parquet"
        )
        workspace.write_table(
            _annotations(indices, labels, generator, accuracy),
            "annotations",
            "essai",
            MODEL_ID,
            f"part-{part:05d}.parquet",
        )
    return workspace


def write_version(workspace: Workspace, batch: str, n: int, **changed: str) -> None:
    """Write another batch with the first n verbatims of the first one, one value for all in some columns."""
    part = "part-00000.parquet"
    verbatims = workspace.read_table("batches", "essai", "verbatims", part).slice(0, n)
    for name, value in changed.items():
        place = verbatims.schema.get_field_index(name)
        verbatims = verbatims.set_column(place, verbatims.schema.field(name), pa.array([value] * n))
    workspace.write_table(verbatims, "batches", batch, "verbatims", part)
    annotations = workspace.read_table("annotations", "essai", MODEL_ID, part).slice(0, n)
    workspace.write_table(annotations, "annotations", batch, MODEL_ID, part)


def put_in_use(workspace: Workspace, *batches: str) -> None:
    """Say, as a run does, which batches the declared inputs gave."""
    workspace.write_json({"batches": list(batches), "unread": []}, "batches", "current.json")


def _verbatims(indices: list[int]) -> pa.Table:
    rows = []
    for i in indices:
        audience, text, *_ = TEXTS[i % len(TEXTS)]
        rows.append(
            {
                "verbatim_id": verbatim_id(i),
                "batch_id": "essai",
                "source": "enquete" if audience == "customer" else "barometre",
                "row": i + 1,
                "audience": audience,
                "respondent": hashlib.sha256(f"personne {i // 2}".encode()).hexdigest()[:32],
                "date": dt.date(2026, 1 + (i // 7) % 6, 1 + i % 28) if i % 23 else None,
                "question": "Que devrions-nous améliorer ?" if audience == "employee" else None,
                "text": text if i < len(TEXTS) else f"{text} (n° {i})",
                "rating": float(i % 11) if audience == "customer" else None,
                "rating_scale": "nps" if audience == "customer" else None,
                "n_masked": text.count("["),
                "dimensions": [
                    ("region", ("Sud", "Nord", "Île-de-France")[i % 3]),
                    ("unit", f"Agence {i % 12}"),
                ],
            }
        )
    return pa.Table.from_pylist(rows, schema=VERBATIM)


def _noisy(
    generator: np.random.Generator, values: tuple[str, ...], truth: str, accuracy: float
) -> np.ndarray:
    """Probabilities that are right as often as they say: calibrated by construction."""
    sure = generator.uniform(accuracy - 0.2, min(accuracy + 0.2, 0.999))
    top = truth if generator.random() < sure else values[generator.integers(len(values))]
    rest = (1 - sure) / max(len(values) - 1, 1)
    return np.array([sure if value == top else rest for value in values], dtype=np.float32)


def _annotations(
    indices: list[int], labels: LabelSpace, generator: np.random.Generator, accuracy: float
) -> pa.Table:
    rows = []
    for i in indices:
        truth = gold(i)
        row: dict = {
            "verbatim_id": verbatim_id(i),
            "model_id": MODEL_ID,
            "codebook_hash": labels.codebook_hash,
        }
        tops = []
        for name, values, column in (
            ("sentiment", labels.sentiment, sentiment_column),
            ("enchantment", labels.enchantment, enchantment_column),
            ("incivility", labels.incivility, incivility_column),
        ):
            shares = _noisy(generator, values, truth[name], 0.95 if name == "incivility" else accuracy)
            row[name] = values[int(shares.argmax())]
            tops.append(float(shares.max()))
            row.update({column(value): share for value, share in zip(values, shares, strict=True)})
        for theme in labels.themes:
            values = ("absent", *labels.polarities)
            shares = _noisy(
                generator, values, truth["themes"].get(theme, "absent"), min(accuracy + 0.1, 0.95)
            )
            decided = values[int(shares.argmax())]
            row[theme_column(theme)] = None if decided == "absent" else decided
            for value, share in zip(values[1:], shares[1:], strict=True):
                row[theme_probability_column(theme, value)] = share
            tops.append(float(shares.max()))
        row["confidence"] = float(np.prod(tops))
        row["needs_review"] = row["confidence"] < 0.3
        row["is_learnt"] = False
        rows.append(row)
    return pa.Table.from_pylist(rows, schema=annotation_schema(labels))


def as_json(index: int) -> str:
    return json.dumps(gold(index))
