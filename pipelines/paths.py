"""Where things lie below the data directory. Names only: nothing here reads or writes."""

from pathlib import Path


class DataPaths:
    """Every file and folder that a build reads or makes, from one root."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.inbox = self.root / "inbox"
        """What arrives, one folder a source. Read, never changed."""
        self.events = self.root / "events"
        """The event store: Parquet, append only."""
        self.commits = self.events / "commits"
        """The commit log, which alone says what the store holds."""
        self.quarantine = self.root / "quarantine"
        """Lines that were not understood."""
        self.warehouse = self.root / "warehouse.duckdb"
        """Working file of the build; may be deleted."""
        self.spill = self.root / "spill"
        """Where DuckDB spills what does not fit into memory."""
        self.published = self.root / "published"
        """Build folders and the one symlink that says which of them counts."""
        self.dagster = self.root / "dagster"
        """Dagster's run history."""
        self.lock = self.root / "build.lock"
        """Held by the one writer."""
        self.sample_note = self.root / "sample.json"
        """Present where the inbox holds a made-up sample: ``{"end": ..., "seed": ...}``."""
