"""How rows look where a person pastes them from: one line each, ASCII around them, and for machines as JSON.

Belongs here: value in, text out. What to ask and in which order to say it is with each command.
"""

import json
import textwrap
from collections.abc import Iterator
from datetime import datetime

WIDTH = 100


def cell(value: object) -> str:
    r"""A value on one line; of somebody else's text, whatever has no shape of its own as its escape (`\x1b`, `\u202e`).

    A terminal obeys control characters, and a right-to-left override turns the line around.
    """
    if value is None:
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, datetime):
        return instant(value)
    return "".join(sign if sign.isprintable() else sign.encode("unicode_escape").decode() for sign in str(value))


def instant(value: datetime) -> str:
    """A UTC time, as short as it is exact: `2026-03-09 08:17`, `2026-03-09 08:17:02.5`."""
    if not value.second and not value.microsecond:
        return f"{value:%Y-%m-%d %H:%M}"
    return f"{value:%Y-%m-%d %H:%M:%S.%f}".rstrip("0").rstrip(".")


def wrapped(text: str, indent: str, hanging: str = "") -> Iterator[str]:
    """Lines of at most `WIDTH` characters where no single word is longer; those after the first hang in by more."""
    shape = textwrap.TextWrapper(WIDTH, indent, indent + hanging, break_long_words=False, break_on_hyphens=False)
    yield from shape.wrap(text)


def as_json(value: object) -> str:
    """ASCII only, times in ISO 8601 UTC."""
    return json.dumps(value, indent=2, default=_iso)


def _iso(value: object) -> str:
    return value.isoformat().replace("+00:00", "Z") if isinstance(value, datetime) else str(value)
