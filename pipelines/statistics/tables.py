"""Which function makes which published table, from which tables: rows from which the wiring makes its assets."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import polars as pl

from pipelines.statistics.activation import activation_curve, time_to_activation
from pipelines.statistics.cohorts import providers, weeks
from pipelines.statistics.funnels import funnel_steps, funnel_summary


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


STATISTICS: dict[str, Statistic] = {
    "rpt_funnels": Statistic(funnel_summary, inputs=("fct_entries", "dim_funnels", "rpt_stalled"), key=("funnel_id",)),
    "rpt_funnel_steps": Statistic(
        funnel_steps,
        inputs=("fct_entries", "fct_entry_steps", "dim_funnel_steps", "dim_funnels"),
        key=("funnel_id", "step_number"),
    ),
    "rpt_time_to_activation": Statistic(
        time_to_activation, inputs=("fct_entries", "dim_funnels"), key=("funnel_id", "quantile")
    ),
    "rpt_activation_curve": Statistic(
        activation_curve, inputs=("fct_entries", "dim_funnels"), key=("funnel_id", "at_us")
    ),
    "rpt_weeks": Statistic(weeks, inputs=("fct_entries", "dim_funnels"), key=("funnel_id", "entry_week")),
    "rpt_providers": Statistic(providers, inputs=("fct_entries", "dim_funnels"), key=("funnel_id", "provider")),
}
