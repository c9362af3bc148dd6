"""What lies in the inbox: which files are read, which are not, and which of them were known under another name.

Names and sizes only. What is in a file is opened in `opening`, cut in `cutting`, and judged by the door.
"""

import contextlib
import os
import re
import stat
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain, count
from pathlib import Path

from pipelines.books import shown
from pipelines.commits import Position
from pipelines.durable import fixable
from pipelines.errors import FixableError
from pipelines.events import PORTAL, WEBHOOKS
from pipelines.sources.opening import EDGE, UnreadableError, open_file

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
    with fixable(inbox):
        entries = _entries(inbox)
    for entry in entries:
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
        try:
            entries = _entries(place)
        except OSError:
            listing.faults.append(["unreadable_file", source, below or "."])
            continue
        for entry in entries:
            path = below + entry.name
            kind = _list_entry(source, path, entry, listing)
            folders += [(Path(entry.path), path + "/")] if kind == stat.S_IFDIR else []


def _list_entry(source: str, path: str, entry: os.DirEntry[str], listing: Listing) -> int:
    """Put what is no folder into the listing; the kind of what it is."""
    try:
        info = entry.stat(follow_symlinks=False)
    except OSError:  # gone since it was listed
        listing.faults.append(["unreadable_file", source, path])
        return 0
    kind = stat.S_IFMT(info.st_mode)
    if kind not in {stat.S_IFDIR, stat.S_IFREG}:
        listing.faults.append(["not_a_file", source, path])
    elif kind == stat.S_IFREG and READ.fullmatch(entry.name):
        listing.files.append(InboxFile(source, path, Path(entry.path), info.st_size, info.st_mtime_ns, info.st_ino))
    elif kind == stat.S_IFREG:
        listing.unread.append(f"{source}/{shown(path)}")
    return kind


def _entries(folder: Path) -> list[os.DirEntry[str]]:
    """What a folder holds, by name, without what is hidden or still being written."""
    with os.scandir(folder) as entries:
        seen = [e for e in entries if not e.name.startswith(".") and not e.name.endswith(BEING_WRITTEN)]
    return sorted(seen, key=lambda entry: entry.name)


Heads = dict[str, list[Position]]


class Tracker:
    """Which position belongs to which file of a listing."""

    def __init__(self, positions: Iterable[Position], files: Sequence[InboxFile]) -> None:
        self._known = {(position.source, position.path): position for position in positions}
        self._numbers = count(max((position.file for position in self._known.values()), default=0) + 1)
        inodes = {(file.source, file.path): file.inode for file in files}
        moved = [p for place, p in self._known.items() if p.mark > 0 and inodes.get(place) != p.inode]
        by_head: Heads = {}
        for position in moved:
            by_head.setdefault(position.head, []).append(position)
        lengths = sorted({min(EDGE, position.mark) for position in moved})
        for file in files if moved else ():
            if (file.source, file.path) not in self._known:
                self._adopt(file, by_head, lengths, inodes)

    def known(self, file: InboxFile) -> Position | None:
        """The position of a file that was read before, under this name or another."""
        return self._known.get((file.source, file.path))

    def fresh(self, file: InboxFile) -> Position:
        """The position of a file that was not."""
        return Position(next(self._numbers), file.source, file.path)

    def _adopt(self, file: InboxFile, by_head: Heads, lengths: list[int], inodes: dict[tuple[str, str], int]) -> None:
        """Let a new name take over the position of a vanished file that it continues.

        So does a name whose old place another file has taken (a rotated log), where the inode shows that it moved.
        """
        with contextlib.suppress(UnreadableError), open_file(file.location) as opened:
            heads = (by_head.get(opened.head(length), []) for length in lengths if length <= opened.size)
            for position in chain.from_iterable(heads):
                place = (position.source, position.path)
                has_gone = place not in inodes or opened.inode == position.inode
                if position.source == file.source and has_gone and opened.continues(position):
                    by_head[position.head].remove(position)
                    del self._known[place]
                    self._known[file.source, file.path] = replace(position, path=file.path)
                    return
