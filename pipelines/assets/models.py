"""One asset a SQL file: name, description, dependencies and the blocking key check all come from the file."""

from collections.abc import Iterator

import dagster as dg

from pipelines.assets.room import Room
from pipelines.models import Model


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
        rows = room.warehouse.build(model)
        faults = room.warehouse.key_faults(model)
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
