"""Time until something happens, where some have not got there yet: the Kaplan-Meier curve and what is read off it.

The product-limit estimate is by E. L. Kaplan and P. Meier, JASA 53 (1958) 457-481; its variance by M. Greenwood
(1926); the interval on the log(-log) scale by J. D. Kalbfleisch and R. L. Prentice, The Statistical Analysis of
Failure Time Data (1980); intervals of quantiles by R. Brookmeyer and J. Crowley, Biometrics 38 (1982) 29-41; the
restricted mean by J. O. Irwin, J. Hyg. 47 (1949) 188-189, its variance as in Kaplan and Meier.

Competing ends count as censored here; cumulative incidence that knows them is in `incidence`.
"""

from collections.abc import Sequence

import polars as pl

from pipelines.statistics.intervals import Z

TIE = 1e-9
"""A curve this close to a quantile's level has reached it: nine factors of floats miss the 1/10 that nine of ten leave
by some 1e-17, and a hundred thousand by less than 1e-10, while the steps of a curve of n entries are about 1/n."""


def survival_curve(observations: pl.DataFrame, by: Sequence[str]) -> pl.DataFrame:
    """The curve of each group, one row per distinct observed time, sorted by group and time.

    Args:
        observations: one row per entry: the `by` columns, `observed_us` (Int64, microseconds, not NULL), `is_event`
            (Boolean: the time ended in the event; else it is censored, and was at risk up to and including that time).
        by: names of the grouping columns, one at least.

    Returns:
        `by`, `observed_us`, `event_count`, `at_risk_count` (Int64, observed at least that long), `survival` (share
        without the event after that time), `survival_lower`, `survival_upper` (95 %; 1 before the first event, NULL
        where the curve is 0: no interval exists there). No rows in, no rows out.
    """
    counts = (
        observations.group_by(*by, "observed_us")
        .agg(event_count=pl.col("is_event").sum().cast(pl.Int64), leaving=pl.len().cast(pl.Int64))
        .sort(*by, "observed_us")
    )
    at_risk, events = pl.col("at_risk_count"), pl.col("event_count")
    # Both floats run along sorted, unique times: the order of the rows that came in cannot reach them.
    return (
        counts.with_columns(at_risk_count=pl.col("leaving").cum_sum(reverse=True).over(by))
        .with_columns(
            survival=(1 - events / at_risk).cum_prod().over(by),
            greenwood=(events / (at_risk * (at_risk - events))).cum_sum().over(by),
        )
        .with_columns(*_log_log_bounds(pl.col("survival"), pl.col("greenwood")))
        .drop("leaving", "greenwood")
    )


def _log_log_bounds(survival: pl.Expr, greenwood: pl.Expr) -> tuple[pl.Expr, pl.Expr]:
    power = (Z * greenwood.sqrt() / survival.log()).exp()
    # At 1 and 0 the formula is 0/0 and inf/inf: nothing has happened yet, and nobody is left to tell.
    defined = pl.when(survival == 1).then(1.0).when(survival > 0)
    lower, upper = defined.then(survival ** (1 / power)), defined.then(survival**power)
    return lower.alias("survival_lower"), upper.alias("survival_upper")


def quantile_times(curve: pl.DataFrame, by: Sequence[str], percents: Sequence[int]) -> pl.DataFrame:
    """When each group's curve has let the given percents through: the first time at which that share had the event.

    Args:
        curve: as `survival_curve` returns it.
        by: the same grouping columns.
        percents: between 1 and 99, one at least.

    Returns:
        `by`, `quantile` (Float64, 0 to 1), `time_us`, `time_lower_us`, `time_upper_us` (Int64 microseconds; NULL: the
        curve, or the bound of it, never gets that far), sorted.
    """
    return pl.concat(
        curve.group_by(by).agg(
            quantile=pl.lit(percent / 100),
            time_us=_first_time("survival", percent),
            time_lower_us=_first_time("survival_lower", percent),
            time_upper_us=_first_time("survival_upper", percent),
        )
        for percent in percents
    ).sort(*by, "quantile")


def _first_time(curve: str, percent: int) -> pl.Expr:
    remaining = (100 - percent) / 100
    return pl.col("observed_us").filter(pl.col(curve) <= remaining + TIE).min()


def curve_at(curve: pl.DataFrame, points: pl.DataFrame, by: Sequence[str]) -> pl.DataFrame:
    """The curve at given times, those times included.

    Args:
        curve: as `survival_curve` returns it.
        points: the `by` columns and `at_us` (Int64 microseconds).
        by: the same grouping columns.

    Returns:
        `by`, `at_us`, `survival`, `survival_lower`, `survival_upper`, `at_risk_count` (observed at least that long),
        one row per point, sorted. The curve is NULL where nobody was observed that long, unless it had come down to 0.
    """
    steps = curve.sort("observed_us").rename({"observed_us": "at_us"})
    levels, risks = steps.drop("event_count", "at_risk_count"), steps.select(*by, "at_us", "at_risk_count")
    survival, at_risk = pl.col("survival"), pl.col("at_risk_count")
    bounds = pl.col("survival", "survival_lower", "survival_upper")
    known = (
        pl.when((survival == 0) | ((at_risk > 0) & survival.is_not_null()))
        .then(bounds)
        .when(at_risk > 0)
        .then(1.0)  # before the first observed time
    )
    return (
        points.sort("at_us")
        .join_asof(levels, on="at_us", by=list(by), strategy="backward", check_sortedness=False)
        .join_asof(risks, on="at_us", by=list(by), strategy="forward", check_sortedness=False)
        .with_columns(at_risk.fill_null(0))
        .with_columns(known)
        .select(*by, "at_us", "survival", "survival_lower", "survival_upper", "at_risk_count")
        .sort(*by, "at_us")
    )


def restricted_means(curve: pl.DataFrame, by: Sequence[str], horizons: pl.DataFrame) -> pl.DataFrame:
    """Mean time without the event within each group's horizon: the area under its curve from 0 to there.

    Args:
        curve: as `survival_curve` returns it.
        by: the same grouping columns.
        horizons: one row per group: the `by` columns and `horizon_us` (Int64 microseconds, above 0).

    Returns:
        `by`, `restricted_mean_us`, `restricted_mean_lower_us`, `restricted_mean_upper_us` (Int64 microseconds, halves
        up, within 0 and the horizon; 95 %), one row per group that has both, sorted. All NULL where the curve is not
        known up to the horizon; bounds NULL where the variance is 0: nothing has happened, or all at once.
    """
    end, level, after = pl.col("horizon_us"), pl.col("survival"), pl.col("area_after")
    at_risk, events, at = pl.col("at_risk_count"), pl.col("event_count"), pl.min_horizontal("observed_us", "horizon_us")
    width = at.shift(-1).over(by).fill_null(end) - at
    terms = pl.when(after > 0).then(after**2 * events / (at_risk * (at_risk - events))).otherwise(0.0)
    known = ((level == 0) | (pl.col("observed_us") >= end)).last()
    margin = pl.when(pl.col("variance") > 0).then(Z * pl.col("variance").sqrt())
    mean = pl.col("mean")
    return (
        curve.join(horizons.select(*by, "horizon_us"), on=by)
        .sort(*by, "observed_us")
        .with_columns(area_after=(level * width).cum_sum(reverse=True).over(by))
        .with_columns(variance=terms.cum_sum().over(by))
        .group_by(by)
        .agg(end.first(), pl.col("variance").last(), mean=pl.when(known).then((at + after).first()))
        .select(
            *by,
            _whole(mean).alias("restricted_mean_us"),
            _whole((mean - margin).clip(0, end)).alias("restricted_mean_lower_us"),
            _whole((mean + margin).clip(0, end)).alias("restricted_mean_upper_us"),
        )
        .sort(by)
    )


def _whole(microseconds: pl.Expr) -> pl.Expr:
    return (microseconds + 0.5).floor().cast(pl.Int64)
