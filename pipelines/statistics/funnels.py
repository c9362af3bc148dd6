"""One row per funnel, one row per step. What groups of entries have in common is in `cohorts`."""

from __future__ import annotations

import polars as pl

from pipelines.statistics.cohorts import MATURED, OPEN, count, counted, outcome_counts, with_conversion
from pipelines.statistics.intervals import share
from pipelines.statistics.quantiles import exact_quantile

_SUMMARY_COLUMNS = (
    "funnel_id",
    "entrant_count",
    "matured_count",
    "maturing_count",
    "open_count",
    "excluded_count",
    "activated_count",
    "early_activated_count",
    "lost_count",
    "ended_count",
    "conversion_rate",
    "conversion_lower",
    "conversion_upper",
    "stalled_count",
    "longest_idle_us",
    "next_maturity_at",
    "provider_coverage",
)
_STEP_COLUMNS = (
    "funnel_id",
    "step_number",
    "step_name",
    "label",
    "is_optional",
    "is_conversion",
    "is_recorded",
    "reached_count",
    "recorded_count",
    "step_conversion_rate",
    "overall_conversion_rate",
    "drop_off_count",
    "drop_off_rate",
    "open_count",
    "median_step_us",
    "is_largest_drop_off",
)


def funnel_summary(entries: pl.DataFrame, funnels: pl.DataFrame, stalled: pl.DataFrame) -> pl.DataFrame:
    """`rpt_funnels`: one row per funnel, sorted by `funnel_id`; counts are 0 and all else NULL where there is none.

    Args:
        entries: `fct_entries`.
        funnels: `dim_funnels`.
        stalled: `rpt_stalled`.
    """
    excluded = entries.filter("is_excluded").group_by("funnel_id").agg(excluded_count=pl.len().cast(pl.Int64))
    stuck = stalled.group_by("funnel_id").agg(
        stalled_count=pl.len().cast(pl.Int64), longest_idle_us=pl.col("idle_us").max()
    )
    parts = (counted(entries).group_by("funnel_id").agg(**_funnel_counts()), excluded, stuck)
    summary = funnels.select("funnel_id")
    for part in parts:
        summary = summary.join(part, on="funnel_id", how="left")
    return (
        summary.with_columns(pl.col("^.*_count$").fill_null(0))
        .pipe(with_conversion)
        .select(*_SUMMARY_COLUMNS)
        .sort("funnel_id")
    )


def _funnel_counts() -> dict[str, pl.Expr]:
    return outcome_counts() | {
        "maturing_count": count(~MATURED),
        "lost_count": count(pl.col("outcome") == "lost"),
        "ended_count": count(pl.col("outcome") == "ended"),
        "next_maturity_at": pl.col("matures_at").filter(~MATURED).min(),
        "provider_coverage": share(count(MATURED & pl.col("provider").is_not_null()), count(MATURED)),
    }


def funnel_steps(
    entries: pl.DataFrame, entry_steps: pl.DataFrame, steps: pl.DataFrame, funnels: pl.DataFrame
) -> pl.DataFrame:
    """`rpt_funnel_steps`: one row per funnel and step, sorted by both.

    Reached and recorded are of matured entries. A step that is not recorded has no rates; what was lost before it and
    at it joins the loss of the next recorded step. The first step has neither step conversion nor drop-off.

    Args:
        entries: `fct_entries`.
        entry_steps: `fct_entry_steps`.
        steps: `dim_funnel_steps`.
        funnels: `dim_funnels`.
    """
    included = counted(entries)
    key = ["funnel_id", "step_number"]
    return (
        steps.join(funnels.select("funnel_id", "last_required_step"), on="funnel_id")
        .join(_deepest_counts(included), on=key, how="left")
        .join(_own_events(included.filter(MATURED), entry_steps), on=key, how="left")
        .with_columns(pl.col("stopped_count", "open_count", "recorded_count").fill_null(0))
        .sort(key)
        .pipe(_with_reached)
        .pipe(_with_largest_drop_off)
        .select(*_STEP_COLUMNS)
    )


def _deepest_counts(included: pl.DataFrame) -> pl.DataFrame:
    return included.group_by("funnel_id", step_number="deepest_step").agg(
        stopped_count=count(MATURED), open_count=count(OPEN)
    )


def _own_events(matured: pl.DataFrame, entry_steps: pl.DataFrame) -> pl.DataFrame:
    return (
        entry_steps.join(matured, on=["funnel_id", "entry_id"], how="semi")
        .group_by("funnel_id", "step_number")
        .agg(
            recorded_count=pl.len().cast(pl.Int64),
            median_step_us=exact_quantile(pl.col("since_previous_us"), 50),
        )
    )


def _with_reached(steps: pl.DataFrame) -> pl.DataFrame:
    reached, previous = pl.col("reached_count"), pl.col("previous_count")
    through = pl.col("stopped_count").cum_sum(reverse=True).over("funnel_id")
    return (
        steps.with_columns(reached_count=pl.when("is_recorded").then(through))
        .with_columns(previous_count=reached.forward_fill().shift(1).over("funnel_id"))
        .with_columns(
            step_conversion_rate=share(reached, previous),
            overall_conversion_rate=share(reached, reached.first().over("funnel_id")),
            drop_off_count=previous - reached,
            drop_off_rate=share(previous - reached, previous),
        )
    )


def _with_largest_drop_off(steps: pl.DataFrame) -> pl.DataFrame:
    up_to_conversion = (pl.col("step_number") <= pl.col("last_required_step")) & (pl.col("drop_off_count") > 0)
    loss = pl.when(up_to_conversion).then("drop_off_count")
    is_peak = (loss == loss.max().over("funnel_id")).fill_null(False)
    return steps.with_columns(is_largest_drop_off=is_peak & (is_peak.cum_sum().over("funnel_id") == 1))
