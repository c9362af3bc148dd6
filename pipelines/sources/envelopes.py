"""Where each field of an event lies: the application's spellings, the vendor's paths, and the wrapper of a webhook.

Values stay as sent, only trimmed; what a name means is staging's business. Parsing and redaction are `door`'s.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, NamedTuple, TypeVar

from pipelines.events import WEBHOOKS, parse_time

Json = dict[str, Any]
T = TypeVar("T")

EVENT_ID = ("id", "event_id", "eventId")
EVENT_TYPE = ("type", "event_type", "eventType", "event")
TIMESTAMP = ("timestamp", "occurred_at", "occurredAt", "created_at", "createdAt")
RECEIVED_AT = ("received_at", "receivedAt")
USER_ID = ("userId", "user_id")
ORGANIZATION_ID = ("organizationId", "organization_id")
PAYLOAD = ("metadata", "properties", "data")
LINK_ID = ("linkId", "link_id")
CONNECTION_ID = (("connectionId", "connection_id"), ("directoryId", "directory_id"))
PROVIDER = (("provider",), ("connectionType", "connection_type"), ("directoryType", "directory_type"))

_DIRECTORY_EVENTS = {"dsync.activated", "dsync.deactivated", "dsync.deleted"}
_HOLDERS = ("connection", "sso", "organization_domain", "user", "group")
_LINK_MARK = re.compile(r"\[redacted:link:[0-9a-f]{12}\]")


class RefusedError(Exception):
    """A line that goes to quarantine: a reason of `events.REASONS`, and a detail that quotes no secret."""

    def __init__(self, reason: str, detail: str = "") -> None:
        super().__init__(reason, detail)
        self.reason = reason
        self.detail = detail


class Fields(NamedTuple):
    """What the columns of an event are made from. `extra` holds the top-level keys that no other field took."""

    event_id: str | None
    event_type: str
    time_us: int
    organization_id: str | None
    user_id: str | None
    connection_id: str | None
    provider: str | None
    intent: str | None
    link_id: str | None
    environment: str | None
    payload: Json
    extra: Json


def is_wrapped(line: Json, source: str) -> bool:
    """Whether the event of this line is its `body`."""
    if "body" not in line:
        return False
    if source == WEBHOOKS:
        return not isinstance(line.get("data"), dict)
    return not line.keys().isdisjoint(RECEIVED_AT) and line.keys().isdisjoint(EVENT_TYPE)


def received_us(line: Json) -> int | None:
    """When a wrapped line says that it was received; None where it does not say so in a way that is understood."""
    try:
        return _take(dict(line), RECEIVED_AT, _time)
    except RefusedError:
        return None


def text_of(value: Any) -> str | None:
    """A scalar as text, trimmed; None for what is empty, null, a list or an object."""
    if isinstance(value, str):
        return value.strip() or None
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, int) else None


def event_id_of(value: Any) -> str | None:
    """An id as text; one that is over 256 characters, or was a secret, counts as none."""
    text = text_of(value)
    return text if text and len(text) <= 256 and "[redacted:" not in text else None


def read_fields(body: Json, source: str) -> Fields:
    """The fields of a redacted event, in whichever form it was sent.

    Raises:
        RefusedError: no_event_type, no_timestamp, bad_time, no_data or contradiction.
    """
    extra = dict(body)
    event_type = _take(extra, EVENT_TYPE, text_of)
    if event_type is None:
        raise RefusedError("no_event_type")
    time_us = _take(extra, TIMESTAMP, _time)
    if time_us is None:
        raise RefusedError("no_timestamp")
    if source == WEBHOOKS and not isinstance(body.get("data"), dict):
        raise RefusedError("no_data")
    payload = _take(extra, ("data",) if source == WEBHOOKS else PAYLOAD, _object) or {}
    facts = dict(payload)
    if _is_vendors(body, source):
        extra.pop("object", None)
        place = _vendors_place(event_type, facts)
    else:
        place = _applications_place(extra, facts)
    return Fields(
        _take(extra, EVENT_ID, event_id_of),
        event_type,
        time_us,
        *place,
        _take(facts, ("intent",), text_of) or _take(extra, ("intent",), text_of),
        _link_id(facts),
        _take(facts, ("environment",), text_of) or _take(extra, ("environment",), text_of),
        payload,
        extra,
    )


def _is_vendors(body: Json, source: str) -> bool:
    """Whether a body is the vendor's envelope: by its folder, or by its shape in any other."""
    if source == WEBHOOKS:
        return True
    is_shaped = "event" in body and "created_at" in body and isinstance(body.get("data"), dict)
    return is_shaped and body.keys().isdisjoint((*USER_ID, *ORGANIZATION_ID))


_Place = tuple[str | None, str | None, str | None, str | None]  # organization, user, connection, provider


def _applications_place(line: Json, facts: Json) -> _Place:
    return (
        _take(line, ORGANIZATION_ID, text_of),
        _take(line, USER_ID, text_of),
        _first(facts, CONNECTION_ID),
        _first(facts, PROVIDER),
    )


def _vendors_place(event_type: str, data: Json) -> _Place:
    """The vendor's paths to these four, by kind of event."""
    kind = event_type.partition(".")[0]
    own_id, own_type = text_of(data.get("id")), text_of(data.get("type"))
    organization_id = own_id if kind == "organization" else _vendors_organization(data)
    connection_id, provider = _first(data, CONNECTION_ID), _first(data, PROVIDER)
    if event_type in _DIRECTORY_EVENTS:
        connection_id, provider = own_id, own_type
    elif kind == "connection":
        connection_id, provider = _held(data, "connection").get("id", own_id), provider or own_type
    elif kind == "authentication":
        connection_id = _first(_held(data, "sso"), CONNECTION_ID)
    return organization_id, _take(data, USER_ID, text_of), text_of(connection_id), provider


def _vendors_organization(data: Json) -> str | None:
    for holder in (data, *(_held(data, name) for name in _HOLDERS)):
        organization_id = _take(holder, ORGANIZATION_ID, text_of)
        if organization_id:
            return organization_id
    owner = _held(data, "owner")
    return text_of(owner.get("id")) if owner.get("type") == "organization" else _take(owner, ORGANIZATION_ID, text_of)


def _held(data: Json, name: str) -> Json:
    """A copy of an object inside the data; an empty one where there is none."""
    held = data.get(name)
    return dict(held) if isinstance(held, dict) else {}


def _link_id(facts: Json) -> str | None:
    """A link id that is a portal link or its token is what stands for that link, so that both spellings join."""
    link_id = _take(facts, LINK_ID, text_of)
    mark = _LINK_MARK.search(link_id) if link_id and "[" in link_id else None
    return mark[0] if mark else link_id


def _first(facts: Json, keys: tuple[tuple[str, ...], ...]) -> str | None:
    return next(filter(None, (_take(facts, names, text_of) for names in keys)), None)


def _take(line: Json, names: tuple[str, ...], read: Callable[[Any], T | None]) -> T | None:
    """The value that these spellings of one key agree on, taken out of the line; what cannot be read stays."""
    taken: T | None = None
    for name in names:
        if name not in line:
            continue
        value = read(line[name])
        if value is None:
            if line[name] in (None, "", {}):
                del line[name]
            continue
        if taken is not None and value != taken:
            raise RefusedError("contradiction", f"{name} and another of {', '.join(names)} differ")
        taken = value
        del line[name]
    return taken


def _object(value: Any) -> Json | None:
    return value if value and isinstance(value, dict) else None


def _time(value: Any) -> int | None:
    text = text_of(value)
    if text is None and value in (None, ""):
        return None
    try:
        return parse_time(text or "")
    except ValueError as error:
        raise RefusedError("bad_time", f"{text!r:.100}: {error}") from None
