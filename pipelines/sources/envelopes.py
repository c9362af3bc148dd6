"""Where each field of an event lies: all spellings of its keys, and the wrapper that a webhook may come in.

Values stay as sent, only trimmed; what a name means is staging's business. The vendor's own places are in `vendor`.
"""

import re
from functools import lru_cache
from typing import Any, NamedTuple

from pipelines.events import WEBHOOKS, parse_time
from pipelines.sources.strictness import RefusedError
from pipelines.sources.vendor import add_vendors_fields, text_of

Json = dict[str, Any]
Names = tuple[str, ...]
Texts = tuple[tuple[str, str], ...]
"""Keys as sent, each with the field that it is a spelling of."""

RECEIVED_AT = ("received_at", "receivedAt")
_EXPIRES_AT = ("expiresAt", "expires_at")
_EVENT_TYPE = ("type", "event_type", "eventType", "event")
_TIMESTAMP = ("timestamp", "occurred_at", "occurredAt", "created_at", "createdAt")
_PAYLOAD = ("metadata", "properties", "data")


def _both_cases(fields: str) -> dict[str, str]:
    """Each field, in snake_case, by its two spellings: `link_id` and `linkId`."""
    camel = {re.sub("_(.)", lambda letter: letter[1].upper(), field): field for field in fields.split()}
    return camel | {field: field for field in fields.split()}


# Spellings of the fields that are text, at the top of a line and in its payload.
_WHO = _both_cases("user_id organization_id")
_IN_BOTH = _both_cases("intent environment")
_IN_LINE = _both_cases("event_id") | {"id": "event_id"} | dict.fromkeys(_EVENT_TYPE, "event_type") | _WHO | _IN_BOTH
_IN_PAYLOAD = _both_cases("link_id connection_id directory_id connection_type directory_type provider") | _IN_BOTH
_NOTHING: tuple[Any, ...] = (None, "", {})
_LINK_MARK = re.compile(r"\[redacted:link:[0-9a-f]{12}\]")


class Fields(NamedTuple):
    """What the columns of an event are made from. `extra` holds the top-level keys that no other field took."""

    event_id: str | None
    event_type: str
    timestamp: int
    organization_id: str | None
    user_id: str | None
    connection_id: str | None
    provider: str | None
    intent: str | None
    link_id: str | None
    environment: str | None
    expires_at: int | None
    payload: Json
    extra: Json


def is_wrapped(line: Json, source: str) -> bool:
    """Whether the event of this line is its `body`."""
    if "body" not in line:
        return False
    if source == WEBHOOKS:
        return not isinstance(line.get("data"), dict)
    return not line.keys().isdisjoint(RECEIVED_AT) and line.keys().isdisjoint(_EVENT_TYPE)


def stated_us(line: Json, names: Names) -> int | None:
    """A time beside the event's own (µs since 1970); None where it is not said in a way that is understood."""
    try:
        return _read_time(line, names)
    except RefusedError:
        return None


def event_id_of(value: Any) -> str | None:
    """An id as text; one that is over 256 characters, or was a secret, counts as none."""
    text = text_of(value)
    return text if text and len(text) <= 256 and "[redacted:" not in text else None


def read_fields(body: Json, source: str) -> Fields:
    """The fields of a redacted event, in whichever form it was sent; `"object": "event"` says nothing and goes.

    Raises:
        RefusedError: contradiction, no_event_type, no_timestamp, bad_time or no_data.
    """
    texts, times, payloads, others = _shape_of_line(tuple(body))
    extra = {name: body[name] for name in others if not (name == "object" and body[name] == "event")}
    line = _read_texts(body, texts, extra)
    if (event_type := line.get("event_type")) is None:
        raise RefusedError("no_event_type")
    if (time_us := _read_time(body, times)) is None:
        raise RefusedError("no_timestamp")
    payload = _read_payload(body, payloads, source, extra)
    facts = _read_facts(body, payload, event_type, source)
    event_id = event_id_of(line.get("event_id"))
    if event_id is None or not facts.keys().isdisjoint(line):
        not_taken = facts.keys() & _IN_BOTH.keys() | (set() if event_id else {"event_id"})
        extra.update((name, body[name]) for name, field in texts if field in not_taken and field in line)
    return Fields(
        event_id,
        event_type,
        time_us,
        line.get("organization_id") or facts.get("organization_id"),
        line.get("user_id") or facts.get("user_id"),
        facts.get("connection_id") or facts.get("directory_id"),
        facts.get("provider") or facts.get("connection_type") or facts.get("directory_type"),
        facts.get("intent") or line.get("intent"),
        _link_id(facts.get("link_id")),
        facts.get("environment") or line.get("environment"),
        stated_us(payload, _EXPIRES_AT),
        payload,
        extra,
    )


@lru_cache(maxsize=4096)
def _shape_of_line(keys: Names) -> tuple[Texts, Names, Names, Names]:
    """The keys of an object, sorted by what they are for. A log has few shapes: each is looked at once."""
    texts = tuple((key, _IN_LINE[key]) for key in keys if key in _IN_LINE)
    times = tuple(key for key in keys if key in _TIMESTAMP)
    payloads = tuple(key for key in keys if key in _PAYLOAD)
    others = tuple(key for key in keys if key not in _IN_LINE and key not in times and key not in payloads)
    return texts, times, payloads, others


@lru_cache(maxsize=4096)
def _texts_of_payload(keys: Names, is_vendors: bool) -> Texts:
    fields = {**_IN_PAYLOAD, **_WHO} if is_vendors else _IN_PAYLOAD
    return tuple((key, fields[key]) for key in keys if key in fields)


def _read_texts(line: Json, texts: Texts, unread: Json) -> dict[str, str]:
    """Each field that has a text; what can be none goes to `unread`."""
    found: dict[str, str] = {}
    for name, field in texts:
        value = line[name]
        text = value.strip() if type(value) is str else text_of(value)
        if not text:
            if value not in _NOTHING:
                unread[name] = value
        elif found.setdefault(field, text) != text:
            raise RefusedError("contradiction", f"two spellings of {field} differ")
    return found


def _read_time(line: Json, names: Names) -> int | None:
    found: int | None = None
    for name in names:
        text = text_of(line.get(name))
        if text is None and line.get(name) in _NOTHING:
            continue
        try:
            time_us = parse_time(text or "")
        except ValueError as error:
            raise RefusedError("bad_time", f"{text!r:.100}: {error}") from None
        if found is not None and time_us != found:
            raise RefusedError("contradiction", "two spellings of the timestamp differ")
        found = time_us
    return found


def _read_payload(line: Json, names: Names, source: str, unread: Json) -> Json:
    if source == WEBHOOKS and not isinstance(line.get("data"), dict):
        raise RefusedError("no_data")
    found: Json = {}
    for name in names:
        value = line[name]
        if value in _NOTHING:
            continue
        if not isinstance(value, dict) or (source == WEBHOOKS and name != "data"):
            unread[name] = value
        elif found and value != found:
            raise RefusedError("contradiction", f"two of {', '.join(names)} differ")
        else:
            found = value
    return found


def _read_facts(body: Json, payload: Json, event_type: str, source: str) -> dict[str, str]:
    """What the payload says, read as the vendor's data in the webhooks' folder or if the body has their shape."""
    is_shaped = "event" in body and "created_at" in body and isinstance(body.get("data"), dict)
    if source != WEBHOOKS and not (is_shaped and body.keys().isdisjoint(_WHO)):
        return _read_texts(payload, _texts_of_payload(tuple(payload), False), {})
    facts = _read_texts(payload, _texts_of_payload(tuple(payload), True), {})
    add_vendors_fields(facts, event_type, payload)
    return facts


def _link_id(text: str | None) -> str | None:
    """A link id that is a portal link or its token is what stands for that link, so that both spellings join."""
    mark = _LINK_MARK.search(text) if text and "[" in text else None
    return mark[0] if mark else text
