"""What each published column and table means: the words of the contract, and how a value must look."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Meaning:
    """What a column says.

    Attributes:
        text: In English, for who wires a dashboard.
        unit: Of its values; empty where there is none.
        low: Lowest value.
        high: Highest value.
        allowed: Every value there is; empty: any.
    """

    text: str
    unit: str = ""
    low: float | None = None
    high: float | None = None
    allowed: tuple[str, ...] = ()


COLUMNS: dict[str, Meaning] = {
    "period": Meaning("2026-03, 2026-T1 or 2026; `all` for the whole time"),
    "audience": Meaning(
        "Who wrote; `both` holds the two up to each other", allowed=("customer", "employee", "both")
    ),
    "theme": Meaning("Identifier of a theme of the table `codebook`; null where the measure has no theme"),
    "measure": Meaning("What is measured: see the table `codebook`, kind `measure`"),
    "value": Meaning(
        "The estimate. Shares in [0, 1], nets in [-1, 1], gaps in [-2, 2], indices in [0, 100], ratings on "
        "their own scale. Null when suppressed or without data"
    ),
    "low": Meaning("Lower end of the confidence interval, the classifier's error included"),
    "high": Meaning("Upper end of the confidence interval"),
    "level": Meaning("Confidence level of [low, high]", low=0.5, high=1),
    "n_verbatims": Meaning("Verbatims behind the figure; hidden with it", unit="verbatims", low=0),
    "n_respondents": Meaning("Distinct respondents behind the figure; hidden with it", unit="people", low=0),
    "n_reviewed": Meaning("Verbatims behind the figure that people reviewed", unit="verbatims", low=0),
    "method": Meaning("How it was estimated: see the table `codebook`, kind `method`"),
    "suppressed": Meaning("Whether the figure is hidden to protect people"),
    "reason": Meaning("Why a value is missing or as it is: see the table `codebook`, kind `reason`"),
    "customer_value": Meaning("The customers' side of the gap"),
    "employee_value": Meaning("The employees' side of the gap"),
    "quadrant": Meaning("Where the two sides stand, only where the intervals let one say so: see `codebook`"),
    "p_adjusted": Meaning(
        "P-value corrected for the many looked at (Benjamini-Hochberg), rounded up to 0.001, 0.01, 0.05, "
        "0.1, 0.2, 0.5 or 1; `significant` was judged before",
        low=0,
        high=1,
    ),
    "significant": Meaning("Whether it stands after that correction"),
    "dimension": Meaning("Name of a dimension"),
    "member": Meaning("One of its members"),
    "lag": Meaning("Periods by which customers are looked at after employees", unit="periods"),
    "n_units": Meaning("Members compared", unit="members", low=0),
    "polarity": Meaning("Polarity of the passage"),
    "rating_scale": Meaning("Scale of the rating"),
    "before": Meaning("The value of the period before"),
    "mix": Meaning("Part of the change due to what people speak of"),
    "tone": Meaning("Part of the change due to how they speak of it"),
    "expected": Meaning("What the earlier periods let one expect"),
    "band_low": Meaning("Lower end of the usual band"),
    "band_high": Meaning("Upper end of the usual band"),
    "direction": Meaning("Where the figure left its band", allowed=("up", "down")),
    "text": Meaning("Masked verbatim, allowed to be quoted"),
    "sentiment": Meaning("Sentiment of the verbatim"),
    "enchantment": Meaning("Enchantment of the verbatim"),
    "kind": Meaning("What the code is: theme, measure, method, reason, quadrant, sentiment…"),
    "code": Meaning("Identifier used in the tables"),
    "name_fr": Meaning("Its name in French"),
    "name_en": Meaning("Its name in English"),
    "meaning_fr": Meaning("What it means, in French"),
    "n_figures": Meaning("Figures of that kind", unit="figures", low=0),
    "n_hidden": Meaning("Those hidden to protect people", unit="figures", low=0),
    "median_width": Meaning("Median width of their intervals, on the scale of the values", low=0),
    "median_reviewed": Meaning("Median number of reviewed verbatims behind them", unit="verbatims", low=0),
}

TABLES: dict[str, str] = {
    "measures": "Every figure, by audience, period and dimension, with its interval or the reason why not",
    "mirror": "Customers and employees held up to each other: gaps by theme, symmetry index, perception gaps",
    "drivers": "What goes with the rating, theme by theme. Leads, not causes",
    "links": "How the two audiences' nets go together across units. Not causes",
    "changes": "Each figure against the period before",
    "alerts": "Figures that left their usual band",
    "quotes": "Masked verbatims that may be quoted",
    "quality": "How sure the figures are, by audience, measure and method",
    "dimensions": "Members of each dimension",
    "codebook": "Every code of the tables in words",
}


def meaning_of(column: str, dimensions: tuple[str, ...]) -> Meaning:
    """Give the meaning of a column.

    Args:
        column: Its name.
        dimensions: Declared dimensions, each a column.

    Raises:
        KeyError: Nobody wrote down what it means.
    """
    if column in COLUMNS:
        return COLUMNS[column]
    if column in dimensions:
        return Meaning(f"Member of the dimension `{column}`; null: all members together")
    raise KeyError(column)
