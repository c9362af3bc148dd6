"""The door: each line gets one fate, event or quarantined, from one strict parse (RFC 8259).

That parse feeds identity, redaction and columns alike: a second parser would disagree about something, and a secret
would slip through the gap. Duplicates are the event store's business; here a line is looked at on its own.
"""

import gc
import json
from collections.abc import Iterator
from typing import Any

import msgspec
import polars as pl

from pipelines.redaction import find_suspects, redact, redact_text
from pipelines.sources import strictness
from pipelines.sources.envelopes import RECEIVED_AT, Fields, event_id_of, is_wrapped, read_fields, stated_us
from pipelines.sources.fates import Body, Judged, Lines, Reason, event_frame, quarantine_frame
from pipelines.sources.strictness import RefusedError

__all__ = ["Judged", "Lines", "judge", "set_aside"]

MAX_TEXT_BYTES = 64 * 1024
RECEIVED_FOLDER = "received/"
"""Below a source: written by the receiver, one whole JSON text a line, so that anything else was cut off."""

_JSON_NAMES = {list: "array", str: "text", bool: "boolean", type(None): "null"}
# Of so many lines the objects are alive at once.
_CHUNK_LINES = 2_000
_CHUNK_BYTES = 8 * 1024 * 1024


class Number(str):
    """A number with a fraction or an exponent, as written: text in Python, a number again in JSON."""

    __slots__ = ()


_DECODER = msgspec.json.Decoder(float_hook=Number)
_ENCODER = msgspec.json.Encoder(order="sorted", enc_hook=lambda number: msgspec.Raw(number.encode()))
_ENCODER_AS_SENT = msgspec.json.Encoder(enc_hook=lambda number: msgspec.Raw(number.encode()))


def judge(lines: Lines) -> Judged:
    """The fate of each line. No content of a line makes it raise.

    Of several reasons to refuse a line the first of `events.REASONS` counts.
    """
    was_enabled = gc.isenabled()
    gc.disable()  # parsed JSON has no cycles, and looking for them takes a fifth of the time
    try:
        chunks = [_judge_chunk(lines, indexes) for indexes in _chunks(lines.data)]
    finally:
        if was_enabled:
            gc.enable()
    return Judged(*map(pl.concat, zip(*chunks, strict=True)))


def set_aside(lines: Lines, reason: str, detail: str) -> Judged:
    """The same fate for lines that a reader gave up on, of which `data` may be the heads only."""
    texts = {index: _redacted_text(line) for index, line in enumerate(lines.data)}
    events = event_frame(lines, {}, {}, _ENCODER.encode)
    return Judged(events, quarantine_frame(lines, dict.fromkeys(texts, (reason, detail)), texts))


def _chunks(data: list[bytes]) -> Iterator[range]:
    start = size = 0
    for index, line in enumerate(data):
        size += len(line)
        if index - start == _CHUNK_LINES or size > _CHUNK_BYTES:
            yield range(start, index)
            start, size = index, len(line)
    yield range(start, len(data))


def _judge_chunk(lines: Lines, indexes: range) -> Judged:
    opened: dict[int, Body] = {}
    refused: dict[int, Reason] = {}
    fields: dict[int, Fields] = {}
    for index in indexes:
        try:
            opened[index] = _open(lines.data[index], lines)
        except RefusedError as refusal:
            refused[index] = refusal.reason, refusal.detail
    _redact(list(opened.values()))
    for index, body in opened.items():
        try:
            fields[index] = _read_fields(body, lines.source)
        except RefusedError as refusal:
            refused[index] = refusal.reason, refusal.detail
    texts = {index: _redacted_text(lines.data[index]) for index in refused}
    return Judged(event_frame(lines, opened, fields, _ENCODER.encode), quarantine_frame(lines, refused, texts))


def _open(line: bytes, lines: Lines) -> Body:
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
        inner = Body(body, canonical, canonical)
    inner.is_mended = inner.is_mended or outer.is_mended
    inner.received_us = stated_us(outer.value, RECEIVED_AT)
    inner.wrapper_id = event_id_of(redact(outer.value.get("id"))[0])
    return inner


def _check_object(value: Any, repeated: str | None) -> None:
    if repeated is not None:
        raise RefusedError("repeated_key", f"{redact(repeated)[0]!r:.100} stands twice")
    if not isinstance(value, dict):
        raise RefusedError("not_an_object", f"a JSON {_JSON_NAMES.get(type(value), 'number')}")


def _parse(line: bytes) -> Body:
    """The one strict parse. What might be out of the ordinary is parsed again with more care."""
    try:
        value = _DECODER.decode(line)
        canonical = _ENCODER.encode(value)
    except (ValueError, RecursionError):
        return _parse_carefully(line)
    # A key that stood twice has lost its colon, if no escape hides one. A level of nesting needs a colon or a bracket.
    colons = line.count(b":")
    is_ordinary = (
        colons == canonical.count(b":")
        and colons + line.count(b"[") < strictness.MAX_DEPTH
        and (b"\\" not in line or b"\\u" not in line)
    )
    return Body(value, canonical, canonical) if is_ordinary else _parse_carefully(line)


def _parse_carefully(line: bytes) -> Body:
    """Half characters are mended before the parse, which refuses them, and NULs after it."""
    try:
        line.decode()
    except UnicodeDecodeError as error:
        raise RefusedError("not_utf8", f"byte {error.start}") from None
    strictness.check_depth(line)
    text = strictness.mend_halves(line)
    try:
        value = _decode(text)
        if b"\\u0000" in text:
            text = strictness.drop_nuls(text)
            value = _decode(text)
    except ValueError as error:
        raise RefusedError("not_json", str(error)) from None
    strictness.check_key_count(text)
    canonical = _ENCODER.encode(value)
    may_repeat = text.count(b":") != canonical.count(b":") or b"\\u003" in text
    repeated = strictness.find_repeated(text) if may_repeat else strictness.NONE_REPEATED
    return Body(value, canonical, canonical, repeated.is_any or text != line, repeated)


def _decode(text: bytes) -> Any:
    try:
        return _DECODER.decode(text)
    except msgspec.ValidationError:  # an integer of thousands of digits: Python would take quadratic time for it
        msgspec.json.decode(text, type=msgspec.Raw)
        return json.loads(text, parse_int=Number, parse_float=Number)


def _redact(bodies: list[Body]) -> None:
    for index in find_suspects([body.as_sent for body in bodies]):
        body = bodies[index]
        body.value, _ = redact(body.value)
        body.canonical = _ENCODER.encode(body.value)
        # Marks, not replacements: a line that the receiver has redacted counts like the same line in a file.
        body.redacted_count = body.canonical.count(b"[redacted:")


def _read_fields(body: Body, source: str) -> Fields:
    fields = read_fields(body.value, source)
    if body.is_mended:
        for name in ("event_id", "organization_id", "user_id", "link_id", "connection_id"):
            if "\N{REPLACEMENT CHARACTER}" in (getattr(fields, name) or ""):
                raise RefusedError("broken_text", name)
    return fields


def _redacted_text(line: bytes) -> str:
    """What may be kept of a refused line: as the parser saw it where it did, else as text; at most 64 KiB."""
    try:
        text = _ENCODER_AS_SENT.encode(redact(_parse(line).value)[0]).decode()
    except RefusedError:
        # A margin beyond what is kept, so that a secret on its edge is seen whole.
        text = redact_text(line[: 2 * MAX_TEXT_BYTES].decode(errors="replace"))
    return text.encode()[:MAX_TEXT_BYTES].decode(errors="ignore")
