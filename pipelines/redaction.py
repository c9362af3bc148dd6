"""Secrets out, before anything is written: what counts as one, and what stands in its place.

Used by the door and by whatever receives events. A secret becomes `[redacted:kind]`; portal links, JWTs and
`secret_` values are random by nature and become `[redacted:link:<12 hex of SHA-256>]`, so that links still join.
What has been redacted stays as it is when redacted again. In doubt a value goes: the inbox still has it.
"""

import hashlib
import re
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any
from urllib.parse import unquote

import polars as pl

MARK = re.compile(r"\[redacted:[a-z]+(?::[0-9a-f]{12})?\]")
"""What stands where a secret was."""

# Keys that end so (plurals too, whatever the case and however the words are joined) hold a secret of that kind.
_KINDS = {
    **{word: (word,) for word in ("token", "secret", "authorization", "cookie", "otp")},
    "link": ("link", "portal url", "invite url"),
    "key": ("api key", "private key"),
    "password": ("password", "passphrase"),
    "saml": ("saml response", "assertion"),
    "signature": ("workos signature",),
}
_JOINTS = ("", "_", "-", ".", " ")
_ENDS = "|".join(f"(?P<{kind}>{'|'.join(ends)})" for kind, ends in _KINDS.items()).replace(" ", "[_. -]?")
_SECRET_KEY = re.compile(rf"(?:{_ENDS})s?\Z", re.IGNORECASE | re.ASCII)

# Every pattern below starts at the edge of a run or at a rare literal and never steps back over a run, so that a
# hostile megabyte takes no longer than any other.
_PORTAL = re.compile(r"\b(?:setup|id)\.workos\.com\b|/portal/launch", re.IGNORECASE | re.ASCII)
_SECRET_QUERY = re.compile(r"(?:token|secret|code|key|sig|signature|password)=", re.IGNORECASE | re.ASCII)
_LINK_SECRET = re.compile(r"""(?:token|secret)=([^&\s#"'<>\\]+)""", re.IGNORECASE | re.ASCII)
_KEY = r"(?<![\w.-])(?!(?<=\[redacted:)link:[0-9a-f]{12}\])([\w.-]++)"
_KEY_IN_JSON = re.compile(_KEY + r"""(?=(\\*(?:["']|%22)\s{0,4}(?::|%3[aA])|=|%3[dD]))""", re.ASCII)
_KEY_IN_TEXT = re.compile(_KEY + r"""(?=(\\*(?:["']|%22)?\s{0,4}(?:[:=]|%3[aAdD])))""", re.ASCII)
_ESCAPE = re.compile(r"(?<!\\)\\++(?:u00([2-7][0-9a-fA-F])|(/))")

_PEM = r"-----BEGIN [A-Z0-9 ]{0,40}?(?:PRIVATE KEY|CERTIFICATE)[A-Z ]{0,20}-----.*?(?:-----END [A-Z0-9 ]{0,60}-----|\Z)"
# Host and path, then query and fragment, of any location, with or without scheme, percent-encoded or not.
_LOCATION = r"""(?<![^\s"'<>\\?#])((?:[^\s"'<>\\?#%]|%(?!3[fF]|23))*+)((?:[?#]|%3[fF]|%23)[^\s"'<>\\]*+)"""
_API_KEY = (
    r"(?:(?<![A-Za-z0-9])|(?<=%3[dD]))(?:sk_(?:live|test)_[\w-]{8,}+|whsec_[\w+/=-]{8,}+"
    r"|gh[opsru]_[A-Za-z0-9]{8,}+|xox[a-z]-[\w-]{8,}+|AIza[\w-]{16,}+|A[KS]IA[0-9A-Z]{12,}+)"
)
_RULES: list[tuple[re.Pattern[str], str | Callable[[re.Match[str]], str]]] = [
    (re.compile(pattern, re.ASCII | re.DOTALL), replacement)
    for pattern, replacement in (
        (_PEM, "[redacted:pem]"),
        # PEM without its frame, as SAML metadata carries certificates: DER in base64 starts so.
        (r"(?<![\w+/])MII[\w+/=]{40,}+(?:\s{1,4}[\w+/=]{16,}+)*+", "[redacted:pem]"),
        (_LOCATION, lambda match: _without_query(match[1], match[2])),
        (r"""://[^\s/?#"'<>\\]+@""", "://[redacted:credentials]@"),
        (r"(?<![\w-])(?>[\w-]*?eyJ)[\w-]{8,}+\.[\w-]{2,}+(?:\.[\w-]*+){0,4}", lambda match: link_mark(match[0])),
        (r"(?:(?<![\w-])|(?<=%3[dD]))secret_[\w-]{8,}+", lambda match: link_mark(match[0])),
        (_API_KEY, "[redacted:key]"),
        (r"(?i)(?<![a-z])(?:bearer|basic) +[\w.~+/=:-]{12,}+", "[redacted:authorization]"),
    )
]

# A JSON text without any of these, whatever the case, holds no secret: every rule above needs one of them.
_SHORT = ("link", "otp")  # too common within words to be a sign without what follows a key
_SIGNS = [
    *(f"{key}{end}" for key in _SHORT for end in ('"', "\\", "'", "=", 's"', "s\\", "s'", "s=")),
    *(end.replace(" ", joint) for ends in _KINDS.values() for end in ends if end not in _SHORT for joint in _JOINTS),
    *("-----begin", "mii", "workos.com", "/portal/launch", "://", "eyj", "sk_live_", "sk_test_", "whsec_", "xox"),
    *("aiza", "gho_", "ghp_", "ghr_", "ghs_", "ghu_", "akia", "asia", "bearer", "basic"),
    *("code=", "key=", "sig=", "signature=", "[redacted:", "%2", "%3", "%4", "%5", "%6", "%7"),
    *("\\u00", "\\/"),  # text with escapes of its own may hide any of the others
]


def redact(value: Any, kind: str | None = None) -> tuple[Any, int]:
    """Parsed JSON without its secrets, in keys and values, and how many strings or numbers were replaced.

    `kind` is what a key above says that the value is; then nothing of it stays.
    """
    if isinstance(value, str):
        text = _under_key(value, kind) if kind else _clean(value, _KEY_IN_JSON)
        return text, int(text != value)
    if isinstance(value, list):
        redacted = [redact(element, kind) for element in value]
        return [element for element, _ in redacted], sum(count for _, count in redacted)
    if isinstance(value, dict):
        return _redact_object(value, kind)
    if kind is None or value is None or isinstance(value, bool):
        return value, 0
    return f"[redacted:{kind}]", 1


def redact_text(text: str) -> str:
    """A text that is not JSON without its secrets, cut at the first secret key.

    Nobody can say where the value of that key ends in a text that no parser understood.
    """
    return _clean(text.replace("\0", ""), _KEY_IN_TEXT)


def link_mark(text: str) -> str:
    """What stands for a portal link, or for the token in it: the same for both."""
    secret = _LINK_SECRET.search(text)
    value = unquote(secret[1]) if secret else text.strip()
    return f"[redacted:link:{hashlib.sha256(value.encode()).hexdigest()[:12]}]"


def find_suspects(texts: Sequence[bytes]) -> list[int]:
    """Which of these JSON texts (without needless escapes) may hold a secret or a mark of one."""
    series = pl.Series([text.decode() for text in texts], dtype=pl.String)
    return series.str.contains_any(_SIGNS, ascii_case_insensitive=True).arg_true().to_list()


def _redact_object(value: dict[str, Any], kind: str | None) -> tuple[dict[str, Any], int]:
    kept: dict[str, Any] = {}
    count = 0
    for key, member in value.items():
        name = _clean_key(key) if len(key) <= 64 else _clean(key, _KEY_IN_JSON)
        kept[name], replaced = redact(member, _kind_of(key[-64:]) or kind)
        count += replaced + (name != key)
    return kept, count


@lru_cache(maxsize=4096)
def _clean_key(key: str) -> str:
    return _clean(key, _KEY_IN_JSON)


@lru_cache(maxsize=4096)
def _kind_of(key: str) -> str | None:
    match = _SECRET_KEY.search(key)
    return match.lastgroup if match else None


def _under_key(text: str, kind: str) -> str:
    if not text.strip() or MARK.fullmatch(text):
        return text
    if kind == "link":
        return link_mark(text)
    cleaned = _clean(text, _KEY_IN_JSON)
    return cleaned if MARK.fullmatch(cleaned) else f"[redacted:{kind}]"


def _clean(text: str, keys: re.Pattern[str]) -> str:
    """The text itself where no rule finds anything."""
    plain = _unescape(text)
    cleaned = _apply_rules(plain, keys)
    if cleaned == plain:
        return text
    # A mark may make another secret of its neighbours, so that redacting again would find more.
    for _ in range(3):
        before, cleaned = cleaned, _apply_rules(_unescape(cleaned), keys)
        if cleaned == before:
            break
    return cleaned


def _apply_rules(text: str, keys: re.Pattern[str]) -> str:
    for pattern, replacement in _RULES:
        text = pattern.sub(replacement, text)
    for match in keys.finditer(text):
        if _kind_of(match[1][-64:]):
            return text[: match.end(2)] + "[redacted:rest]"
    return text


def _unescape(text: str) -> str:
    for _ in range(3):
        if "\\u00" not in text and "\\/" not in text:
            break
        text = _ESCAPE.sub(lambda match: match[2] or chr(int(match[1], 16)), text)
    return text


def _without_query(place: str, query: str) -> str:
    """A URL that carries a secret: host and path stay, the rest goes."""
    if len(query) == 1 or MARK.fullmatch(query[1:]):
        return place + query
    plain = unquote(unquote(query))
    if _PORTAL.search(unquote(place)):
        return f"{place}?{link_mark(plain)}"
    return f"{place}?[redacted:query]" if _SECRET_QUERY.search(plain) else place + query
