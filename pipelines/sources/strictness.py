"""What the parser lets pass and the door does not, and the little that the door mends: all of it rare.

Pure functions over one line or its parsed value; which lines need them is for `door` to tell cheaply.
"""

import json
import re
from collections import Counter
from typing import Any, NamedTuple

MAX_DEPTH = 64
MAX_KEYS = 10_000

_STRING = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"?', re.DOTALL)
_BRACKET = re.compile(rb"[\[\]{}]")
_HIGH, _LOW = rb"u[dD][89abAB][0-9a-fA-F]{2}", rb"u[dD][c-fC-F][0-9a-fA-F]{2}"
_ESCAPE = re.compile(rb"\\(?:" + _HIGH + rb"\\" + _LOW + rb"|(" + _HIGH + rb"|" + _LOW + rb")|(u0000)|.)", re.DOTALL)


class RefusedError(Exception):
    """A line that goes to quarantine: a reason of `events.REASONS`, and a detail that quotes no secret."""

    def __init__(self, reason: str, detail: str = "") -> None:
        super().__init__(reason, detail)
        self.reason, self.detail = reason, detail


class Repeated(NamedTuple):
    """Keys that stand twice in one object: one at the top, one at the top of `body`, and whether there are any."""

    at_top: str | None = None
    in_body: str | None = None
    is_any: bool = False


NONE_REPEATED = Repeated()


class _Object(dict[str, Any]):
    repeated: str | None = None


def mend_halves(line: bytes) -> bytes:
    """The same with U+FFFD for each half of a character (lone surrogate); what is no JSON stays none."""
    return _ESCAPE.sub(lambda escape: rb"\ufffd" if escape[1] else escape[0], line)


def drop_nuls(text: bytes) -> bytes:
    """JSON text without the NULs in its strings, which no table can hold."""
    return _ESCAPE.sub(lambda escape: b"" if escape[2] else escape[0], text)


def check_depth(text: bytes) -> None:
    """Raises RefusedError for what is nested too deep, JSON or not: no parser should find out where it gives up."""
    depth = 0
    for bracket in _BRACKET.findall(_STRING.sub(b"", text)):
        depth += 1 if bracket in b"[{" else -1
        if depth > MAX_DEPTH:
            raise RefusedError("too_deep", f"over {MAX_DEPTH} levels")


def check_key_count(text: bytes) -> None:
    """Raises RefusedError for JSON with too many keys."""
    if text.count(b":") > MAX_KEYS and _STRING.sub(b"", text).count(b":") > MAX_KEYS:
        raise RefusedError("too_deep", f"over {MAX_KEYS} keys")


def find_repeated(text: bytes) -> Repeated:
    """Keys that stand twice in a JSON text that has been parsed before."""
    is_any = False

    def read(pairs: list[tuple[str, Any]]) -> _Object:
        nonlocal is_any
        found = _Object(pairs)
        if len(found) < len(pairs):
            is_any = True
            found.repeated = Counter(name for name, _ in pairs).most_common(1)[0][0]
        return found

    tree = json.loads(text, object_pairs_hook=read, parse_int=str, parse_float=str)
    top = tree if isinstance(tree, _Object) else _Object()
    return Repeated(top.repeated, getattr(top.get("body"), "repeated", None), is_any)
