"""One asset a table that Polars computes from other tables; the registry is `pipelines.statistics.tables`."""

import inspect
from collections.abc import Iterator

import dagster as dg

from pipelines.assets.room import Room
from pipelines.statistics.tables import Statistic


def statistic_asset(name: str, statistic: Statistic) -> dg.AssetsDefinition:
    """The asset that computes one table and writes it back."""

    @dg.asset(
        name=name,
        deps=list(statistic.inputs),
        description=statistic_description(statistic),
        group_name="statistics",
        kinds={"polars"},
    )
    def compute(room: Room) -> Iterator[dg.MaterializeResult[None]]:
        frame = statistic.compute({table: room.warehouse.read(table) for table in statistic.inputs})
        room.warehouse.store_frame(name, frame)
        yield dg.MaterializeResult(metadata={"dagster/row_count": frame.height})

    return compute


def statistic_description(statistic: Statistic) -> str:
    """First sentence of the function's docstring."""
    return (inspect.getdoc(statistic.function) or "").partition("\n")[0]
