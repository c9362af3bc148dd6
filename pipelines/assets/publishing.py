"""From the warehouse to what people open: the analysts' DuckDB file, Parquet, and the pages, all of one build."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path

import dagster as dg
import polars as pl

from pipelines.assets.recipe import Recipe
from pipelines.assets.room import Room
from pipelines.assets.statistics import statistic_description
from pipelines.dictionary import comments, load_dictionary
from pipelines.event_store import EventStore
from pipelines.models import Model
from pipelines.pages.site import render_site
from pipelines.publishing import changed_files, publish, served_build
from pipelines.statistics.tables import STATISTICS
from pipelines.warehouse import Warehouse

SHIPPED_REPORTS = Path(__file__).parents[2] / "reports"
BUILDS = {"builds": "One row per published build, this one included."}


def published_asset(models: tuple[Model, ...]) -> dg.AssetsDefinition:
    """The asset that publishes every published model and statistic."""
    shown = [model for model in models if model.is_published]

    @dg.asset(
        name="published",
        deps=[*(model.name for model in shown), *STATISTICS],
        group_name="published",
        kinds={"duckdb", "html"},
    )
    def published(context: dg.AssetExecutionContext, room: Room) -> Iterator[dg.MaterializeResult[None]]:
        """One build folder with DuckDB file, Parquet and pages, and the link that leads to it."""
        store, recipe = EventStore.open(room.places.data), Recipe.of(room.places.reports)
        with room.warehouse() as warehouse:
            report = warehouse.read("rpt_report").row(0, named=True)
            folder = _already_served(room, store, report, recipe)
            if folder is None:
                build_id = f"{datetime.now(UTC):%Y%m%dT%H%M%SZ}-{report['report_id']}"
                started_at = datetime.fromtimestamp(context.instance.get_run_stats(context.run_id).start_time or 0, UTC)
                store.record_publish(_record(build_id, report, recipe, started_at, store.ingest_number))
                warehouse.store_frame("builds", _builds(store))
                folder = publish(
                    room.places.data, build_id, lambda new: _write(new, warehouse, shown, room)
                )
        yield dg.MaterializeResult(
            metadata={
                "pages": dg.MetadataValue.path(str(room.places.data.published / "site" / "index.html")),
                "duckdb": dg.MetadataValue.path(str(room.places.data.published / "portal.duckdb")),
                "build": folder.name,
            }
        )

    return published


def _already_served(room: Room, store: EventStore, report: Mapping[str, object], recipe: Recipe) -> Path | None:
    """The served build's folder where it is this very report, untouched."""
    folder, last = served_build(room.places.data), next(reversed(store.publishes()), None)
    same = folder and last and folder.name == last["build_id"] and last["report_id"] == report["report_id"]
    return folder if same and last and last["recipe"] == recipe.whole and folder and not changed_files(folder) else None


def _record(
    build_id: str, report: Mapping[str, object], recipe: Recipe, started_at: datetime, ingest_number: int
) -> dict[str, object]:
    as_of, watermark = report["as_of"], report["watermark"]
    return {
        "build_id": build_id,
        "report_id": report["report_id"],
        "as_of": _iso(as_of),
        "watermark": _iso(watermark),
        "started_at": _iso(started_at),
        "events": report["event_count"],
        "definitions_hash": recipe.definitions,
        "recipe": recipe.whole,
        "ingest_number": ingest_number,
    }


def _iso(moment: object) -> str | None:
    return moment.isoformat() if isinstance(moment, datetime) else None


def _builds(store: EventStore) -> pl.DataFrame:
    """The table `builds`: the fold of all publish commits."""
    schema = {
        "build_id": pl.String,
        "as_of": pl.String,
        "watermark": pl.String,
        "started_at": pl.String,
        "finished_at": pl.String,
        "events": pl.Int64,
        "definitions_hash": pl.String,
    }
    times = pl.col("as_of", "watermark", "started_at", "finished_at")
    frame = pl.DataFrame([{name: record.get(name) for name in schema} for record in store.publishes()], schema=schema)
    return frame.with_columns(times.str.to_datetime(time_unit="us", time_zone="UTC"))


def _write(folder: Path, warehouse: Warehouse, models: list[Model], room: Room) -> None:
    keys = {model.name: model.key for model in models} | {name: s.key for name, s in STATISTICS.items()}
    keys["builds"] = ("build_id",)
    sentences = {model.name: model.grain for model in models} | BUILDS
    sentences |= {name: statistic_description(statistic) for name, statistic in STATISTICS.items()}
    columns = {name: warehouse.columns(name) for name in keys}
    warehouse.export(
        folder,
        keys,
        comments(load_dictionary(SHIPPED_REPORTS), sentences, columns),
        views={model.name: model.sql for model in models if model.layer == "published"},
    )
    settings = room.catalog.settings
    render_site(
        {name: warehouse.read(name) for name in keys},
        company=settings.report.company,
        stale_after_us=settings.build.stale_after,
        templates=_looks(room.places.reports, "templates"),
        static=_looks(room.places.reports, "static"),
        out=folder / "site",
    )


def _looks(reports: Path, name: str) -> Path:
    """The reports directory's own looks, or the shipped ones where it has none."""
    own = reports / name
    return own if own.is_dir() else SHIPPED_REPORTS / name
