"""Entries counted by what they have in common: the entry week, the provider. Whole funnels are in `funnels`.

The counts and the completion rate of a group are defined here once, for every table that has them.
"""

from __future__ import annotations

import polars as pl

from pipelines.statistics.intervals import share, wilson_bounds
from pipelines.statistics.survival import quantile_times, survival_curve

MATURED = pl.col("is_matured")
ACTIVATED = pl.col("outcome") == "activated"
OPEN = pl.col("outcome") == "open"


def counted(entries: pl.DataFrame) -> pl.DataFrame:
    """The entries that are in counts: all but the excluded ones."""
    return entries.filter(~pl.col("is_excluded"))


def count(condition: pl.Expr) -> pl.Expr:
    """How many rows of a group meet a Boolean condition, as Int64."""
    return condition.sum().cast(pl.Int64)


def outcome_counts() -> dict[str, pl.Expr]:
    """Aggregations over counted entries, by column name; `activated_count` is of the matured, the rate's numerator."""
    return {
        "entrant_count": pl.len().cast(pl.Int64),
        "matured_count": count(MATURED),
        "activated_count": count(MATURED & ACTIVATED),
        "early_activated_count": count(~MATURED & ACTIVATED),
        "open_count": count(OPEN),
    }


def with_conversion(groups: pl.DataFrame) -> pl.DataFrame:
    """Adds `conversion_rate`, `conversion_lower`, `conversion_upper` (0 to 1): activated of matured, Wilson 95 %.

    NULL where nothing has matured.
    """
    activated, matured = pl.col("activated_count"), pl.col("matured_count")
    lower, upper = wilson_bounds(activated, matured)
    return groups.with_columns(
        conversion_rate=share(activated, matured),
        conversion_lower=lower,
        conversion_upper=upper,
    )


def observations(entries: pl.DataFrame) -> pl.DataFrame:
    """Counted entries as `survival_curve` takes them: adds `is_event`, true where the observed time ends in activation.

    Late activations are events; competing ends are censored.
    """
    return counted(entries).with_columns(is_event=pl.col("observed_outcome") == "activated")


def weeks(entries: pl.DataFrame, funnels: pl.DataFrame) -> pl.DataFrame:
    """`rpt_weeks`: one row per funnel and entry week that has entries; gaps are not filled.

    Args:
        entries: `fct_entries`.
        funnels: `dim_funnels`; entries of other funnels are left out.
    """
    return (
        counted(entries)
        .join(funnels, on="funnel_id", how="semi")
        .group_by("funnel_id", "entry_week")
        .agg(**outcome_counts())
        .pipe(with_conversion)
        .with_columns(is_matured=pl.col("matured_count") == pl.col("entrant_count"))
        .sort("funnel_id", "entry_week")
    )


def providers(entries: pl.DataFrame, funnels: pl.DataFrame) -> pl.DataFrame:
    """`rpt_providers`: one row per funnel and provider that an entry names.

    Entries without one are in no row: a provider is known only from the provider step on. How many that leaves out
    is `provider_coverage` of `rpt_funnels`.

    Args:
        entries: `fct_entries`.
        funnels: `dim_funnels`; entries of other funnels are left out.
    """
    key = ["funnel_id", "provider"]
    named = observations(entries).drop_nulls("provider").join(funnels, on="funnel_id", how="semi")
    medians = quantile_times(survival_curve(named, key), key, [50])
    return (
        named.group_by(key)
        .agg(**outcome_counts())
        .pipe(with_conversion)
        .join(medians.select(*key, median_activation_us="time_us"), on=key, how="left")
        .select(pl.exclude("early_activated_count", "open_count"), "open_count")
        .sort(key)
    )
