"""Where things lie below the data directory. Names only: nothing here reads or writes."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class DataPaths:
    """Every file and folder that a build reads or makes, from one root."""

    root: Path

    @property
    def inbox(self) -> Path:
        """What arrives, one folder a source. Read, never changed."""
        return self.root / "inbox"

    @property
    def events(self) -> Path:
        """The event store: Parquet, append only."""
        return self.root / "events"

    @property
    def commits(self) -> Path:
        """The commit log, which alone says what the store holds."""
        return self.events / "commits"

    @property
    def quarantine(self) -> Path:
        """Lines that were not understood."""
        return self.root / "quarantine"

    @property
    def warehouse(self) -> Path:
        """Working file of the build; may be deleted."""
        return self.root / "warehouse.duckdb"

    @property
    def spill(self) -> Path:
        """Where DuckDB spills what does not fit into memory."""
        return self.root / "spill"

    @property
    def published(self) -> Path:
        """Build folders and the one symlink that says which of them counts."""
        return self.root / "published"

    @property
    def dagster(self) -> Path:
        """Dagster's run history."""
        return self.root / "dagster"

    @property
    def lock(self) -> Path:
        """Held by the one writer."""
        return self.root / "build.lock"

    @property
    def sample_note(self) -> Path:
        """Present where the inbox holds a made-up sample: ``{"end": ..., "seed": ...}``."""
        return self.root / "sample.json"
