"""How long activation takes, from all entries rather than from those that got there. One curve a funnel."""

import polars as pl

from pipelines.durations import UNITS_US
from pipelines.statistics.cohorts import observations
from pipelines.statistics.comparisons import SAYS_NOTHING, periods_ago
from pipelines.statistics.intervals import wilson_bounds
from pipelines.statistics.quantiles import PERCENTS
from pipelines.statistics.survival import curve_at, survival_curve
from pipelines.statistics.times import quantiles_of

GRID_US = (
    *(UNITS_US["minute"] * count for count in (1, 2, 3, 5, 7, 10, 15, 20, 30, 45)),
    *(UNITS_US["hour"] * count for count in (1, 2, 3, 4, 6, 8, 12, 18)),
    *(UNITS_US["day"] * count for count in (1, 2, 3, 4, 5, 7, 10, 14, 21, 30, 45, 60)),
)
"""The times (µs) at which the curve is published: times that people name, about evenly spaced on a log scale."""
_FUNNEL, _POINT = ["funnel_id"], ["funnel_id", "at_us"]


def time_to_activation(entries: pl.DataFrame, funnels: pl.DataFrame) -> pl.DataFrame:
    """`rpt_time_to_activation`: one row per funnel and published quantile, sorted by both.

    `time_us` is the Kaplan-Meier quantile over all counted entries, NULL where the curve does not get that far;
    `completer_time_us` the exact quantile of the activated ones alone (late activations among them, as in the curve).

    Args:
        entries: `fct_entries`.
        funnels: `dim_funnels`.
    """
    key, counts = ["funnel_id", "quantile"], pl.col("entrant_count", "completer_count")
    quantiles = pl.DataFrame({"quantile": [percent / 100 for percent in PERCENTS]})
    times = quantiles_of(observations(entries), key[:1]).rename({"waiting_count": "entrant_count"})
    whole = funnels.select("funnel_id").join(quantiles, how="cross")
    return whole.join(times, on=key, how="left").with_columns(counts.fill_null(0)).sort(key)


def activation_curve(
    entries: pl.DataFrame, funnels: pl.DataFrame, comparisons: pl.DataFrame, settings: pl.DataFrame
) -> pl.DataFrame:
    """`rpt_activation_curve`: the share activated within each time of the grid, sorted by funnel and time.

    `at_risk_count` is the number of entries observed at least that long. The share is NULL where that is nobody,
    unless all had activated before; its bounds are NULL as well once the share is 1, where no interval exists. Before
    the first activation the upper bound is Wilson's, of none of those at risk.

    `current_share` and `previous_share` are those of the two periods of the funnel's leading comparison, up to the time
    for which their entries were watched; NULL where it compares nothing.

    Args:
        entries: `fct_entries`.
        funnels: `dim_funnels`.
        comparisons: `rpt_comparisons`.
        settings: `ref_settings`, of which `as_of_us` is read.
    """
    points = funnels.select("funnel_id").join(pl.DataFrame({"at_us": GRID_US}), how="cross")
    watched, activated = observations(entries), 1 - pl.col("survival")
    none_of_them = wilson_bounds(pl.lit(0), pl.col("at_risk_count"))[1]
    shares = curve_at(survival_curve(watched, _FUNNEL), points, _FUNNEL).select(
        *_POINT,
        activated_share=activated,
        activated_lower=1 - pl.col("survival_upper"),
        activated_upper=pl.when(activated == 0).then(none_of_them).otherwise(1 - pl.col("survival_lower")),
        at_risk_count="at_risk_count",
    )
    compared = comparisons.filter(pl.col("is_leading") & ~pl.col("verdict").is_in(SAYS_NOTHING))
    aged = watched.join(compared.select(*_FUNNEL, "within_us", "period_us"), on=_FUNNEL).with_columns(
        ago=periods_ago(settings)
    )
    for ago, name in enumerate(("current_share", "previous_share")):
        of_period = survival_curve(aged.filter(ago=ago), _FUNNEL)
        within = points.join(compared, on=_FUNNEL).filter(pl.col("at_us") <= pl.col("within_us"))
        share = curve_at(of_period, within.select(_POINT), _FUNNEL).select(*_POINT, activated.alias(name))
        shares = shares.join(share, on=_POINT, how="left")
    return shares.sort(_POINT)
