"""The event store: Parquet files that only grow, and what the commit log says about them.

An event is kept once, with every other body that arrived under its id; staging chooses among them. Nothing here reads
the inbox or knows what an event means. Only the holder of the build lock may tidy, append or record.
"""

import hashlib
import time
from io import BytesIO
from pathlib import Path
from typing import Any

import polars as pl

from pipelines import durable
from pipelines.books import count_fates, file_findings, make_books
from pipelines.commits import History, Position, StoredFile
from pipelines.copies import KNOWN_COLUMNS, settle
from pipelines.errors import FixableError
from pipelines.events import EVENT_SCHEMA, QUARANTINE_SCHEMA
from pipelines.paths import DataPaths

STORED_SCHEMA = {**EVENT_SCHEMA, "origin_file": pl.Int64(), "is_variant": pl.Boolean()}
"""An event file: the number of the inbox file in the commit log, and whether the row stands beside the event."""
QUARANTINED_SCHEMA = {**QUARANTINE_SCHEMA, "origin_file": pl.Int64()}
QUARANTINE_LINE = ["origin_file", "line_number", "content_hash"]
ORDER = ["timestamp", "event_key", "event_id", "is_variant", "origin_file", "origin_line"]
MONTH = pl.col("timestamp").dt.strftime("%Y-%m")
ROW_GROUP = 250_000


class EventStore:
    """What a commit log and its files hold, as of the moment when it was opened and of what this object added."""

    def __init__(self, paths: DataPaths, history: History) -> None:
        self._paths = paths
        self.history = history
        """What the log says: its last number, and how far each inbox file has been read."""

    @classmethod
    def open(cls, paths: DataPaths) -> "EventStore":
        """Fold the log and check every file that it names but those that are `lost`; nothing is written.

        Raises:
            FixableError: the log is broken, a file is missing or damaged, or a newer version wrote the store.
        """
        store = cls(paths, History.read(paths.commits))
        kept = [file for file in store.history.files.values() if file.path not in store.lost]
        if faults := [fault for file in kept if (fault := store._fault(file))]:
            raise FixableError(*faults[:10])
        return store

    @property
    def lost(self) -> list[str]:
        """Quarantine files that are gone: the inbox still has their lines, unlike events that were rotated away."""
        named = (path for path in self.history.files if path.startswith("quarantine/"))
        return [path for path in named if not (self._paths.root / path).exists()]

    def reread_lost(self, present: set[tuple[str, str]], now_us: int) -> None:
        """Forget lost quarantine files, and how far the files (source, path) in `present` with such lines were read."""
        again = [p for p in self.history.positions.values() if p.quarantined and (p.source, p.path) in present]
        fresh = [Position(p.file, p.source, p.path) for p in again]
        self.history.add("repair", now_us, removed=self.lost, positions=fresh)

    @property
    def ingest_number(self) -> int:
        """Number of the last commit that changed what the inbox means: publishing does not."""
        return self.history.data_number

    @property
    def event_files(self) -> list[Path]:
        """Parquet files of `STORED_SCHEMA`."""
        return self._files("events/")

    @property
    def quarantine_files(self) -> list[Path]:
        """Parquet files of `QUARANTINED_SCHEMA`."""
        return self._files("quarantine/")

    def books(self) -> pl.DataFrame:
        """One row of `BOOKS_SCHEMA` for each inbox file ever read, as last read: P1 holds in each."""
        return make_books(self.history.positions.values())

    def bodies(self, event_id: str) -> pl.DataFrame:
        """Every body kept of an event: `STORED_SCHEMA` and `stored_file`, the path from the data directory."""
        place = pl.col("stored_file").str.strip_prefix(f"{self._paths.root}/")
        return self._stored().filter(pl.col("event_id") == event_id).with_columns(place).collect(engine="streaming")

    def file_findings(self) -> pl.DataFrame:
        """Rows (finding, source, path): files rewritten, cut off, unreadable, or no files at all."""
        return file_findings(self.history.positions.values(), self.history.findings)

    def publishes(self) -> list[dict[str, Any]]:
        """What `record_publish` was given, oldest first, as JSON keeps it, with `finished_at` (ISO 8601, UTC)."""
        return list(self.history.builds)

    def tidy(self) -> int:
        """Make the folders, remove what no commit names; how many files that were.

        Raises:
            FixableError: files are there but their commits are lost; nothing is removed then.
        """
        for folder in (self._paths.events, self._paths.commits, self._paths.quarantine):
            durable.make_directory(folder)
        named = {self._paths.root / path for path in self.history.files}
        found = [*self._paths.events.glob("event_month=*/*.parquet"), *self._paths.quarantine.glob("*.parquet")]
        orphans = [path for path in found if path not in named]
        if self.history.number == 0 and any(path.name != _batch_name(1) for path in orphans):
            raise FixableError(f"{self._paths.commits} has lost the commits of this store; restore it from a backup")
        temporaries = list(self._paths.commits.glob(".*.tmp"))
        for path in [*orphans, *temporaries]:
            durable.remove(path)
        return len(orphans) + len(temporaries)

    def append(
        self,
        events: pl.DataFrame,
        quarantined: pl.DataFrame,
        positions: list[Position],
        *,
        findings: list[list[str]] | None = None,
        now_us: int,
    ) -> dict[str, int]:
        """Commit a batch: its new events and quarantined lines, and how far the files have been read.

        Args:
            events: `EVENT_SCHEMA` and `origin_file`, in order of arrival.
            quarantined: `QUARANTINE_SCHEMA` and `origin_file`.
            positions: new positions, `lines` already counted; the fates are counted here, by another way.
            findings: (finding, source, path) of all that cannot be read; None where the scan is not over.
            now_us: wall clock, µs since 1970.

        Returns:
            lines of this batch by fate: `events`, `duplicates`, `quarantined`.

        Raises:
            CheckFailedError: lines and fates of a file differ; nothing is committed.
            FixableError: the disk is full or broken; nothing is committed.
        """
        settled = settle(events, self._known(events))
        counted = count_fates(positions, settled, quarantined)
        new = settled.filter("is_event").height
        totals = {"events": new, "duplicates": settled.height - new, "quarantined": quarantined.height}
        added = self._write(settled.filter("is_kept"), self._unseen(quarantined))
        changed = [p for p in counted if self.history.positions.get(p.file) != p]
        fields = {} if findings in (None, self.history.findings) else {"findings": findings}
        if added or changed or fields:
            self.history.add("ingest", now_us, added=added, positions=changed, counts=totals, **fields)
        return totals

    def record_publish(self, build: dict[str, Any]) -> None:
        """Note in the log what is about to be published, so that the history of reports outlives every file."""
        self.history.add("publish", time.time_ns() // 1000, as_of=build.get("as_of"), build=build)

    def _files(self, folder: str) -> list[Path]:
        lost = set(self.lost)
        named = sorted(path for path in self.history.files if path.startswith(folder) and path not in lost)
        return [self._paths.root / path for path in named]

    def _fault(self, file: StoredFile) -> str | None:
        path = self._paths.root / file.path
        with durable.fixable(path):
            if not path.is_file():
                return f"{path} is missing; restore it from a backup"
            with path.open("rb") as opened:
                is_good = hashlib.file_digest(opened, "sha256").hexdigest() == file.sha256
        return None if is_good else f"{path} does not match its checksum; restore it from a backup"

    def _known(self, events: pl.DataFrame) -> pl.DataFrame:
        """The stored rows that carry an id of the batch; the short keys are read first, as most batches are new."""
        stored, hits = self._stored(), events.select("event_key")
        if not hits.is_empty():
            keys = stored.select("event_key").join(hits.lazy(), on="event_key", how="semi")
            hits = keys.unique().collect(engine="streaming")
        if hits.is_empty():
            stored = stored.clear()
        return stored.join(hits.lazy(), on="event_key", how="semi").select(KNOWN_COLUMNS).collect(engine="streaming")

    def _stored(self) -> pl.LazyFrame:
        """All rows (`STORED_SCHEMA`) and `stored_file`; columns that older files lack are NULL."""
        if not self.event_files:
            return pl.LazyFrame(schema={**STORED_SCHEMA, "stored_file": pl.String()})
        shape: dict[str, Any] = {"schema": STORED_SCHEMA, "missing_columns": "insert", "glob": False}
        return pl.scan_parquet(self.event_files, **shape, hive_partitioning=False, include_file_paths="stored_file")

    def _unseen(self, quarantined: pl.DataFrame) -> pl.DataFrame:
        """Quarantined lines that do not stand in the quarantine already, read before at the same place."""
        if not self.quarantine_files or quarantined.is_empty():
            return quarantined
        stored = pl.scan_parquet(self.quarantine_files, glob=False).select(QUARANTINE_LINE)
        return quarantined.lazy().join(stored, on=QUARANTINE_LINE, how="anti", maintain_order="left").collect()

    def _write(self, kept: pl.DataFrame, quarantined: pl.DataFrame) -> list[StoredFile]:
        name = _batch_name(self.history.number + 1)
        ordered = kept.select(list(STORED_SCHEMA)).sort(ORDER)
        months = ordered.with_row_index().group_by(MONTH, maintain_order=True).agg(pl.first("index"), pl.len())
        slices = {month: ordered.slice(first, length) for month, first, length in months.iter_rows()}
        files = {f"events/event_month={month}/{name}": frame for month, frame in slices.items()}
        if quarantined.height:
            files[f"quarantine/{name}"] = quarantined.select(list(QUARANTINED_SCHEMA))
        added = [self._write_frame(path, frame) for path, frame in files.items()]
        for folder in dict.fromkeys((self._paths.root / path).parent for path in files):
            durable.fsync_directory(folder)
        return added

    def _write_frame(self, path: str, frame: pl.DataFrame) -> StoredFile:
        buffer = BytesIO()
        frame.rechunk().write_parquet(buffer, compression="zstd", compression_level=1, row_group_size=ROW_GROUP)
        data = buffer.getvalue()
        durable.make_directory((self._paths.root / path).parent)
        durable.write_file(self._paths.root / path, data)
        return StoredFile(path, frame.height, len(data), hashlib.sha256(data).hexdigest())


def _batch_name(number: int) -> str:
    return f"batch={number:06}.parquet"
