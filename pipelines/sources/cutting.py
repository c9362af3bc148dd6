"""From bytes to lines: numbers and offsets of each, in blocks that hang on nothing but the bytes and where they start.

A JSON document (an array, a pretty-printed object, a page of the Events API) is cut into elements, which then are
lines. Whether a line is any good is for the door to say.
"""

import hashlib
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import accumulate, compress

from pipelines.sources.opening import EDGE, CutOffError

BLOCK_BYTES = 8 << 20
BLOCK_LINES = 50_000
LINE_BYTES = 16 << 20
DOCUMENT_BYTES = 128 << 20
KEPT_BYTES = 128 << 10
"""Of a line that is too long: twice what quarantine keeps, so that a secret across the edge is seen."""

BOM = b"\xef\xbb\xbf"
BLANKS = b" \t\r"
WHITE = BLANKS + b"\n"
TOKEN = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"|["\[\]{},]', re.DOTALL)
PAGE = re.compile(rb'"object"\s*:\s*"list"')


@dataclass(frozen=True)
class Block:
    """Lines that are not blank, without outer blanks; `end` and `newlines` are where the next block starts.

    `too_long` tells about the one line of a block that was passed over, of which `data` has the beginning.
    """

    numbers: list[int]
    offsets: list[int]
    data: list[bytes]
    end: int
    newlines: int
    tail: bytes = b""
    too_long: str | None = None


class Window:
    """The next bytes of a stream, as many as one asks for."""

    def __init__(self, chunks: Iterator[bytes]) -> None:
        self._chunks = chunks
        self._held = bytearray()
        self._is_at_end = self.is_incomplete = False
        self.taken = 0
        """Bytes taken from the stream so far."""

    def peek(self, size: int) -> bytes:
        """The next `size` bytes, or fewer where the stream ends."""
        while len(self._held) < size and not self._is_at_end:
            try:
                chunk = next(self._chunks, None)
            except CutOffError:
                chunk, self.is_incomplete = None, True
            self._is_at_end = chunk is None
            self._held += chunk or b""
            self.taken += len(chunk or b"")
        with memoryview(self._held) as view:
            return bytes(view[:size])

    def drop(self, size: int) -> None:
        """Go on by `size` bytes, also past what has been peeked at."""
        while size > 0 and (seen := min(size, len(self._held)) or len(self.peek(min(size, BLOCK_BYTES)))):
            del self._held[:seen]
            size -= seen


def cut_lines(window: Window, offset: int, newlines: int) -> Iterator[Block]:
    """Blocks of the lines that end with a newline; what follows the last one is left in the window.

    Args:
        window: the bytes from `offset` on.
        offset: where in the unpacked file that is.
        newlines: how many newlines stand before it.
    """
    while block := _next_block(window, offset, newlines):
        yield block
        offset, newlines = block.end, block.newlines


def _next_block(window: Window, offset: int, newlines: int) -> Block | None:
    data = window.peek(BLOCK_BYTES)
    if b"\n" not in data and len(data) == BLOCK_BYTES:
        data = window.peek(LINE_BYTES + 1)
        data = data[: data.find(b"\n") + 1] or data
    if b"\n" not in data:
        return _pass_long_line(window, offset, newlines) if len(data) > LINE_BYTES else None
    parts = data.split(b"\n", BLOCK_LINES)
    used = len(data) - len(parts.pop())
    window.drop(used)
    starts = list(accumulate((len(part) + 1 for part in parts), initial=offset))
    if offset == 0:
        parts[0] = parts[0].removeprefix(BOM)
    lines = [part.strip(BLANKS) for part in parts]
    return Block(
        numbers=list(compress(range(newlines + 1, newlines + len(lines) + 1), lines)),
        offsets=list(compress(starts, lines)),
        data=list(filter(None, lines)),
        end=starts[-1],
        newlines=newlines + len(lines),
        tail=data[max(0, used - EDGE) : used],
    )


def _pass_long_line(window: Window, offset: int, newlines: int) -> Block | None:
    """Go past a line without holding it; None where it has no end yet."""
    digest, length, beginning = hashlib.sha256(), 0, window.peek(KEPT_BYTES)
    while (data := window.peek(BLOCK_BYTES)) and b"\n" not in data:
        digest.update(data)
        length += len(data)
        window.drop(len(data))
    if not data:
        return None
    last = data.find(b"\n")
    digest.update(data[:last])
    window.drop(last + 1)
    tail = data[max(0, last + 1 - EDGE) : last + 1]
    too_long = _too_long(length + last, digest.hexdigest())
    return Block([newlines + 1], [offset], [beginning], offset + length + last + 1, newlines + 1, tail, too_long)


def _too_long(length: int, sha256: str) -> str:
    return f"{length} bytes, SHA-256 {sha256}"


def is_document(start: bytes) -> bool:
    """Whether a `.json` file that starts so is one document, and not a line for each event."""
    line = start.removeprefix(BOM).lstrip().partition(b"\n")[0]
    if not line.startswith(b"{"):
        return line.startswith(b"[")
    # A text never goes past its line: with an open one the line itself is bad.
    return PAGE.search(line) is not None if is_object(line) else b'"' not in TOKEN.findall(line)


def is_object(text: bytes) -> bool:
    """Whether it is one whole JSON object."""
    try:
        return isinstance(json.loads(text), dict)
    except (ValueError, RecursionError):
        return False


def cut_elements(document: bytes, spans: list[tuple[int, int]], offset: int) -> Iterator[Block]:
    """Blocks of the elements that start at `offset` or later; an element's number is its place in the document."""
    held: list[tuple[int, int, int]] = []
    new = [(number, at, end) for number, (at, end) in enumerate(spans, 1) if at >= offset]
    for number, at, end in new:
        is_long = end - at > LINE_BYTES
        if held and (is_long or len(held) == BLOCK_LINES or end - held[0][1] > BLOCK_BYTES):
            yield _element_block(document, held)
            held = []
        if is_long:
            too_long = _too_long(end - at, hashlib.sha256(document[at:end]).hexdigest())
            yield Block([number], [at], [document[at : at + KEPT_BYTES]], end, number, too_long=too_long)
        else:
            held.append((number, at, end))
    if held:
        yield _element_block(document, held)


def _element_block(document: bytes, held: list[tuple[int, int, int]]) -> Block:
    numbers, starts, ends = map(list, zip(*held, strict=True))
    return Block(numbers, starts, [document[at:end] for _, at, end in held], ends[-1], numbers[-1])


def find_elements(document: bytes) -> list[tuple[int, int]] | None:
    """Start and end of each element, outer blanks left out; None where a bracket or a text is open at the end.

    Brackets, texts and commas alone decide; whether an element, or what follows the last one, is JSON is for the door.
    """
    spans: list[tuple[int, int]] = []
    start, before = len(document) - len(document.removeprefix(BOM)), b""
    depth, level = 0, 1 if document[start:].lstrip(WHITE).startswith(b"[") else 2
    is_inside: bool | None = None  # commas at depth `level` part elements; None: not yet
    for token in TOKEN.finditer(document):
        mark = token[0]
        if mark == b'"':
            return None
        if mark == b"[" and depth + 1 == level and is_inside is None:
            is_inside = level == 1 or (before == b'"data"' and PAGE.search(document) is not None) or None
            start = token.end() if is_inside else start
        is_end = is_inside and depth == level and mark in (b",", b"]")
        depth += (mark in (b"[", b"{")) - (mark in (b"]", b"}"))
        if is_end:
            spans.append((start, token.start()))
            start, is_inside = token.end(), mark == b","
        elif depth == 0 and level == 2 and is_inside is False:
            start, level = token.end(), 0  # what a page tells beside its data is passed over
        before = mark
    spans.append((start, len(document)))
    return None if depth > 0 else [span for span in (_trimmed(document, *span) for span in spans) if span[0] < span[1]]


def _trimmed(document: bytes, start: int, end: int) -> tuple[int, int]:
    text = document[start:end]
    return end - len(text.lstrip(WHITE)), start + len(text.rstrip(WHITE))
