"""What an event is for the whole house: the columns of its tables, its key, its time, its spellings.

Where a field lies in a line is in `sources.envelopes`; normal forms (aliases, intents) belong to staging.
"""

import hashlib
import re
from datetime import date
from functools import lru_cache

from pipelines.schema import schema

PORTAL = "portal"
"""The folder of the application's own event log."""

WEBHOOKS = "webhooks"
"""The folder of the vendor's webhooks as received."""

EVENT_SCHEMA = schema(
    "event_key:long event_id:text organization_key:long organization_id:text source:text event_type:text "
    "timestamp:time received_at:time user_id:text intent:text link_id:text connection_id:text provider:text "
    "environment:text expires_at:time properties:text extra:text content_hash:text is_mended:bool redacted_count:int "
    "origin_path:text origin_line:long origin_offset:long"
)
"""One row a line that was understood. Ids and types are as sent (trimmed), JSON columns are redacted text."""

QUARANTINE_SCHEMA = schema(
    "source:text path:text line_number:long byte_offset:long reason:text detail:text text:text content_hash:text"
)
"""One row a line that was not understood."""

REASONS: dict[str, str] = {
    "too_long": "longer than 16 MiB",
    "not_utf8": "not UTF-8",
    "too_deep": "nested deeper than 64 levels, or more than 10,000 keys",
    "not_json": "not JSON",
    "torn_write": "cut off while the receiver wrote it; it was never acknowledged",
    "repeated_key": "a top-level key stands twice",
    "not_an_object": "not a JSON object",
    "contradiction": "two spellings of one key with different values",
    "no_event_type": "no event type",
    "no_timestamp": "no timestamp",
    "bad_time": "a timestamp that is not understood",
    "no_data": "a webhook without a data object",
    "broken_text": "half a character in an id",
}
"""Why a line is in quarantine: where several apply, the first of them, save that a contradiction between timestamps
or inside the payload is found only when these are read."""

_DAY_US = 86_400_000_000
_EPOCH = date(1970, 1, 1).toordinal()
_EARLIEST_US = (date(2000, 1, 1).toordinal() - _EPOCH) * _DAY_US
_LATEST_US = (date(2100, 1, 1).toordinal() - _EPOCH) * _DAY_US
_CALENDAR = re.compile(
    r"(\d{4}-\d\d-\d\d)"
    r"(?:[Tt ](\d\d:\d\d(?::\d\d)?)(?:(?<=:\d\d:\d\d)[.,](\d{1,9}))? ?(?:[Zz]|UTC|([+-]\d\d(?::?\d\d)?))?)?",
    re.ASCII,
)
_SECONDS = re.compile(r"(\d{10})(?:\.(\d+))?", re.ASCII)
_EPOCH_UNITS = {13: (1000, 1), 16: (1, 1), 19: (1, 1000)}


def key_of(text: str) -> int:
    """The 60-bit key of an id: the first 15 hex digits of its MD5, the same in SQL and Python."""
    return int.from_bytes(hashlib.md5(text.encode(), usedforsecurity=False).digest()[:8]) >> 4


def parse_time(value: str | float) -> int:
    """Microseconds since 1970 (UTC) of an ISO 8601 text, or of an epoch in s, ms, µs or ns.

    A time without zone is UTC; what is finer than a microsecond is cut off.

    Raises:
        ValueError: the shape is none of these, or the time lies outside 2000-01-01 .. 2100-01-01.
    """
    text = str(value).strip()
    match = _CALENDAR.fullmatch(text)
    time_us = _from_calendar(*match.groups()) if match else _from_epoch(text)
    if not _EARLIEST_US <= time_us <= _LATEST_US:
        raise ValueError("outside 2000-01-01 .. 2100-01-01")
    return time_us


def _from_calendar(day: str, clock: str | None, fraction: str | None, zone: str | None) -> int:
    time_us = _start_of_day(day)
    if clock:
        time_us += _clock_us(clock)
    if fraction:
        time_us += int(fraction[:6].ljust(6, "0"))
        if clock == "24:00:00" and fraction.strip("0"):
            raise ValueError("no such time of day")
    return time_us - _zone_us(zone) if zone else time_us


@lru_cache(maxsize=4096)
def _start_of_day(day: str) -> int:
    return (date.fromisoformat(day).toordinal() - _EPOCH) * _DAY_US


@lru_cache(maxsize=100_000)
def _clock_us(clock: str) -> int:
    hour, minute, second = int(clock[:2]), int(clock[3:5]), int(clock[6:] or 0)
    if (hour > 23 and (hour, minute, second) != (24, 0, 0)) or minute > 59 or second > 60:
        raise ValueError("no such time of day")
    # 24:00:00 is the next day and second 60 the next second: adding up does both.
    return ((hour * 60 + minute) * 60 + second) * 1_000_000


@lru_cache(maxsize=4096)
def _zone_us(zone: str) -> int:
    hours, minutes = int(zone[1:3]), int(zone[3:].lstrip(":") or 0)
    if hours > 23 or minutes > 59:
        raise ValueError("no such time zone")
    return (hours * 60 + minutes) * 60_000_000 * (-1 if zone[0] == "-" else 1)


def _from_epoch(text: str) -> int:
    seconds = _SECONDS.fullmatch(text)
    if seconds:
        return int(seconds[1]) * 1_000_000 + int((seconds[2] or "")[:6].ljust(6, "0"))
    if not (text.isascii() and text.isdigit() and len(text) in _EPOCH_UNITS):
        raise ValueError("neither ISO 8601 nor an epoch of 10, 13, 16 or 19 digits")
    factor, divisor = _EPOCH_UNITS[len(text)]
    return int(text) * factor // divisor
