"""Where the vendor's webhooks keep what the application's log has under keys of its own.

One of its events tells of a thing (a connection, a directory, a sign-in), and ids lie in that thing or beside it.
"""

from typing import Any

# Objects in the vendor's data that name the organization where the data itself does not.
_HOLDERS = ("connection", "sso", "organization_domain", "user", "group", "owner")
_DIRECTORY_EVENTS = {"dsync.activated", "dsync.deactivated", "dsync.deleted"}


def add_vendors_fields(facts: dict[str, str], event_type: str, data: dict[str, Any]) -> None:
    """What the vendor keeps at places of its own: in the thing itself, or in an object beside it."""
    kind, found = event_type.partition(".")[0], dict[str, Any]()
    if kind == "organization":
        found["organization_id"] = data.get("id")
    elif "organization_id" not in facts:
        found["organization_id"] = _holders_organization(data)
    if event_type in _DIRECTORY_EVENTS:
        found |= {"connection_id": data.get("id"), "provider": data.get("type")}
    elif kind == "connection":
        found["connection_id"] = (_held(data, "connection") or data).get("id")
        found["provider"] = facts.get("connection_type") or data.get("type")
    elif kind == "authentication":
        found["connection_id"] = _held(data, "sso").get("connection_id")
    facts.update((field, text) for field, value in found.items() if (text := text_of(value)))


def _holders_organization(data: dict[str, Any]) -> Any:
    owner = _held(data, "owner")
    if owner.get("type") == "organization":
        return owner.get("id")
    found = (_held(data, name).get("organization_id") for name in _HOLDERS if name in data)
    return next(filter(None, found), None)


def _held(data: dict[str, Any], name: str) -> dict[str, Any]:
    """An object inside the data; an empty one where there is none."""
    held = data.get(name)
    return held if isinstance(held, dict) else {}


def text_of(value: Any) -> str | None:
    """A scalar as text, trimmed; None for what is empty, null, a list or an object."""
    if isinstance(value, str):
        return value.strip() or None
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, int) else None
