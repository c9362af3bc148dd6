"""One inbox file being read: where to start, what is new in it, and the position that this leads to."""

import re
from collections.abc import Iterator
from dataclasses import replace

from pipelines.commits import Position
from pipelines.sources import cutting
from pipelines.sources.cutting import Block, Window
from pipelines.sources.opening import EDGE, OpenFile, UnreadableError

_MAY_BE_DOCUMENT = re.compile(r"\.json(?:\.(?:gz|zst))?$", re.IGNORECASE)


def start_of(position: Position, opened: OpenFile, *, full: bool) -> Position:
    """Where to start: behind all that was read before, or at the first byte with empty books.

    In doubt at the first byte: reading a line twice costs time, skipping one loses an event.
    """
    is_same = (opened.size, opened.mtime_ns, opened.inode) == (position.size, position.mtime_ns, position.inode)
    goes_on = is_same if position.is_whole else opened.continues(position)
    if not goes_on or full:
        is_rewritten = position.is_rewritten or (position.offset > 0 and not position.is_whole and not goes_on)
        position = Position(position.file, position.source, position.path, is_rewritten=is_rewritten)
    return replace(position, size=opened.size, mtime_ns=opened.mtime_ns, inode=opened.inode, is_finished=False)


class Reading:
    """A pass over an open file; `position` moves with `take`."""

    def __init__(self, opened: OpenFile, position: Position, *, is_rested: bool) -> None:
        self.position = position
        self._opened, self._is_rested = opened, is_rested
        self._first = 0 if opened.is_packed or position.is_whole else position.offset
        self._window = Window(opened.chunks(self._first))
        self._waiting, self._tail = 0, b""

    def blocks(self) -> Iterator[Block]:
        """The lines that are new; each block is to be taken before the next one is asked for.

        Raises:
            UnreadableError: the file cannot be read to its end, or is a document too large to hold.
        """
        is_fresh = self.position.is_whole or self.position.offset == 0
        may_be_document = is_fresh and _MAY_BE_DOCUMENT.search(self.position.path) is not None
        is_document = may_be_document and cutting.is_document(self._window.peek(cutting.BLOCK_BYTES))
        self.position = replace(self.position, is_whole=is_document or self._opened.is_packed)
        yield from self._elements() if is_document else self._lines()

    def take(self, block: Block) -> None:
        """Count a block as read."""
        lines = self.position.lines + len(block.data)
        self.position = replace(self.position, offset=block.end, newlines=block.newlines, lines=lines)
        self._tail = block.tail

    def seal(self) -> bool:
        """Bring the marks of what has been read into `position`; False where the file was cut or changed meanwhile."""
        head, tail = self._opened.edges(self.position.mark)
        self.position = replace(self.position, head=head, tail=tail)
        return self._opened.is_unchanged(self.position.offset, self._tail, is_whole=self.position.is_whole)

    def finish(self) -> bool:
        """The same, with what is left over at the end of the file."""
        self.position = replace(
            self.position,
            is_finished=True,
            is_rested=self._is_rested and self._waiting > 0,
            is_incomplete=self._window.is_incomplete,
            waiting_bytes=self._waiting,
        )
        return self.seal()

    def _elements(self) -> Iterator[Block]:
        most = cutting.DOCUMENT_BYTES
        document = self._window.peek(most + 1)
        if len(document) > most:
            raise UnreadableError(f"one JSON document of more than {most >> 20} MiB; write one event a line")
        elements = None if self._window.is_incomplete else cutting.find_elements(document)
        if elements is None:
            self._waiting = len(document)
        else:
            yield from cutting.cut_elements(document, elements, self.position.offset)

    def _lines(self) -> Iterator[Block]:
        self._window.drop(self.position.offset - self._first)
        yield from cutting.cut_lines(self._window, self.position.offset, self.position.newlines)
        end, newlines, rest = self.position.offset, self.position.newlines, self._window.peek(cutting.LINE_BYTES)
        line = (rest if end else rest.removeprefix(cutting.BOM)).strip(cutting.BLANKS)
        left = self._first + self._window.taken - end
        may_be_taken = self._is_rested and not self._window.is_incomplete
        if len(rest) < left or (line and not (may_be_taken and cutting.is_object(line))):
            self._waiting = left  # more than `rest` where the line is too long to hold
        elif line:
            yield Block([newlines + 1], [end], [line], end + left, newlines, rest[-EDGE:])
