"""What is counted of any group of entries: counts, rates and times, defined once for every table that has them.

Whole funnels are in `funnels`, groups by any dimension in `segments`.
"""

from collections.abc import Sequence

import polars as pl

from pipelines.statistics.incidence import CENSORED, COMPETING, EVENT, incidence_at
from pipelines.statistics.intervals import share, wilson_bounds
from pipelines.statistics.survival import quantile_times, restricted_means, survival_curve

ENTRY = ["funnel_id", "entry_id"]
MATURED = pl.col("is_matured")
ACTIVATED = pl.col("outcome") == "activated"
OPEN = pl.col("outcome") == "open"
ENOUGH = 20
"""Entries below which a rate says too little to be compared or tested."""
HEADLINE = ("entrant_count", "matured_count", "activated_count", "open_count", "^conversion_.*$")
"""The columns that every table of groups has."""


def counted(entries: pl.DataFrame) -> pl.DataFrame:
    """The entries that are in counts: all but the excluded ones."""
    return entries.filter(~pl.col("is_excluded"))


def counted_in(entries: pl.DataFrame, funnels: pl.DataFrame) -> pl.DataFrame:
    """The counted entries of `funnels`, each with its funnel's `window_us`."""
    return counted(entries).join(funnels.select("funnel_id", "window_us"), on="funnel_id")


def count(condition: pl.Expr) -> pl.Expr:
    """How many rows of a group meet a Boolean condition, as Int64."""
    return condition.sum().cast(pl.Int64)


def are_enough(*counts: pl.Expr) -> pl.Expr:
    """Whether each of some counts is at least `ENOUGH`."""
    return pl.min_horizontal(*counts) >= ENOUGH


def outcome_counts() -> dict[str, pl.Expr]:
    """Aggregations over counted entries, by column name; `activated_count` is of the matured, the rate's numerator."""
    return {
        "entrant_count": pl.len().cast(pl.Int64),
        "matured_count": count(MATURED),
        "maturing_count": count(~MATURED),
        "open_count": count(OPEN),
        "activated_count": count(MATURED & ACTIVATED),
        "early_activated_count": count(~MATURED & ACTIVATED),
        "lost_count": count(pl.col("outcome") == "lost"),
        "ended_count": count(pl.col("outcome") == "ended"),
    }


def with_conversion(groups: pl.DataFrame) -> pl.DataFrame:
    """Adds `conversion_rate`, `conversion_lower`, `conversion_upper` (0 to 1): activated of matured, Wilson 95 %.

    NULL where nothing has matured.
    """
    activated, matured = pl.col("activated_count"), pl.col("matured_count")
    lower, upper = wilson_bounds(activated, matured)
    return groups.with_columns(
        conversion_rate=share(activated, matured), conversion_lower=lower, conversion_upper=upper
    )


def observations(entries: pl.DataFrame) -> pl.DataFrame:
    """Counted entries as `survival_curve` takes them: adds `is_event`, true where the observed time ends in activation.

    Late activations are events; competing ends are censored.
    """
    return _watched(counted(entries))


def _watched(included: pl.DataFrame) -> pl.DataFrame:
    return included.with_columns(is_event=pl.col("observed_outcome") == "activated")


def chances(included: pl.DataFrame) -> pl.DataFrame:
    """The rows of `counted_in` as `incidence_at` takes them at `window_us`: adds `kind`, how the watching ended.

    An entry that was activated is an event; one that ended, or that an exclusion stopped, can convert no more; all
    others are watched until now, or until the window closed.
    """
    is_stopped = pl.col("outcome").is_in(["lost", "ended"]) & (pl.col("observed_outcome") != "activated")
    kind = pl.when(ACTIVATED).then(EVENT).when(is_stopped).then(COMPETING).otherwise(CENSORED)
    return included.with_columns(kind=kind.cast(pl.Int8))


def group_measures(included: pl.DataFrame, by: Sequence[str]) -> pl.DataFrame:
    """One row per group of the rows of `counted_in`, unordered: what the published tables say of any group.

    Returns:
        `by`, the columns of `outcome_counts` and `with_conversion`, `provisional_rate`, `provisional_lower`,
        `provisional_upper` (0 to 1: Aalen-Johansen at the window, of all entries), `median_activation_us`,
        `median_lower_us`, `median_upper_us` (Kaplan-Meier), `restricted_mean_us` and its bounds (within the window).
    """
    provisional = incidence_at(chances(included), by, horizon="window_us").select(
        *by, provisional_rate="incidence", provisional_lower="incidence_lower", provisional_upper="incidence_upper"
    )
    curve, horizons = survival_curve(_watched(included), by), included.select(*by, horizon_us="window_us").unique()
    medians = quantile_times(curve, by, [50]).select(
        *by, median_activation_us="time_us", median_lower_us="time_lower_us", median_upper_us="time_upper_us"
    )
    groups = included.group_by(by).agg(**outcome_counts()).pipe(with_conversion)
    for part in (provisional, medians, restricted_means(curve, by, horizons)):
        groups = groups.join(part, on=by, how="left")
    return groups
