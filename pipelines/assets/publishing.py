"""From the warehouse to what people open: the analysts' DuckDB file, Parquet, and the pages, all of one build."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import dagster as dg

from pipelines.assets.ledger import BUILDS_GRAIN, builds, record_build, recorded_build, served_report
from pipelines.assets.recipe import Recipe
from pipelines.assets.room import Room
from pipelines.assets.tables import statistic_description
from pipelines.dictionary import comments, load_dictionary
from pipelines.event_store import EventStore
from pipelines.models import SQL_DIRECTORY, Model
from pipelines.pages.cells import KEYS
from pipelines.pages.site import render_site
from pipelines.publishing import publish
from pipelines.settings import SHIPPED_REPORTS, Places, Settings
from pipelines.statistics.tables import STATISTICS

HEADLINE = ("funnel_id", "entrant_count", "matured_count", "activated_count", "conversion_rate", "stalled_count")


def published_asset(models: tuple[Model, ...]) -> dg.AssetsDefinition:
    """The asset that publishes every published model and statistic."""
    shown = tuple(model for model in models if model.is_published)

    @dg.asset(
        name="published",
        deps=[*(model.name for model in shown), *STATISTICS],
        group_name="published",
        kinds={"duckdb", "html"},
    )
    def published(context: dg.AssetExecutionContext, room: Room) -> Iterator[dg.MaterializeResult[None]]:
        """One build folder with DuckDB file, Parquet and pages, and the link that leads to it."""
        started = context.instance.get_run_stats(context.run.run_id).start_time
        folder = publish_build(room, shown, datetime.fromtimestamp(started or 0, UTC))
        place = room.places.data.published
        yield dg.MaterializeResult(
            metadata={
                "pages": dg.MetadataValue.path(str(place / "site" / "index.html")),
                "duckdb": dg.MetadataValue.path(str(place / "portal.duckdb")),
                "build": folder.name,
            }
        )

    return published


def publish_build(room: Room, models: tuple[Model, ...], started_at: datetime) -> Path:
    """The folder of this report's build: the served one where it is the same, or a new one."""
    paths = room.places.data
    store, recipe = EventStore.open(paths), Recipe.of(room.places)
    report = room.warehouse.read("rpt_report").row(0, named=True)
    if folder := served_report(paths, store, report["report_id"], recipe):
        return folder
    build_id = recorded_build(paths, store, report["report_id"], recipe)
    build_id = build_id or record_build(store, report, recipe, _headline(room), started_at)
    room.warehouse.store_frame("builds", builds(store))
    return publish(paths, build_id, lambda folder: _write(folder, room, models))


def _headline(room: Room) -> list[dict[str, Any]]:
    """What a later report needs to tell which of these numbers it restates, and why; a row a funnel."""
    known = room.warehouse.query(
        "select k.funnel_id, k.event_count as known_events, k.content_sum as known_sum, "
        "k.today_definition_hash as definition_hash from fct_run_events as k join rpt_report as r on r.as_of = k.as_of"
    )
    return room.warehouse.read("rpt_funnels").select(HEADLINE).join(known, on="funnel_id").sort("funnel_id").to_dicts()


def _write(folder: Path, room: Room, models: tuple[Model, ...]) -> None:
    """Everything that one build publishes."""
    keys = {model.name: model.key for model in models} | {name: s.key for name, s in STATISTICS.items()}
    keys["builds"] = ("build_id",)
    sentences = {model.name: model.grain for model in models} | {"builds": BUILDS_GRAIN}
    sentences |= {name: statistic_description(statistic) for name, statistic in STATISTICS.items()}
    columns = {name: room.warehouse.columns(name) for name in keys}
    views = {model.name: model.sql for model in models if model.is_view}
    said = comments(load_dictionary(SHIPPED_REPORTS), sentences, columns)
    room.warehouse.export(folder, keys, said, views)
    options = site_options(room.places, room.catalog.settings)
    render_site({name: room.warehouse.read(name) for name in KEYS}, out=folder / "site", comments=said, **options)


def site_options(places: Places, settings: Settings) -> dict[str, Any]:
    """What one reports directory and the code tell `render_site`, whatever the tables hold."""
    report, folder = settings.report, SQL_DIRECTORY.parent
    made = {file.stem: file.relative_to(folder).as_posix() for file in SQL_DIRECTORY.rglob("*.sql")}
    made |= {name: f"pipelines/statistics ({s.function.__name__})" for name, s in STATISTICS.items()}
    made["builds"] = "pipelines/assets/ledger.py"
    return {
        "company": report.company,
        "colour": report.colour,
        "logo": places.reports / report.logo if report.logo else None,
        "stale_after_us": settings.build.stale_after,
        "templates": places.looks("templates"),
        "static": places.looks("static"),
        "sources": made,
    }
