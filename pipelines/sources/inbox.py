"""What lies in the inbox: which files are read, which are not, and which of them were known under another name.

Names and sizes only. What is in a file is opened in `opening`, cut in `cutting`, and judged by the door.
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

from pipelines.books import shown
from pipelines.commits import Position
from pipelines.errors import FixableError
from pipelines.events import PORTAL, WEBHOOKS
from pipelines.sources.opening import OpenFile

SOURCES = (PORTAL, WEBHOOKS)
READ = re.compile(r".+\.(?:jsonl|ndjson|json)(?:\.(?:gz|zst))?", re.IGNORECASE | re.DOTALL)
BEING_WRITTEN = (".tmp", ".part")


@dataclass(frozen=True)
class InboxFile:
    """A file that is read, as the listing saw it; `path` is relative to its source's folder."""

    source: str
    path: str
    location: Path
    size: int
    mtime_ns: int
    inode: int

    @property
    def shown(self) -> str:
        """Source and path, for sentences."""
        return f"{self.source}/{shown(self.path)}"


@dataclass(frozen=True)
class Listing:
    """The inbox: `files` by source and path, `unread` names that no rule reads, `faults` (finding, source, path)."""

    files: list[InboxFile] = field(default_factory=list)
    unread: list[str] = field(default_factory=list)
    faults: list[list[str]] = field(default_factory=list)


def scan(inbox: Path) -> Listing:
    """List the inbox without opening a file.

    Raises:
        FixableError: there is no inbox.
    """
    if not inbox.is_dir():
        names = " or ".join(f"{inbox.name}/{source}/" for source in SOURCES)
        raise FixableError(f"there is no inbox: {inbox} is missing; make it and put the logs into {names}")
    listing = Listing()
    for entry in _entries(inbox, "", "", listing):
        if entry.name in SOURCES and entry.is_dir():  # the operator may have made it a symlink
            _list_source(entry.name, Path(entry.path), listing)
        else:
            listing.unread.append(shown(entry.name) + ("/" if entry.is_dir() else ""))
    listing.files.sort(key=lambda file: (file.source, file.path))
    listing.faults.sort()
    return listing


def _list_source(source: str, folder: Path, listing: Listing) -> None:
    folders = [(folder, "")]
    while folders:
        place, below = folders.pop()
        for entry in _entries(place, source, below, listing):
            path = below + entry.name
            info = entry.stat(follow_symlinks=False)
            if stat.S_ISDIR(info.st_mode):
                folders.append((Path(entry.path), path + "/"))
            elif not stat.S_ISREG(info.st_mode):
                listing.faults.append(["not_a_file", source, path])
            elif READ.fullmatch(entry.name):
                found = InboxFile(source, path, Path(entry.path), info.st_size, info.st_mtime_ns, info.st_ino)
                listing.files.append(found)
            else:
                listing.unread.append(f"{source}/{shown(path)}")


def _entries(folder: Path, source: str, below: str, listing: Listing) -> Iterator[os.DirEntry[str]]:
    """What a folder holds, by name, without what is hidden or still being written."""
    try:
        with os.scandir(folder) as entries:
            names = sorted(entries, key=lambda entry: entry.name)
        yield from (e for e in names if not e.name.startswith(".") and not e.name.endswith(BEING_WRITTEN))
    except OSError:
        listing.faults.append(["unreadable_file", source, below or "."])


class Tracker:
    """Which position belongs to which file of a listing."""

    def __init__(self, positions: Iterable[Position], files: Iterable[InboxFile]) -> None:
        self._known = {(position.source, position.path): position for position in positions}
        present = {(file.source, file.path) for file in files}
        self._vanished = [position for place, position in self._known.items() if place not in present]
        self._next = max((position.file for position in self._known.values()), default=0) + 1

    def known(self, file: InboxFile) -> Position | None:
        """The position of the file of this name."""
        return self._known.get((file.source, file.path))

    def name(self, file: InboxFile, opened: OpenFile) -> Position:
        """A position for a file that is new by this name: that of a vanished one which it continues, or a fresh one."""
        for position in self._vanished:
            if position.source == file.source and opened.continues(position):
                self._vanished.remove(position)
                return replace(position, path=file.path)
        self._next += 1
        return Position(self._next - 1, file.source, file.path)
