"""What becomes of lines: the values that the door's stages hand on, and the frames they end in.

Nothing is decided here.
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, NamedTuple

import polars as pl

from pipelines.events import EVENT_SCHEMA, QUARANTINE_SCHEMA, key_of
from pipelines.sources.envelopes import Fields
from pipelines.sources.strictness import NONE_REPEATED, Repeated

Reason = tuple[str, str]
"""Reason and detail; not the exception that brought them, which would keep all that was on the stack."""


@dataclass(frozen=True)
class Lines:
    """Lines of one file that are not blank, without line ends and outer blanks; one list entry a line each."""

    source: str
    path: str
    numbers: list[int]
    offsets: list[int]
    data: list[bytes]


class Judged(NamedTuple):
    """`events` (EVENT_SCHEMA) and `quarantined` (QUARANTINE_SCHEMA): together one row a line, each in file order."""

    events: pl.DataFrame
    quarantined: pl.DataFrame


@dataclass(slots=True)
class Body:
    """One event's own JSON object on its way through the door."""

    value: Any
    as_sent: bytes  # canonical: keys sorted, no blanks, no needless escapes. Identity hangs on it
    canonical: bytes  # the same after redaction
    is_mended: bool = False
    repeated: Repeated = NONE_REPEATED
    received_us: int | None = None
    wrapper_id: str | None = None
    redacted_count: int = 0


def event_frame(
    lines: Lines, bodies: dict[int, Body], fields: dict[int, Fields], encode: Callable[[Any], bytes]
) -> pl.DataFrame:
    """Lines that are events (EVENT_SCHEMA). `bodies` and `fields` go by the index of the line; `encode` makes JSON."""
    kept = [bodies[index] for index in fields]
    values = zip(*fields.values(), strict=True) if fields else [()] * len(Fields._fields)
    column: dict[str, Any] = dict(zip(Fields._fields, values, strict=True))
    event_ids = [
        event_id or body.wrapper_id or "h_" + _hash(lines.source.encode() + b"\0" + body.as_sent)
        for event_id, body in zip(column["event_id"], kept, strict=True)
    ]
    column |= {
        "event_key": [key_of(event_id) for event_id in event_ids],
        "event_id": event_ids,
        "organization_key": [text and _organization_key(text) for text in column["organization_id"]],
        "source": [lines.source] * len(kept),
        "received_at": [body.received_us for body in kept],
        "properties": [encode(payload).decode() for payload in column["payload"]],
        "extra": [encode(extra).decode() if extra else "{}" for extra in column["extra"]],
        "content_hash": [_hash(body.canonical) for body in kept],
        "is_mended": [body.is_mended for body in kept],
        "redacted_count": [body.redacted_count for body in kept],
        "origin_path": [lines.path] * len(kept),
        "origin_line": [lines.numbers[index] for index in fields],
        "origin_offset": [lines.offsets[index] for index in fields],
    }
    return pl.DataFrame([pl.Series(name, column[name], dtype) for name, dtype in EVENT_SCHEMA.items()])


def quarantine_frame(lines: Lines, refused: dict[int, Reason], texts: dict[int, str]) -> pl.DataFrame:
    """Lines that are none (QUARANTINE_SCHEMA), in file order. `refused` and `texts` go by the index of the line."""
    rows = [
        (lines.source, lines.path, lines.numbers[k], lines.offsets[k], *refused[k], texts[k], _hash(lines.data[k]))
        for k in sorted(refused)
    ]
    return pl.DataFrame(rows, schema=QUARANTINE_SCHEMA, orient="row")


_organization_key = lru_cache(maxsize=65_536)(key_of)


def _hash(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:32]
