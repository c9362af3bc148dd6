"""Which builds there were: what a publish commit records, the table `builds`, and whether a report stands already."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl

from pipelines.assets.recipe import Recipe
from pipelines.durations import time_us
from pipelines.event_store import EventStore
from pipelines.events import REASONS
from pipelines.paths import DataPaths
from pipelines.publishing import changed_files, served_build
from pipelines.schema import schema

BUILDS_GRAIN = "One row per published build, this one included."
TIMES = ("as_of", "watermark", "started_at", "finished_at")
ENOUGH_LINES = 1_000  # of fewer, the share of bad ones says nothing
COLUMNS = ("build_id", *TIMES, "events", "definitions_hash")

RUNS_SCHEMA = schema(
    "report_id:text as_of:time definitions_hash:text program:text funnel_id:text definition_hash:text "
    "known_events:long known_sum:text entrant_count:long matured_count:long activated_count:long conversion_rate:real"
)
"""An earlier report's headline of one funnel: what was known and said. Empty is what an older version did not keep."""


def spoilt_file(store: EventStore, max_share: float) -> str | None:
    """A sentence on the worst file, where too many of enough lines since the last publish were not understood."""
    books = store.books()
    last: Mapping[str, Any] = next(reversed(store.publishes()), {})
    lines = books["lines"].sum() - last.get("lines", 0)
    if lines < ENOUGH_LINES or books["quarantined"].sum() - last.get("quarantined", 0) <= max_share * lines:
        return None
    worst = books.sort("quarantined", "path").row(-1, named=True)
    place = (pl.col("source") == worst["source"]) & (pl.col("path") == worst["path"])
    first = pl.scan_parquet(store.quarantine_files, glob=False).filter(place).sort("line_number").first().collect()
    reason, line = first.select("reason", "line_number").row(0)
    return (
        f"{worst['source']}/{worst['path']}: {worst['quarantined'] / worst['lines']:.0%} not understood, "
        f"first: {REASONS[reason]} (line {line}); mend the log, or raise ingestion.max_quarantined_share"
    )


def standing_build(
    paths: DataPaths, store: EventStore, recipe: Recipe, as_of: datetime, reuse_us: int
) -> Mapping[str, Any] | None:
    """The served build's record, where it is untouched, holds all events and definitions, and is as of that time.

    An as-of time less than `reuse_us` earlier will do as well.
    """
    record, folder = _served_record(paths, store), served_build(paths)
    if not record or record["ingest_number"] != store.ingest_number or record["recipe"] != recipe.whole:
        return None
    age = time_us(as_of) - time_us(datetime.fromisoformat(record["as_of"]))
    is_as_of = age == 0 or 0 < age < reuse_us
    return record if is_as_of and folder and not changed_files(folder) else None


def served_report(paths: DataPaths, store: EventStore, report_id: str, recipe: Recipe) -> Path | None:
    """The served folder, where it is this very report and nobody touched it."""
    record, folder = _served_record(paths, store), served_build(paths)
    same = record and (record["report_id"], record["recipe"]) == (report_id, recipe.whole)
    return folder if same and folder and not changed_files(folder) else None


def recorded_build(paths: DataPaths, store: EventStore, report_id: str, recipe: Recipe) -> str | None:
    """The build under which this report was recorded before: publishing it again adds nothing to its history.

    The served build is never written again, even where somebody changed its files: readers have them open.
    """
    served = served_build(paths)
    same = (r for r in store.publishes() if (r["report_id"], r["recipe"]) == (report_id, recipe.whole))
    return next((r["build_id"] for r in same if not served or served.name != r["build_id"]), None)


def record_build(
    store: EventStore, report: Mapping[str, Any], recipe: Recipe, headline: list[dict[str, Any]], started_at: datetime
) -> str:
    """Note a new build in the log, with the numbers that a later report restates perhaps; its id."""
    build_id = f"{datetime.now(UTC):%Y%m%dT%H%M%SZ}-{report['report_id']}"
    store.record_publish(
        {
            "build_id": build_id,
            "report_id": report["report_id"],
            "as_of": report["as_of"].isoformat(),
            "watermark": report["watermark"] and report["watermark"].isoformat(),
            "started_at": started_at.isoformat(),
            "events": report["event_count"],
            "lines": report["line_count"],
            "quarantined": report["quarantined_count"],
            "definitions_hash": recipe.definitions,
            "recipe": recipe.whole,
            "ingest_number": store.ingest_number,
            "program": recipe.program,
            "headline": headline,
        }
    )
    return build_id


def builds(store: EventStore) -> pl.DataFrame:
    """The table `builds`: the fold of all publish commits."""
    rows = [{name: record.get(name) for name in COLUMNS} for record in store.publishes()]
    types = {name: pl.Int64 if name == "events" else pl.String for name in COLUMNS}
    return pl.DataFrame(rows, schema=types).with_columns(pl.col(TIMES).str.to_datetime("%+", time_zone="UTC"))


def earlier_reports(store: EventStore, as_of: datetime) -> pl.DataFrame:
    """`ref_report_runs`: the headline of each earlier report as of `as_of` or before, a row a funnel."""
    rows = [
        {**record, **headline}
        for record in store.publishes()
        if datetime.fromisoformat(record["as_of"]) <= as_of
        for headline in record["headline"]
    ]
    frame = pl.DataFrame(rows, schema=RUNS_SCHEMA | {"as_of": pl.String()})
    times = frame.with_columns(pl.col("as_of").str.to_datetime("%+", time_zone="UTC"))
    return times.unique(("report_id", "funnel_id"), keep="last").sort("as_of", "report_id", "funnel_id")


def _served_record(paths: DataPaths, store: EventStore) -> Mapping[str, Any] | None:
    folder = served_build(paths)
    return next((record for record in store.publishes() if folder and record["build_id"] == folder.name), None)
