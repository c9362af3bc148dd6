"""What the parser lets pass and the door does not, and the little that the door mends: all of it rare.

Pure functions over one line or its parsed value; which lines need them is for `door` to tell cheaply.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from dataclasses import dataclass
from typing import Any

from pipelines.sources.envelopes import RefusedError

MAX_DEPTH = 64
MAX_KEYS = 10_000

_UNWANTED = re.compile(rb"\\u(?:0000|[dD][89a-fA-F])")
_HIGH, _LOW = rb"u[dD][89abAB][0-9a-fA-F]{2}", rb"u[dD][c-fC-F][0-9a-fA-F]{2}"
_ESCAPE = re.compile(rb"\\(?:" + _HIGH + rb"\\" + _LOW + rb"|(u0000)|(" + _HIGH + rb"|" + _LOW + rb")|.)", re.DOTALL)


@dataclass(frozen=True)
class Repeated:
    """Keys that stand twice in one object: one at the top, one at the top of `body`, and whether there are any."""

    at_top: str | None = None
    in_body: str | None = None
    is_any: bool = False


NONE_REPEATED = Repeated()


class _Object(dict[str, Any]):
    repeated: str | None = None


def mend(line: bytes) -> bytes:
    """JSON text with U+FFFD for half characters (lone surrogates) and without NULs, which no table can hold."""
    return _ESCAPE.sub(_mend_escape, line) if _UNWANTED.search(line) else line


def check_size(value: Any) -> None:
    """Raises RefusedError for what is nested too deep or has too many keys."""
    depth, keys, level = 0, 0, [value]
    while level := [node for node in level if isinstance(node, dict | list)]:
        depth += 1
        keys += sum(len(node) for node in level if isinstance(node, dict))
        if depth > MAX_DEPTH or keys > MAX_KEYS:
            raise RefusedError("too_deep", f"over {MAX_DEPTH} levels or {MAX_KEYS} keys")
        level = [child for node in level for child in (node.values() if isinstance(node, dict) else node)]


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
    if not isinstance(tree, _Object):
        return Repeated(is_any=is_any)
    return Repeated(tree.repeated, getattr(tree.get("body"), "repeated", None), is_any)


def _mend_escape(escape: re.Match[bytes]) -> bytes:
    return b"" if escape[1] else b"\\ufffd" if escape[2] else escape[0]
