"""From the inbox to the tables that all SQL starts from: the event store, and what is declared, as of one time."""

from collections.abc import Iterator
from datetime import UTC, datetime

import dagster as dg
import polars as pl

from pipelines.assets.ledger import earlier_reports, spoilt_file, standing_build
from pipelines.assets.recipe import Recipe
from pipelines.assets.room import Room
from pipelines.durations import time_us
from pipelines.event_store import EventStore
from pipelines.events import EVENT_SCHEMA, QUARANTINE_SCHEMA
from pipelines.references import SCHEMAS, reference_frames
from pipelines.sources.ingest import ingest

RAW_TABLES = ("raw_events", "raw_quarantine")
STORE_TABLES = ("ref_books", "ref_file_findings", "ref_report", "ref_report_runs")
TOLD = ("lines", "events", "duplicates", "quarantined", "batches", "notices")
"""What the event store's asset says of a run."""
DECLARED = (*RAW_TABLES, *STORE_TABLES, *SCHEMAS)


@dg.asset(
    group_name="raw",
    kinds={"parquet"},
    check_specs=[
        dg.AssetCheckSpec("understood", asset="event_store", blocking=True, description="most new lines are understood")
    ],
)
def event_store(context: dg.AssetExecutionContext, room: Room) -> Iterator[dg.MaterializeResult[None]]:
    """Every event once, in Parquet files that only grow: reads what is new in the inbox."""
    settings = room.catalog.settings
    report = ingest(
        room.places.data,
        settings,
        full=room.full,
        now_us=time_us(datetime.now(UTC)),
        progress=lambda done, of: context.log.info(f"{done} of {of} bytes"),
    )
    for notice in report.notices:
        context.log.warning(notice)
    spoilt = spoilt_file(EventStore.open(room.places.data), settings.ingestion.max_quarantined_share)
    yield dg.MaterializeResult(
        metadata={name: getattr(report, name) for name in TOLD},
        check_results=[dg.AssetCheckResult(check_name="understood", passed=not spoilt, description=spoilt or "")],
    )


@dg.multi_asset(
    specs=[
        dg.AssetSpec(name, deps=["event_store"], group_name="raw", skippable=True, kinds={"duckdb"})
        for name in DECLARED
    ]
)
def declared(context: dg.AssetExecutionContext, room: Room) -> Iterator[dg.MaterializeResult[None]]:
    """The store's files and everything declared, as tables of a new working file; nothing where nothing is new."""
    store = EventStore.open(room.places.data)
    recipe = Recipe.of(room.places)
    as_of = room.stated_as_of or datetime.now(UTC)
    reuse = 0 if room.stated_as_of else room.catalog.settings.build.as_of_reuse
    if not room.full and standing_build(room.places.data, store, recipe, as_of, reuse):
        context.log.info("nothing new")
        return
    is_sample = room.places.data.sample_note.exists()
    report = {"is_sample": is_sample, "definitions_hash": recipe.definitions, "program": recipe.program}
    frames = reference_frames(room.catalog, as_of) | {
        "ref_books": store.books(),
        "ref_file_findings": store.file_findings(),
        "ref_report": pl.DataFrame(report),
        "ref_report_runs": earlier_reports(store, as_of),
    }
    warehouse = room.new_warehouse()
    warehouse.store_parquet("raw_events", store.event_files, pl.DataFrame(schema=EVENT_SCHEMA))
    warehouse.store_parquet("raw_quarantine", store.quarantine_files, pl.DataFrame(schema=QUARANTINE_SCHEMA))
    for name, frame in frames.items():
        warehouse.store_frame(name, frame)
    for name in DECLARED:
        yield dg.MaterializeResult(asset_key=name, metadata={"dagster/row_count": warehouse.count(name)})
