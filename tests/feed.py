"""An inbox that a test fills by hand, the ingestion of it, and what must hold after every run."""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path
from unittest import mock

import polars as pl

from pipelines.event_store import EventStore
from pipelines.lock import build_lock
from pipelines.paths import DataPaths
from pipelines.settings import Settings
from pipelines.sources import ingest as ingestion
from pipelines.sources.ingest import IngestReport, ingest
from pipelines.sources.opening import open_file

NOW_US = 1_775_000_000_000_000
HOUR_US = 3_600_000_000


def line(name: str, /, **changes: object) -> bytes:
    """One portal event with its newline; `name` is its id."""
    event = {"id": name, "type": "admin_portal.link_generated", "timestamp": "2026-03-01T09:00:00Z", **changes}
    return json.dumps(event).encode() + b"\n"


def lines(first: int, last: int) -> bytes:
    """Events `evt_<first>` to `evt_<last>`, the last one included."""
    return b"".join(line(f"evt_{number}") for number in range(first, last + 1))


def store_hash(store: EventStore) -> str:
    """SHA-256 over the names and bytes of all data files of a store: the same until a line adds something."""
    digest = hashlib.sha256()
    for path in sorted(store.event_files + store.quarantine_files):
        digest.update(path.name.encode() + path.read_bytes())
    return digest.hexdigest()


class Feed:
    """A data directory with an inbox; every `run` checks the promises that hold always."""

    def __init__(self, paths: DataPaths) -> None:
        self.paths = paths
        paths.inbox.mkdir()

    def write(self, name: str, data: bytes, *, age_us: int = 0) -> Path:
        """Make a file of the inbox, last written `age_us` before now."""
        path = self.paths.inbox / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        return self.touch(path, age_us)

    def grow(self, name: str, data: bytes) -> Path:
        """Append to a file of the inbox."""
        path = self.paths.inbox / name
        with path.open("ab") as file:
            file.write(data)
        return self.touch(path)

    def touch(self, path: Path, age_us: int = 0) -> Path:
        """Say when a file was last written."""
        os.utime(path, ns=((NOW_US - age_us) * 1000,) * 2)
        return path

    def run(self, *, full: bool = False) -> IngestReport:
        """Ingest, then check books, identity and tidiness."""
        with build_lock(self.paths):
            report = ingest(self.paths, Settings(), full=full, now_us=NOW_US)
        assert report.lines == report.events + report.duplicates + report.quarantined
        check_promises(self.paths)
        return report

    def opened(self) -> list[str]:
        """Ingest; the names of the files that had to be opened for it."""
        with mock.patch.object(ingestion, "open_file", wraps=open_file) as opening:
            self.run()
        return [call.args[0].name for call in opening.call_args_list]

    def store(self) -> EventStore:
        """The store as it stands."""
        return EventStore.open(self.paths)

    def ids(self) -> list[str]:
        """Ids of all events, once each."""
        return stored_events(self.paths).filter(~pl.col("is_variant"))["event_id"].sort().to_list()

    def book(self, name: str) -> dict[str, int]:
        """Counts of one inbox file, as last read."""
        source, _, path = name.partition("/")
        rows = self.store().books().filter(source=source, path=path)
        return rows.select("lines", "events", "duplicates", "quarantined", "waiting_bytes").row(0, named=True)

    def findings(self) -> list[tuple[str, ...]]:
        """(finding, source, path) of files."""
        return self.store().file_findings().rows()


def stored_events(paths: DataPaths) -> pl.DataFrame:
    """All rows of the event files."""
    files = EventStore.open(paths).event_files
    return pl.concat([pl.read_parquet(file, hive_partitioning=False) for file in files]) if files else _nothing()


def stored_quarantine(paths: DataPaths) -> pl.DataFrame:
    """All rows of the quarantine files, in order."""
    return pl.concat(pl.read_parquet(file) for file in EventStore.open(paths).quarantine_files)


def check_promises(paths: DataPaths) -> None:
    """Books balance, each event stands once, and no file lies about that no commit names."""
    store = EventStore.open(paths)
    books = store.books()
    assert (books["lines"] == books["events"] + books["duplicates"] + books["quarantined"]).all()
    events = stored_events(paths)
    assert events.filter(~pl.col("is_variant"))["event_id"].is_unique().all()
    assert events["event_id"].n_unique() == events.filter(~pl.col("is_variant")).height
    found = {path for folder in (paths.events, paths.quarantine) for path in folder.rglob("*") if path.is_file()}
    named = {*store.event_files, *store.quarantine_files}
    assert {path for path in found if path.parent != paths.commits} <= named
    numbers = range(1, store.history.number + 1)
    assert sorted(path.name for path in paths.commits.iterdir()) == [f"{number:06}.json" for number in numbers]


def _nothing() -> pl.DataFrame:
    return pl.DataFrame(schema={"event_id": pl.String, "is_variant": pl.Boolean})
