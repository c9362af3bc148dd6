from __future__ import annotations

import hashlib
import json
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.redaction import find_suspects, link_mark, redact, redact_text

JWT = "eyJhbGciOiJub25lIn0.eyJDQU5BUlkiOjF9.CANARY-sig_1"
PEM = "-----BEGIN RSA PRIVATE KEY-----\nCANARYCANARY\n-----END RSA PRIVATE KEY-----"
LINK = "https://id.workos.com/portal/launch?secret=secret_CANARY123"


def mark(token: str) -> str:
    return f"[redacted:link:{hashlib.sha256(token.encode()).hexdigest()[:12]}]"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (LINK, f"https://id.workos.com/portal/launch?{mark('secret_CANARY123')}"),
        ("https://setup.workos.com?token=CANARY", f"https://setup.workos.com?{mark('CANARY')}"),
        (f"Open {LINK} (24 h)", f"Open https://id.workos.com/portal/launch?{mark('secret_CANARY123')} (24 h)"),
        ("https://portal.acme.test/portal/launch?x=CANARY", None),
        ("https://acme.test/back?next=https%3A%2F%2Fsetup.workos.com%3Ftoken%3DCANARY", None),
        ("https%3A%2F%2Fsetup.workos.com%3Ftoken%3DCANARY", f"https%3A%2F%2Fsetup.workos.com?{mark('CANARY')}"),
        (r"https:\/\/setup.workos.com?token=CANARY", f"https://setup.workos.com?{mark('CANARY')}"),
        ("https://acme.test/cb?code=CANARY&state=1", "https://acme.test/cb?[redacted:query]"),
        ("https://acme.test/#access_token=CANARY", "https://acme.test/?[redacted:query]"),
        ("https://acme.test/?%74oken=CANARY", "https://acme.test/?[redacted:query]"),
        ("/callback?X-Amz-Signature=CANARY", "/callback?[redacted:query]"),
        ("postgres://app:CANARY%2F@db.test/x", "postgres://[redacted:credentials]@db.test/x"),
        (JWT, mark(JWT)),
        (f"Bearer {JWT}", f"Bearer {mark(JWT)}"),
        ("secret_CANARY123", mark("secret_CANARY123")),
        ("sk_live_CANARY123", "[redacted:key]"),
        ("key sk_test_CANARY123.", "key [redacted:key]."),
        ("whsec_CANARY+/123=", "[redacted:key]"),
        ("Authorization: Bearer CANARY-123456", "Authorization: [redacted:authorization]"),
        ("basic Q0FOQVJZOmNhbmFyeQ==", "[redacted:authorization]"),
        (PEM, "[redacted:pem]"),
        (PEM[:45], "[redacted:pem]"),
        (f"<X509Certificate>MII{'CANARY' * 9}</X509Certificate>", "<X509Certificate>[redacted:pem]</X509Certificate>"),
        ("AKIACANARY1234567890", "[redacted:key]"),
        ("ghp_CANARYCANARY1234", "[redacted:key]"),
        ("xoxb-CANARY-1234567", "[redacted:key]"),
        ("AIzaCANARYCANARY1234567", "[redacted:key]"),
        ('{"token": "CANARY", "x": 1}', '{"token":[redacted:rest]'),
        (r"{\"tok\u0065n\":\"CANARY\"}", None),
        ("grant=x&client_secret=CANARY", "grant=x&client_secret=[redacted:rest]"),
        ("%22token%22%3A%22CANARY%22", "%22token%22%3A[redacted:rest]"),
    ],
)
def test_secret_in_a_value_is_replaced(text: str, expected: str | None) -> None:
    """A secret goes wherever it stands in a text, and the text around it stays."""
    redacted, count = redact({"note": text})
    assert count == 1
    assert "CANARY" not in redacted["note"]
    assert expected is None or redacted["note"] == expected


@pytest.mark.parametrize(
    "key",
    [
        *("link", "portalLink", "portal_link", "PORTAL-URL", "invite_url", "magic_link", "links"),
        *("token", "accessToken", "refresh_token", "id_token", "bearer_token", "scim_token", "X-CSRF-Token", "tokens"),
        *("secret", "clientSecret", "api_key", "apiKey", "x-api-key", "private_key", "password", "passphrase"),
        *("Authorization", "cookie", "Set-Cookie", "SAMLResponse", "saml_response", "assertion", "verification_token"),
        *("otp", "WorkOS-Signature"),
    ],
)
@pytest.mark.parametrize("value", ["CANARY", ["CANARY"], {"a": [{"b": "CANARY"}]}, 123456])
def test_value_of_a_secret_key_is_replaced(key: str, value: Any) -> None:
    """Whatever stands under a secret key goes, however deep and however its words are joined."""
    redacted, count = redact({"a": [{key: value}]})
    assert count == 1
    assert "CANARY" not in json.dumps(redacted)
    assert "123456" not in json.dumps(redacted)


@pytest.mark.parametrize(
    "value",
    [
        {"linkId": "lnk_01a", "link_id": "lnk_01b", "token_suffix": "x9f2", "obfuscated_value": "sk_...x9f2"},
        {"error": {"code": "invalid_certificate", "message": "Invalid token: expired"}, "step": "client_secret_given"},
        {"certificate": {"certificate_type": "ResponseSigning", "expiry_date": "2026-04-02T00:00:00.000Z"}},
        {"token": None, "secret": "", "has_password": True, "intent": "sso", "email": "ana@example.com"},
        {"return_url": "https://app.acme.test/settings?tab=sso", "note": "Really? Yes! 50 % & more = better"},
        {"url": "https://setup.workos.com/", "user_agent": "Mozilla/5.0 (X11; Linux x86_64)"},
    ],
)
def test_value_without_a_secret_stays(value: Any) -> None:
    """Ids, error codes, dates, plain URLs and prose are none of our business."""
    assert redact(value) == (value, 0)


def test_link_and_its_token_get_one_mark() -> None:
    """A link, its token alone and a link under a link key still join after redaction."""
    expected = link_mark("secret_CANARY123")
    assert redact("secret_CANARY123")[0] == expected
    assert redact(LINK)[0].endswith(expected)
    assert redact({"link": LINK})[0] == {"link": expected}


def test_secret_in_a_key_name_is_replaced() -> None:
    """The name of a key may be a secret as well."""
    redacted, count = redact({"sk_live_CANARY123": 1, "plain": 2})
    assert (redacted, count) == ({"[redacted:key]": 1, "plain": 2}, 1)


@pytest.mark.parametrize(
    "text",
    [
        "{'type': 'x', 'link': 'CANARY', 'b': 1}",
        '{"type":"x","token":{"value":"CANARY"',
        '{"a":1,"password":"with \\" CANARY',
        '{"a":1,"tok\\u0065n":"CANARY"',
        "level=info client-secret: CANARY",
        "{token: CANARY}",
        '"body":"{\\"api_key\\":\\"CANARY',
        f'{{"a":"{LINK}',
        f"prefix {JWT} suffix",
        "t\0o\0k\0e\0n\0=\0C\0A\0N\0A\0R\0Y\0",
    ],
)
def test_secret_in_a_text_that_is_not_json_is_replaced(text: str) -> None:
    """In text that does not parse nothing stays behind a secret key, and patterns go as elsewhere."""
    assert "CANARY" not in redact_text(text)


def test_text_before_a_secret_key_stays() -> None:
    """What stands before the first secret key is kept, so that one can tell what the line was."""
    assert redact_text("{'type': 'x', 'link': 'y'}") == "{'type': 'x', 'link':[redacted:rest]"
    assert redact_text("{'type': 'admin_portal.accessed'}") == "{'type': 'admin_portal.accessed'}"
    assert redact_text(f"prefix {JWT} suffix") == f"prefix {mark(JWT)} suffix"


FRAGMENTS = [
    *("link", "Token", "api_key", "otp", "cookie", "id", "linkId", "https://", "id.workos.com", "/portal/launch", "?"),
    *("token=", "code=", "&", "#", "@", ":", "user", "eyJ", "abcdefgh12", ".", "secret_", "sk_live_", "whsec_", "ghp_"),
    *(
        "Bearer ",
        "basic ",
        "-----BEGIN PRIVATE KEY-----",
        "-----END PRIVATE KEY-----",
        "MII",
        "A" * 45,
        "AKIA",
        "xoxb-",
    ),
    *(
        '"',
        "\\",
        "'",
        "=",
        "%3D",
        "%3A",
        "%22",
        "%2F",
        "\\u0074",
        "\\/",
        "[redacted:link:0123456789ab]",
        "[redacted:key]",
    ),
    *(" ", "\n", "é", "\N{KELVIN SIGN}", "_", "-", "<", ">", "AIza", "{", "}", ",", "%3F", "%74oken="),
]
texts = st.lists(st.sampled_from(FRAGMENTS), max_size=8).map("".join)
values = st.recursive(
    texts | st.none() | st.booleans() | st.integers(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=6,
)


@given(values)
def test_redacting_again_changes_nothing(value: Any) -> None:
    """What the receiver has redacted passes the door unchanged, so both copies have one content."""
    once, _ = redact(value)
    assert redact(once)[0] == once


@given(values)
def test_whatever_is_redacted_is_a_suspect(value: Any) -> None:
    """The quick look over many lines never passes over one that holds a secret."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
    assert redact(value)[0] == value or find_suspects([b"{}", text]) == [1]


@pytest.mark.parametrize(
    "unit",
    [
        *(
            "eyJ",
            "_eyJ",
            "eyJaaaaaaaa.",
            "://",
            "://a@",
            "?a",
            "a",
            "-----BEGIN ",
            "-----BEGIN PRIVATE KEY-----",
            "MII",
        ),
        *('token"', "token ", "secret_", "basic ", "\\u005c", "%3", "%3D", "xoxb-", "\\", "a=", "MIIA" * 12 + " "),
    ],
)
def test_hostile_text_takes_no_longer_than_other_text(unit: str) -> None:
    """Time grows with the length and not with its square: a quarter megabyte of any pattern is a matter of moments."""
    text = unit * (250_000 // len(unit))
    started = time.process_time()
    redact(text)
    redact_text(text)
    assert time.process_time() - started < 2
