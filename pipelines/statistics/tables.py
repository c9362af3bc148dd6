"""Which function makes which published table, from which tables: rows from which the wiring makes its assets."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import polars as pl

from pipelines.statistics.activation import activation_curve, time_to_activation
from pipelines.statistics.cohorts import providers, weeks
from pipelines.statistics.comparisons import comparisons
from pipelines.statistics.drivers import drivers
from pipelines.statistics.funnels import funnel_steps, funnel_summary
from pipelines.statistics.history import report_runs
from pipelines.statistics.organizations import organizations
from pipelines.statistics.segments import segment_steps, segment_summary
from pipelines.statistics.times import step_times, time_buckets, time_in_portal


@dataclass(frozen=True)
class Statistic:
    """A published table that is computed in Polars."""

    function: Callable[..., pl.DataFrame]
    inputs: tuple[str, ...]
    """Table names, in the order of the function's arguments."""
    key: tuple[str, ...]
    """The columns that are unique, not NULL, and sorted by."""

    def compute(self, tables: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
        """The table, from a mapping that holds at least `inputs`.

        Raises:
            KeyError: an input is missing.
        """
        return self.function(*(tables[name] for name in self.inputs))


_FUNNELS = ("fct_entries", "dim_funnels")
_STEPS = ("dim_funnel_steps", "dim_funnels")
_SEGMENT = ("funnel_id", "dimension", "segment")

STATISTICS: dict[str, Statistic] = {
    "rpt_funnels": Statistic(funnel_summary, inputs=(*_FUNNELS, "rpt_stalled"), key=("funnel_id",)),
    "rpt_funnel_steps": Statistic(
        funnel_steps,
        inputs=("fct_entries", "fct_entry_steps", "fct_step_waits", *_STEPS),
        key=("funnel_id", "step_number"),
    ),
    "rpt_time_to_activation": Statistic(time_to_activation, inputs=_FUNNELS, key=("funnel_id", "quantile")),
    "rpt_activation_curve": Statistic(activation_curve, inputs=_FUNNELS, key=("funnel_id", "at_us")),
    "rpt_step_times": Statistic(
        step_times, inputs=("fct_entries", "fct_step_waits", *_STEPS), key=("funnel_id", "step_number", "quantile")
    ),
    "rpt_time_in_portal": Statistic(
        time_in_portal, inputs=("fct_entries", "fct_entry_links", "dim_funnels"), key=("funnel_id", "quantile")
    ),
    "rpt_time_buckets": Statistic(
        time_buckets,
        inputs=("fct_entries", "fct_step_waits", "fct_entry_links", *_STEPS),
        key=("funnel_id", "span", "step_number", "bucket"),
    ),
    "rpt_weeks": Statistic(weeks, inputs=_FUNNELS, key=("funnel_id", "entry_week")),
    "rpt_providers": Statistic(providers, inputs=_FUNNELS, key=("funnel_id", "provider")),
    "rpt_segments": Statistic(
        segment_summary, inputs=("fct_entries", "fct_entry_segments", "dim_funnels"), key=_SEGMENT
    ),
    "rpt_segment_steps": Statistic(
        segment_steps,
        inputs=("fct_entries", "fct_entry_steps", "fct_entry_segments", *_STEPS),
        key=(*_SEGMENT, "step_number"),
    ),
    "rpt_drivers": Statistic(drivers, inputs=("rpt_segments",), key=_SEGMENT),
    "rpt_comparisons": Statistic(
        comparisons, inputs=(*_FUNNELS, "ref_settings"), key=("funnel_id", "within_us", "period_us")
    ),
    "rpt_organizations": Statistic(organizations, inputs=_FUNNELS, key=("funnel_id",)),
    "rpt_report_runs": Statistic(
        report_runs,
        inputs=("ref_report_runs", "fct_run_events", "fct_entries", "rpt_funnels", "rpt_report"),
        key=("report_id", "funnel_id"),
    ),
}
