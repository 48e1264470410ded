"""The records that pass between steps, as Arrow schemas: one owner for every column."""

from __future__ import annotations

from collections.abc import Sequence

import pyarrow as pa

from models.labels import LabelSpace

AUDIENCES = ("customer", "employee")

VERBATIM = pa.schema(
    [
        pa.field("verbatim_id", pa.string(), nullable=False),  # keyed hash: same answer, same id, in any file
        pa.field("batch_id", pa.string(), nullable=False),
        pa.field("source", pa.string(), nullable=False),  # name of the declared source
        pa.field("row", pa.int64(), nullable=False),  # row in the file, first data row = 1
        pa.field("audience", pa.string(), nullable=False),  # customer | employee
        pa.field("respondent", pa.string()),  # keyed hash of the person, or of an anonymous row
        pa.field("date", pa.date32()),
        pa.field("question", pa.string()),
        pa.field("text", pa.string(), nullable=False),  # masked, always
        pa.field("rating", pa.float64()),  # on its own scale
        pa.field("rating_scale", pa.string()),  # a name of pipeline.config.RATING_SCALES
        pa.field("n_masked", pa.int32(), nullable=False),  # placeholders put into the text
        pa.field("dimensions", pa.map_(pa.string(), pa.string()), nullable=False),  # unit, region, channel…
    ]
)

REJECT = pa.schema(
    [
        pa.field("batch_id", pa.string(), nullable=False),
        pa.field("source", pa.string(), nullable=False),
        pa.field("file", pa.string(), nullable=False),
        pa.field("row", pa.int64(), nullable=False),
        pa.field("question", pa.string()),
        pa.field("reason", pa.string(), nullable=False),  # a code of pipeline.ingest.rejects
        pa.field("detail", pa.string()),  # what was expected; never the text
    ]
)


def sentiment_column(value: str) -> str:
    """Name the probability column of a sentiment: `p_sentiment_positive`."""
    return f"p_sentiment_{value}"


def enchantment_column(value: str) -> str:
    """Name the probability column of an enchantment: `p_enchantment_relational`."""
    return f"p_enchantment_{value}"


def incivility_column(value: str) -> str:
    """Name the probability column of an incivility: `p_incivility_abusive`."""
    return f"p_incivility_{value}"


def theme_column(theme: str) -> str:
    """Name the column of a theme's decided polarity (null: absent): `theme_means`."""
    return f"theme_{theme}"


def theme_probability_column(theme: str, polarity: str) -> str:
    """Name the probability column of a theme present with a polarity: `p_theme_means_negative`."""
    return f"p_theme_{theme}_{polarity}"


def probability_columns(labels: LabelSpace) -> list[str]:
    """List the probability columns of an annotation, in their order.

    A theme's absence has no column: it is one minus its polarities.
    """
    return [
        *(sentiment_column(value) for value in labels.sentiment),
        *(enchantment_column(value) for value in labels.enchantment),
        *(incivility_column(value) for value in labels.incivility),
        *(theme_probability_column(theme, value) for theme in labels.themes for value in labels.polarities),
    ]


def annotation_schema(labels: LabelSpace) -> pa.Schema:
    """Build the schema of annotations: decided labels, confidence, `is_learnt`, probabilities.

    `is_learnt` tells where the model learnt from the verbatim (`models.recall` gives its probabilities then).

    Args:
        labels: The codebook's label space. A theme that the model was not trained for keeps its columns,
            filled with nulls, and the model's metadata names it.

    Returns:
        One row a verbatim; probabilities are float32 in [0, 1].
    """
    return pa.schema(
        [
            pa.field("verbatim_id", pa.string(), nullable=False),
            pa.field("model_id", pa.string(), nullable=False),
            pa.field("codebook_hash", pa.string(), nullable=False),
            pa.field("sentiment", pa.string(), nullable=False),
            pa.field("enchantment", pa.string(), nullable=False),
            pa.field("incivility", pa.string(), nullable=False),
            *(pa.field(theme_column(theme), pa.string()) for theme in labels.themes),
            pa.field("confidence", pa.float32(), nullable=False),
            pa.field("needs_review", pa.bool_(), nullable=False),
            pa.field("is_learnt", pa.bool_(), nullable=False),
            *(pa.field(name, pa.float32()) for name in probability_columns(labels)),
        ]
    )


def reviewed_schema(labels: LabelSpace) -> pa.Schema:
    """Build the schema of labels that people decided: one row a reviewed verbatim.

    A row without an inclusion probability was chosen by somebody (list, bulk, import) and not by chance: it
    is a true label of its own verbatim, and says nothing about others.

    Args:
        labels: The codebook's label space; each theme is a column, null where the theme is absent.

    Returns:
        Labels, then `campaign`, `stratum`, `inclusion_probability` in (0, 1] of being reviewed at all,
        `n_reviewers`, whether a disagreement was adjudicated, and `themes_read`, the themes that the
        reviewers were asked about where the codebook has got others since (null: all).
    """
    return pa.schema(
        [
            pa.field("verbatim_id", pa.string(), nullable=False),
            pa.field("sentiment", pa.string(), nullable=False),
            pa.field("enchantment", pa.string(), nullable=False),
            pa.field("incivility", pa.string(), nullable=False),
            *(pa.field(theme_column(theme), pa.string()) for theme in labels.themes),
            pa.field("campaign", pa.string()),
            pa.field("stratum", pa.string()),
            pa.field("inclusion_probability", pa.float64()),
            pa.field("n_reviewers", pa.int32(), nullable=False),
            pa.field("adjudicated", pa.bool_(), nullable=False),
            pa.field("themes_read", pa.list_(pa.string())),
        ]
    )


MEASURE_KEYS = ("period", "audience")

MEASURE_VALUES = pa.schema(
    [
        pa.field("theme", pa.string()),  # null where the measure has no theme
        pa.field("measure", pa.string(), nullable=False),  # a name of pipeline.estimate
        pa.field("value", pa.float64()),  # null when suppressed or without data
        pa.field("low", pa.float64()),
        pa.field("high", pa.float64()),
        pa.field("level", pa.float64()),  # confidence level of [low, high], for example 0.95
        pa.field("n_verbatims", pa.int64()),
        pa.field("n_respondents", pa.int64()),
        pa.field("n_reviewed", pa.int64()),
        pa.field("method", pa.string()),  # count | calibrated | partial | ppi | exact
        pa.field("suppressed", pa.bool_(), nullable=False),
        pa.field("reason", pa.string()),  # why a value is missing: a code of pipeline.protect
    ]
)


def measure_schema(dimensions: Sequence[str]) -> pa.Schema:
    """Build the schema of the table of measures.

    Args:
        dimensions: Names of the declared dimensions, each a column; null means every member together.

    Returns:
        Period (`2026-03`, `2026-T1`, `2026` or `all`), audience, dimensions, then `MEASURE_VALUES`.
    """
    keys = [pa.field(name, pa.string(), nullable=False) for name in MEASURE_KEYS]
    return pa.schema([*keys, *(pa.field(name, pa.string()) for name in dimensions), *MEASURE_VALUES])


def _with_columns(dimensions: Sequence[str], *more: pa.Field) -> pa.Schema:
    return pa.schema([*measure_schema(dimensions), *more])


def mirror_schema(dimensions: Sequence[str]) -> pa.Schema:
    """Build the schema of the mirror: audience is `both`, measures `gap`, `symmetry_index`, `perception_…`.

    Args:
        dimensions: Names of the declared dimensions.

    Returns:
        `measure_schema`, then both sides, the quadrant and whether the gap stands after correction for the
        many gaps looked at (false-discovery rate).
    """
    return _with_columns(
        dimensions,
        pa.field("customer_value", pa.float64()),
        pa.field("employee_value", pa.float64()),
        pa.field("quadrant", pa.string()),  # a code of pipeline.estimate.wording
        pa.field("p_adjusted", pa.float64()),  # Benjamini–Hochberg over the table
        pa.field("significant", pa.bool_()),
    )


def links_schema(dimensions: Sequence[str]) -> pa.Schema:
    """Build the schema of links: `rank_correlation` of the two audiences' nets across a dimension's members.

    Args:
        dimensions: Names of the declared dimensions.

    Returns:
        `measure_schema`, then the dimension whose members are compared, the lag in periods (employees
        first) and the number of members.
    """
    return _with_columns(
        dimensions,
        pa.field("dimension", pa.string(), nullable=False),
        pa.field("lag", pa.int32(), nullable=False),
        pa.field("n_units", pa.int64()),
    )


def drivers_schema(dimensions: Sequence[str]) -> pa.Schema:
    """Build the schema of drivers: `rating_difference` and `rating_effect` of a theme told with a polarity.

    Args:
        dimensions: Names of the declared dimensions.

    Returns:
        `measure_schema`, then polarity and rating scale; values are points of that scale.
    """
    return _with_columns(
        dimensions,
        pa.field("polarity", pa.string(), nullable=False),
        pa.field("rating_scale", pa.string(), nullable=False),
        pa.field("p_adjusted", pa.float64()),
        pa.field("significant", pa.bool_()),
    )


def changes_schema(dimensions: Sequence[str]) -> pa.Schema:
    """Build the schema of changes: value is the measure now minus in the period before.

    Args:
        dimensions: Names of the declared dimensions.

    Returns:
        `measure_schema`, then the value before; for the measure `theme_balance` how much is mix and how much
        tone, which add up to the value.
    """
    return _with_columns(
        dimensions,
        pa.field("before", pa.float64()),
        pa.field("mix", pa.float64()),
        pa.field("tone", pa.float64()),
        pa.field("p_adjusted", pa.float64()),
        pa.field("significant", pa.bool_()),
    )


def quotes_schema(dimensions: Sequence[str]) -> pa.Schema:
    """Build the schema of quotes: masked verbatims that may be shown, each for one cell.

    Args:
        dimensions: Names of the declared dimensions.

    Returns:
        Period (a month at the finest) and audience, dimensions, theme and polarity (null for a moment of
        enchantment), labels, text.
    """
    keys = [pa.field(name, pa.string(), nullable=False) for name in MEASURE_KEYS]
    return pa.schema(
        [
            *keys,
            *(pa.field(name, pa.string()) for name in dimensions),
            pa.field("theme", pa.string()),
            pa.field("polarity", pa.string()),
            pa.field("sentiment", pa.string(), nullable=False),
            pa.field("enchantment", pa.string(), nullable=False),
            pa.field("text", pa.string(), nullable=False),
        ]
    )


def alerts_schema(dimensions: Sequence[str]) -> pa.Schema:
    """Build the schema of alerts: figures that left their usual band.

    Args:
        dimensions: Names of the declared dimensions.

    Returns:
        `measure_schema`, then what the earlier periods let one expect, the band, and the direction.
    """
    return _with_columns(
        dimensions,
        pa.field("expected", pa.float64()),
        pa.field("band_low", pa.float64()),
        pa.field("band_high", pa.float64()),
        pa.field("direction", pa.string()),  # up | down
        pa.field("p_adjusted", pa.float64()),
    )


# How sure the figures are, by audience, measure and method.
QUALITY = pa.schema(
    [
        pa.field("audience", pa.string(), nullable=False),
        pa.field("measure", pa.string(), nullable=False),
        pa.field("method", pa.string()),
        pa.field("n_figures", pa.int64(), nullable=False),
        pa.field("n_hidden", pa.int64(), nullable=False),
        pa.field("median_width", pa.float64()),
        pa.field("median_reviewed", pa.float64()),
    ]
)

DIMENSION_MEMBERS = pa.schema(
    [
        pa.field("dimension", pa.string(), nullable=False),
        pa.field("member", pa.string(), nullable=False),
    ]
)

# Every code of the tables in words.
CODEBOOK_ENTRIES = pa.schema(
    [
        pa.field("kind", pa.string(), nullable=False),  # theme, sentiment, measure, method, reason…
        pa.field("code", pa.string(), nullable=False),
        pa.field("name_fr", pa.string(), nullable=False),
        pa.field("name_en", pa.string(), nullable=False),
        pa.field("meaning_fr", pa.string()),
    ]
)
