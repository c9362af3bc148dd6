"""One blocking check a file of `sql/checks/`: a SELECT of the rows that must not be there."""

import dagster as dg

from pipelines.assets.room import Room
from pipelines.models import Check


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
        faults = room.warehouse.query(check.sql)
        return dg.AssetCheckResult(
            passed=faults.is_empty(),
            description=check.sentence
            if faults.is_empty()
            else f"{check.name}: {faults.height} rows break this rule: "
            f"{check.sentence} The first: {faults.row(0, named=True)}",
            metadata={"faults": faults.height},
        )

    return reconcile
