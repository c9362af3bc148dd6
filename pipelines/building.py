"""One build from the command line: a Dagster run in this process, and what became of it.

The assets do the work; this turns their events into progress, and their failures into sentences and exit codes.
"""

import itertools
import logging
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import dagster as dg
from sqlalchemy.exc import DBAPIError

from pipelines.assets.room import Room
from pipelines.catalog import load_catalog
from pipelines.definitions import build_definitions
from pipelines.errors import CheckFailedError, FixableError
from pipelines.lock import build_lock, check_data_directory
from pipelines.settings import Places
from pipelines.sources.inbox import scan

LOG = logging.getLogger(__name__)
KEPT_HISTORY = timedelta(days=30)
STARTED = [dg.DagsterRunStatus.STARTED, dg.DagsterRunStatus.STARTING]
QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}
Listener = Callable[[int, int, str], None]
"""Called with the number of finished steps, of all steps, and the name of the step just finished."""


def silent(done: int, total: int, step: str) -> None:
    """A listener that keeps what it hears to itself."""


def build(
    places: Places,
    as_of: datetime | None,
    *,
    full: bool = False,
    listener: Listener = silent,
    notify: Callable[[str], None] = LOG.warning,
    history: bool = True,
) -> Path | None:
    """Ingest what is new, compute, publish.

    Args:
        places: data and reports directories.
        as_of: the time as of which everything is counted; None: now.
        full: read every inbox file again from its start, and publish in any case.
        listener: told of every finished step.
        notify: told in a sentence of each thing about the inbox that a person should know.
        history: whether Dagster's pages show the run afterwards.

    Returns:
        The published build's folder; None where nothing is new and the served report is young enough.

    Raises:
        FixableError: a person can mend it; nothing was published.
        CheckFailedError: a data check failed; nothing was published.
    """
    load_catalog(places.reports)
    check_data_directory(places.data)
    scan(places.data.inbox)  # a missing inbox is said before anything is written
    with build_lock(places.data), _instance(places, history=history) as instance:
        room = Room(
            data_dir=str(places.data.root),
            reports_dir=str(places.reports),
            as_of=as_of.isoformat() if as_of else None,
            full=full,
            is_locked=True,
        )
        result = _run(room, instance, listener)
    for notice in itertools.chain(*_told(result, "event_store", "notices")):
        notify(notice)
    if not result.success:
        raise _failure(result)
    return next((places.data.published / "builds" / str(build) for build in _told(result, "published", "build")), None)


def _run(room: Room, instance: dg.DagsterInstance, listener: Listener) -> dg.ExecuteInProcessResult:
    job = build_definitions(room).resolve_implicit_global_asset_job_def()
    run_id, finished = str(uuid.uuid4()), itertools.count(1)

    def hear(entry: dg.EventLogEntry) -> None:
        event = entry.dagster_event
        if event and event.event_type_value in {"STEP_SUCCESS", "STEP_SKIPPED"}:
            listener(next(finished), len(job.nodes), event.step_key or "")

    instance.add_event_listener(run_id, hear)
    # A run that finds nothing new skips its steps, and Dagster would warn about each of them.
    logging.getLogger("dagster._core.execution.plan.active").setLevel(logging.ERROR)
    return job.execute_in_process(instance=instance, run_id=run_id, raise_on_error=False, run_config=QUIET)


@contextmanager
def _instance(places: Places, *, history: bool) -> Iterator[dg.DagsterInstance]:
    """Dagster's own records, below the data directory or, without history, in memory."""
    home = places.data.dagster
    own = {"telemetry": {"enabled": False}, "storage": {"sqlite": {"base_dir": str(home)}}}
    try:
        if history:
            home.mkdir(mode=0o700, parents=True, exist_ok=True)
        kept = dg.DagsterInstance.local_temp(str(home), overrides=own) if history else dg.DagsterInstance.ephemeral()
        with kept as instance:
            # Whoever holds the build lock is the only one running: runs still called started were killed.
            for run in instance.get_runs(filters=dg.RunsFilter(statuses=STARTED)):
                instance.report_run_failed(run, message="the process that ran this was killed")
            # Each run has a file of its own, so that a run an hour would fill the disk.
            for run in instance.get_runs(filters=dg.RunsFilter(created_before=datetime.now(UTC) - KEPT_HISTORY)):
                instance.delete_run(run.run_id)
            yield instance
    except DBAPIError as error:  # SQLAlchemy, with which Dagster writes, says nothing to a person
        raise FixableError(
            f"{home}: the records of runs cannot be kept there ({error.orig}); make room, "
            "or delete that folder, then run the command again"
        ) from error


def _told(result: dg.ExecuteInProcessResult, asset: str, name: str) -> list[Any]:
    """What an asset of the run said of itself under a name; nothing where it was skipped."""
    made = [m for m in result.get_asset_materialization_events() if m.asset_key == dg.AssetKey(asset)]
    return [event.materialization.metadata[name].value for event in made]


def _failure(result: dg.ExecuteInProcessResult) -> Exception:
    """What went wrong: a failed check, a sentence of ours, or a bug with its traceback."""
    failed = [c for c in result.get_asset_check_evaluations() if not c.passed and c.blocking]
    if failed:
        return CheckFailedError(*(f"{check.description}; nothing was published" for check in failed))
    for event in result.all_events:
        error = getattr(event.event_specific_data, "error", None)
        while error and error.cause:
            error = error.cause
        if error and error.cls_name in {FixableError.__name__, CheckFailedError.__name__}:
            kind = FixableError if error.cls_name == FixableError.__name__ else CheckFailedError
            return kind(*error.message.partition(": ")[2].strip().splitlines())
        if error:
            return RuntimeError(f"{event.step_key}: {error.to_string()}")
    return RuntimeError("the run failed without saying why")
