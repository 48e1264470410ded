# ruff: noqa: E501
"""An authored release of any size: every table that Miroir publishes, with figures drawn from a seed.

It stands in for a company where a bench or a test needs a release of a known size; nothing was measured.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

import numpy as np
import polars as pl
import pyarrow as pa

from pipeline import schema

THEMES = ("means", "listening", "feedback", "recognition", "training", "support")
DIMENSIONS = ("region", "step", "unit")
REGIONS = ("Auvergne", "Bretagne", "Grand Est", "Occitanie", "Île-de-France")
STEPS = ("Souscription", "Suivi du dossier", "Réclamation", "Résiliation", "Boutique")
TOWNS = ("Lyon", "Metz", "Évreux", "Brest", "Nîmes", "Colmar", "Albi", "Créteil", "Vannes", "Nancy")
LINEAGE = {"batches": ["authored"], "model_id": "authored", "software": "0"}

QUOTES = (
    (
        "customer",
        "positive",
        "recognition",
        "relational",
        "Accueil souriant, on se sent attendu dès la porte. 😊",
    ),
    (
        "customer",
        "positive",
        "support",
        "relational",
        "Chapeau [PERSONNE], elle a retrouvé mon virement un vendredi soir !",
    ),
    (
        "customer",
        "positive",
        "training",
        "none",
        "Vendeur qui connaît ses produits et qui prend le temps d'expliquer.",
    ),
    (
        "customer",
        "positive",
        "feedback",
        "none",
        "On m'a rappelée à chaque étape, je n'ai jamais eu à relancer.",
    ),
    ("customer", "negative", "means", "none", "Deux heures d'attente au guichet, une seule caisse ouverte."),
    ("customer", "negative", "listening", "none", "Trois mails envoyés et toujours aucune réponse."),
    ("customer", "negative", "support", "none", "Ma réclamation passe de service en service depuis un mois."),
    ("customer", "negative", "feedback", "none", "Personne ne me dit où en est mon dossier [REFERENCE]."),
    ("employee", "positive", "support", "none", "Équipe soudée, on s'entraide même les jours de rush."),
    (
        "employee",
        "positive",
        "recognition",
        "relational",
        "La directrice est venue nous remercier un par un, j'en suis encore ému.",
    ),
    (
        "employee",
        "positive",
        "training",
        "none",
        "Une vraie formation à mon arrivée, et un tuteur disponible.",
    ),
    (
        "employee",
        "negative",
        "means",
        "none",
        "Le logiciel plante tous les matins, on s'excuse auprès des clients.",
    ),
    (
        "employee",
        "negative",
        "listening",
        "none",
        "On ne nous demande jamais notre avis avant de changer les plannings.",
    ),
    ("employee", "negative", "recognition", "none", "Jamais un merci de la direction, même après les fêtes."),
)


def authored_tables(n_units: int, n_periods: int, seed: int = 7) -> dict[str, pa.Table]:
    """Draw the tables of a company.

    Args:
        n_units: Units, spread over five regions.
        n_periods: Months up to March 2026.
        seed: Of the draw.

    Returns:
        `measures`, `mirror`, `drivers`, `changes`, `alerts` and `quotes`.
    """
    rng = np.random.default_rng(seed)
    periods = ["all", *months(n_periods)]
    cells = cell_names(n_units)
    measures = _measures(rng, periods, cells)
    return {
        "measures": measures,
        "mirror": _mirror(measures),
        "drivers": _drivers(rng, periods),
        "changes": _changes(rng, periods[-1], cells[:40]),
        "alerts": _alerts(rng, periods[-1], cells),
        "quotes": _quotes(periods[-1], cells),
    }


def months(n_periods: int) -> list[str]:
    """List months up to March 2026, oldest first."""
    last = dt.date(2026, 3, 1)
    numbers = [last.year * 12 + last.month - 1 - back for back in range(n_periods)]
    return [f"{number // 12}-{number % 12 + 1:02d}" for number in sorted(numbers)]


def cell_names(n_units: int) -> list[dict[str, str]]:
    """List the cells of a period: everybody, each region, each step, each unit."""
    towns = [f"{TOWNS[index % len(TOWNS)]} {index // len(TOWNS) + 1:02d}" for index in range(n_units)]
    return [
        {},
        *({"region": name} for name in REGIONS),
        *({"step": name} for name in STEPS),
        *({"unit": name} for name in towns),
    ]


def _columns(rows: int) -> dict[str, list[object]]:
    return {name: [None] * rows for name in schema.measure_schema(DIMENSIONS).names}


def _measure_names() -> list[tuple[str, str | None, float, float]]:
    """List (measure, theme, lowest, highest) of what a cell has."""
    sentiment = [
        (f"sentiment_{value}", None, 0.0, 1.0) for value in ("positive", "negative", "mixed", "neutral")
    ]
    rest = [
        ("sentiment_net", None, -1.0, 1.0),
        ("enchantment_rate", None, 0.0, 1.0),
        ("enchantment_relational_share", None, 0.0, 1.0),
        ("enchantment_intensity", None, 0.0, 1.0),
        ("incivility_abusive", None, 0.0, 1.0),
        ("incivility_reported", None, 0.0, 1.0),
    ]
    themes = [
        (name, theme, low, 1.0)
        for theme in THEMES
        for name, low in (("theme_share", 0.0), ("theme_net", -1.0))
    ]
    return [*sentiment, *rest, *themes]


def _measures(rng: np.random.Generator, periods: Sequence[str], cells: Sequence[dict[str, str]]) -> pa.Table:
    names = _measure_names()
    keys = [(period, audience, cell) for period in periods for audience in schema.AUDIENCES for cell in cells]
    n_keys, n_names = len(keys), len(names)
    sizes = np.array([_size(rng, period, cell) for period, _, cell in keys])
    sizes = np.where([audience == "employee" for _, audience, _ in keys], sizes // 3, sizes)
    middle, low, high = _values(rng, keys, names, sizes)
    hidden = np.repeat(sizes < 6, n_names)
    columns: dict[str, object] = {
        "period": np.repeat([period for period, _, _ in keys], n_names),
        "audience": np.repeat([audience for _, audience, _ in keys], n_names),
        **{name: _repeat([cell.get(name) for _, _, cell in keys], n_names) for name in DIMENSIONS},
        "theme": pa.array([theme for _, theme, _, _ in names] * n_keys),
        "measure": np.tile([name for name, _, _, _ in names], n_keys),
        "value": pa.array(middle, mask=hidden),
        "low": pa.array(low, mask=hidden),
        "high": pa.array(high, mask=hidden),
        "level": np.full(n_keys * n_names, 0.95),
        "n_verbatims": pa.array(np.repeat(sizes, n_names), mask=hidden),
        "n_respondents": pa.array(np.repeat(sizes * 9 // 10, n_names), mask=hidden),
        "n_reviewed": pa.array(np.repeat(sizes // 20, n_names), mask=hidden),
        "method": np.where(np.repeat(sizes > 300, n_names), "ppi", "calibrated"),
        "suppressed": hidden,
        "reason": pa.array(np.where(hidden, "protected", ""), mask=~hidden),
    }
    wanted = schema.measure_schema(DIMENSIONS)
    return pa.table({name: columns[name] for name in wanted.names}).cast(wanted)


def _values(
    rng: np.random.Generator,
    keys: Sequence[tuple[str, str, dict[str, str]]],
    names: Sequence[tuple[str, str | None, float, float]],
    sizes: np.ndarray,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    levels = {
        "sentiment_positive": (0.52, 0.38), "sentiment_negative": (0.27, 0.36), "sentiment_mixed": (0.12, 0.15),
        "sentiment_neutral": (0.09, 0.11), "sentiment_net": (0.25, 0.02), "enchantment_rate": (0.08, 0.05),
        "enchantment_relational_share": (0.72, 0.8), "enchantment_intensity": (0.13, 0.09),
        "incivility_abusive": (0.008, 0.004), "incivility_reported": (0.01, 0.035),
    }  # fmt: skip
    nets = dict(
        zip(
            THEMES,
            ((-0.35, -0.42), (-0.1, -0.3), (-0.18, -0.05), (0.45, -0.2), (0.3, 0.12), (0.1, 0.4)),
            strict=True,
        )
    )
    base = np.empty((len(keys), len(names)))
    for position, (name, theme, _, _) in enumerate(names):
        for row, (_, audience, _) in enumerate(keys):
            side = schema.AUDIENCES.index(audience)
            if theme is None:
                base[row, position] = levels[name][side]
            else:
                base[row, position] = (
                    nets[theme][side] if name == "theme_net" else 0.1 + 0.05 * THEMES.index(theme)
                )
    bounds_low = np.array([low for _, _, low, _ in names])
    half = 1.1 / np.sqrt(np.maximum(sizes, 4))[:, None] * np.where(bounds_low < 0, 1.0, 0.45 + 0 * base)
    half = np.maximum(half, np.where(bounds_low < 0, 0.025, 0.012))
    half = np.minimum(half, np.where(bounds_low < 0, 0.8, np.maximum(base * 0.9, 0.004)))
    noise = {id(cell): rng.normal(0, 1) for _, _, cell in keys}
    drift = np.array([noise[id(cell)] for _, _, cell in keys])[:, None]
    middle = np.clip(
        base + 0.55 * half * rng.normal(0, 1, base.shape) + 0.08 * drift * (bounds_low < 0), bounds_low, 1
    )
    shares = bounds_low >= 0
    middle[:, shares] = np.clip(middle[:, shares], 0.001, 1)
    middle[:, 4] = middle[:, 0] - middle[:, 1]
    low, high = np.clip(middle - half, bounds_low, 1), np.clip(middle + half, bounds_low, 1)
    return middle.ravel(), low.ravel(), high.ravel()


def _size(rng: np.random.Generator, period: str, cell: dict[str, str]) -> int:
    scale = 40 if "unit" in cell else 900 if cell else 8_000
    return int(rng.integers(scale // 3, scale * 2) * (12 if period == "all" else 1))


def _repeat(values: Sequence[str | None], times: int) -> pa.Array:
    return pa.array([value for value in values for _ in range(times)], pa.string())


def _mirror(measures: pa.Table) -> pa.Table:
    """Hold the two sides of the measures up to each other, so that the tables agree."""
    frame = pl.DataFrame(pl.from_arrow(measures))
    keys = ["period", *DIMENSIONS, "theme"]
    sides = {
        audience: frame.filter(
            pl.col("measure") == "theme_net", pl.col("audience") == audience, pl.col("value").is_not_null()
        )
        for audience in schema.AUDIENCES
    }
    both = sides["customer"].join(sides["employee"], on=keys, how="inner", nulls_equal=True, suffix="_e")
    half = ((pl.col("high") - pl.col("low")) ** 2 + (pl.col("high_e") - pl.col("low_e")) ** 2).sqrt() / 2
    gap = pl.col("value") - pl.col("value_e")
    told = {"audience": pl.lit("both"), "level": pl.lit(0.95), "method": pl.lit("calibrated"), "suppressed": pl.lit(False),
            "reason": pl.lit(None, pl.String), "n_reviewed": pl.col("n_reviewed")}  # fmt: skip
    well, better = pl.col("value") > 0, pl.col("value_e") > 0
    quadrant = (
        pl.when(well & better).then(pl.lit("both_well")).when(well).then(pl.lit("customers_better"))
        .when(better).then(pl.lit("employees_better")).otherwise(pl.lit("both_badly"))
    )  # fmt: skip
    gaps = both.with_columns(
        measure=pl.lit("gap"), customer_value=pl.col("value"), employee_value=pl.col("value_e"), value=gap,
        low=gap - half, high=gap + half, quadrant=quadrant, p_adjusted=pl.lit(0.01), significant=gap.abs() > half, **told,
    )  # fmt: skip
    means = gaps.group_by(keys[:-1], maintain_order=True).agg(
        pl.col("value").abs().mean(), ((pl.col("high") - pl.col("low")) / 5).mean().alias("half"),
        pl.col("n_verbatims").max(), pl.col("n_respondents").max(), pl.col("n_reviewed").max(),
    )  # fmt: skip
    index, width = 100 * (1 - pl.col("value") / 2), 100 * pl.col("half") / 2
    indices = means.with_columns(
        measure=pl.lit("symmetry_index"), theme=pl.lit(None, pl.String), quadrant=pl.lit(None, pl.String),
        customer_value=pl.lit(None, pl.Float64), employee_value=pl.lit(None, pl.Float64),
        p_adjusted=pl.lit(None, pl.Float64), significant=pl.lit(None, pl.Boolean), value=index, low=(index - width).clip(0, 100), high=(index + width).clip(0, 100), **told,
    )  # fmt: skip
    wanted = schema.mirror_schema(DIMENSIONS)
    return pl.concat([gaps.select(wanted.names), indices.select(wanted.names)]).to_arrow().cast(wanted)


def _figures(rows: Sequence[dict[str, object]], wanted: pa.Schema) -> pa.Table:
    return pa.Table.from_pylist([{"suppressed": False, "level": 0.95, **row} for row in rows], wanted)


def _drivers(rng: np.random.Generator, periods: Sequence[str]) -> pa.Table:
    rows = [
        {"period": period, "audience": "customer", "theme": theme, "measure": "rating_effect", "value": effect,
         "low": effect - 0.3, "high": effect + 0.3, "n_verbatims": 900, "n_respondents": 850, "method": "calibrated",
         "polarity": "negative", "rating_scale": "nps", "p_adjusted": 0.01, "significant": True}
        for period in ("all", periods[-1])
        for theme, effect in zip(THEMES, rng.normal(-0.4, 1.0, len(THEMES)).tolist(), strict=True)
    ]  # fmt: skip
    return _figures(rows, schema.drivers_schema(DIMENSIONS))


def _changes(rng: np.random.Generator, period: str, cells: Sequence[dict[str, str]]) -> pa.Table:
    rows = [
        {"period": period, "audience": audience, **cell, "theme": theme, "measure": "theme_net", "value": change,
         "low": change - 0.12, "high": change + 0.12, "n_verbatims": 300, "n_respondents": 280, "method": "calibrated",
         "before": 0.1, "p_adjusted": 0.02, "significant": abs(change) > 0.12}
        for audience in schema.AUDIENCES for cell in cells[:8]
        for theme, change in zip(THEMES, rng.normal(0, 0.12, len(THEMES)).tolist(), strict=True)
    ]  # fmt: skip
    return _figures(rows, schema.changes_schema(DIMENSIONS))


def _alerts(rng: np.random.Generator, period: str, cells: Sequence[dict[str, str]]) -> pa.Table:
    wanted = (
        ("customer", "means", "theme_net", -0.62),
        ("employee", "listening", "theme_net", -0.55),
        ("customer", None, "sentiment_net", -0.21),
    )
    rows = [
        {"period": period, "audience": audience, **cell, "theme": theme, "measure": measure, "value": value,
         "low": value - 0.1, "high": value + 0.1, "n_verbatims": int(rng.integers(60, 400)), "n_respondents": 80,
         "method": "calibrated", "expected": value + 0.35, "direction": "down"}
        for (audience, theme, measure, value), cell in zip(wanted, (cells[11], cells[2], cells[-1]), strict=True)
    ]  # fmt: skip
    return _figures(rows, schema.alerts_schema(DIMENSIONS))


def _quotes(period: str, cells: Sequence[dict[str, str]]) -> pa.Table:
    places = [cells[0], cells[1], cells[6], *cells[11:14]]
    rows = [
        {"period": period, "audience": audience, **{name: place.get(name) for name in DIMENSIONS}, "theme": theme,
         "polarity": polarity, "sentiment": polarity, "enchantment": enchantment, "text": text}
        for place in places for audience, polarity, theme, enchantment, text in QUOTES
    ]  # fmt: skip
    names = ("period", "audience", *DIMENSIONS, "theme", "polarity", "sentiment", "enchantment", "text")
    return pa.Table.from_pylist(rows, pa.schema([pa.field(name, pa.string()) for name in names]))
