"""What a page is asked to show: a release, a cell, a period, a language; and the links that keep them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any
from urllib.parse import urlencode

from pipeline.codebook import Codebook, Language, read_codebook
from pipeline.publish.pages import figures
from pipeline.publish.pages.charts import Point, Scale
from pipeline.publish.pages.figures import ALL, Figure, Figures
from pipeline.publish.pages.words import Words
from pipeline.publish.reading import Snapshot

# Page → path; the order is that of the navigation.
PAGES: dict[str, str] = {
    "overview": "/",
    "mirror": "/miroir",
    "enchantment": "/enchantement",
    "themes": "/themes",
    "incivility": "/incivilites",
    "units": "/entites",
    "alerts": "/alertes",
    "quality": "/qualite",
}
AUDIENCES = ("customer", "employee")
# Dimension names that usually hold the journey's steps or the units, when the configuration does not say.
JOURNEY_NAMES = ("journey", "step", "journey_step", "parcours", "etape", "channel", "canal")
UNIT_NAMES = ("unit", "unite", "entite", "site", "agence", "magasin", "store", "direction", "region")


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a panel: a name and its figure."""

    name: str
    figure: Figure
    role: str
    link: str | None = None
    hint: str = ""


@dataclass(frozen=True, slots=True)
class Panel:
    """A chart of rows on one scale, with its table behind it."""

    title: str
    rows: Sequence[Row]
    scale: Scale
    bar: bool = False
    note: str = ""
    csv: str | None = None


@dataclass(frozen=True, slots=True)
class Trend:
    """A chart over time."""

    title: str
    periods: Sequence[str]
    series: Sequence[tuple[str, Sequence[Figure]]]
    note: str = ""
    csv: str | None = None

    @property
    def is_worth_drawing(self) -> bool:
        """Whether two periods at least have a figure."""
        return any(sum(each.is_known for each in line) > 1 for _, line in self.series)


@dataclass(frozen=True, slots=True)
class MirrorRow:
    """A theme, held up on both sides."""

    theme: str
    name: str
    customers: Figure
    employees: Figure
    gap: Figure
    quadrant: str | None = None

    @property
    def is_told(self) -> bool:
        """Whether the gap stands, after correction for the many looked at."""
        significant = (self.gap.extra or {}).get("significant")
        return self.gap.is_known and (self.gap.excludes_zero if significant is None else bool(significant))


@dataclass(frozen=True, slots=True)
class Quote:
    """A masked verbatim and where it comes from."""

    text: str
    audience: str
    place: str
    period: str
    theme: str
    sentiment: str
    enchantment: str


@dataclass(frozen=True)
class View:
    """Everything that a page knows.

    Attributes:
        snapshot: The release.
        cell: Dimension → member held by the filters.
        period: Period held by the filters.
        language: Of the page.
        standalone: A page in a file: no links to other pages.
    """

    snapshot: Snapshot
    language: Language = "fr"
    cell: Mapping[str, str] = field(default_factory=dict)
    period: str = ALL
    standalone: bool = False
    codebook: Codebook = field(default_factory=read_codebook)

    @cached_property
    def words(self) -> Words:
        """The texts of the page."""
        return Words(self.language, self.codebook)

    @cached_property
    def figures(self) -> Figures:
        """Measures of the cell."""
        return figures.cell_figures(self.snapshot, self.cell)

    @cached_property
    def mirror(self) -> Figures:
        """The mirror of the cell."""
        return figures.cell_figures(self.snapshot, self.cell, "mirror")

    @cached_property
    def periods(self) -> list[str]:
        """Periods of the release, oldest first."""
        return figures.periods(self.snapshot)

    @property
    def period_columns(self) -> list[str]:
        """The last 24 periods, for charts over time."""
        return self.periods[-24:]

    @property
    def dimensions(self) -> tuple[str, ...]:
        """Dimensions of the release."""
        return self.snapshot.dimensions

    @property
    def settings(self) -> Mapping[str, Any]:
        """The section `publish` of the configuration that made the release."""
        lineage = self.snapshot.release.manifest.get("lineage", {})
        settings: Mapping[str, Any] = lineage.get("config", {}).get("publish", {})
        return settings

    @property
    def title(self) -> str:
        """Title of the release."""
        return str(self.settings.get("title", "Miroir"))

    @property
    def journey(self) -> str | None:
        """Dimension of the journey's steps, if there is one."""
        return self._dimension("journey", JOURNEY_NAMES)

    @property
    def unit_dimension(self) -> str | None:
        """Dimension of the units: the configured one, a usual name, or the first."""
        first = self.dimensions[0] if self.dimensions else None
        return self._dimension("units", UNIT_NAMES) or first

    def dimension_name(self, dimension: str) -> str:
        """Name a dimension as the configuration says, or by its identifier."""
        names = self.settings.get("dimension_names") or {}
        return str(names.get(dimension) or dimension.replace("_", " ").capitalize())

    def _dimension(self, setting: str, usual: Sequence[str]) -> str | None:
        wanted = (self.settings.get(setting), *usual)
        return next((name for name in wanted if name in self.dimensions), None)

    @property
    def themes(self) -> list[str]:
        """Themes of the release in the codebook's order, those that it alone knows last."""
        frame = self.snapshot.table("measures")
        found = set() if frame is None else set(frame.get_column("theme").drop_nulls().unique().to_list())
        known = [theme for theme in self.codebook.themes if theme in found]
        return [*known, *sorted(found - set(known))]

    def figure(self, measure: str, audience: str, theme: str | None = None) -> Figure:
        """Give a figure of the cell in the period."""
        return self.figures.get(measure, audience, theme, self.period)

    def series(self, measure: str, audience: str, theme: str | None = None) -> list[Figure]:
        """Give a figure of the cell in every period."""
        return [self.figures.get(measure, audience, theme, period) for period in self.period_columns]

    def members(self, dimension: str, *measures: str, table: str = "measures") -> dict[str, Figures]:
        """Give some measures of each member of a dimension in the period."""
        held = {name: value for name, value in self.cell.items() if name != dimension}
        return figures.member_figures(self.snapshot, dimension, held, self.period, measures, table)

    def choices(self, dimension: str) -> list[str]:
        """List the members of a dimension."""
        return figures.members(self.snapshot, dimension)

    def link(self, page: str, **changes: str | None) -> str:
        """Give the address of a page that keeps the filters, but for the changes; None takes one away."""
        kept: dict[str, str | None] = {
            "period": None if self.period == ALL else self.period,
            **self.cell,
            "lang": None if self.language == "fr" else self.language,
            **changes,
        }
        query = urlencode({name: value for name, value in kept.items() if value is not None})
        path = PAGES.get(page, page)
        return f"{path}?{query}" if query else path

    def csv_link(self, table: str, **filters: str) -> str | None:
        """Give the address of a table's CSV with the filters of the page, or None in a file."""
        if self.standalone:
            return None
        query = urlencode({"format": "csv", "period": self.period, **self.cell, **filters})
        return f"/api/v1/tables/{table}?{query}"

    def place(self, row: Mapping[str, Any]) -> str:
        """Name the cell of a row: `Lyon · Réclamation`."""
        names = [str(row[name]) for name in self.dimensions if row.get(name)]
        return " · ".join(names)

    def quotes(self, **wanted: str) -> list[Quote]:
        """Give the quotes of the cell, those of the period when it has some.

        Args:
            wanted: Column → value that a quote must have.
        """
        frame = self.snapshot.table("quotes")
        if frame is None:
            return []
        frame = frame.filter(
            *(frame[name] == value for name, value in self.cell.items() if name in frame.columns),
            *(frame[name] == value for name, value in wanted.items() if name in frame.columns),
        )
        if self.period != ALL and "period" in frame.columns:
            frame = frame.filter(frame["period"] == self.period)
        seen: dict[str, Quote] = {}
        for row in frame.iter_rows(named=True):
            text = str(row["text"])
            place = self.place(row)
            if text not in seen or (place and not seen[text].place):
                seen[text] = Quote(
                    text=text,
                    audience=row.get("audience") or "",
                    place=place,
                    period=row.get("period") or ALL,
                    theme=row.get("theme") or "",
                    sentiment=row.get("sentiment") or row.get("polarity") or "",
                    enchantment=row.get("enchantment") or "",
                )
        return list(seen.values())


def mirror_rows(view: View) -> list[MirrorRow]:
    """Hold each theme up on both sides, widest gap first where there are gaps."""
    rows = []
    for theme in view.themes:
        gap = view.mirror.get("gap", "both", theme, view.period)
        quadrant = (gap.extra or {}).get("quadrant")
        customers, employees = (view.figure("theme_net", audience, theme) for audience in AUDIENCES)
        rows.append(MirrorRow(theme, view.words.theme(theme), customers, employees, gap, quadrant))
    return rows


def map_points(view: View, dimension: str) -> list[Point]:
    """Place the members of a dimension by what customers and employees say."""
    return [
        Point(
            name,
            each.get("sentiment_net", "customer", None, view.period),
            each.get("sentiment_net", "employee", None, view.period),
            None if view.standalone else view.link("mirror", **{dimension: name}),
        )
        for name, each in view.members(dimension, "sentiment_net").items()
    ]
