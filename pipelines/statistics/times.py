"""How long things take: quantiles of all who wait beside those of the ones who got there, and counts by named times.

Any group's times are measured here; which groups are published is in `segments`, the whole curve in `activation`.
"""

from collections.abc import Sequence

import polars as pl

from pipelines.durations import UNITS_US
from pipelines.statistics.cohorts import ACTIVATED, ENTRY, count, observations
from pipelines.statistics.intervals import share
from pipelines.statistics.quantiles import PERCENTS, counted_quantile
from pipelines.statistics.survival import quantile_times, survival_curve

BUCKETS_US = {
    **{f"{number} min": number * UNITS_US["minute"] for number in (1, 5, 15, 30)},
    **{f"{number} h": number * UNITS_US["hour"] for number in (1, 4)},
    **{f"{number} d": number * UNITS_US["day"] for number in (1, 3, 7, 14, 30)},
}
"""The buckets of times by label: up to and including so many µs. What is longer is in one more, `more`."""
STEP = ["funnel_id", "step_number"]


def waits(step_waits: pl.DataFrame, entries: pl.DataFrame) -> pl.DataFrame:
    """`fct_step_waits` of some entries as `survival_curve` takes them, with their columns; to reach is the event."""
    return step_waits.rename({"waited_us": "observed_us", "is_reached": "is_event"}).join(
        entries.drop("observed_us"), on=ENTRY
    )


def spans(included: pl.DataFrame, step_waits: pl.DataFrame, entry_links: pl.DataFrame) -> pl.DataFrame:
    """Every time that counted entries took or still take, as `survival_curve` takes them.

    Args:
        included: counted rows of `fct_entries`, each with its number `entry`.
        step_waits: `fct_step_waits`.
        entry_links: `fct_entry_links`.

    Returns:
        `entry`, `span`, `step_number` (0 unless the span is a step), `observed_us`, `is_event`. Spans: `activation`
        (entry to activation, late ones too), `portal` (first opening of the link used to the activation: complete
        ones only), `step` (the step reached before to this step).
    """
    activated, step = included.filter(ACTIVATED).select(*ENTRY, "entry"), pl.col("step_number").cast(pl.Int64)
    visits = entry_links.drop_nulls("portal_us").join(activated, on=ENTRY)
    parts = {
        "activation": observations(included).with_columns(step_number=0),
        "portal": visits.with_columns(step_number=0, observed_us="portal_us", is_event=True),
        "step": waits(step_waits, included),
    }
    return pl.concat(
        part.select("entry", pl.lit(span).alias("span"), step, "observed_us", "is_event")
        for span, part in parts.items()
    )


def quantiles_of(observed: pl.DataFrame, by: Sequence[str]) -> pl.DataFrame:
    """One row per group and published quantile.

    Args:
        observed: the `by` columns, `observed_us` (Int64), `is_event`; as `survival_curve` takes them.
        by: names of the grouping columns.

    Returns:
        The key columns, `quantile` (Float64, 0 to 1), `waiting_count`, `completer_count`, `time_us`, `time_lower_us`,
        `time_upper_us` (Kaplan-Meier), `completer_time_us` (the exact quantile of the events alone), unordered.
    """
    key, curve = [*by, "quantile"], survival_curve(observed, by)
    counts = observed.group_by(by).agg(waiting_count=pl.len().cast(pl.Int64), completer_count=count(pl.col("is_event")))
    completed = curve.select(*by, "observed_us", done=pl.col("event_count").cum_sum().over(by)).group_by(by)
    exact = pl.concat(
        completed.agg(
            quantile=pl.lit(percent / 100), completer_time_us=counted_quantile("observed_us", "done", percent)
        )
        for percent in PERCENTS
    )
    return counts.join(quantile_times(curve, by, PERCENTS), on=by).join(exact, on=key).select(*key, pl.exclude(key))


def buckets_of(observed: pl.DataFrame, by: Sequence[str]) -> pl.DataFrame:
    """How many took how long: one row per bucket and group in which a time is complete, sorted.

    Args:
        observed: as `quantiles_of` takes it.
        by: names of the grouping columns.

    Returns:
        The key columns, `bucket` (from 1), `bucket_label`, `up_to_us` (NULL: the last), `attempt_count` in the bucket,
        `total_count` in all of them, `share` and `cumulative_share` (0 to 1).
    """
    key, bounds = [*by, "bucket"], list(BUCKETS_US.values())
    place = pl.sum_horizontal(pl.col("observed_us") > bound for bound in bounds).cast(pl.Int64) + 1
    complete = observed.filter("is_event").with_columns(bucket=place)
    counts = complete.group_by(key).agg(attempt_count=pl.len().cast(pl.Int64))
    totals = complete.group_by(by).agg(total_count=pl.len().cast(pl.Int64))
    labels, numbers = [*BUCKETS_US, "more"], range(1, len(bounds) + 2)
    buckets = pl.DataFrame({"bucket": numbers, "bucket_label": labels, "up_to_us": [*bounds, None]})
    took, total = pl.col("attempt_count"), pl.col("total_count")
    return (
        totals.join(buckets, how="cross")
        .join(counts, on=key, how="left")
        .with_columns(took.fill_null(0))
        .sort(key)
        .with_columns(share=share(took, total), cumulative_share=share(took.cum_sum().over(by), total))
        .select(*key, "bucket_label", "up_to_us", "attempt_count", "total_count", "share", "cumulative_share")
    )
