"""The share that has had an event by a horizon, where some are not watched that long and others can no longer have it.

The estimate is by O. O. Aalen and S. Johansen, Scand. J. Statist. 5 (1978) 141-150; its variance by the delta method
as in E. Marubini and M. G. Valsecchi, Analysing Survival Data from Clinical Trials and Observational Studies (1995),
10.2; the interval is Wilson's with the sample size that would have that variance without censoring, by
K. J. Rothman, J. Chronic Dis. 31 (1978) 557-560. The curve over all times, competing ends censored, is in `survival`.
"""

from collections.abc import Sequence

import polars as pl

from pipelines.statistics.intervals import wilson_of_share

CENSORED, EVENT, COMPETING = 0, 1, 2
"""How the watching of an entry ended: still without either, in the event, in something that rules the event out."""


def incidence_at(observations: pl.DataFrame, by: Sequence[str], horizon: str = "horizon_us") -> pl.DataFrame:
    """The cumulative incidence of the event at each group's horizon, the horizon itself included.

    Where nobody was censored before the horizon this is events / entries with its Wilson bounds, bit for bit.

    Args:
        observations: one row per entry: the `by` columns, `observed_us` (Int64, microseconds, not NULL), `kind` (Int8:
            0 censored, and at risk up to and including that time, 1 event, 2 competing end) and the horizon.
        by: names of the grouping columns, one at least.
        horizon: name of the column of the horizon (Int64, microseconds, the same within a group).

    Returns:
        `by`, `incidence` (Float64, 0 to 1; NULL where nobody was watched to the horizon, unless all had ended before:
        what the young ones have done so far is no rate at the horizon), `incidence_lower`, `incidence_upper` (95 %),
        `at_risk_count` (Int64, observed at least up to the horizon), one row per group that has rows, sorted.
    """
    steps = _with_variance(_steps(observations, by, horizon), by)
    last = steps.group_by(by).agg(
        pl.col("incidence", "others", "variance", "survival").last(),
        pl.col("event_count", "at_horizon", "leaving", "censored").sum(),
    )
    rate, others, watched = pl.col("incidence"), pl.col("others"), pl.col("leaving") - pl.col("censored")
    is_plain = pl.col("censored") == 0
    spread = rate * others
    size = pl.when(~is_plain & (spread > 0)).then(spread / pl.col("variance")).otherwise(watched)
    counted = pl.when(is_plain).then(pl.col("event_count") / pl.col("leaving")).when(others == 0).then(1.0)
    lower, upper = wilson_of_share(rate, pl.col("size"))
    is_known = (pl.col("at_horizon") > 0) | (pl.col("survival") == 0)
    return (
        last.with_columns(size=size, incidence=pl.when(is_known).then(counted.otherwise(rate)))
        .select(*by, "incidence", incidence_lower=lower, incidence_upper=upper, at_risk_count="at_horizon")
        .sort(by)
    )


def _steps(observations: pl.DataFrame, by: Sequence[str], horizon: str) -> pl.DataFrame:
    """One row per group and distinct time up to the horizon, sorted; what came later is censored at the horizon."""
    observed, end = pl.col("observed_us"), pl.col(horizon)
    ended = pl.col("kind").is_in([EVENT, COMPETING]) & (observed <= end)
    return (
        observations.group_by(*by, at_us=pl.min_horizontal(observed, end))
        .agg(
            event_count=(ended & (pl.col("kind") == EVENT)).sum().cast(pl.Int64),
            competing_count=(ended & (pl.col("kind") == COMPETING)).sum().cast(pl.Int64),
            at_horizon=(observed >= end).sum().cast(pl.Int64),
            censored=(~ended & (observed < end)).sum().cast(pl.Int64),
            leaving=pl.len().cast(pl.Int64),
        )
        .sort(*by, "at_us")
    )


def _with_variance(steps: pl.DataFrame, by: Sequence[str]) -> pl.DataFrame:
    """Adds `incidence`, `others` (the share without the event) and `variance` of the incidence at the last time.

    Each time adds the variance of a multinomial draw from those at risk. As a sum of squares it cannot fall below 0:
    with hazards h, k of event and competing end, stay = 1 - h - k, survival s before and later incidence l it is
    (h k s^2 + h (s stay - l)^2 / stay + k l^2 / stay) / at risk. All floats run along sorted, unique times.
    """
    at_risk, before, after = pl.col("at_risk"), pl.col("before"), pl.col("survival")
    hazard, rival = pl.col("event_count") / at_risk, pl.col("competing_count") / at_risk
    stay = (at_risk - pl.col("event_count") - pl.col("competing_count")) / at_risk
    later = pl.col("incidence").last().over(by) - pl.col("incidence")
    survivors = pl.when(stay > 0).then((hazard * (after - later) ** 2 + rival * later**2) / stay).otherwise(0.0)
    return (
        steps.with_columns(at_risk=pl.col("leaving").cum_sum(reverse=True).over(by))
        .with_columns(survival=stay.cum_prod().over(by))
        .with_columns(before=after.shift(1, fill_value=1.0).over(by))
        .with_columns(
            incidence=(before * hazard).cum_sum().over(by), others=after + (before * rival).cum_sum().over(by)
        )
        .with_columns(variance=((hazard * rival * before**2 + survivors) / at_risk).cum_sum().over(by))
    )
