"""The seed's five metrics under their own names, each beside the figure of ours that comes nearest."""

from dataclasses import dataclass

from pipelines.pages.cells import Cell, Published

_METRICS = {
    "portals_opened": ("portals_opened", "count"),
    "sso_completed": ("sso_completed", "count"),
    "dsync_completed": ("dsync_completed", "count"),
    "completion_rate": ("completion_rate", "percent"),
    "avg_completion_time": ("avg_completion_us", "duration"),
}
"""Name of the metric: the column read, and its format; the average is read in microseconds."""


@dataclass(frozen=True)
class SeedMetric:
    """`name` as the seed has it; `ours` is None where no funnel of ours measures the like."""

    name: str
    value: Cell
    ours: Cell | None


def seed_metrics(published: Published) -> tuple[SeedMetric, ...]:
    """The five, in the seed's order."""
    row, ours = published.only("rpt_seed_metrics"), _ours(published)
    return tuple(SeedMetric(name, row.cell(column, form), ours.get(name)) for name, (column, form) in _METRICS.items())


def _ours(published: Published) -> dict[str, Cell]:
    funnels = {row["funnel_id"]: row for row in published.rows("rpt_funnels")}
    found = {"portals_opened": published.only("rpt_totals").cell("linked_organization_count", "count")}
    for name, funnel_id in (("sso_completed", "sso_setup"), ("dsync_completed", "dsync_setup")):
        if funnel_id in funnels:
            found[name] = funnels[funnel_id].cell("activated_count early_activated_count", "total")
    if "sso_setup" in funnels:
        median = published.row("rpt_time_to_activation", "sso_setup", 0.5)
        found["completion_rate"] = funnels["sso_setup"].cell("conversion_rate", "rate")
        found["avg_completion_time"] = median.cell("time_us", "reached_time")
    return found
