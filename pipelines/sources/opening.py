"""A file of the inbox, opened with care: never followed, never mapped, its packing told by its first bytes.

Gives bytes; lines are cut in `cutting`.
"""

import hashlib
import os
import stat
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import zstandard

from pipelines.commits import Position

EDGE = 4096
CHUNK = 1 << 20
PACKED_CHUNK = 8192
"""Small, because a few packed bytes may unpack to very many."""


class UnreadableError(Exception):
    """The operating system does not give us the file; others go on."""


class CutOffError(Exception):
    """A packed file ends early or does not match its checksum; what came before is good."""


class OpenFile:
    """An open file, as large as it was when it was opened: what is written later is for the next build."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        info = os.fstat(descriptor)
        if not stat.S_ISREG(info.st_mode):
            raise UnreadableError("it is no file any more")
        self.size, self.mtime_ns, self.inode = info.st_size, info.st_mtime_ns, info.st_ino
        self._head = self._read(EDGE, 0)
        self._decoder = _decoder_of(self._head)
        self.is_packed = self._decoder is not None
        """Whether it is gzip or Zstandard, whatever its name says."""

    def chunks(self, offset: int) -> Iterator[bytes]:
        """The unpacked bytes; of a file that is not packed, those from `offset`.

        Raises:
            CutOffError: packed bytes are damaged or end early, after all that is good has been given.
        """
        return _unpack(self._raw(0, PACKED_CHUNK), self._decoder) if self._decoder else self._raw(offset, CHUNK)

    def edges(self, mark: int) -> tuple[str, str]:
        """SHA-256 of the first bytes, and of the last ones before byte `mark`."""
        length = min(EDGE, mark)
        return self.head(length), hashlib.sha256(self._read(length, mark - length)).hexdigest()

    def head(self, length: int) -> str:
        """SHA-256 of the first bytes."""
        return hashlib.sha256(self._read(length, 0)).hexdigest()

    def continues(self, position: Position) -> bool:
        """Whether the file starts with all that has been read at `position`."""
        mark = position.mark
        fits = self.size == mark if position.is_whole else self.size >= mark
        return mark > 0 and fits and self.edges(mark) == (position.head, position.tail)

    def is_unchanged(self, end: int, tail: bytes, *, is_whole: bool) -> bool:
        """Whether nobody cut or rewrote the file meanwhile; `tail` are the last bytes that were read, before `end`."""
        info = os.fstat(self._descriptor)
        if is_whole:
            return (info.st_size, info.st_mtime_ns) == (self.size, self.mtime_ns)
        has_head = self._read(len(self._head), 0) == self._head
        return info.st_size >= end and has_head and self._read(len(tail), end - len(tail)) == tail

    def _raw(self, offset: int, size: int) -> Iterator[bytes]:
        while offset < self.size and (data := self._read(min(size, self.size - offset), offset)):
            yield data
            offset += len(data)

    def _read(self, size: int, offset: int) -> bytes:
        try:
            return os.pread(self._descriptor, size, offset)
        except OSError as error:
            raise UnreadableError(error.strerror) from error


@contextmanager
def open_file(path: Path) -> Iterator[OpenFile]:
    """Open a regular file for reading; a symlink or a pipe put in its place is refused at once.

    Raises:
        UnreadableError: it cannot be opened.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        raise UnreadableError(error.strerror) from error
    try:
        yield OpenFile(descriptor)
    finally:
        os.close(descriptor)


def _decoder_of(head: bytes) -> Callable[[], Any] | None:
    if head.startswith(b"\x1f\x8b"):
        return lambda: zlib.decompressobj(wbits=31)
    skippable = head[1:4] == b"\x2a\x4d\x18" and head[0] & 0xF0 == 0x50
    if head.startswith(b"\x28\xb5\x2f\xfd") or skippable:
        return lambda: zstandard.ZstdDecompressor().decompressobj()
    return None


def _unpack(packed: Iterator[bytes], new_decoder: Callable[[], Any]) -> Iterator[bytes]:
    """All members or frames, each with its own end and checksum checked; zeros after one are padding."""
    decoder: Any = None
    for chunk in packed:
        left = chunk
        while left := left if decoder else left.lstrip(b"\0"):
            decoder = decoder or new_decoder()
            try:
                yield decoder.decompress(left)
            except (zlib.error, zstandard.ZstdError) as error:
                raise CutOffError(str(error)) from error
            left = decoder.unused_data if decoder.eof else b""
            decoder = None if decoder.eof else decoder
    if decoder is not None:
        raise CutOffError("it ends early")
