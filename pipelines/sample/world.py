"""What the made-up world is filled with, read from `world.toml`, and its units of time. Nothing happens here."""

import tomllib
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

WORLD: dict[str, Any] = tomllib.loads(Path(__file__).with_name("world.toml").read_text("utf-8"))

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
SECOND = 1_000  # every time in this room is in whole milliseconds since 1970, UTC
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR


def moment(at: int) -> datetime:
    """The time as Python has it."""
    return EPOCH + timedelta(milliseconds=at)


def iso(at: int) -> str:
    """The time as the vendor writes it."""
    return moment(at).isoformat(timespec="milliseconds").replace("+00:00", "Z")
