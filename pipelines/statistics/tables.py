"""Which function makes which published table, from which tables: rows from which the wiring makes its assets."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import polars as pl

from pipelines.statistics.activation import activation_curve, time_to_activation
from pipelines.statistics.comparisons import comparisons
from pipelines.statistics.drivers import drivers
from pipelines.statistics.funnels import funnel_steps, funnel_summary
from pipelines.statistics.history import report_runs
from pipelines.statistics.organizations import organizations
from pipelines.statistics.segments import providers, segment_steps, segment_summary, time_buckets, times, weeks


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


def _made(function: Callable[..., pl.DataFrame], inputs: str, key: str) -> Statistic:
    return Statistic(function, tuple(inputs.split()), tuple(key.split()))


_FUNNELS = "fct_entries dim_funnels"
_STEPS = "dim_funnel_steps dim_funnels"
_TIMED = "fct_entries fct_entry_segments fct_step_waits fct_entry_links dim_funnels"
_SEGMENT = "funnel_id dimension segment"

STATISTICS = {
    "rpt_funnels": _made(funnel_summary, f"{_FUNNELS} rpt_stalled", "funnel_id"),
    "rpt_funnel_steps": _made(
        funnel_steps, f"fct_entries fct_entry_steps fct_step_waits {_STEPS}", "funnel_id step_number"
    ),
    "rpt_time_to_activation": _made(time_to_activation, _FUNNELS, "funnel_id quantile"),
    "rpt_segments": _made(segment_summary, "fct_entries fct_entry_segments fct_exposures dim_funnels", _SEGMENT),
    "rpt_weeks": _made(weeks, "rpt_segments", "funnel_id entry_week"),
    "rpt_segment_steps": _made(
        segment_steps, f"fct_entries fct_entry_steps fct_entry_segments {_STEPS}", f"{_SEGMENT} step_number"
    ),
    "rpt_providers": _made(
        providers, "rpt_segments rpt_segment_steps dim_funnel_steps rpt_stalled", "funnel_id provider"
    ),
    "rpt_times": _made(times, _TIMED, f"{_SEGMENT} span step_number quantile"),
    "rpt_time_buckets": _made(time_buckets, _TIMED, f"{_SEGMENT} span step_number bucket"),
    "rpt_drivers": _made(drivers, "rpt_segments", _SEGMENT),
    "rpt_comparisons": _made(comparisons, f"{_FUNNELS} ref_settings", "funnel_id within_us period_us"),
    "rpt_activation_curve": _made(activation_curve, f"{_FUNNELS} rpt_comparisons ref_settings", "funnel_id at_us"),
    "rpt_organizations": _made(organizations, _FUNNELS, "funnel_id"),
    "rpt_report_runs": _made(
        report_runs, "ref_report_runs fct_run_events fct_entries rpt_funnels rpt_report", "report_id funnel_id"
    ),
}
