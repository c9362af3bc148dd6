"""One row per funnel, one row per step. What groups of entries have in common is in `cohorts`, of times in `times`."""

from collections.abc import Sequence

import polars as pl

from pipelines.statistics.cohorts import ENTRY, MATURED, OPEN, count, counted_in, group_measures
from pipelines.statistics.intervals import share
from pipelines.statistics.quantiles import exact_quantile
from pipelines.statistics.survival import restricted_means, survival_curve
from pipelines.statistics.times import STEP, waits


def funnel_summary(entries: pl.DataFrame, funnels: pl.DataFrame, stalled: pl.DataFrame) -> pl.DataFrame:
    """`rpt_funnels`: one row per funnel, sorted by `funnel_id`; counts are 0 and all else NULL where there is none.

    Args:
        entries: `fct_entries`.
        funnels: `dim_funnels`.
        stalled: `rpt_stalled`.
    """
    key, included = ["funnel_id"], counted_in(entries, funnels)
    parts = (
        group_measures(included, key),
        included.group_by(key).agg(
            latest_entered_at=pl.col("entered_at").max(),
            next_maturity_at=pl.col("matures_at").filter(~MATURED).min(),
            provider_coverage=share(count(MATURED & pl.col("provider").is_not_null()), count(MATURED)),
        ),
        entries.filter("is_excluded").group_by(key).agg(excluded_count=pl.len().cast(pl.Int64)),
        stalled.group_by(key).agg(stalled_count=pl.len().cast(pl.Int64), longest_idle_us=pl.col("idle_us").max()),
    )
    summary = funnels.select(key)
    for part in parts:
        summary = summary.join(part, on=key, how="left")
    return summary.with_columns(pl.col("^.*_count$").fill_null(0)).drop("median_lower_us", "median_upper_us").sort(key)


def funnel_steps(
    entries: pl.DataFrame,
    entry_steps: pl.DataFrame,
    step_waits: pl.DataFrame,
    steps: pl.DataFrame,
    funnels: pl.DataFrame,
) -> pl.DataFrame:
    """`rpt_funnel_steps`: one row per funnel and step, sorted by both.

    Reached and recorded are of matured entries. A step that is not recorded has no rates; what was lost before it and
    at it joins the loss of the next recorded step. The first step has neither step conversion nor drop-off.

    Args:
        entries: `fct_entries`.
        entry_steps: `fct_entry_steps`.
        step_waits: `fct_step_waits`.
        steps: `dim_funnel_steps`.
        funnels: `dim_funnels`.
    """
    included, last = counted_in(entries, funnels), funnels.select("funnel_id", "last_required_step")
    return (
        step_measures(
            steps.drop("event_types", strict=False).join(last, on="funnel_id"),
            included,
            entry_steps.join(included.filter(MATURED), on=ENTRY, how="semi"),
            ["funnel_id"],
        )
        .join(_waiting(step_waits, included), on=STEP, how="left")
        .with_columns(pl.col("waiting_count").fill_null(0))
        .sort(STEP)
        .pipe(_with_largest_drop_off)
    )


def step_measures(
    steps: pl.DataFrame, included: pl.DataFrame, entry_steps: pl.DataFrame, by: Sequence[str]
) -> pl.DataFrame:
    """What became of any group of entries at each step.

    Args:
        steps: one row per group and step: `by`, `step_number`, `is_recorded`, and whatever else shall stay.
        included: counted entries: `by`, `deepest_step`, `is_matured`, `outcome`.
        entry_steps: steps of matured counted entries: `by`, `step_number`, `since_previous_us`.
        by: names of the grouping columns.

    Returns:
        `steps` with `reached_count`, `matured_count` (of the group, whatever the step), `recorded_count`, `open_count`,
        `step_conversion_rate`, `overall_conversion_rate`, `drop_off_count`, `drop_off_rate`, `median_step_us`, sorted
        by group and step.
    """
    key = [*by, "step_number"]
    deepest = included.group_by(*by, step_number="deepest_step").agg(
        stopped_count=count(MATURED), open_count=count(OPEN)
    )
    own = entry_steps.group_by(key).agg(
        recorded_count=pl.len().cast(pl.Int64), median_step_us=exact_quantile(pl.col("since_previous_us"), 50)
    )
    return (
        steps.join(deepest, on=key, how="left")
        .join(own, on=key, how="left")
        .with_columns(pl.col("stopped_count", "open_count", "recorded_count").fill_null(0))
        .sort(key)
        .pipe(_with_reached, by)
    )


def _with_reached(steps: pl.DataFrame, by: Sequence[str]) -> pl.DataFrame:
    reached, previous, beside = pl.col("reached_count"), pl.col("previous_count"), ("open_count", "median_step_us")
    through = pl.col("stopped_count").cum_sum(reverse=True).over(by)
    return (
        steps.with_columns(
            reached_count=pl.when("is_recorded").then(through), matured_count=pl.col("stopped_count").sum().over(by)
        )
        .with_columns(previous_count=reached.forward_fill().shift(1).over(by))
        .with_columns(
            step_conversion_rate=share(reached, previous),
            overall_conversion_rate=share(reached, reached.first().over(by)),
            drop_off_count=previous - reached,
            drop_off_rate=share(previous - reached, previous),
        )
        .select(pl.exclude("previous_count", "stopped_count", *beside), *beside)
    )


def _waiting(step_waits: pl.DataFrame, included: pl.DataFrame) -> pl.DataFrame:
    """Who waits for each step, and for how long on average within the window.

    A wait begins later than the window it is in, so the longest one seen is a little shorter than the window: the mean
    goes as far as anybody was seen, and there is none before a window has closed.
    """
    observed = waits(step_waits, included)
    groups = observed.group_by(STEP)
    horizons = groups.agg(
        is_known=MATURED.any(), horizon_us=pl.min_horizontal(pl.col("observed_us").max(), pl.col("window_us").max())
    )
    means = restricted_means(survival_curve(observed, STEP), STEP, horizons.filter("is_known").drop("is_known"))
    return groups.agg(waiting_count=pl.len().cast(pl.Int64)).join(means, on=STEP, how="left")


def _with_largest_drop_off(steps: pl.DataFrame) -> pl.DataFrame:
    up_to_conversion = (pl.col("step_number") <= pl.col("last_required_step")) & (pl.col("drop_off_count") > 0)
    loss = pl.when(up_to_conversion).then("drop_off_count")
    is_peak = (loss == loss.max().over("funnel_id")).fill_null(False)
    is_first = is_peak.cum_sum().over("funnel_id") == 1
    return steps.with_columns(is_largest_drop_off=is_peak & is_first).drop("last_required_step")
