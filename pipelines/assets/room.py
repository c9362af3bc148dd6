"""What all assets of one run share: where things lie, as of when, and the lock that keeps other writers out."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from datetime import datetime

import dagster as dg

from pipelines.catalog import Catalog, load_catalog
from pipelines.lock import build_lock
from pipelines.settings import Places
from pipelines.warehouse import Warehouse, open_warehouse


class Room(dg.ConfigurableResource):  # type: ignore[misc]  # dagster's generic base is untyped for subclasses
    """Directories (default: from the environment), as-of time (ISO 8601 with zone, default: now), and how to read."""

    data_dir: str | None = None
    reports_dir: str | None = None
    as_of: str | None = None
    full: bool = False
    is_locked: bool = False
    """Whether the caller holds the build lock already."""

    @contextmanager
    def yield_for_execution(self, context: dg.InitResourceContext) -> Iterator[Room]:
        """Hold the build lock for the whole run."""
        with nullcontext() if self.is_locked else build_lock(self.places.data, "dagster run"):
            yield self

    @property
    def places(self) -> Places:
        """The two directories."""
        return Places.find(self.data_dir, self.reports_dir)

    @property
    def catalog(self) -> Catalog:
        """Everything declared; read anew, since a file may have changed between two runs."""
        return load_catalog(self.places.reports)

    @property
    def stated_as_of(self) -> datetime | None:
        """The as-of time that was asked for."""
        return datetime.fromisoformat(self.as_of) if self.as_of else None

    def warehouse(self) -> AbstractContextManager[Warehouse]:
        """The working file, open."""
        return open_warehouse(self.places.data, self.catalog.settings.build.memory_limit)
