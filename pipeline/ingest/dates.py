"""Dates as people and exports write them, day first; vectorised, odd forms once a distinct value."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import date, datetime, timedelta

import dateparser
import polars as pl

EARLIEST = date(1990, 1, 1)
_EXCEL_EPOCH = date(1899, 12, 30)  # Excel's 1900 system, its false 29 February 1900 counted in
_TIME = (
    r"(?:(?:[ ,T\u00a0\u202f]|à)+\d{1,2}(?:[:h]\d{2})(?:[:m]\d{2}s?(?:[.,]\d+)?)?\s*(?:[aApP]\.?[mM]\.?)?"
    r"\s*(?:[zZ]|(?:[A-Za-z]{2,5})?(?:[+-]\d{1,2}(?::?\d{2})?)?))?"
)
_NUMBERS_FIRST = r"^\s*(?P<a>\d{1,2})[/.\-](?P<b>\d{1,2})[/.\-](?P<year>\d{4}|\d{2})" + _TIME + r"\s*$"
_YEAR_FIRST = r"^\s*(?P<year>\d{4})[-/.](?P<month>\d{1,2})[-/.](?P<day>\d{1,2})" + _TIME + r"\s*$"
_COMPACT = re.compile(r"(?P<year>(?:19|20)\d{2})(?P<month>\d{2})(?P<day>\d{2})")
_MONTH_ONLY = re.compile(r"(?:(?P<m1>\d{1,2})[/.\-](?P<y1>\d{4})|(?P<y2>\d{4})[/.\-](?P<m2>\d{1,2}))")
_NUMBER = re.compile(r"\d+(?:[.,]\d+)?")
_MONTH_NAMES = (
    "janvier janv jan january",
    "fevrier février fevr févr fev fév feb february",
    "mars mar march",
    "avril avr apr april",
    "mai may",
    "juin jun june",
    "juillet juil jul july",
    "aout août aug august",
    "septembre sept sep september",
    "octobre oct october",
    "novembre nov november",
    "decembre décembre dec déc december",
)
_MONTHS = {name: number for number, names in enumerate(_MONTH_NAMES, start=1) for name in names.split()}
_NAMED = re.compile(
    r"^(?:[a-zé]{3,9}\.?,?\s+)?(?:le\s+)?(?P<day>\d{1,2})(?:er)?[\s\-.]*(?P<month>[a-zéû]{3,9})\.?[\s\-,.]*(?P<year>\d{4}|\d{2})"
    + _TIME.replace("T", "t")
    + "$"
)
_NAMED_MONTH_ONLY = re.compile(r"^(?P<month>[a-zéû]{3,9})\.?\s+(?P<year>\d{4})$")
_MAX_GUESSES = 2_000


class DateReader:
    """Reads one column of dates; the order of day and month is settled by the first values seen.

    An ambiguous date (`03/04/2026`) is read day first, unless the column's first values can only be month
    first. A value that cannot be read, that is no day of the calendar, that is before 1990 or more than one
    day ahead is wrong.
    """

    def __init__(self, date_format: str | None = None, *, today: date | None = None) -> None:
        """Prepare a reader.

        Args:
            date_format: A strptime pattern that every value follows; null tries the usual forms.
            today: The day from which a date is in the future; null is the day of the call.
        """
        self._format = date_format
        self._latest = (today or date.today()) + timedelta(days=1)
        self._month_first: bool | None = None
        self._guessed: dict[str, date | None] = {}

    def read(self, values: pl.Series) -> tuple[pl.Series, pl.Series]:
        """Read dates.

        Args:
            values: Texts, numbers (Excel serials, seconds or milliseconds since 1970) or dates.

        Returns:
            The dates, null where there is none or a wrong one; and whether the value is wrong.
        """
        if values.dtype in (pl.Date, pl.Datetime):
            given, dates = values.is_not_null(), values.cast(pl.Date, strict=False)
        elif values.dtype.is_temporal():  # a time of day or a duration: no day in it
            given, dates = values.is_not_null(), pl.repeat(None, len(values), dtype=pl.Date, eager=True)
        else:
            texts = _as_texts(values)
            given = texts.is_not_null()
            dates = self._follow_format(texts) if self._format else self._read_usual(texts)
        sound = dates.is_between(EARLIEST, self._latest).fill_null(False)
        return dates.set(~sound, None), given & ~sound

    def _follow_format(self, texts: pl.Series) -> pl.Series:
        pattern = self._format or ""
        if "%b" in pattern or "%B" in pattern:
            texts = _number_months(texts)
            pattern = pattern.replace("%B", "%m").replace("%b", "%m")
        return texts.str.to_date(pattern, strict=False)

    def _read_usual(self, texts: pl.Series) -> pl.Series:
        groups = texts.str.extract_groups(_NUMBERS_FIRST).struct.unnest()
        if self._month_first is None and groups["a"].is_not_null().any():
            self._month_first = _is_month_first(groups["a"], groups["b"])
        day, month = ("b", "a") if self._month_first else ("a", "b")
        parsed = _build(_full_year(groups["year"]), groups[month], groups[day])
        iso = texts.str.extract_groups(_YEAR_FIRST).struct.unnest()
        parsed = parsed.zip_with(groups["a"].is_not_null(), _build(iso["year"], iso["month"], iso["day"]))
        rest = texts.is_not_null() & groups["a"].is_null() & iso["year"].is_null()
        if not rest.any():
            return parsed
        odd = texts.filter(rest).unique()
        guesses = {value: self._guess(value) for value in odd.to_list()}
        guessed = texts.replace_strict(
            pl.Series(list(guesses), dtype=pl.String),
            pl.Series(list(guesses.values()), dtype=pl.Date),
            default=None,
            return_dtype=pl.Date,
        )
        return guessed.zip_with(rest, parsed)

    def _guess(self, value: str) -> date | None:
        if value not in self._guessed:
            if len(self._guessed) > _MAX_GUESSES:
                self._guessed.clear()
            self._guessed[value] = _read_odd(value)
        return self._guessed[value]


def _as_texts(values: pl.Series) -> pl.Series:
    texts = values.cast(pl.String, strict=False).str.strip_chars()
    return texts.set(texts == "", None)


def _number_months(texts: pl.Series) -> pl.Series:
    names = sorted(_MONTHS, key=len, reverse=True)
    numbers = [f"{_MONTHS[name]:02d}" for name in names]
    return texts.str.to_lowercase().str.replace_many(names, numbers, leftmost=True)


def _is_month_first(first: pl.Series, second: pl.Series) -> bool:
    first_over = (first.cast(pl.Int32, strict=False) > 12).sum()
    second_over = (second.cast(pl.Int32, strict=False) > 12).sum()
    return bool(second_over > 0 and first_over == 0)


def _full_year(year: pl.Series) -> pl.Series:
    number = year.cast(pl.Int32, strict=False)
    century = pl.select(
        pl.when(year.str.len_chars() > 2).then(0).when(number < 70).then(2000).otherwise(1900)
    ).to_series()
    return (number + century).cast(pl.String)


def _build(year: pl.Series, month: pl.Series, day: pl.Series) -> pl.Series:
    joined = pl.select(pl.concat_str(year, month.str.zfill(2), day.str.zfill(2), separator="-")).to_series()
    return joined.str.to_date("%Y-%m-%d", strict=False)


def _read_odd(value: str) -> date | None:
    """Read a form that the fast patterns do not know: month names, serials, months without a day."""
    low = " ".join(value.lower().split())
    if _NUMBER.fullmatch(low):
        return _from_number(low)
    if found := _NAMED.match(low):
        year = found["year"]
        century = 0 if len(year) == 4 else 2000 if int(year) < 70 else 1900
        return _calendar(int(year) + century, _MONTHS.get(found["month"], 0), int(found["day"]))
    if found := _NAMED_MONTH_ONLY.match(low):
        return _calendar(int(found["year"]), _MONTHS.get(found["month"], 0), 1)
    if found := _MONTH_ONLY.fullmatch(low):
        return _calendar(int(found["y1"] or found["y2"]), int(found["m1"] or found["m2"]), 1)
    return _parse_freely(value)


def _from_number(text: str) -> date | None:
    if found := _COMPACT.fullmatch(text):
        return _calendar(int(found["year"]), int(found["month"]), int(found["day"]))
    number = float(text.replace(",", "."))
    if 30_000 <= number < 80_000:  # Excel serial: 1982 to 2119
        return _EXCEL_EPOCH + timedelta(days=int(number))
    for unit_seconds in (1.0, 1e-3, 1e-6):
        seconds = number * unit_seconds
        if 6e8 <= seconds < 4e9:  # 1989 to 2096
            return (datetime(1970, 1, 1) + timedelta(seconds=seconds)).date()
    return None


def _calendar(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None


def _parse_freely(value: str) -> date | None:
    # A relative date (« il y a 3 jours ») would depend on the day of the run: absolute forms only.
    if len(value) > 60 or not any(sign.isdigit() for sign in value):
        return None
    parsed = dateparser.parse(
        value,
        languages=["fr", "en"],
        settings={
            "DATE_ORDER": "DMY",
            "PARSERS": ["absolute-time"],
            "REQUIRE_PARTS": ["day", "month", "year"],
            "RETURN_AS_TIMEZONE_AWARE": False,
        },
    )
    return parsed.date() if parsed else None


def looks_like_dates(values: Iterable[str], *, today: date | None = None) -> float:
    """Tell which share of some texts reads as dates.

    Args:
        values: Non-empty texts.
        today: As for `DateReader`.

    Returns:
        A share in [0, 1]; 0 when there is no value.
    """
    texts = pl.Series(list(values), dtype=pl.String)
    if texts.is_empty():
        return 0.0
    dates, _ = DateReader(today=today).read(texts)
    return 1 - dates.null_count() / len(texts)
