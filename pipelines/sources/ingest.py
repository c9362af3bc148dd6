"""From the inbox to the event store: what is new in each file, judged at the door, one commit a batch.

Batches hang on the files alone, so that a run that was killed goes on to the very same store. The caller holds the
build lock.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

import polars as pl

from pipelines.books import shown
from pipelines.commits import Position
from pipelines.event_store import QUARANTINED_SCHEMA, EventStore
from pipelines.events import EVENT_SCHEMA
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
NOTHING = Judged(
    pl.DataFrame(schema={**EVENT_SCHEMA, "origin_file": pl.Int64()}), pl.DataFrame(schema=QUARANTINED_SCHEMA)
)


@dataclass
class IngestReport:
    """What one run read: lines by fate, and sentences for the operator."""

    lines: int = 0
    events: int = 0
    duplicates: int = 0
    quarantined: int = 0
    batches: int = 0
    notices: list[str] = field(default_factory=list)


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
        run.report.notices.append(f"went on after commit {store.history.number}: {removed} unfinished files removed")
    if store.lost:
        store.reread_lost({(file.source, file.path) for file in listing.files}, now_us)
        run.report.notices.append("lines of the quarantine were lost: their files are read again")
    tracker = Tracker(store.history.positions.values(), listing.files)
    news = [file for file in listing.files if full or run.is_new(file, tracker.known(file))]
    run.expected = sum(file.size for file in news)
    for file in news:
        run.read(file, tracker, full=full)
    run.finish(listing)
    return run.report


class _Run:
    """Everything read and not yet committed, and the report on what was."""

    def __init__(self, store: EventStore, now_us: int, rest_us: int, progress: Progress | None) -> None:
        self.report = IngestReport()
        self.expected = self._done = self._told = 0
        self._progress = progress
        self._store, self._now_us, self._rest_us = store, now_us, rest_us
        self._parts: list[tuple[InboxFile, Judged]] = []
        self._positions: dict[InboxFile, Position] = {}
        self._lines = self._bytes = 0
        self._faults: list[list[str]] = []

    def is_new(self, file: InboxFile, known: Position | None) -> bool:
        """Whether a file has to be opened: it changed, was left in the middle, or its last line has waited enough."""
        if known is None or not known.is_finished or known != self._store.history.positions[known.file]:
            return True
        has_changed = (known.size, known.mtime_ns, known.inode) != (file.size, file.mtime_ns, file.inode)
        return has_changed or (known.waiting_bytes > 0 and not known.is_rested and self._has_rested(file.mtime_ns))

    def read(self, file: InboxFile, tracker: Tracker, *, full: bool) -> None:
        """Judge what is new in a file; a file that cannot be read, or changes meanwhile, is left to the next run."""
        try:
            with open_file(file.location) as opened:
                start = start_of(tracker.known(file) or tracker.fresh(file), opened, full=full)
                if self._read_blocks(file, Reading(opened, start, is_rested=self._has_rested(opened.mtime_ns))):
                    self._done += file.size
                    return
            fault = "it was changed while it was being read; the next build reads it"
        except UnreadableError as error:
            self._faults.append(["unreadable_file", file.source, file.path])
            fault = f"it cannot be read ({error})"
        self._parts = [part for part in self._parts if part[0] != file]
        self._positions.pop(file, None)
        self.report.notices.append(f"{file.shown}: {fault}")

    def finish(self, listing: Listing) -> None:
        """Commit what is left, with what the inbox holds beside good files."""
        self._commit(sorted(listing.faults + self._faults))
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
                self._positions[file] = reading.position
                self._commit()
                reading.position = self._store.history.positions[number]
            self._parts.append((file, _judge(file, number, block)))
            self._lines += len(block.data)
            self._bytes += size
            reading.take(block)
            self._tell(min(block.end, file.size))
        is_good = reading.finish()
        self._positions[file] = reading.position
        return is_good

    def _commit(self, faults: list[list[str]] | None = None) -> None:
        events, quarantined = map(pl.concat, zip(NOTHING, *(judged for _, judged in self._parts), strict=True))
        positions = list(self._positions.values())
        counts = self._store.append(events, quarantined, positions, findings=faults, now_us=self._now_us)
        self.report.batches += any(counts.values())
        self.report.lines += sum(counts.values())
        self.report.events += counts["events"]
        self.report.duplicates += counts["duplicates"]
        self.report.quarantined += counts["quarantined"]
        self._parts, self._positions, self._lines, self._bytes = [], {}, 0, 0


def _judge(file: InboxFile, number: int, block: Block) -> Judged:
    lines = Lines(file.source, shown(file.path), block.numbers, block.offsets, block.data)
    judged = set_aside(lines, "too_long", block.too_long) if block.too_long else judge(lines)
    origin = pl.lit(number, pl.Int64()).alias("origin_file")
    return Judged(*(frame.with_columns(origin) for frame in judged))
