"""What all assets of one run share: where things lie, as of when, and the lock that keeps other writers out."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, nullcontext
from datetime import datetime

import dagster as dg
from pydantic import PrivateAttr

from pipelines.catalog import Catalog, load_catalog
from pipelines.lock import build_lock
from pipelines.settings import Places
from pipelines.warehouse import Warehouse, forget_warehouse, open_warehouse


class Room(dg.ConfigurableResource["Room"]):
    """Directories (default: from the environment), as-of time (ISO 8601 with zone, default: now), and how to read."""

    data_dir: str | None = None
    reports_dir: str | None = None
    as_of: str | None = None
    full: bool = False
    is_locked: bool = False
    """Whether the caller holds the build lock already."""

    _stack: ExitStack = PrivateAttr(default_factory=ExitStack)
    _catalog: Catalog | None = PrivateAttr(default=None)
    _warehouse: Warehouse | None = PrivateAttr(default=None)

    @contextmanager
    def yield_for_execution(self, context: dg.InitResourceContext) -> Iterator["Room"]:  # noqa: ARG002  # Dagster calls it so
        """Hold the build lock, and the working file once it is open, for the whole run."""
        with nullcontext() if self.is_locked else build_lock(self.places.data, "dagster run"), self._stack:
            yield self

    @property
    def places(self) -> Places:
        """The two directories."""
        return Places.find(self.data_dir, self.reports_dir)

    @property
    def catalog(self) -> Catalog:
        """Everything declared, as it was when this run first asked."""
        self._catalog = self._catalog or load_catalog(self.places.reports)
        return self._catalog

    @property
    def stated_as_of(self) -> datetime | None:
        """The as-of time that was asked for."""
        return datetime.fromisoformat(self.as_of) if self.as_of else None

    @property
    def warehouse(self) -> Warehouse:
        """The working file; opened once a run."""
        if self._warehouse is None:
            limit = self.catalog.settings.build.memory_limit
            self._warehouse = self._stack.enter_context(open_warehouse(self.places.data, limit))
        return self._warehouse

    def new_warehouse(self) -> Warehouse:
        """An empty working file in place of the one there is."""
        self._stack.close()
        self._warehouse = None
        forget_warehouse(self.places.data)
        return self.warehouse
