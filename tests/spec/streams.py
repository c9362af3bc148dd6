"""Random streams and funnels for the walk: few names and times, so that ties, edges and repeats are the rule.

What they must give is in `oracle`.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from itertools import product
from typing import Any, NamedTuple

import polars as pl
from hypothesis import strategies as st

from pipelines.durations import time_us, us_time
from pipelines.events import EVENT_SCHEMA, PORTAL, WEBHOOKS, key_of
from tests.spec.oracle import SPELLINGS
from tests.spec.walks import VENDOR, at

SECOND, HOUR, DAY = 1_000_000, 3_600_000_000, 86_400_000_000
START = time_us(at("03-01 00:00"))
LINK, INVITED = "admin_portal.link_generated", "admin_portal.invitation_sent"
OPENED, TESTED, DOMAIN = "admin_portal.link_opened", "admin_portal.connection_tested", "organization_domain.verified"
LIVE, SSO, APP, DIRECTORY = "connection.activated", "sso.activated", "admin_portal.sso_configured", "dsync.activated"
DOWN, GONE, NO_DIRECTORY = "connection.deactivated", "connection.deleted", "dsync.deleted"
CLOSED, HELPED, SIGN_IN = "organization.deleted", "support.setup_assisted", "authentication.sso_succeeded"
REPORTED = {LIVE, SSO, APP, DOWN, GONE}
OFTEN = [LINK, LINK, LINK, LIVE, LIVE, APP, DOWN]
NAMES = [*OFTEN, INVITED, OPENED, TESTED, TESTED, DOMAIN, SSO, DIRECTORY, GONE, NO_DIRECTORY, CLOSED, HELPED, SIGN_IN]
WHERE: list[dict[str, Any]] = [{}, {}, {}, {"result": "passed"}]


class Drawn(NamedTuple):
    """One event before it has an organization."""

    what: tuple[str, str]  # its name, and what is rare about it
    when: tuple[int | None, int, int]  # a day, or the event drawn before; how long after it; a jitter
    said: tuple[str | None, str | None, dict[str, Any]]  # connection, intent, properties


# What stands several times in a list comes more often. Three choices an event, however many values they have, keep
# thousands of examples within memory.
RARE = [*[""] * 14, "swapped", "sandbox", "production", "nobody", "again", "conflict", "text"]
SINCE = [0, HOUR, DAY, DAY, 2 * DAY, 3 * DAY, None, None, None]
MORE = [0, 0, 0, SECOND, 5 * SECOND, HOUR, DAY, 2 * DAY, -5 * SECOND, -HOUR]
JITTER = [0, 0, 0, 0, -1, 1]
CONNECTIONS = [None, "one", "one", "two"]
INTENTS = [None, "sso", "sso", "sso", "SSO", "dsync", "directory_sync"]
PROPERTIES: list[dict[str, Any]] = [{}, {"result": "passed"}, {"result": "passed", "n": 3}, {"result": "failed"}]
DRAWN = st.builds(
    Drawn,
    what=st.sampled_from(list(product(NAMES, RARE))),
    when=st.sampled_from(list(product(SINCE, MORE, JITTER))),
    said=st.sampled_from(list(product(CONNECTIONS, INTENTS, PROPERTIES))),
)
ORGANIZATIONS = st.lists(st.lists(DRAWN, min_size=5, max_size=16), min_size=30, max_size=40)
AS_OF = st.sampled_from([START + DAY, START + 2 * DAY, START + 4 * DAY, START + 4 * DAY + HOUR, START + 7 * DAY])


def events_of(organizations: list[list[Drawn]]) -> pl.DataFrame:
    """The event store that holds these streams."""
    rows = [row for number, stream in enumerate(organizations) for row in _stream(f"org_{number:02}", stream)]
    return pl.DataFrame(rows, schema=EVENT_SCHEMA)


def _stream(organization: str, stream: list[Drawn]) -> Iterator[dict[str, Any]]:
    at_us = START
    for place, drawn in enumerate(stream):
        since, more, jitter = drawn.when
        at_us = (at_us if since is None else START + since) + more
        yield from _copies(_row(organization, f"{organization}_{place:02}", at_us + jitter, drawn), drawn.what[1])


def _copies(row: dict[str, Any], rare: str) -> Iterator[dict[str, Any]]:
    """One event, perhaps twice: the same line again, or another body of the same id."""
    yield row
    if rare == "again":
        yield row
    if rare == "conflict":
        yield row | {"received_at": us_time(START), "timestamp": us_time(START + DAY), "content_hash": "0"}
    if rare == "text":
        yield row | {"connection_id": None, "content_hash": "0"}


def _row(organization: str, event_id: str, at_us: int, drawn: Drawn) -> dict[str, Any]:
    (name, rare), (connection, intent, properties) = drawn.what, drawn.said
    is_vendor = name.startswith(VENDOR) is (rare != "swapped")
    kind = "dsync" if name.startswith("dsync.") else "sso" if name in REPORTED else None
    is_fitting = kind is None or SPELLINGS.get(intent or "", intent) == kind
    return {
        "event_key": key_of(event_id),
        "event_id": event_id,
        "organization_key": None if rare == "nobody" else key_of(organization),
        "organization_id": None if rare == "nobody" else organization,
        "source": WEBHOOKS if is_vendor else PORTAL,
        "event_type": name,
        "timestamp": us_time(at_us),
        "intent": intent if is_fitting else None,
        "connection_id": connection and f"{organization}_{kind or 'sso'}_{connection}",
        "environment": rare if rare in {"sandbox", "production"} else None,
        "properties": json.dumps(properties),
        "extra": "{}",
        "content_hash": hashlib.sha256(repr(drawn).encode()).hexdigest()[:32],
        "is_mended": False,
        "redacted_count": 0,
        "origin_path": "events.jsonl",
        "origin_line": 1,
        "origin_offset": 0,
    }


BETWEEN = [OPENED, TESTED, DOMAIN, HELPED, SIGN_IN, LINK, APP, CLOSED]
CLOSING = [LIVE, LIVE, APP, SSO, DIRECTORY, SIGN_IN]
AFTER = [SIGN_IN, OPENED, TESTED, DOMAIN, LIVE, APP]
EXCLUDING = [HELPED, HELPED, DOWN, TESTED, LINK, OPENED, APP]
ENDS = [[CLOSED], [CLOSED], [], [CLOSED, HELPED], [GONE]]
WITHIN = st.sampled_from([None, None, None, "5 seconds", "1 hour", "1 day"])
WINDOW = st.sampled_from(["1 hour", "1 day", "2 days"])


@st.composite
def funnel_texts(draw: st.DrawFn, intents: list[str]) -> str:
    """A funnel file of any shape that the project takes."""
    first = draw(st.sampled_from([[LINK], [LINK], [LINK, INVITED]]))
    steps = [_step("s1", first, where=draw(st.sampled_from([*WHERE, {}])))]
    for _ in range(draw(st.integers(0, 3))):
        steps.append(_step(f"s{len(steps) + 1}", **draw(_shapes(BETWEEN)), optional=draw(st.booleans())))
    steps.append(_step(f"s{len(steps) + 1}", **draw(_shapes(CLOSING, 4))))
    for _ in range(draw(st.integers(0, 2))):
        steps.append(_step(f"s{len(steps) + 1}", **draw(_shapes(AFTER)), optional=True))
    excluded = draw(st.lists(_exclusions(len(steps)), max_size=2))
    return _toml(intents, draw(WINDOW), draw(st.sampled_from(ENDS)), steps, excluded)


def _step(name: str, events: list[str], **more: Any) -> dict[str, Any]:
    return {"name": name, "label": name, "events": events} | {key: value for key, value in more.items() if value}


def _shapes(names: list[str], most: int = 2) -> st.SearchStrategy[dict[str, Any]]:
    events = st.lists(st.sampled_from(names), min_size=1, max_size=most, unique=True)
    return st.fixed_dictionaries({"events": events, "within": WITHIN, "where": st.sampled_from(WHERE)})


@st.composite
def _exclusions(draw: st.DrawFn, steps: int) -> dict[str, Any]:
    first = draw(st.integers(1, steps - 1))
    second = draw(st.integers(first + 1, steps))
    return {
        "events": [draw(st.sampled_from(EXCLUDING))],
        "from": f"s{first}",
        "to": f"s{second}",
        "effect": draw(st.sampled_from(["drop_off", "remove"])),
    }


def _toml(intents: list[str], window: str, ends: list[str], steps: list[dict[str, Any]], exclusions: list[Any]) -> str:
    keys = {"title": "Random", "question": "?", "intents": intents, "window": window, "ends": ends}
    tables = [("steps", step) for step in steps] + [("exclusions", exclusion) for exclusion in exclusions]
    lines = [f"{key} = {_value(value)}" for key, value in keys.items() if value != [] or key == "ends"]
    for name, table in tables:
        lines += [f"[[{name}]]", *(f"{key} = {_value(value)}" for key, value in table.items())]
    return "\n".join(lines)


def _value(value: Any) -> str:
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{key} = {_value(item)}" for key, item in value.items()) + " }"
    return json.dumps(value)
