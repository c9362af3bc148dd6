"""The door: each line gets one fate, event or quarantined, from one strict parse (RFC 8259).

That parse feeds identity, redaction and columns alike: a second parser would disagree about something, and a secret
would slip through the gap. Duplicates are the event store's business; here a line is looked at on its own.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
import polars as pl

from pipelines.events import EVENT_SCHEMA, QUARANTINE_SCHEMA, key_of
from pipelines.redaction import find_suspects, redact, redact_text
from pipelines.sources.envelopes import Fields, Json, RefusedError, event_id_of, is_wrapped, read_fields, received_us
from pipelines.sources.strictness import MAX_DEPTH, NONE_REPEATED, check_size, find_repeated, mend

MAX_LINE_BYTES = 16 * 1024 * 1024
MAX_TEXT_BYTES = 64 * 1024
RECEIVED_FOLDER = "received/"
"""Below a source: written by the receiver, one whole JSON text a line, so that anything else was cut off."""

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
    canonical: bytes  # keys sorted, no blanks, no needless escapes
    is_mended: bool = False
    repeated: str | None = None  # a key that stands twice at the top
    repeated_in_body: str | None = None


@dataclass(slots=True)
class _Delivery:
    body: Json
    as_sent: bytes  # canonical, before redaction: identity hangs on it
    canonical: bytes
    is_mended: bool
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
    events: list[tuple[Any, ...]] = []
    quarantined: list[tuple[Any, ...]] = []
    for start in range(0, len(lines.data), _CHUNK):
        _judge_chunk(lines, range(start, min(start + _CHUNK, len(lines.data))), events, quarantined)
    return Judged(_frame(events, EVENT_SCHEMA), _frame(quarantined, QUARANTINE_SCHEMA))


def set_aside(lines: Lines, reason: str, detail: str) -> pl.DataFrame:
    """Quarantine rows (QUARANTINE_SCHEMA) of lines that a reader gave up on, of which `data` may be the heads only."""
    refusal = RefusedError(reason, detail)
    return _frame([_quarantine_row(lines, index, refusal) for index in range(len(lines.data))], QUARANTINE_SCHEMA)


def _judge_chunk(
    lines: Lines, indexes: Iterable[int], events: list[tuple[Any, ...]], quarantined: list[tuple[Any, ...]]
) -> None:
    deliveries: list[tuple[int, _Delivery]] = []
    refused: list[tuple[int, RefusedError]] = []
    for index in indexes:
        try:
            deliveries.append((index, _open(lines.data[index], lines.source, lines.path)))
        except RefusedError as refusal:
            refused.append((index, refusal))
    _redact([delivery for _, delivery in deliveries])
    for index, delivery in deliveries:
        try:
            events.append(_event_row(lines, index, delivery))
        except RefusedError as refusal:
            refused.append((index, refusal))
    quarantined.extend(_quarantine_row(lines, index, refusal) for index, refusal in sorted(refused, key=lambda r: r[0]))


def _open(line: bytes, source: str, path: str) -> _Delivery:
    """The event's own body, out of whatever it came in."""
    _check_length(line)
    try:
        outer = _parse(line)
    except RefusedError as refusal:
        is_torn = path.startswith(RECEIVED_FOLDER) and refusal.reason in {"not_json", "not_utf8"}
        if is_torn:
            raise RefusedError("torn_write", refusal.detail) from None
        raise
    value = _object(outer.value, outer.repeated)
    if not is_wrapped(value, source):
        return _Delivery(value, outer.canonical, outer.canonical, outer.is_mended)
    body = value["body"]
    if isinstance(body, str):
        inner = _parse(body.strip().encode())
    else:
        inner = _Parsed(body, _ENCODER.encode(body), repeated=outer.repeated_in_body)
    return _Delivery(
        _object(inner.value, inner.repeated),
        inner.canonical,
        inner.canonical,
        outer.is_mended or inner.is_mended,
        received_us(value),
        event_id_of(redact(value.get("id"))[0]),
    )


def _check_length(line: bytes) -> None:
    if len(line) > MAX_LINE_BYTES:
        raise RefusedError("too_long", f"{len(line)} bytes, SHA-256 {hashlib.sha256(line).hexdigest()}")


def _object(value: Any, repeated: str | None) -> Json:
    if repeated is not None:
        raise RefusedError("repeated_key", f"{redact(repeated)[0]!r:.100} stands twice")
    if not isinstance(value, dict):
        raise RefusedError("not_an_object", f"a JSON {_JSON_NAMES.get(type(value), 'number')}")
    return value


_JSON_NAMES = {list: "array", str: "text", bool: "boolean", type(None): "null"}


def _parse(line: bytes) -> _Parsed:
    """The one strict parse. Half characters and NULs, which no table can hold, are mended in the text before it."""
    has_escapes = b"\\" in line
    text = mend(line) if has_escapes else line
    colons = text.count(b":")
    try:
        value = _decode(text)
        # Each level needs a bracket, and each level and key but the outermost a colon or a square bracket.
        if colons + text.count(b"[") >= MAX_DEPTH:
            check_size(value)
        canonical = _ENCODER.encode(value)
    except RecursionError:
        raise RefusedError("too_deep", f"over {MAX_DEPTH} levels") from None
    except ValueError as error:
        raise _refusal(line, error) from None
    # A key that stood twice has lost its colon; only an escaped colon could hide that.
    is_suspect = colons != canonical.count(b":") or (has_escapes and b"\\u003" in text)
    repeated = find_repeated(text) if is_suspect else NONE_REPEATED
    return _Parsed(value, canonical, repeated.is_any or text != line, repeated.at_top, repeated.in_body)


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


def _redact(deliveries: list[_Delivery]) -> None:
    for index in find_suspects([delivery.as_sent for delivery in deliveries]):
        delivery = deliveries[index]
        delivery.body, _ = redact(delivery.body)
        delivery.canonical = _ENCODER.encode(delivery.body)
        # Marks, not replacements: a line that the receiver has redacted counts like the same line in a file.
        delivery.redacted_count = delivery.canonical.count(b"[redacted:")


def _event_row(lines: Lines, index: int, delivery: _Delivery) -> tuple[Any, ...]:
    fields = read_fields(delivery.body, lines.source)
    if delivery.is_mended:
        _check_ids(fields)
    event_id = fields.event_id or delivery.wrapper_id or _hashed_id(lines.source, delivery.as_sent)
    return (
        key_of(event_id),
        event_id,
        None if fields.organization_id is None else key_of(fields.organization_id),
        fields.organization_id,
        lines.source,
        fields.event_type,
        fields.time_us,
        delivery.received_us,
        fields.user_id,
        fields.intent,
        fields.link_id,
        fields.connection_id,
        fields.provider,
        fields.environment,
        _ENCODER.encode(fields.payload).decode(),
        _ENCODER.encode(fields.extra).decode() if fields.extra else "{}",
        _hash(delivery.canonical),
        delivery.is_mended,
        delivery.redacted_count,
        lines.path,
        lines.numbers[index],
        lines.offsets[index],
    )


def _check_ids(fields: Fields) -> None:
    for name in ("event_id", "organization_id", "user_id", "link_id", "connection_id"):
        if "\N{REPLACEMENT CHARACTER}" in (getattr(fields, name) or ""):
            raise RefusedError("broken_text", name)


def _hashed_id(source: str, canonical: bytes) -> str:
    return "h_" + _hash(source.encode() + b"\0" + canonical)


def _hash(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:32]


def _quarantine_row(lines: Lines, index: int, refusal: RefusedError) -> tuple[Any, ...]:
    line = lines.data[index]
    place = (lines.source, lines.path, lines.numbers[index], lines.offsets[index])
    return (*place, refusal.reason, refusal.detail, _redacted_text(line), _hash(line))


def _redacted_text(line: bytes) -> str:
    """What may be kept of a refused line: as the parser saw it where it did, else as text; at most 64 KiB."""
    try:
        _check_length(line)
        text = _ENCODER_AS_SENT.encode(redact(_parse(line).value)[0]).decode()
    except RefusedError:
        # A margin beyond what is kept, so that a secret on its edge is seen whole.
        text = redact_text(line[: 2 * MAX_TEXT_BYTES].decode(errors="replace"))
    return text.encode()[:MAX_TEXT_BYTES].decode(errors="ignore")


def _frame(rows: Sequence[tuple[Any, ...]], schema: dict[str, pl.DataType]) -> pl.DataFrame:
    columns = zip(*rows, strict=True) if rows else ([] for _ in schema)
    return pl.DataFrame([pl.Series(name, column, schema[name]) for name, column in zip(schema, columns, strict=True)])
