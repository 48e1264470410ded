from __future__ import annotations

import datetime as dt

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.ingest.dates import DateReader, looks_like_dates

TODAY = dt.date(2026, 7, 1)


def _read(values, date_format=None, dtype=pl.String):
    dates, wrong = DateReader(date_format, today=TODAY).read(pl.Series(values, dtype=dtype))
    return dates.to_list(), wrong.to_list()


@pytest.mark.parametrize(
    "written",
    [
        "12/03/2026",
        "12/03/2026 14:05:33",
        "12/03/26",
        "12-03-2026",
        "12.03.2026 14h05",
        "2026-03-12",
        "2026-03-12T14:05:33.120Z",
        "2026-03-12 14:05:33+02:00",
        "2026/03/12 2:05:33 PM UTC+1",
        "20260312",
        "12 mars 2026",
        "jeudi 12 mars 2026",
        "le 12 Mars 2026 à 14h05",
        "12 mars 2026, 14:05",
        "12-mars-26",
        "March 12, 2026",
        "46093",
        "46093,58",
        "1773324333",
        "1773324333000",
        " 12/03/2026 ",
    ],
)
def test_date_reader_reads_a_form_met_in_the_field(written):
    assert _read([written]) == ([dt.date(2026, 3, 12)], [False])


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("1er avril 2026", dt.date(2026, 4, 1)),
        ("3 févr. 2026", dt.date(2026, 2, 3)),
        ("15 août 2025", dt.date(2025, 8, 15)),
        ("15 aout 2025", dt.date(2025, 8, 15)),
        ("31 déc. 2025", dt.date(2025, 12, 31)),
        ("mars 2026", dt.date(2026, 3, 1)),
        ("03/2026", dt.date(2026, 3, 1)),
        ("03/04/2026", dt.date(2026, 4, 3)),  # ambiguous: day first
        ("02/07/2026", dt.date(2026, 7, 2)),  # one day ahead: another time zone
    ],
)
def test_date_reader_reads_day_first(written, expected):
    assert _read([written]) == ([expected], [False])


@pytest.mark.parametrize(
    "written",
    [
        "31/02/2026",
        "30 février 2026",
        "03/07/2026",
        "12/01/2062",
        "01/01/1900",
        "hier",
        "il y a 3 jours",
        "n.c.",
        "8",
        "0000-00-00",
    ],
)
def test_date_reader_calls_wrong_what_is_no_past_day(written):
    assert _read([written, "12/03/2026"]) == ([None, dt.date(2026, 3, 12)], [True, False])


def test_date_reader_takes_a_blank_for_no_date():
    assert _read(["", "  ", None]) == ([None] * 3, [False] * 3)


def test_date_reader_reads_month_first_when_the_column_can_be_nothing_else():
    dates, wrong = _read(["03/25/2026", "04/02/2026"])
    assert dates == [dt.date(2026, 3, 25), dt.date(2026, 4, 2)]
    assert wrong == [False, False]


def test_date_reader_does_not_swap_a_single_value_when_the_column_is_day_first():
    dates, wrong = _read(["25/03/2026", "03/25/2026"])
    assert dates == [dt.date(2026, 3, 25), None]
    assert wrong == [False, True]


def test_date_reader_follows_a_declared_format():
    assert _read(["2026 12 03"], "%Y %d %m") == ([dt.date(2026, 3, 12)], [False])
    assert _read(["12 mars 2026 14:05"], "%d %B %Y %H:%M") == ([dt.date(2026, 3, 12)], [False])
    assert _read(["12/03/2026"], "%Y-%m-%d") == ([None], [True])


def test_date_reader_takes_typed_values():
    moment = dt.datetime(2026, 3, 12, 14, 5)
    assert _read([moment, None], dtype=pl.Datetime) == ([dt.date(2026, 3, 12), None], [False, False])
    assert _read([46093.58], dtype=pl.Float64)[0] == [dt.date(2026, 3, 12)]


@given(st.dates(dt.date(1990, 1, 1), TODAY), st.sampled_from(["%d/%m/%Y", "%Y-%m-%d", "%d.%m.%Y %H:%M"]))
def test_date_reader_gives_back_what_was_written(day, pattern):
    # Beside a date that can only be day first: alone, a 25th of a month tells nothing about the others.
    dates, _ = _read([dt.date(2026, 3, 31).strftime(pattern), day.strftime(pattern)])
    assert dates[1] == day


def test_looks_like_dates_gives_a_share():
    assert looks_like_dates(["12/03/2026", "Lyon"]) == 0.5
    assert looks_like_dates([]) == 0


@pytest.mark.parametrize("dtype", [pl.Time, pl.Duration])
def test_date_reader_calls_wrong_a_time_without_a_day(dtype):
    assert _read([5_000_000, None], dtype=dtype) == ([None, None], [True, False])
