"""The one set of Dagster definitions, for `dagster dev`, `dagster definitions validate` and the command line."""

import dagster as dg

from pipelines.assets.automation import build_schedule, inbox_sensor
from pipelines.assets.ingestion import declared, event_store
from pipelines.assets.publishing import published_asset
from pipelines.assets.room import Room
from pipelines.assets.tables import model_asset, reconciliation_check, statistic_asset
from pipelines.models import load_checks, load_models
from pipelines.statistics.tables import STATISTICS


def build_definitions(room: Room) -> dg.Definitions:
    """Every asset, check, schedule and sensor, working in `room`."""
    models = load_models()
    return dg.Definitions(
        assets=[
            event_store,
            declared,
            *map(model_asset, models),
            *(statistic_asset(name, statistic) for name, statistic in STATISTICS.items()),
            published_asset(models),
        ],
        asset_checks=[reconciliation_check(check) for check in load_checks()],
        schedules=[build_schedule()],
        sensors=[inbox_sensor],
        resources={"room": room},
        executor=dg.in_process_executor,
    )


defs = build_definitions(Room())
