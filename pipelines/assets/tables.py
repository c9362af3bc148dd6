"""One asset a table, of a SQL file or of a function of `pipelines.statistics`; one check a file of `sql/checks/`.

Names, descriptions and dependencies, and what a check looks for, come from the file or the function.
"""

import inspect
from collections.abc import Iterator

import dagster as dg

from pipelines.assets.room import Room
from pipelines.models import Check, Model
from pipelines.statistics.tables import Statistic


def model_asset(model: Model) -> dg.AssetsDefinition:
    """The asset that builds one model."""

    @dg.asset(
        name=model.name,
        deps=sorted(model.reads),
        description=model.grain,
        group_name=model.layer,
        kinds={"duckdb", "sql"},
        code_version=model.version,
        check_specs=[dg.AssetCheckSpec("key", asset=model.name, blocking=True, description=f"unique: {model.key}")],
    )
    def build(room: Room) -> Iterator[dg.MaterializeResult[None]]:
        rows, faults = room.warehouse.build(model), room.warehouse.key_faults(model)
        yield dg.MaterializeResult(
            metadata={"dagster/row_count": rows},
            check_results=[
                dg.AssetCheckResult(
                    check_name="key",
                    passed=faults == 0,
                    description=f"{model.name}: {faults} rows lack a key of their own ({', '.join(model.key)})",
                )
            ],
        )

    return build


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
    """First sentence of the function's docstring, without the table's name that it begins with."""
    sentence = (inspect.getdoc(statistic.function) or "").partition("\n")[0].partition(": ")[2]
    return sentence[:1].upper() + sentence[1:]


def reconciliation_check(check: Check) -> dg.AssetChecksDefinition:
    """The check that keeps a build from being published while its SELECT finds a row."""

    @dg.asset_check(
        name=check.name,
        asset=check.asset,
        additional_deps=sorted(check.reads - {check.asset}),
        description=check.sentence,
        blocking=True,
    )
    def reconcile(room: Room) -> dg.AssetCheckResult:
        faults, said = room.warehouse.query(check.sql), check.sentence
        if faults.height:
            said = f"{check.name}: {faults.height} rows break this rule: {said} The first: {faults.row(0, named=True)}"
        return dg.AssetCheckResult(
            passed=faults.is_empty(),
            description=said,
            metadata={"faults": faults.height},
        )

    return reconcile
