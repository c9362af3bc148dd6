"""The door: each line gets one fate, event or quarantined, from one strict parse (RFC 8259).

That parse feeds identity, redaction and columns alike: a second parser would disagree about something, and a secret
would slip through the gap. Duplicates are the event store's business; here a line is looked at on its own.
"""

from __future__ import annotations

import gc
import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import msgspec
import polars as pl

from pipelines.events import EVENT_SCHEMA, QUARANTINE_SCHEMA, key_of
from pipelines.redaction import find_suspects, redact, redact_text
from pipelines.sources.envelopes import Fields, RefusedError, event_id_of, is_wrapped, read_fields, received_us
from pipelines.sources.strictness import MAX_DEPTH, NONE_REPEATED, Repeated, check_size, find_repeated, mend

MAX_LINE_BYTES = 16 * 1024 * 1024
MAX_TEXT_BYTES = 64 * 1024
RECEIVED_FOLDER = "received/"
"""Below a source: written by the receiver, one whole JSON text a line, so that anything else was cut off."""

_JSON_NAMES = {list: "array", str: "text", bool: "boolean", type(None): "null"}
_CHUNK = 2_000  # lines whose objects are alive at once: more of them only keep the garbage collector busy


@dataclass(frozen=True)
class Lines:
    """Lines of one file that are not blank, without line ends and outer blanks; one list entry a line each."""

    source: str
    path: str
    numbers: list[int]
    offsets: list[int]
    data: list[bytes]


@dataclass(frozen=True)
class Judged:
    """`events` (EVENT_SCHEMA) and `quarantined` (QUARANTINE_SCHEMA): together one row a line, each in file order."""

    events: pl.DataFrame
    quarantined: pl.DataFrame


class Number(str):
    """A number with a fraction or an exponent, as written: text in Python, a number again in JSON."""

    __slots__ = ()


@dataclass(slots=True)
class _Parsed:
    value: Any
    as_sent: bytes  # canonical: keys sorted, no blanks, no needless escapes. Identity hangs on it
    canonical: bytes  # the same after redaction
    is_mended: bool = False
    repeated: Repeated = NONE_REPEATED
    received_us: int | None = None
    wrapper_id: str | None = None
    redacted_count: int = 0


_DECODER = msgspec.json.Decoder(float_hook=Number)
_ENCODER = msgspec.json.Encoder(order="sorted", enc_hook=lambda number: msgspec.Raw(number.encode()))
_ENCODER_AS_SENT = msgspec.json.Encoder(enc_hook=lambda number: msgspec.Raw(number.encode()))


def judge(lines: Lines) -> Judged:
    """The fate of each line. No content of a line makes it raise.

    Of several reasons to refuse a line the first of `events.REASONS` counts; a contradiction counts at its field.
    """
    with _no_search_for_cycles():
        chunks = [
            _judge_chunk(lines, range(len(lines.data))[start : start + _CHUNK])
            for start in range(0, len(lines.data), _CHUNK)
        ]
    return Judged(
        pl.concat([pl.DataFrame(schema=EVENT_SCHEMA), *(events for events, _ in chunks)]),
        pl.concat([pl.DataFrame(schema=QUARANTINE_SCHEMA), *(quarantined for _, quarantined in chunks)]),
    )


def set_aside(lines: Lines, reason: str, detail: str) -> pl.DataFrame:
    """Quarantine rows (QUARANTINE_SCHEMA) of lines that a reader gave up on, of which `data` may be the heads only."""
    refusal = RefusedError(reason, detail)
    return _quarantine_frame(lines, dict.fromkeys(range(len(lines.data)), refusal))


@contextmanager
def _no_search_for_cycles() -> Iterator[None]:
    """Parsed JSON has none, and looking for them takes a fifth of the time."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def _judge_chunk(lines: Lines, indexes: range) -> tuple[pl.DataFrame, pl.DataFrame]:
    opened: dict[int, _Parsed] = {}
    refused: dict[int, RefusedError] = {}
    fields: dict[int, Fields] = {}
    for index in indexes:
        try:
            opened[index] = _open(lines.data[index], lines)
        except RefusedError as refusal:
            refused[index] = refusal
    _redact(list(opened.values()))
    for index, body in opened.items():
        try:
            fields[index] = _read_fields(body, lines.source)
        except RefusedError as refusal:
            refused[index] = refusal
    return _event_frame(lines, opened, fields), _quarantine_frame(lines, refused)


def _open(line: bytes, lines: Lines) -> _Parsed:
    """The event's own body, out of whatever it came in."""
    try:
        outer = _parse(line)
    except RefusedError as refusal:
        if refusal.reason in {"not_json", "not_utf8"} and lines.path.startswith(RECEIVED_FOLDER):
            raise RefusedError("torn_write", refusal.detail) from None
        raise
    _check_object(outer.value, outer.repeated.at_top)
    if not is_wrapped(outer.value, lines.source):
        return outer
    body = outer.value["body"]
    if isinstance(body, str):
        inner = _parse(body.strip().encode())
        _check_object(inner.value, inner.repeated.at_top)
    else:
        _check_object(body, outer.repeated.in_body)
        canonical = _ENCODER.encode(body)
        inner = _Parsed(body, canonical, canonical)
    inner.is_mended = inner.is_mended or outer.is_mended
    inner.received_us = received_us(outer.value)
    inner.wrapper_id = event_id_of(redact(outer.value.get("id"))[0])
    return inner


def _check_object(value: Any, repeated: str | None) -> None:
    if repeated is not None:
        raise RefusedError("repeated_key", f"{redact(repeated)[0]!r:.100} stands twice")
    if not isinstance(value, dict):
        raise RefusedError("not_an_object", f"a JSON {_JSON_NAMES.get(type(value), 'number')}")


def _parse(line: bytes) -> _Parsed:
    """The one strict parse. What might be out of the ordinary is parsed again with more care."""
    if len(line) > MAX_LINE_BYTES:
        raise RefusedError("too_long", f"{len(line)} bytes, SHA-256 {hashlib.sha256(line).hexdigest()}")
    try:
        value = _DECODER.decode(line)
        canonical = _ENCODER.encode(value)
    except (ValueError, RecursionError):
        return _parse_carefully(line)
    # A key that stood twice has lost its colon, if no escape hides one. A level of nesting needs a colon or a bracket.
    colons = line.count(b":")
    is_ordinary = (
        colons == canonical.count(b":")
        and colons + line.count(b"[") < MAX_DEPTH
        and (b"\\" not in line or b"\\u" not in line)
    )
    return _Parsed(value, canonical, canonical) if is_ordinary else _parse_carefully(line)


def _parse_carefully(line: bytes) -> _Parsed:
    """Half characters and NULs, which no table can hold, are mended in the text before it is parsed."""
    text = mend(line)
    try:
        value = _decode(text)
        check_size(value)
        canonical = _ENCODER.encode(value)
    except RecursionError:
        raise RefusedError("too_deep", f"over {MAX_DEPTH} levels") from None
    except ValueError as error:
        raise _refusal(line, error) from None
    repeated = find_repeated(text)
    return _Parsed(value, canonical, canonical, repeated.is_any or text != line, repeated)


def _decode(text: bytes) -> Any:
    try:
        return _DECODER.decode(text)
    except msgspec.ValidationError:  # an integer of thousands of digits: Python would take quadratic time for it
        msgspec.json.decode(text, type=msgspec.Raw)
        return json.loads(text.decode(), parse_int=Number, parse_float=Number)


def _refusal(line: bytes, error: ValueError) -> RefusedError:
    try:
        line.decode()
    except UnicodeDecodeError as not_text:
        return RefusedError("not_utf8", f"byte {not_text.start}")
    return RefusedError("not_json", str(error))


def _redact(bodies: list[_Parsed]) -> None:
    for index in find_suspects([body.as_sent for body in bodies]):
        body = bodies[index]
        body.value, _ = redact(body.value)
        body.canonical = _ENCODER.encode(body.value)
        # Marks, not replacements: a line that the receiver has redacted counts like the same line in a file.
        body.redacted_count = body.canonical.count(b"[redacted:")


def _read_fields(body: _Parsed, source: str) -> Fields:
    fields = read_fields(body.value, source)
    if body.is_mended:
        for name in ("event_id", "organization_id", "user_id", "link_id", "connection_id"):
            if "\N{REPLACEMENT CHARACTER}" in (getattr(fields, name) or ""):
                raise RefusedError("broken_text", name)
    return fields


def _event_frame(lines: Lines, opened: dict[int, _Parsed], rows: dict[int, Fields]) -> pl.DataFrame:
    if not rows:
        return pl.DataFrame(schema=EVENT_SCHEMA)
    bodies = [opened[index] for index in rows]
    fields = dict(zip(Fields._fields, zip(*rows.values(), strict=True), strict=True))
    event_ids = [
        event_id or body.wrapper_id or _hashed_id(lines.source, body.as_sent)
        for event_id, body in zip(fields["event_id"], bodies, strict=True)
    ]
    columns = {
        **fields,
        "event_key": [key_of(event_id) for event_id in event_ids],
        "event_id": event_ids,
        "organization_key": [_organization_key(organization_id) for organization_id in fields["organization_id"]],
        "source": pl.repeat(lines.source, len(rows), eager=True),
        "timestamp": fields["time_us"],
        "received_at": [body.received_us for body in bodies],
        "properties": [_ENCODER.encode(payload).decode() for payload in fields["payload"]],
        "extra": [_ENCODER.encode(extra).decode() if extra else "{}" for extra in fields["extra"]],
        "content_hash": [_hash(body.canonical) for body in bodies],
        "is_mended": [body.is_mended for body in bodies],
        "redacted_count": [body.redacted_count for body in bodies],
        "origin_path": pl.repeat(lines.path, len(rows), eager=True),
        "origin_line": [lines.numbers[index] for index in rows],
        "origin_offset": [lines.offsets[index] for index in rows],
    }
    return pl.DataFrame([pl.Series(name, columns[name], dtype) for name, dtype in EVENT_SCHEMA.items()])


@lru_cache(maxsize=65_536)
def _organization_key(organization_id: str | None) -> int | None:
    return None if organization_id is None else key_of(organization_id)


def _hashed_id(source: str, canonical: bytes) -> str:
    return "h_" + _hash(source.encode() + b"\0" + canonical)


def _hash(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:32]


def _quarantine_frame(lines: Lines, refused: dict[int, RefusedError]) -> pl.DataFrame:
    rows = [
        (
            lines.source,
            lines.path,
            lines.numbers[index],
            lines.offsets[index],
            refused[index].reason,
            refused[index].detail,
            _redacted_text(lines.data[index]),
            _hash(lines.data[index]),
        )
        for index in sorted(refused)
    ]
    return pl.DataFrame(rows, schema=QUARANTINE_SCHEMA, orient="row")


def _redacted_text(line: bytes) -> str:
    """What may be kept of a refused line: as the parser saw it where it did, else as text; at most 64 KiB."""
    try:
        text = _ENCODER_AS_SENT.encode(redact(_parse(line).value)[0]).decode()
    except RefusedError:
        # A margin beyond what is kept, so that a secret on its edge is seen whole.
        text = redact_text(line[: 2 * MAX_TEXT_BYTES].decode(errors="replace"))
    return text.encode()[:MAX_TEXT_BYTES].decode(errors="ignore")
