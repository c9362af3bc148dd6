"""From the inbox to the event store: what is new in each file, judged at the door, one commit a batch.

Batches hang on the files alone, so that a run that was killed goes on to the very same store. The caller holds the
build lock.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import polars as pl

from pipelines.books import shown
from pipelines.commits import Position
from pipelines.event_store import EventStore
from pipelines.events import EVENT_SCHEMA, QUARANTINE_SCHEMA
from pipelines.paths import DataPaths
from pipelines.settings import Settings
from pipelines.sources.cutting import Block
from pipelines.sources.door import Judged, Lines, judge, set_aside
from pipelines.sources.inbox import InboxFile, Listing, Tracker, scan
from pipelines.sources.opening import UnreadableError, open_file
from pipelines.sources.reading import Reading, start_of

Progress = Callable[[int, int], None]
BATCH_LINES = 100_000
BATCH_BYTES = 64 << 20


@dataclass
class IngestReport:
    """What one run read: lines by fate, and sentences for the operator."""

    lines: int = 0
    events: int = 0
    duplicates: int = 0
    quarantined: int = 0
    batches: int = 0
    files_read: int = 0
    waiting_bytes: int = 0
    notices: list[str] = field(default_factory=list)

    def count(self, counts: Mapping[str, int]) -> None:
        """Add a committed batch."""
        self.batches += any(counts.values())
        self.lines += sum(counts.values())
        self.events += counts["events"]
        self.duplicates += counts["duplicates"]
        self.quarantined += counts["quarantined"]


def ingest(
    paths: DataPaths, settings: Settings, *, full: bool = False, now_us: int, progress: Progress | None = None
) -> IngestReport:
    """Bring everything new in the inbox into the event store.

    Args:
        paths: the data directory; its lock is held.
        settings: how long a last line without newline waits.
        full: read every file from its first byte, to notice changes in the middle of one.
        now_us: wall clock, µs since 1970.
        progress: called with bytes read so far and bytes to be read.

    Raises:
        FixableError: there is no inbox, the store is damaged, or the disk is full; every commit made so far stands.
        CheckFailedError: the books of a file do not balance.
    """
    listing = scan(paths.inbox)
    store = EventStore.open(paths)
    run = _Run(store, now_us, settings.ingestion.rest_before_last_line, progress)
    if removed := store.tidy():
        run.report.notices.append(f"went on after commit {store.number}: {removed} unfinished files removed")
    if store.lost:
        store.reread_lost({(file.source, file.path) for file in listing.files}, now_us)
        run.report.notices.append("lines of the quarantine were lost: their files are read again")
    tracker = Tracker(store.positions.values(), listing.files)
    news = [file for file in listing.files if full or run.is_new(file, tracker.known(file))]
    run.expected = sum(file.size for file in news)
    for file in news:
        run.read(file, tracker, full=full)
    run.finish(listing)
    return run.report


@dataclass(frozen=True)
class _Part:
    """A block that was judged."""

    number: int
    events: pl.DataFrame
    quarantined: pl.DataFrame


class _Run:
    """Everything read and not yet committed, and the report on what was."""

    def __init__(self, store: EventStore, now_us: int, rest_us: int, progress: Progress | None) -> None:
        self.report = IngestReport()
        self.expected = self._done = self._told = 0
        self._progress = progress
        self._store, self._now_us, self._rest_us = store, now_us, rest_us
        self._parts: list[_Part] = []
        self._positions: dict[int, Position] = {}
        self._lines = self._bytes = 0
        self._faults: list[list[str]] = []

    def is_new(self, file: InboxFile, known: Position | None) -> bool:
        """Whether a file has to be opened: it changed, was left in the middle, or its last line has waited enough."""
        if known is None or not known.is_finished or known != self._store.positions[known.file]:
            return True
        if (known.size, known.mtime_ns, known.inode) != (file.size, file.mtime_ns, file.inode):
            return True
        return known.waiting_bytes > 0 and not known.is_rested and self._has_rested(file.mtime_ns)

    def read(self, file: InboxFile, tracker: Tracker, *, full: bool) -> None:
        """Judge what is new in a file; a file that cannot be read, or changes meanwhile, is left to the next run."""
        number = None
        try:
            with open_file(file.location) as opened:
                start = start_of(tracker.known(file) or tracker.fresh(file), opened, full=full)
                number = start.file
                is_rested = self._has_rested(opened.mtime_ns)
                if self._read_blocks(file, Reading(opened, start, is_rested=is_rested)):
                    self.report.files_read += 1
                    self._done += file.size
                    return
            fault = "it was changed while it was being read; the next build reads it"
        except UnreadableError as error:
            self._faults.append(["unreadable_file", file.source, file.path])
            fault = f"it cannot be read ({error})"
        self._parts = [part for part in self._parts if part.number != number]
        self._positions.pop(number or 0, None)
        self.report.notices.append(f"{file.shown}: {fault}")

    def finish(self, listing: Listing) -> None:
        """Commit what is left, with what the inbox holds beside good files."""
        self._commit(sorted(listing.faults + self._faults))
        self.report.waiting_bytes = sum(position.waiting_bytes for position in self._store.positions.values())
        unlisted = [shown(f"{source}/{path}") for fault, source, path in listing.faults if fault == "unreadable_file"]
        self.report.notices += [f"{name}: it cannot be listed" for name in unlisted]
        if listing.unread:
            names = ", ".join(listing.unread[:5]) + (", ..." if len(listing.unread) > 5 else "")
            self.report.notices.append(f"no rule reads these {len(listing.unread)} names in the inbox: {names}")

    def _tell(self, read: int) -> None:
        """Say how far we are, at most once for each per cent."""
        share = 100 * (self._done + read) // max(self.expected, 1)
        if self._progress and share > self._told:
            self._told = share
            self._progress(self._done + read, self.expected)

    def _has_rested(self, mtime_ns: int) -> bool:
        return self._now_us - mtime_ns // 1000 >= self._rest_us

    def _read_blocks(self, file: InboxFile, reading: Reading) -> bool:
        number = reading.position.file
        for block in reading.blocks():
            size = sum(map(len, block.data))
            if self._parts and (self._lines + len(block.data) > BATCH_LINES or self._bytes + size > BATCH_BYTES):
                if not reading.seal():
                    return False
                self._positions[number] = reading.position
                self._commit()
                reading.position = self._store.positions[number]
            self._parts.append(_judge(file, number, block))
            self._lines += len(block.data)
            self._bytes += size
            reading.take(block)
            self._tell(min(block.end, file.size))
        is_good = reading.finish()
        self._positions[number] = reading.position
        return is_good

    def _commit(self, faults: list[list[str]] | None = None) -> None:
        frames = [
            pl.DataFrame(schema={**schema, "origin_file": pl.Int64()}) for schema in (EVENT_SCHEMA, QUARANTINE_SCHEMA)
        ]
        events = pl.concat([frames[0], *(part.events for part in self._parts)])
        quarantined = pl.concat([frames[1], *(part.quarantined for part in self._parts)])
        positions = list(self._positions.values())
        counts = self._store.append(events, quarantined, positions, findings=faults, now_us=self._now_us)
        self.report.count(counts)
        self._parts, self._positions, self._lines, self._bytes = [], {}, 0, 0


def _judge(file: InboxFile, number: int, block: Block) -> _Part:
    lines = Lines(file.source, shown(file.path), block.numbers, block.offsets, block.data)
    if block.too_long:
        judged = Judged(pl.DataFrame(schema=EVENT_SCHEMA), set_aside(lines, "too_long", block.too_long))
    else:
        judged = judge(lines)
    origin = pl.lit(number, pl.Int64()).alias("origin_file")
    return _Part(number, judged.events.with_columns(origin), judged.quarantined.with_columns(origin))
