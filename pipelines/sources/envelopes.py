"""Where each field of an event lies: the application's spellings, the vendor's paths, and the wrapper of a webhook.

Values stay as sent, only trimmed; what a name means is staging's business. Parsing and redaction are `door`'s.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache
from typing import Any, NamedTuple, TypeVar

from pipelines.events import WEBHOOKS, parse_time

Json = dict[str, Any]
Names = tuple[str, ...]
T = TypeVar("T")


RECEIVED_AT = ("received_at", "receivedAt")
EVENT_TYPE = ("type", "event_type", "eventType", "event")
ORGANIZATION_ID = ("organizationId", "organization_id")
USER_ID = ("userId", "user_id")
CONNECTION_ID = ("connectionId", "connection_id")
CONNECTION_TYPE = ("connectionType", "connection_type")


class Line(NamedTuple):
    """The top level of an event: which spellings of each field it uses, and the keys that are none of them."""

    event_id: Names = ("id", "event_id", "eventId")
    event_type: Names = EVENT_TYPE
    timestamp: Names = ("timestamp", "occurred_at", "occurredAt", "created_at", "createdAt")
    organization_id: Names = ORGANIZATION_ID
    user_id: Names = USER_ID
    payload: Names = ("metadata", "properties", "data")
    intent: Names = ("intent",)
    environment: Names = ("environment",)
    others: Names = ()


class Payload(NamedTuple):
    """The same for the object with the particulars. `holders` are objects in the vendor's `data` that know more."""

    organization_id: Names = ORGANIZATION_ID
    user_id: Names = USER_ID
    intent: Names = ("intent",)
    link_id: Names = ("linkId", "link_id")
    connection_id: Names = CONNECTION_ID
    directory_id: Names = ("directoryId", "directory_id")
    provider: Names = ("provider",)
    connection_type: Names = CONNECTION_TYPE
    directory_type: Names = ("directoryType", "directory_type")
    environment: Names = ("environment",)
    holders: Names = ("connection", "sso", "organization_domain", "user", "group")
    others: Names = ()


_DIRECTORY_EVENTS = {"dsync.activated", "dsync.deactivated", "dsync.deleted"}
_NOTHING: tuple[Any, ...] = (None, "", {})
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
        return _agreed(line, tuple(name for name in RECEIVED_AT if name in line), _time)
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
    names = _names_in_line(tuple(body))
    extra = {name: body[name] for name in names.others}
    event_type = _agreed(body, names.event_type, text_of, extra)
    if event_type is None:
        raise RefusedError("no_event_type")
    time_us = _agreed(body, names.timestamp, _time, extra)
    if time_us is None:
        raise RefusedError("no_timestamp")
    if source == WEBHOOKS and not isinstance(body.get("data"), dict):
        raise RefusedError("no_data")
    payload = _agreed(body, names.payload, _object, extra) or {}
    facts = _names_in_payload(tuple(payload))
    event_id = _agreed(body, names.event_id, event_id_of, extra)
    organization_id = _agreed(body, names.organization_id, text_of, extra)
    user_id = _agreed(body, names.user_id, text_of, extra)
    if source == WEBHOOKS or _is_vendors(body):
        extra.pop("object", None)
        organization_id = organization_id or _vendors_organization(event_type, payload, facts)
        user_id = user_id or _agreed(payload, facts.user_id, text_of)
        connection_id, provider = _vendors_connection(event_type, payload, facts)
    else:
        connection_id, provider = _connection(payload, facts)
    return Fields(
        event_id,
        event_type,
        time_us,
        organization_id,
        user_id,
        connection_id,
        provider,
        _either(payload, facts.intent, body, names.intent, extra),
        _link_id(payload, facts.link_id),
        _either(payload, facts.environment, body, names.environment, extra),
        payload,
        extra,
    )


@lru_cache(maxsize=4096)
def _names_in_line(keys: Names) -> Line:
    """A log has few shapes of lines: each is looked at once."""
    groups = [tuple(name for name in group if name in keys) for group in Line()]
    known = {name for group in groups for name in group}
    return Line(*groups[:-1], others=tuple(key for key in keys if key not in known))


@lru_cache(maxsize=4096)
def _names_in_payload(keys: Names) -> Payload:
    return Payload(*(tuple(name for name in group if name in keys) for group in Payload()))


def _is_vendors(body: Json) -> bool:
    """Whether a body is the vendor's envelope by its shape."""
    is_shaped = "event" in body and "created_at" in body and isinstance(body.get("data"), dict)
    return is_shaped and body.keys().isdisjoint((*USER_ID, *ORGANIZATION_ID))


def _connection(payload: Json, facts: Payload) -> tuple[str | None, str | None]:
    """Connection (or directory) and provider, where they have keys of their own."""
    connection_id = _agreed(payload, facts.connection_id, text_of) or _agreed(payload, facts.directory_id, text_of)
    provider = (
        _agreed(payload, facts.provider, text_of)
        or _agreed(payload, facts.connection_type, text_of)
        or _agreed(payload, facts.directory_type, text_of)
    )
    return connection_id, provider


def _vendors_connection(event_type: str, data: Json, facts: Payload) -> tuple[str | None, str | None]:
    """The same where the object that the event is about may be the connection or directory itself."""
    if event_type in _DIRECTORY_EVENTS:
        return text_of(data.get("id")), text_of(data.get("type"))
    connection_id, provider = _connection(data, facts)
    if event_type.startswith("connection."):
        about = _held(data, "connection") if "connection" in facts.holders else data
        return text_of(about.get("id")), provider or text_of(data.get("type"))
    if connection_id is None and "sso" in facts.holders:
        connection_id = _any_of(_held(data, "sso"), CONNECTION_ID)
    return connection_id, provider


def _vendors_organization(event_type: str, data: Json, facts: Payload) -> str | None:
    if event_type.startswith("organization."):
        return text_of(data.get("id"))
    if event_type.startswith("api_key."):
        owner = _held(data, "owner")
        return text_of(owner.get("id")) if owner.get("type") == "organization" else _any_of(owner, ORGANIZATION_ID)
    found = _agreed(data, facts.organization_id, text_of)
    holders = (_any_of(_held(data, name), ORGANIZATION_ID) for name in facts.holders)
    return found or next(filter(None, holders), None)


def _held(data: Json, name: str) -> Json:
    """An object inside the data; an empty one where there is none."""
    held = data.get(name)
    return held if isinstance(held, dict) else {}


def _link_id(payload: Json, names: Names) -> str | None:
    """A link id that is a portal link or its token is what stands for that link, so that both spellings join."""
    link_id = _agreed(payload, names, text_of)
    mark = _LINK_MARK.search(link_id) if link_id and "[" in link_id else None
    return mark[0] if mark else link_id


def _either(payload: Json, first: Names, line: Json, second: Names, extra: Json) -> str | None:
    """A field that may stand in the payload or beside it; where it is in both, the one beside it is kept as extra."""
    value = _agreed(payload, first, text_of)
    if value is None:
        return _agreed(line, second, text_of, extra)
    extra.update((name, line[name]) for name in second)
    return value


def _any_of(held: Json, names: Names) -> str | None:
    return _agreed(held, tuple(name for name in names if name in held), text_of)


def _agreed(line: Json, names: Names, read: Callable[[Any], T | None], unread: Json | None = None) -> T | None:
    """The value that all these keys have, empty ones apart; what cannot be read goes to `unread`."""
    agreed: T | None = None
    for name in names:
        value = read(line[name])
        if value is None:
            if unread is not None and line[name] not in _NOTHING:
                unread[name] = line[name]
        elif agreed is None:
            agreed = value
        elif value != agreed:
            raise RefusedError("contradiction", f"{' and '.join(names)} differ")
    return agreed


def _object(value: Any) -> Json | None:
    return value if value and isinstance(value, dict) else None


def _time(value: Any) -> int | None:
    text = text_of(value)
    if text is None and value in _NOTHING:
        return None
    try:
        return parse_time(text or "")
    except ValueError as error:
        raise RefusedError("bad_time", f"{text!r:.100}: {error}") from None
