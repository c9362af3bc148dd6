from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.pages import formats
from pipelines.pages.formats import FORMATS, LONGEST_NAME, formatters

SECOND, MINUTE, HOUR, DAY = 1_000_000, 60_000_000, 3_600_000_000, 86_400_000_000
MOMENT = datetime(2026, 11, 22, 23, 41, tzinfo=UTC)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "-"),
        (0, "0"),
        (3_581, "3,581"),
        (99_999, "99,999"),
        (100_000, "100 k"),
        (128_345, "128 k"),
        (128_345_678, "128 m"),
    ],
)
def test_count_is_shortened_from_a_hundred_thousand(value: int | None, text: str) -> None:
    """A count keeps its digits below 100,000 and is given in thousands above."""
    assert formats.count(value) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "-"),
        (0.0, "0%"),
        (0.0001, "<1%"),
        (0.01, "1.0%"),
        (0.0704, "7.0%"),
        (0.0995, "10%"),
        (0.0996, "10%"),
        (0.125, "13%"),
        (0.4, "40%"),
        (0.99, "99%"),
        (0.9999, ">99%"),
        (1.0, "100%"),
    ],
)
def test_rate_says_nought_and_all_only_where_exact(value: float | None, text: str) -> None:
    """A rate is whole percent, has one decimal below 10 %, and is 0 % or 100 % only where it is exactly that."""
    assert formats.rate(value) == text


@pytest.mark.parametrize(
    ("us", "text"),
    [
        (None, "-"),
        (0, "0 s"),
        (200_000, "<1 s"),
        (45 * SECOND, "45 s"),
        (59_600_000, "1 min"),
        (37 * MINUTE, "37 min"),
        (5 * HOUR + 42 * MINUTE, "5.7 h"),
        (23 * HOUR + 50 * MINUTE, "1 day"),
        (DAY, "1 day"),
        (3 * DAY + 5 * HOUR, "3.2 days"),
        (12 * DAY + 5 * HOUR, "12 days"),
        (1_234 * DAY, "1,234 days"),
    ],
)
def test_duration_has_one_unit(us: int | None, text: str) -> None:
    """A duration is given in the largest unit that it fills, rounded, never in two units."""
    assert formats.duration(us) == text


@given(st.integers(min_value=0, max_value=10_000 * DAY))
def test_duration_never_shows_a_full_next_unit(us: int) -> None:
    """Rounding never leads to 60 s, 60 min or 24 h."""
    assert not formats.duration(us).startswith(("60 s", "60 min", "24 h"))


@pytest.mark.parametrize(
    ("form", "values", "text"),
    [
        ("exact", (128_345,), "128,345"),
        ("total", (2, None, 3), "5"),
        ("recorded", (None,), "not recorded"),
        ("recorded", (7,), "7"),
        ("fraction", (3, 7), "3 of 7"),
        ("so_far", (3, 4, 20), "7 of 20 so far"),
        ("share", (1, 0), "-"),
        ("share", (3, 4), "75%"),
        ("interval", (0.384, 0.416), "38% to 42%"),
        ("interval", (None, None), "-"),
        ("percent", (37.4,), "37.40%"),
        ("percent", (None,), "-"),
        ("reached_time", (None,), "not reached"),
        ("reached_time", (DAY,), "1 day"),
        ("time_interval", (HOUR, 2 * HOUR), "1 h to 2 h"),
        ("time_interval", (HOUR, None), "1 h or longer"),
        ("time_interval", (None, None), "-"),
        ("day", (date(2026, 11, 22),), "22 Nov"),
        ("full_date", (date(2026, 1, 2),), "2 Jan 2026"),
        ("date_in", (MOMENT,), "22 Nov 2026"),
        ("moment", (MOMENT,), "22 Nov 2026, 23:41 UTC"),
        ("moment", (None,), "-"),
        ("listed", ("a.b,c",), "a.b, c"),
        ("name", (None,), "-"),
        ("name", ("a\x1b[2J",), "a\\x1b[2J"),
    ],
)
def test_format_writes_what_the_design_says(form: str, values: tuple[object, ...], text: str) -> None:
    """Each format has its own words for what is missing, small or open."""
    assert formatters(UTC)[form](*values) == text


def test_name_is_cut_with_a_mark() -> None:
    """A name of more than 200 characters ends with an ellipsis at the 200th."""
    assert formats.name("x" * 300) == "x" * (LONGEST_NAME - 1) + "…"


def test_zoned_formats_speak_the_reporting_time_zone() -> None:
    """Moments and reporting days are those of the zone that is asked for, across midnight too."""
    berlin: dict[str, Callable[..., str]] = dict(formatters(ZoneInfo("Europe/Berlin")))
    assert berlin["moment"](MOMENT) == "23 Nov 2026, 00:41 CET"
    assert berlin["date_in"](MOMENT) == "23 Nov 2026"
    assert set(FORMATS) == set(berlin)
