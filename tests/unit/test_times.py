from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.events import key_of, parse_time

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def microseconds(moment: datetime) -> int:
    return (moment - EPOCH) // timedelta(microseconds=1)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("2026-03-02T09:20:00.155Z", "2026-03-02T09:20:00.155"),
        ("2026-03-02t09:20:00z", "2026-03-02T09:20:00"),
        ("2026-03-02 09:20:00.093", "2026-03-02T09:20:00.093"),
        ("2026-03-02 09:20:00 UTC", "2026-03-02T09:20:00"),
        ("  2026-03-02T09:20:00  ", "2026-03-02T09:20:00"),
        ("2026-03-02T09:20Z", "2026-03-02T09:20:00"),
        ("2026-03-02T09:20:00,5Z", "2026-03-02T09:20:00.5"),
        ("2026-03-02T09:20:00.123456789Z", "2026-03-02T09:20:00.123456"),
        ("2026-03-02T10:20:00+0100", "2026-03-02T09:20:00"),
        ("2026-03-02T10:20:00+01", "2026-03-02T09:20:00"),
        ("2026-03-02T04:20:00-05:00", "2026-03-02T09:20:00"),
        ("2026-03-02 15:05:00 +05:45", "2026-03-02T09:20:00"),
        ("2026-03-02", "2026-03-02T00:00:00"),
        ("2026-02-28T24:00:00Z", "2026-03-01T00:00:00"),
        ("2026-06-30T23:59:60Z", "2026-07-01T00:00:00"),
        ("2026-06-30T23:59:60.5Z", "2026-07-01T00:00:00.5"),
        (1772443200, "2026-03-02T09:20:00"),
        ("1772443200", "2026-03-02T09:20:00"),
        (1772443200.25, "2026-03-02T09:20:00.25"),
        ("1772443200.1234567", "2026-03-02T09:20:00.123456"),
        (1772443200155, "2026-03-02T09:20:00.155"),
        (1772443200155001, "2026-03-02T09:20:00.155001"),
        (1772443200155001999, "2026-03-02T09:20:00.155001"),
        ("2000-01-01", "2000-01-01T00:00:00"),
        ("2100-01-01T00:00:00Z", "2100-01-01T00:00:00"),
    ],
    ids=repr,
)
def test_time_shape_is_understood(value: str | float, expected: str) -> None:
    """Every shape that a log holds is one instant, in UTC where it names no zone, cut to microseconds."""
    assert parse_time(value) == microseconds(datetime.fromisoformat(expected).replace(tzinfo=UTC))


@pytest.mark.parametrize(
    "value",
    [
        *("", " ", "yesterday", "now", "epoch", "infinity", "nan", "null", "09:20:00", "2026", "2026-03", "2026-W10-1"),
        *("20260302", "20260302T092000Z", "2026-061", "02/03/2026", "2026-3-2", "2026-13-01", "2026-02-29"),
        *("2026-03-02T9:20:00", "2026-03-02T24:00:01", "2026-03-02T24:00:00.1", "2026-03-02T25:00:00"),
        *("2026-03-02T09:60:00", "2026-03-02T09:20:61", "2026-03-02T09:20:00.", "2026-03-02T09:20:00.1234567890"),
        *("2026-03-02T09:20.5", "2026-03-02T09:20:00+24:00", "2026-03-02T09:20:00+01:60", "2026-03-02T09:20:00+1"),
        *(
            "2026-03-02T09:20:00 CET",
            "2026-03-02T09:20:00Zjunk",
            "2026-03-02T09:20:00Z\n2",
            "\N{FULLWIDTH DIGIT TWO}026-03-02",
        ),
        *("1999-12-31T23:59:59Z", "2100-01-01T00:00:00.000001Z", "0001-01-01", "9999-12-31"),
        *(0, -1772443200, 177244320, 17724432001, 1772443200.0e3, "1772443200155.5", "1.7724432e9", 10**30, True),
        float("nan"),
        float("inf"),
    ],
    ids=repr,
)
def test_time_that_is_none_is_refused(value: str | float) -> None:
    """What is no time in words or digits, or lies outside the years 2000 to 2099, is no time."""
    with pytest.raises(ValueError, match=r"."):
        parse_time(value)


@given(
    st.integers(1, 36_520 * 86_400_000_000),
    st.integers(-23 * 60 - 59, 23 * 60 + 59),
    st.sampled_from("Tt "),
)
def test_time_agrees_with_the_calendar(since_2000_us: int, offset: int, separator: str) -> None:
    """Any instant in any zone is read as Python's calendar counts it."""
    moment = datetime(2000, 1, 1, tzinfo=UTC) + timedelta(microseconds=since_2000_us)
    local = moment.astimezone(timezone(timedelta(minutes=offset)))
    assert parse_time(local.isoformat(separator)) == microseconds(local)


@given(st.text(st.sampled_from("0123456789-+:. TtZzUCwW,"), max_size=32))
def test_time_is_read_or_refused(text: str) -> None:
    """No text does anything but give an instant within a century or a ValueError."""
    try:
        time_us = parse_time(text)
    except ValueError:
        return
    assert microseconds(datetime(2000, 1, 1, tzinfo=UTC)) <= time_us <= microseconds(datetime(2100, 1, 1, tzinfo=UTC))


def test_key_is_sixty_bits_of_md5() -> None:
    """The key is the first 15 hex digits of the MD5, which SQL can compute as well."""
    assert key_of("") == 0xD41D8CD98F00B20
    assert key_of("evt_é") == int(hashlib.md5("evt_é".encode()).hexdigest()[:15], 16)
