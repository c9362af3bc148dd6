"""Durations as people write them in TOML ("14 days") and moments, both as integer microseconds.

Times as logs write them are in `events`.
"""

import re
from datetime import UTC, datetime, timedelta

from pipelines.mistakes import shown

UNITS_US = {"second": 1_000_000, "minute": 60_000_000, "hour": 3_600_000_000, "day": 86_400_000_000}
LONGEST_US = 36_525 * UNITS_US["day"]
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_FORM = re.compile(r"\s*(\d{1,9})\s+(second|minute|hour|day)s?\s*")


def parse_duration(text: object) -> int:
    """Microseconds of "N seconds | minutes | hours | days".

    Raises:
        ValueError: the text has another form, is zero, or longer than a century.
    """
    match = _FORM.fullmatch(text) if isinstance(text, str) else None
    microseconds = int(match[1]) * UNITS_US[match[2]] if match else 0
    if not 0 < microseconds <= LONGEST_US:
        raise ValueError(f'{shown(text)} is no duration; write "N seconds", "N minutes", "N hours" or "N days"')
    return microseconds


def format_duration(microseconds: int) -> str:
    """The shortest exact text that `parse_duration` reads back."""
    for unit, size in reversed(UNITS_US.items()):
        if microseconds % size == 0:
            count = microseconds // size
            return f"{count} {unit}" + ("" if count == 1 else "s")
    raise ValueError(f"{microseconds} µs are no whole seconds")


def time_us(moment: datetime) -> int:
    """Microseconds since 1970-01-01 UTC of an aware `moment`, exactly."""
    return (moment - EPOCH) // timedelta(microseconds=1)


def us_time(microseconds: int) -> datetime:
    """The UTC moment that `time_us` turns into `microseconds`."""
    return EPOCH + timedelta(microseconds=microseconds)
