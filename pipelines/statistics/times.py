"""How long things take: quantiles of all who wait beside those of the ones who got there, and counts by named times.

The steps and the portal are here, whole activations in `activation`; the curve itself is in `survival`.
"""

from collections.abc import Sequence

import polars as pl

from pipelines.durations import UNITS_US
from pipelines.statistics.cohorts import ACTIVATED, ENTRY, count, counted, observations
from pipelines.statistics.intervals import share
from pipelines.statistics.quantiles import PERCENTS, exact_quantile
from pipelines.statistics.survival import quantile_times, survival_curve

BUCKETS_US = {
    **{f"{number} min": number * UNITS_US["minute"] for number in (1, 5, 15, 30)},
    **{f"{number} h": number * UNITS_US["hour"] for number in (1, 4)},
    **{f"{number} d": number * UNITS_US["day"] for number in (1, 3, 7, 14, 30)},
}
"""The buckets of times by label: up to and including so many µs. What is longer is in one more, `more`."""
STEP = ["funnel_id", "step_number"]


def waits(step_waits: pl.DataFrame, entries: pl.DataFrame) -> pl.DataFrame:
    """`fct_step_waits` of counted entries as `survival_curve` takes them; reaching the step is the event."""
    return step_waits.join(counted(entries), on=ENTRY, how="semi").rename(
        {"waited_us": "observed_us", "is_reached": "is_event"}
    )


def quantiles_of(observed: pl.DataFrame, groups: pl.DataFrame) -> pl.DataFrame:
    """One row per group and published quantile, sorted; counts are 0 and all else NULL where nobody waited.

    Args:
        observed: the columns of `groups`, `observed_us` (Int64), `is_event`; as `survival_curve` takes them.
        groups: one row per group, none but its key columns.

    Returns:
        The key columns, `quantile` (Float64, 0 to 1), `waiting_count`, `completer_count`, `time_us`, `time_lower_us`,
        `time_upper_us` (Kaplan-Meier), `completer_time_us` (the exact quantile of the events alone).
    """
    by = groups.columns
    times = quantile_times(survival_curve(observed, by), by, PERCENTS)
    counts = observed.group_by(by).agg(waiting_count=pl.len().cast(pl.Int64), completer_count=count(pl.col("is_event")))
    return (
        groups.join(pl.DataFrame({"quantile": [percent / 100 for percent in PERCENTS]}), how="cross")
        .join(counts, on=by, how="left")
        .join(times, on=[*by, "quantile"], how="left")
        .join(_completers(observed, by), on=[*by, "quantile"], how="left")
        .with_columns(pl.col("waiting_count", "completer_count").fill_null(0))
        .sort(*by, "quantile")
    )


def _completers(observed: pl.DataFrame, by: Sequence[str]) -> pl.DataFrame:
    groups = observed.filter("is_event").group_by(by)
    return pl.concat(
        groups.agg(quantile=pl.lit(percent / 100), completer_time_us=exact_quantile(pl.col("observed_us"), percent))
        for percent in PERCENTS
    )


def step_times(
    entries: pl.DataFrame, step_waits: pl.DataFrame, steps: pl.DataFrame, funnels: pl.DataFrame
) -> pl.DataFrame:
    """`rpt_step_times`: one row per funnel, step but the first, and published quantile, sorted by them.

    Args:
        entries: `fct_entries`.
        step_waits: `fct_step_waits`.
        steps: `dim_funnel_steps`.
        funnels: `dim_funnels`.
    """
    return quantiles_of(waits(step_waits, entries), _later_steps(steps, funnels))


def time_in_portal(entries: pl.DataFrame, entry_links: pl.DataFrame, funnels: pl.DataFrame) -> pl.DataFrame:
    """`rpt_time_in_portal`: one row per funnel and published quantile, sorted by both.

    From the first opening of the link that was used to the activation. Every time is complete; the curve of complete
    times gives the quantiles their intervals.

    Args:
        entries: `fct_entries`.
        entry_links: `fct_entry_links`.
        funnels: `dim_funnels`.
    """
    activated = counted(entries).filter(ACTIVATED).group_by("funnel_id").agg(activated_count=pl.len().cast(pl.Int64))
    times = quantiles_of(_portal_times(entries, entry_links), funnels.select("funnel_id"))
    return (
        times.drop("completer_count", "completer_time_us")
        .rename({"waiting_count": "portal_count"})
        .join(activated, on="funnel_id", how="left")
        .with_columns(pl.col("activated_count").fill_null(0))
        .sort("funnel_id", "quantile")
    )


def time_buckets(
    entries: pl.DataFrame,
    step_waits: pl.DataFrame,
    entry_links: pl.DataFrame,
    steps: pl.DataFrame,
    funnels: pl.DataFrame,
) -> pl.DataFrame:
    """`rpt_time_buckets`: how many took how long, one row per funnel, span, step and bucket, sorted by them.

    Spans: `activation` (entry to activation, late ones too), `portal` (opening of the used link to activation), `step`
    (step reached before to this step). `step_number` is 0 unless the span is a step. Only what was completed is here;
    shares are NULL where nothing was.

    Args:
        entries: `fct_entries`.
        step_waits: `fct_step_waits`.
        entry_links: `fct_entry_links`.
        steps: `dim_funnel_steps`.
        funnels: `dim_funnels`.
    """
    key, no_step = ["funnel_id", "span", "step_number", "bucket"], pl.lit(0).alias("step_number")
    whole = funnels.select("funnel_id", no_step)
    spans = {
        "activation": (observations(entries).with_columns(no_step), whole),
        "portal": (_portal_times(entries, entry_links).with_columns(no_step), whole),
        "step": (waits(step_waits, entries), _later_steps(steps, funnels)),
    }
    rows = pl.concat([_bucketed(*frames, span) for span, frames in spans.items()], how="vertical_relaxed").sort(key)
    by, total = key[:3], pl.col("total_count")
    return rows.with_columns(total_count=pl.col("attempt_count").sum().over(by)).with_columns(
        share=share(pl.col("attempt_count"), total),
        cumulative_share=share(pl.col("attempt_count").cum_sum().over(by), total),
    )


def _bucketed(observed: pl.DataFrame, groups: pl.DataFrame, span: str) -> pl.DataFrame:
    key, bounds = [*groups.columns, "bucket"], list(BUCKETS_US.values())
    place = pl.sum_horizontal(pl.col("observed_us") > bound for bound in bounds).cast(pl.Int64) + 1
    counts = (
        observed.filter("is_event").with_columns(bucket=place).group_by(key).agg(attempt_count=pl.len().cast(pl.Int64))
    )
    labels, numbers = [*BUCKETS_US, "more"], range(1, len(bounds) + 2)
    buckets = pl.DataFrame({"bucket": numbers, "bucket_label": labels, "up_to_us": [*bounds, None]})
    return (
        groups.join(buckets, how="cross")
        .join(counts, on=key, how="left")
        .with_columns(pl.col("attempt_count").fill_null(0))
        .select("funnel_id", pl.lit(span).alias("span"), pl.exclude("funnel_id"))
    )


def _later_steps(steps: pl.DataFrame, funnels: pl.DataFrame) -> pl.DataFrame:
    return steps.join(funnels, on="funnel_id", how="semi").filter(pl.col("step_number") > 1).select(STEP)


def _portal_times(entries: pl.DataFrame, entry_links: pl.DataFrame) -> pl.DataFrame:
    activated = counted(entries).filter(ACTIVATED)
    used = entry_links.drop_nulls("portal_us").join(activated, on=ENTRY, how="semi")
    return used.select("funnel_id", observed_us="portal_us", is_event=pl.lit(value=True))
