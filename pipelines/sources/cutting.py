"""From bytes to lines: numbers and offsets of each, in blocks that hang on nothing but the bytes and where they start.

A JSON document (an array, a pretty-printed object, a page of the Events API) is cut into elements, which then are
lines. Whether a line is any good is for the door to say.
"""

from __future__ import annotations

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
class LongLine:
    """A line that was passed over: its length in bytes, its SHA-256 and its beginning."""

    number: int
    offset: int
    length: int
    sha256: str
    beginning: bytes


@dataclass(frozen=True)
class Block:
    """Lines that are not blank, without outer blanks; `end` and `newlines` are where the next block starts."""

    numbers: list[int]
    offsets: list[int]
    data: list[bytes]
    end: int
    newlines: int
    tail: bytes
    long_line: LongLine | None = None

    @property
    def lines(self) -> int:
        """How many lines."""
        return len(self.data) + (self.long_line is not None)


class Window:
    """The next bytes of a stream, as many as one asks for."""

    def __init__(self, chunks: Iterator[bytes]) -> None:
        self._chunks = chunks
        self._held = bytearray()
        self._is_at_end = False
        self.is_incomplete = False
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
    while True:
        data = window.peek(BLOCK_BYTES)
        if b"\n" not in data and len(data) == BLOCK_BYTES:
            data = window.peek(LINE_BYTES + 1)
            data = data[: data.find(b"\n") + 1] or data
        if b"\n" in data:
            block = _block(data, offset, newlines)
            window.drop(block.end - offset)
        elif len(data) <= LINE_BYTES or not (passed := _pass_long_line(window, offset, newlines)):
            return
        else:
            block = passed
        yield block
        offset, newlines = block.end, block.newlines


def _block(data: bytes, offset: int, newlines: int) -> Block:
    parts = data.split(b"\n", BLOCK_LINES)
    used = len(data) - len(parts.pop())
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
    long_line = LongLine(newlines + 1, offset, length + last, digest.hexdigest(), beginning)
    return Block(
        [], [], [], offset + length + last + 1, newlines + 1, data[max(0, last + 1 - EDGE) : last + 1], long_line
    )


def is_document(start: bytes) -> bool:
    """Whether a `.json` file that starts so is one document, and not a line for each event."""
    line = start.removeprefix(BOM).lstrip().partition(b"\n")[0]
    if not line.startswith(b"{"):
        return line.startswith(b"[")
    try:
        return isinstance(json.loads(line), dict) and PAGE.search(line) is not None
    except (ValueError, RecursionError):  # a text never goes past its line: with an open one the line itself is bad
        return b'"' not in TOKEN.findall(line)


def cut_elements(document: bytes, spans: list[tuple[int, int]], offset: int) -> Iterator[Block]:
    """Blocks of the elements that start at `offset` or later; an element's number is its place in the document."""
    held: list[tuple[int, int, int]] = []
    for number, (at, end) in enumerate(spans, 1):
        if at < offset:
            continue
        is_long = end - at > LINE_BYTES
        if held and (is_long or len(held) == BLOCK_LINES or end - held[0][1] > BLOCK_BYTES):
            yield _element_block(document, held)
            held = []
        if is_long:
            digest = hashlib.sha256(document[at:end]).hexdigest()
            long_line = LongLine(number, at, end - at, digest, document[at : at + KEPT_BYTES])
            yield Block([], [], [], end, number, b"", long_line)
        else:
            held.append((number, at, end))
    if held:
        yield _element_block(document, held)


def _element_block(document: bytes, held: list[tuple[int, int, int]]) -> Block:
    data = [document[at:end] for _, at, end in held]
    return Block([span[0] for span in held], [span[1] for span in held], data, held[-1][2], held[-1][0], b"")


def find_elements(document: bytes) -> list[tuple[int, int]] | None:
    """Start and end of each element, outer blanks left out; None where a bracket or a text is open at the end."""
    elements = _Elements(document)
    for token in TOKEN.finditer(document):
        mark = token[0]
        if mark == b'"':
            return None
        if mark in (b"[", b"{"):
            elements.open(mark, token.start())
        elif mark in (b"]", b"}"):
            elements.close(token.start())
        elif mark == b"," and elements.depth == elements.level:
            elements.end(token.start(), token.end())
        elements.before = mark
    elements.end(len(document), len(document))
    return None if elements.depth else elements.spans


class _Elements:
    """Finds elements by brackets, texts and commas alone; whether one is JSON is judged at the door.

    Commas at depth `level` part elements; 0: none have begun; -1: those of this page are over.
    """

    def __init__(self, document: bytes) -> None:
        self._document = document
        self._start = len(document) - len(document.removeprefix(BOM))
        self._is_page = PAGE.search(document) is not None
        self.spans: list[tuple[int, int]] = []
        self.depth = self.level = 0
        self.before = b""

    def open(self, mark: bytes, at: int) -> None:
        """A bracket; that of an array, or of a page's data, begins the elements."""
        if self.depth == 0:
            self.end(at, at)
        self.depth += 1
        is_data = self.depth == 2 and self._is_page and self.before == b'"data"'
        if mark == b"[" and (self.depth == 1 or is_data):
            self.level, self._start = self.depth, at + 1

    def close(self, at: int) -> None:
        """The bracket's other half; a loose one belongs to the text between elements."""
        if self.depth == 0:
            return
        if self.depth == self.level:
            self.end(at, at + 1)
            self.level = -1
        elif self.depth == 1 and self.level == 0:
            self.end(at + 1, at + 1)
        self._start = at + 1 if self.depth == 1 else self._start
        self.depth -= 1
        self.level = self.level if self.depth else 0

    def end(self, at: int, start: int) -> None:
        """An element ends, if it is more than blanks, and the next one starts."""
        text = self._document[self._start : at]
        first, last = at - len(text.lstrip(WHITE)), self._start + len(text.rstrip(WHITE))
        self.spans += [(first, last)] if first < last else []
        self._start = start
