from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.events import EVENT_SCHEMA, QUARANTINE_SCHEMA, REASONS, key_of
from pipelines.sources.door import Judged, Lines, judge, set_aside

TYPE, TIME = '"type":"admin_portal.accessed"', '"timestamp":"2026-03-02T09:00:00Z"'
GOOD = f'{{"id":"evt_1",{TYPE},{TIME}}}'


def judged(*lines: str | bytes, source: str = "portal", path: str = "a.jsonl") -> Judged:
    data = [line.encode() if isinstance(line, str) else line for line in lines]
    return judge(Lines(source, path, list(range(1, len(data) + 1)), list(range(0, 100 * len(data), 100)), data))


def event(line: str | bytes | dict[str, Any], source: str = "portal") -> dict[str, Any]:
    """The columns of a line that is an event."""
    fate = judged(json.dumps(line) if isinstance(line, dict) else line, source=source)
    assert fate.quarantined.is_empty(), fate.quarantined.row(0, named=True)
    return fate.events.row(0, named=True)


def refusal(line: str | bytes | dict[str, Any], source: str = "portal", path: str = "a.jsonl") -> dict[str, Any]:
    """The columns of a line that is none."""
    fate = judged(json.dumps(line) if isinstance(line, dict) else line, source=source, path=path)
    assert fate.events.is_empty(), fate.events.row(0, named=True)
    return fate.quarantined.row(0, named=True)


def portal(**fields: Any) -> dict[str, Any]:
    return {"id": "evt_1", "type": "admin_portal.accessed", "timestamp": "2026-03-02T09:00:00Z"} | fields


def webhook(event_type: str, data: Any, **fields: Any) -> dict[str, Any]:
    envelope = {"object": "event", "id": "event_1", "event": event_type, "created_at": "2026-03-02T09:00:00.000Z"}
    return envelope | {"data": data} | fields


def nested(levels: int) -> str:
    return f'{{"id":"evt_1",{TYPE},{TIME},"metadata":' + '{"a":' * (levels - 2) + "[]" + "}" * (levels - 1)


def many_keys(count: int) -> str:
    return f'{{"id":"evt_1",{TYPE},{TIME},"metadata":{{' + ",".join(f'"k{i}":1' for i in range(count - 4)) + "}}"


# Name, line of source "portal", and its fate: None for an event, a reason for quarantine.
FATES: list[tuple[str, str | bytes, str | None]] = [
    ("plain", GOOD, None),
    ("blanks, order, extra", f' {{ {TIME} ,\t{TYPE} , "id" : "evt_1" , "more" : [ 1 , {{ }} ] }} ', None),
    ("half an emoji", f'{{"id":"evt_1",{TYPE},{TIME},"metadata":{{"name":"half \\ud83d"}}}}', None),
    ("a whole emoji", f'{{"id":"evt_1",{TYPE},{TIME},"metadata":{{"name":"whole \\ud83d\\ude00"}}}}', None),
    ("half an emoji in an id", f'{{"id":"evt_\\ud83d",{TYPE},{TIME}}}', "broken_text"),
    ("half an emoji in an organization", f'{{"id":"evt_1",{TYPE},{TIME},"organizationId":"\\udc00"}}', "broken_text"),
    ("half an emoji in a link", f'{{{TYPE},{TIME},"metadata":{{"linkId":"\\ud83dx"}}}}', "broken_text"),
    ("escaped NUL", f'{{"id":"evt_\\u0000",{TYPE},{TIME}}}', None),
    ("escaped NUL outside a string", f'{{"id":"evt_1"\\u0000,{TYPE},{TIME}}}', "not_json"),
    ("half an emoji outside a string", f'{{"id":"evt_1"\\ud83d,{TYPE},{TIME}}}', "not_json"),
    ("NaN", f'{{{TYPE},{TIME},"n":NaN}}', "not_json"),
    ("Infinity", f'{{{TYPE},{TIME},"n":-Infinity}}', "not_json"),
    ("trailing comma", f"{{{TYPE},{TIME},}}", "not_json"),
    ("comment", f"{{{TYPE},{TIME}}} // comment", "not_json"),
    ("single quotes", "{'type': 'admin_portal.accessed'}", "not_json"),
    ("leading zero", f'{{{TYPE},{TIME},"n":01}}', "not_json"),
    ("unknown escape", f'{{{TYPE},{TIME},"n":"\\x41"}}', "not_json"),
    ("raw tab", f'{{{TYPE},{TIME},"n":"\t"}}', "not_json"),
    ("raw NUL", f'{{{TYPE},{TIME},"n":"\0"}}', "not_json"),
    ("NULs only", "\0\0\0", "not_json"),
    ("BOM inside a file", "\N{BOM}" + GOOD, "not_json"),
    ("two objects", GOOD + GOOD, "not_json"),
    ("tail", GOOD + " tail", "not_json"),
    ("first half", GOOD[:40], "not_json"),
    ("second half", GOOD[40:], "not_json"),
    ("prose", "tail", "not_json"),
    ("Latin-1", GOOD.encode().replace(b"evt_1", b"evt_\xff"), "not_utf8"),
    ("overlong UTF-8", GOOD.encode().replace(b"evt_1", b"\xc0\xaf"), "not_utf8"),
    ("surrogate in UTF-8", GOOD.encode().replace(b"evt_1", b"\xed\xa0\xbd"), "not_utf8"),
    ("UTF-16", GOOD.encode("utf-16"), "not_utf8"),
    ("neither UTF-8 nor JSON", b"{not json and \xff", "not_utf8"),
    ("repeated key", f'{{"id":"evt_1","id":"evt_2",{TYPE},{TIME}}}', "repeated_key"),
    ("repeated key, same value, escaped", f'{{"id":"evt_1","\\u0069d":"evt_1",{TYPE},{TIME}}}', "repeated_key"),
    ("repeated key, escaped colon", f'{{"a\\u003a":1,"id":"a","id":"b",{TYPE},{TIME}}}', "repeated_key"),
    ("repeated key below", f'{{"id":"evt_1",{TYPE},{TIME},"metadata":{{"intent":"sso","intent":"dsync"}}}}', None),
    ("two ids", f'{{"id":"evt_1","event_id":"evt_2",{TYPE},{TIME}}}', "contradiction"),
    ("two equal ids", f'{{"id":"evt_1","event_id":" evt_1 ",{TYPE},{TIME}}}', None),
    ("two users", f'{{"userId":"a","user_id":"b",{TYPE},{TIME}}}', "contradiction"),
    ("a user and none", f'{{"userId":"a","user_id":null,{TYPE},{TIME}}}', None),
    ("two types", f'{{{TYPE},"event":"other",{TIME}}}', "contradiction"),
    ("two shapes of one time", f'{{{TYPE},{TIME},"created_at":1772442000}}', None),
    ("two times", f'{{{TYPE},{TIME},"created_at":1772442001}}', "contradiction"),
    ("two links", f'{{{TYPE},{TIME},"metadata":{{"linkId":"a","link_id":"b"}}}}', "contradiction"),
    ("two payloads", f'{{{TYPE},{TIME},"metadata":{{"a":1}},"properties":{{"a":2}}}}', "contradiction"),
    ("two equal payloads", f'{{{TYPE},{TIME},"metadata":{{"a":1}},"properties":{{"a":1}},"data":{{}}}}', None),
    ("array", '["admin_portal.accessed", "2026-03-02T09:00:00Z"]', "not_an_object"),
    ("text", '"text"', "not_an_object"),
    ("null", "null", "not_an_object"),
    ("number", "1.5", "not_an_object"),
    ("64 levels", nested(64), None),
    ("65 levels", nested(65), "too_deep"),
    ("500 levels", nested(500), "too_deep"),
    ("5,000 levels", nested(5_000), "too_deep"),
    ("100,000 open brackets", "[" * 100_000, "too_deep"),
    ("levels near what the parser bears", '{"a":' * 950, "too_deep"),
    ("10,000 keys", many_keys(10_000), None),
    ("10,001 keys", many_keys(10_001), "too_deep"),
    ("brackets and colons in a text", f'{{{TYPE},{TIME},"n":"{"[:{" * 20_000}"}}', None),
    ("number of 5,000 digits", f'{{{TYPE},{TIME},"n":{"9" * 5_000}}}', None),
    ("number of 5,000 digits and a comma", f'{{{TYPE},{TIME},"n":{"9" * 5_000},}}', "not_json"),
    ("id a number", f'{{"id":17,{TYPE},{TIME}}}', None),
    ("id a boolean", f'{{"id":true,{TYPE},{TIME}}}', None),
    ("empty object", "{}", "no_event_type"),
    ("no type", f'{{"id":"evt_1",{TIME}}}', "no_event_type"),
    ("blank type", f'{{"type":" ",{TIME}}}', "no_event_type"),
    ("type a list", f'{{"type":["a"],{TIME}}}', "no_event_type"),
    ("no time", f'{{"id":"evt_1",{TYPE}}}', "no_timestamp"),
    ("time null", f'{{"id":"evt_1",{TYPE},"timestamp":null}}', "no_timestamp"),
    ("time in words", f'{{"id":"evt_1",{TYPE},"timestamp":"yesterday"}}', "bad_time"),
    ("time too early", f'{{"id":"evt_1",{TYPE},"timestamp":"1999-12-31"}}', "bad_time"),
    ("time a list", f'{{"id":"evt_1",{TYPE},"timestamp":[1]}}', "bad_time"),
    ("time of 8 digits", f'{{"id":"evt_1",{TYPE},"timestamp":17724420}}', "bad_time"),
]


@pytest.mark.parametrize(("line", "reason"), [row[1:] for row in FATES], ids=[row[0] for row in FATES])
def test_line_has_its_fate(line: str | bytes, reason: str | None) -> None:
    """Each kind of line becomes an event, or goes to quarantine for the reason that fits it."""
    fate = judged(line)
    assert fate.quarantined["reason"].to_list() == ([reason] if reason else [])
    assert fate.events.height == (reason is None)


def test_line_does_not_change_its_neighbours() -> None:
    """A bad line costs its neighbours nothing, wherever among thousands it stands."""
    bad = [line for _, line, reason in FATES if reason]
    alone = [reason for *_, reason in FATES if reason]
    fate = judged(*bad, *[GOOD] * 2_500, *bad, *[GOOD] * 2_500, *bad)
    assert fate.events.height == 5_000
    assert fate.quarantined["reason"].to_list() == alone * 3
    assert fate.quarantined["line_number"].is_sorted()
    assert fate.events["origin_line"].is_sorted()
    assert fate.quarantined["byte_offset"].to_list() == [100 * (n - 1) for n in fate.quarantined["line_number"]]


def test_frames_have_their_schemas_without_lines() -> None:
    """No lines make two empty frames of the right shape, and so do lines of one kind only."""
    for fate in (judged(), judged(GOOD), judged("x")):
        assert dict(fate.events.schema) == EVENT_SCHEMA
        assert dict(fate.quarantined.schema) == QUARANTINE_SCHEMA


def test_portal_event_fills_its_columns() -> None:
    """Each field of the application's log has its column, and what has none is kept as extra."""
    line = portal(
        userId="user_1",
        organizationId="org_1",
        metadata={
            "intent": "sso", "linkId": "lnk_1", "provider": "okta", "connectionType": "OktaSAML",
            "connectionId": "conn_1", "environment": "production", "amount": 1,
        },
        context={"ip": "192.0.2.1"},
    )  # fmt: skip
    row = event(line)
    assert row.pop("timestamp").isoformat() == "2026-03-02T09:00:00+00:00"
    assert json.loads(row.pop("properties")) == line["metadata"]
    assert (
        row.pop("content_hash")
        == hashlib.sha256(json.dumps(line, sort_keys=True, separators=(",", ":")).encode()).hexdigest()[:32]
    )
    assert row == {
        "event_key": key_of("evt_1"), "event_id": "evt_1", "organization_key": key_of("org_1"),
        "organization_id": "org_1", "source": "portal", "event_type": "admin_portal.accessed", "received_at": None,
        "user_id": "user_1", "intent": "sso", "link_id": "lnk_1", "connection_id": "conn_1", "provider": "okta",
        "environment": "production", "expires_at": None, "extra": '{"context":{"ip":"192.0.2.1"}}', "is_mended": False,
        "redacted_count": 0, "origin_path": "a.jsonl", "origin_line": 1, "origin_offset": 0,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("line", "column", "expected"),
    [
        ({"event_id": "e"}, "event_id", "e"),
        ({"eventId": 12.50}, "event_id", "12.5"),
        ({"user_id": "u"}, "user_id", "u"),
        ({"organization_id": "o"}, "organization_id", "o"),
        ({"organizationId": ""}, "organization_id", None),
        ({"properties": {"link_id": "l"}}, "link_id", "l"),
        ({"data": {"directory_id": "d"}}, "connection_id", "d"),
        ({"data": {"connection_type": "c"}}, "provider", "c"),
        ({"data": {"directoryType": "gsuite directory"}}, "provider", "gsuite directory"),
        ({"intent": "sso"}, "intent", "sso"),
        ({"intent": "dsync", "data": {"intent": "sso"}}, "intent", "sso"),
        ({"intent": "dsync", "data": {"intent": "sso"}}, "extra", '{"intent":"dsync"}'),
        ({"environment": "sandbox"}, "environment", "sandbox"),
        ({"metadata": {"organizationId": "o"}}, "organization_id", None),
        ({"metadata": "text"}, "extra", '{"metadata":"text"}'),
        ({"metadata": None}, "extra", "{}"),
        ({"metadata": None}, "properties", "{}"),
        ({"userId": {"name": "u"}}, "extra", '{"userId":{"name":"u"}}'),
        ({"data": {"n": 5, "a": "é/\u2028"}}, "properties", '{"a":"é/\u2028","n":5}'),
    ],
    ids=repr,
)
def test_spelling_of_a_field_is_understood(line: dict[str, Any], column: str, expected: str | None) -> None:
    """All spellings of a field lead to one column, and nothing that no column takes is lost."""
    head = {"event_type": "x", "occurred_at": "2026-03-02T09:00:00Z"}
    assert event(head | line)[column] == expected


CONNECTION = {"id": "conn_1", "organization_id": "org_1", "connection_type": "OktaSAML"}


@pytest.mark.parametrize(
    ("event_type", "data", "expected"),
    [
        ("connection.activated", CONNECTION, ("org_1", "conn_1", "OktaSAML")),
        ("connection.deleted", {"id": "c", "organizationId": "o", "type": "AdpOidc"}, ("o", "c", "AdpOidc")),
        ("connection.activated", {"id": "c", "organization_id": None}, (None, "c", None)),
        ("connection.saml_certificate_renewed", {"connection": {"id": "c", "organization_id": "o"}}, ("o", "c", None)),
        (
            "dsync.activated",
            {"id": "d", "organization_id": "o", "type": "okta scim v2.0"},
            ("o", "d", "okta scim v2.0"),
        ),
        ("dsync.user.created", {"id": "u", "directory_id": "d", "organization_id": "o"}, ("o", "d", None)),
        (
            "dsync.group.user_added",
            {"directory_id": "d", "user": {"organization_id": "o"}, "group": {}},
            ("o", "d", None),
        ),
        ("dsync.group.user_removed", {"user": {}, "group": {"organization_id": "o"}}, ("o", None, None)),
        ("organization.deleted", {"id": "org_1", "organization_id": "other"}, ("org_1", None, None)),
        ("organization_domain.verified", {"id": "org_domain_1", "organization_id": "o"}, ("o", None, None)),
        (
            "organization_domain.verification_failed",
            {"organization_domain": {"organization_id": "o"}},
            ("o", None, None),
        ),
        ("authentication.sso_failed", {"type": "sso", "sso": {"connection_id": "c"}}, (None, "c", None)),
        ("authentication.sso_succeeded", {"sso": {"organization_id": "o", "connection_id": "c"}}, ("o", "c", None)),
        ("session.created", {"id": "s", "organization_id": "o", "user_id": "u"}, ("o", None, None)),
        ("api_key.created", {"owner": {"type": "organization", "id": "o"}}, ("o", None, None)),
        ("api_key.created", {"owner": {"type": "user", "id": "u", "organization_id": "o"}}, ("o", None, None)),
        ("user.created", {"id": "user_1", "email": "a@b.test"}, (None, None, None)),
        ("connection.deactived", CONNECTION, ("org_1", "conn_1", "OktaSAML")),
        (
            "vault.byok_key.verification_completed",
            {"organization_id": "o", "key_provider": "AWS_KMS"},
            ("o", None, None),
        ),
    ],
)
@pytest.mark.parametrize("source", ["webhooks", "portal", "events_api"])
def test_vendors_paths_are_known(
    event_type: str, data: dict[str, Any], expected: tuple[str | None, ...], source: str
) -> None:
    """Organization, connection and provider come from where each kind of webhook has them, in whichever folder."""
    row = event(webhook(event_type, data), source)
    assert (row["organization_id"], row["connection_id"], row["provider"]) == expected
    assert row["user_id"] == data.get("user_id")
    assert json.loads(row["properties"]) == data
    assert row["extra"] == "{}"


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (webhook("connection.activated", None), "no_data"),
        (webhook("connection.activated", ["x"]), "no_data"),
        (portal(metadata={"a": 1}), "no_data"),
        ({"received_at": "2026-03-02T09:00:00Z", "body": None}, "not_an_object"),
        ({"received_at": "2026-03-02T09:00:00Z", "body": 5}, "not_an_object"),
        ({"received_at": "2026-03-02T09:00:00Z", "body": '{"id":"event_1","event":"conn'}, "not_json"),
        ({"received_at": "2026-03-02T09:00:00Z", "body": '{"id":1,"id":2}'}, "repeated_key"),
        ({"received_at": "2026-03-02T09:00:00Z", "body": {}}, "no_event_type"),
        ("{}", "no_event_type"),
        ('{"received_at":1772442000,"body":{"id":"a","id":"b"}}', "repeated_key"),
        ('{"received_at":1772442000,"received_at":1772442000,"body":{}}', "repeated_key"),
    ],
    ids=repr,
)
def test_webhook_is_refused(line: str | dict[str, Any], reason: str) -> None:
    """A webhook without data goes to quarantine, and the body of a wrapped one is judged like a line."""
    assert refusal(line, "webhooks")["reason"] == reason


def test_wrapper_is_no_part_of_the_event() -> None:
    """Bare, wrapped and wrapped as text, with or without headers, a webhook is one and the same event."""
    body = webhook("connection.activated", CONNECTION)
    wrapper = {"received_at": "2026-03-02T09:00:01.500Z", "headers": {"a": "b"}, "id": "row_1"}
    rows = [event(line, "webhooks") for line in (body, wrapper | {"body": body}, wrapper | {"body": json.dumps(body)})]
    received = [row.pop("received_at") for row in rows]
    assert rows[0] == rows[1] == rows[2]
    assert received[0] is None
    assert received[1] == received[2]
    assert received[1].isoformat() == "2026-03-02T09:00:01.500000+00:00"


def test_wrapper_names_an_event_that_has_no_id() -> None:
    """The wrapper's id counts where the body has none, and a time of receipt that is none is left out."""
    body = webhook("connection.activated", CONNECTION)
    del body["id"]
    row = event({"id": "row_1", "received_at": "soon", "verified": True, "body": body}, "webhooks")
    assert (row["event_id"], row["received_at"]) == ("row_1", None)
    assert (
        event({"received_at": 1772442000, "body": body}, "webhooks")["event_id"] == event(body, "webhooks")["event_id"]
    )


def test_wrapped_portal_event_is_understood() -> None:
    """What a receiver wraps in the portal folder is opened; an event of its own that has a body is not."""
    assert event({"received_at": 1772442000, "body": portal()})["event_id"] == "evt_1"
    row = event(portal(body="Hello", received_at="2026-03-02T09:00:00Z"))
    assert json.loads(row["extra"]) == {"body": "Hello", "received_at": "2026-03-02T09:00:00Z"}
    assert row["received_at"] is None


def test_event_without_id_is_named_by_its_content() -> None:
    """The order of keys and blanks do not matter to that name; source and any value do."""
    one, other = (
        f'{{{TYPE},{TIME},"metadata":{{"a":1,"b":"\\u00e9"}}}}',
        f'{{"metadata":{{"b":"é", "a":1}},{TIME},{TYPE}}}',
    )
    canonical = f'{{"metadata":{{"a":1,"b":"é"}},{TIME},{TYPE}}}'
    expected = "h_" + hashlib.sha256(b"portal\0" + canonical.encode()).hexdigest()[:32]
    assert event(one)["event_id"] == event(other)["event_id"] == expected
    assert event(one, "elsewhere")["event_id"] != expected
    assert event(one.replace(":1", ":1.0"))["event_id"] != expected
    for absent in ("null", '""', '" "', "{}", f'"{"x" * 257}"', '"sk_live_CANARY123"'):
        assert event(f'{{"id":{absent},{TYPE},{TIME}}}')["event_id"].startswith("h_")


def test_id_that_counts_as_none_is_kept() -> None:
    """An id too long to be one is not lost."""
    assert json.loads(event(portal(id="x" * 257))["extra"]) == {"id": "x" * 257}
    assert event(portal(id=None))["extra"] == event(portal(id=""))["extra"] == "{}"


def test_id_taken_before_redaction_tells_secrets_apart() -> None:
    """Two id-less events that differ in a secret only are two events of the same content."""
    one, other = (event(f'{{{TYPE},{TIME},"password":"{word}"}}') for word in ("a", "b"))
    assert one["event_id"] != other["event_id"]
    assert one["content_hash"] == other["content_hash"]


@pytest.mark.parametrize(
    "number",
    ["0.1234567890123456789012345", "1e400", "1E-7", "-0.0", "1.50", "123456789012345678901234567890", "9" * 5_000],
)
def test_number_stays_as_written(number: str) -> None:
    """No number is rounded on its way, as a value or as an id."""
    row = event(f'{{"id":{number[:256]},{TYPE},{TIME},"metadata":{{"n":{number}}}}}')
    assert row["properties"] == f'{{"n":{number}}}'
    assert row["event_id"] == number[:256]


def test_text_that_no_table_holds_is_mended() -> None:
    """Half an emoji is replaced, a NUL goes, of a key that stands twice the last value counts; all are marked."""
    rows = [
        event(f'{{"id":"evt_1",{TYPE},{TIME},"metadata":{{"a":"\\\\ud83d \\ud83d!\\ude00","b":1}}}}'),
        event(f'{{"id":"evt_1",{TYPE},{TIME},"metadata":{{"a":"\\u0000x\\u0000","\\u0000b":1}}}}'),
        event(f'{{"id":"evt_1",{TYPE},{TIME},"metadata":{{"a":1,"a":[{{"b":2}}]}}}}'),
    ]
    assert [json.loads(row["properties"]) for row in rows] == [
        {"a": "\\ud83d \ufffd!\ufffd", "b": 1}, {"a": "x", "b": 1}, {"a": [{"b": 2}]}
    ]  # fmt: skip
    assert [row["is_mended"] for row in rows] == [True] * 3
    assert not event(f'{{"id":"evt_1",{TYPE},{TIME},"metadata":{{"a":"\\u00e9 \\\\u0000"}}}}')["is_mended"]


def test_refused_line_is_kept_with_its_beginning() -> None:
    """Of a line that is no event the first 64 KiB stay."""
    line = b'{"a":"' + b"x" * (100 * 1024) + b'"}'
    assert refusal(line)["text"] == line[: 64 * 1024].decode()


def test_lines_can_be_set_aside_unread() -> None:
    """A reader that gives up on a line keeps what it has of it, redacted, for its own reason."""
    lines = Lines("portal", "a.jsonl", [7], [70], [b'{"token":"CANARY'])
    (row,) = set_aside(lines, "too_long", "99 bytes").quarantined.rows(named=True)
    assert (row["line_number"], row["byte_offset"], row["reason"], row["detail"]) == (7, 70, "too_long", "99 bytes")
    assert row["text"] == '{"token":[redacted:rest]'


def test_line_that_the_receiver_did_not_finish_is_torn() -> None:
    """In the receiver's own files a line that is no JSON was cut off; a text body that is none was sent so."""
    path = "received/2026-03-02/1-2-3.ndjson"
    assert refusal(GOOD[:30], "webhooks", path)["reason"] == "torn_write"
    assert refusal({"received_at": 1772442000, "body": GOOD[:30]}, "webhooks", path)["reason"] == "not_json"


SECRETS = [
    "https://id.workos.com/portal/launch?secret=CANARY",
    "https://setup.workos.com?token=CANARY",
    "https://app.acme.test/callback?code=CANARY",
    "https://user:CANARY@acme.test/",
    "eyJhbGciOiJub25lIn0.eyJDQU5BUlkiOjF9.CANARY",
    *("sk_live_CANARY1234", "sk_test_CANARY1234", "whsec_CANARY1234", "secret_CANARY1234", "Bearer CANARY1234567"),
    *("Basic CANARY1234567", "AKIACANARY12345678", "ghp_CANARY12345678", "xoxb-CANARY-123456", "AIzaCANARY12345678901"),
    "-----BEGIN PRIVATE KEY-----\nCANARY\n-----END PRIVATE KEY-----",
    "-----BEGIN CERTIFICATE-----\nCANARY\n-----END CERTIFICATE-----",
]
# "#" stands for what makes a good line, <S> for a secret, <W> for a whole event as text that holds it, <C> for one cut.
POSITIONS = [
    *('{"id":<S>,#}', '{"type":<S>,"timestamp":1772442000}', '{"type":"x","timestamp":<S>}', '{#,"timestamp":<S>}'),
    *('{#,"userId":<S>}', '{#,"organizationId":<S>}', '{#,"metadata":{"linkId":<S>}}', '{#,"metadata":{"intent":<S>}}'),
    *('{#,"metadata":{"connectionId":<S>,"provider":<S>,"environment":<S>}}', '{#,"portalLink":<S>}', "{#,<S>:1}"),
    *('{#,"metadata":{"a":[{"b":[<S>]}]}}', '{#,"metadata":{<S>:{"a":<S>}}}', '{#,"metadata":{"token":{"a":[<S>]}}}'),
    *(
        '{#,"metadata":<S>}',
        '{"a":<S>}',
        "[<S>]",
        "<S>",
        '{#,"a":<S>,"a":1}',
        "{<S>:1,<S>:2}",
        '{#,"a":<S>',
        "{'a': <S>}",
    ),
    *('{#,"a":<S>}}', '{"timestamp":1772442000,"a":<S>}', '{#,"metadata":{"\\ud83d":<S>}}', '{#,"a":{"data":<S>},}'),
    *('{"received_at":<S>,"headers":{"a":<S>},"body":{#,"data":{"a":<S>}}}', '{"id":<S>,"received_at":1,"body":{#}}'),
    *(
        '{"received_at":1,"body":<W>}',
        '{"received_at":1,"body":<C>}',
        '{"received_at":1,"body":[<S>]}',
        '{#,"log":<W>}',
    ),
]


@pytest.mark.parametrize("position", POSITIONS)
@pytest.mark.parametrize("source", ["portal", "webhooks"])
def test_secret_is_in_no_column(position: str, source: str) -> None:
    """No kind of secret in any position of a good or a bad line reaches a column, however it is escaped."""
    lines = []
    for secret in (json.dumps(secret) for secret in SECRETS):
        for quoted in (secret, secret.replace("/", "\\/"), secret.replace("e", "\\u0065")):
            whole = json.dumps(f'{{{TYPE},{TIME},"data":{{"a":{quoted}}}}}')
            line = position.replace("#", f"{TYPE},{TIME}").replace("<S>", quoted).replace("<W>", whole)
            lines.append(line.replace("<C>", whole[:-4] + '"'))
    fate = judged(*lines, source=source)
    assert fate.events.height + fate.quarantined.height == len(lines)
    assert "CANARY" not in str(fate.events.rows()) + str(fate.quarantined.rows())


def test_link_id_that_is_a_link_joins_with_its_token() -> None:
    """A link logged as its own id gets the id that its token alone would get."""
    link = "https://id.workos.com/portal/launch?secret=secret_CANARY123"
    ids = {event(portal(metadata={"linkId": link_id}))["link_id"] for link_id in (link, "secret_CANARY123")}
    assert len(ids) == 1
    assert ids.pop().startswith("[redacted:link:")


def test_secrets_are_counted_however_they_arrive() -> None:
    """A line counts its secrets, and the same line redacted before counts and weighs the same."""
    row = event(portal(metadata={"token": "a", "url": "https://setup.workos.com?token=b", "linkId": "lnk_1"}))
    again = event(portal(metadata=json.loads(row["properties"])))
    assert (row["redacted_count"], row["content_hash"]) == (2, again["content_hash"])
    assert again["redacted_count"] == 2


def test_hand_made_logs_balance() -> None:
    """A day's log of both kinds gives the events, copies and refusals that a person counts in it."""
    webhooks = [
        webhook("connection.activated", CONNECTION),
        {"received_at": "2026-03-02T09:00:01Z", "headers": {}, "body": webhook("connection.activated", CONNECTION)},
        {"received_at": "2026-03-08T12:00:00Z", "headers": {}, "body": None},
        {"received_at": "2026-03-10T12:00:00Z", "headers": {}, "body": '{"id":"event_cut","event":"connection.act'},
        webhook("organization.created", {"id": "org_1", "name": "<script>alert(1)</script>"}, id="event_2"),
        {},
    ]
    lines = [
        json.dumps(portal(metadata={"intent": "sso"})),
        json.dumps({"metadata": {"intent": "sso"}, **portal()}),
        GOOD[:50],
        "{'type': 'admin_portal.accessed'}",
        '["admin_portal.accessed"]',
        json.dumps({"id": "evt_2", "timestamp": "2026-03-02T09:00:00Z"}),
        json.dumps({"id": "evt_3", "type": "admin_portal.accessed"}),
        json.dumps(portal(timestamp="yesterday")),
    ]
    fates = [judged(*lines), judged(*map(json.dumps, webhooks), source="webhooks")]
    events, quarantined = (
        pl.concat(frames) for frames in zip(*((f.events, f.quarantined) for f in fates), strict=True)
    )
    assert (events.height, events["event_id"].n_unique(), events["content_hash"].n_unique()) == (5, 3, 3)
    assert quarantined["reason"].to_list() == [
        "not_json", "not_json", "not_an_object", "no_event_type", "no_timestamp", "bad_time",
        "not_an_object", "not_json", "no_event_type",
    ]  # fmt: skip


pieces = st.sampled_from([
    *(b"{", b"}", b"[", b"]", b":", b",", b'"', b"\\", b"\\u", b"d83d", b"0000", b"null", b"1", b"-0.5e3", b" ", b"\t"),
    *(b'"id"', b'"type"', b'"event"', b'"timestamp"', b'"created_at"', b'"data"', b'"metadata"', b'"body"', b'"token"'),
    *(b'"received_at"', b'"linkId"', b'"organizationId"', b'"2026-03-02"', b"1772442000", b'"x"', b"\xff", b"\xc3\xa9"),
    *(TYPE.encode(), TIME.encode(), GOOD.encode(), b'"event":"connection.activated"', b'"sso":{"connection_id":"c"}'),
])  # fmt: skip
shuffled = st.lists(pieces, max_size=14).map(b"".join)
inner = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.text(max_size=5)
    | st.just("2026-03-02"),
    lambda child: st.lists(child, max_size=3) | st.dictionaries(st.text(max_size=3), child, max_size=3),
    max_leaves=5,
)
KEYS = [
    "id",
    "event_id",
    "type",
    "event",
    "timestamp",
    "created_at",
    "data",
    "metadata",
    "body",
    "received_at",
    "userId",
]
objects = st.dictionaries(st.sampled_from(KEYS), inner | st.dictionaries(st.sampled_from(KEYS), inner), max_size=8)


@given(
    st.lists(
        st.binary(min_size=1, max_size=40) | shuffled | objects.map(lambda value: json.dumps(value).encode()),
        max_size=6,
    ),
    st.sampled_from(["portal", "webhooks", "elsewhere"]),
)
def test_any_line_has_exactly_one_fate(lines: list[bytes], source: str) -> None:
    """Whatever the bytes, each line is one row of one of the two frames, for a known reason, and nothing raises."""
    fate = judged(*lines, source=source)
    numbers = [*fate.events["origin_line"], *fate.quarantined["line_number"]]
    assert sorted(numbers) == list(range(1, len(lines) + 1))
    assert set(fate.quarantined["reason"]) <= REASONS.keys()
    for column in ("properties", "extra"):
        assert all(isinstance(json.loads(text), dict) for text in fate.events[column])
    assert fate.events.select("event_id", "event_type", "timestamp").null_count().sum_horizontal().item() == 0


@given(st.lists(objects, max_size=5), st.sampled_from(["portal", "webhooks"]))
def test_order_of_keys_does_not_matter(values: list[dict[str, Any]], source: str) -> None:
    """The same objects with their keys the other way round are the same events with the same content."""
    backwards = [dict(reversed(value.items())) for value in values]
    one, other = (judged(*map(json.dumps, side), source=source).events for side in (values, backwards))
    assert one.equals(other)


@given(shuffled)
def test_line_is_json_where_pythons_parser_says_so(line: bytes) -> None:
    """Our parser and Python's, told to take no NaN, agree on what is JSON."""
    try:
        json.loads(line.decode(), parse_constant=pytest.fail)
        expected = ""
    except ValueError as error:
        expected = "not_utf8" if isinstance(error, UnicodeDecodeError) else "not_json"
    reasons = {"not_utf8", "not_json"}.intersection(judged(line).quarantined["reason"])
    assert reasons == ({expected} if expected else set()) or (b'"body"' in line and not expected)


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ('"2026-03-02T09:00:00Z"', datetime(2026, 3, 2, 9, tzinfo=UTC)),
        ("1777111200", datetime(2026, 4, 25, 10, tzinfo=UTC)),
        ('"1777111200000"', datetime(2026, 4, 25, 10, tzinfo=UTC)),
        ('"2026-03-02 09:00:00,5"', datetime(2026, 3, 2, 9, 0, 0, 500_000, tzinfo=UTC)),
        ('"infinity"', None),
        ('"12026-04-02T10:00:00Z"', None),
        ('"soon"', None),
        ("null", None),
        ("[]", None),
    ],
)
def test_expiry_is_a_time_like_any_other(said: str, expected: datetime | None) -> None:
    """When a link expires is read like the event's own time; what is none is left out, and spoils nothing."""
    line = b'{"id":"a","type":"t","timestamp":"2026-03-01T09:00:00Z","metadata":{"expiresAt":%s}}' % said.encode()
    assert judged(line).events["expires_at"].to_list() == [expected]
