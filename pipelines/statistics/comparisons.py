"""Now and before, at equal maturity: attempts of two periods, each watched for the same time."""

import polars as pl

from pipelines.durations import UNITS_US
from pipelines.statistics.cohorts import ACTIVATED, are_enough, count, counted_in
from pipelines.statistics.intervals import newcombe_bounds, share, wilson_bounds

WITHIN_US = (UNITS_US["hour"], UNITS_US["day"], 7 * UNITS_US["day"])
"""How long attempts are watched (µs); the whole window too."""
PERIODS_US = tuple(days * UNITS_US["day"] for days in (7, 28, 91))
_KEY = ["funnel_id", "within_us", "period_us"]
SAYS_NOTHING = ("no full period before", "too few")
"""Verdicts that say nothing of a change, the emptier first."""


def comparisons(entries: pl.DataFrame, funnels: pl.DataFrame, settings: pl.DataFrame) -> pl.DataFrame:
    """`rpt_comparisons`: one row per funnel, time watched and length of the period, sorted by them.

    The current period ends with the youngest attempts that have been watched long enough, those entered `within_us`
    before the as-of time (that moment included); the previous one is as long and ends where it begins. Where no attempt
    of any funnel is older than that one, it may not be whole, and nothing is said.

    Args:
        entries: `fct_entries`.
        funnels: `dim_funnels`.
        settings: `ref_settings`, of which `as_of_us` is read.
    """
    aged = counted_in(entries, funnels).select(
        "funnel_id", age=_age(settings), activated_us=pl.when(ACTIVATED).then("observed_us")
    )
    lengths = funnels.select(
        "funnel_id", "window_us", within_us=pl.concat_list(*map(pl.lit, WITHIN_US), "window_us")
    ).explode("within_us")
    watched = lengths.filter(pl.col("within_us") <= pl.col("window_us")).drop("window_us").unique()
    rows = [_two_periods(aged, watched, period) for period in PERIODS_US]
    return pl.concat(rows).pipe(_compared).pipe(_with_leading).sort(_KEY)


def periods_ago(settings: pl.DataFrame) -> pl.Expr:
    """How many periods ago an entry with `entered_at`, `within_us` and `period_us` began: 0 current, 1 previous."""
    return (_age(settings) - pl.col("within_us")) // pl.col("period_us")


def _age(settings: pl.DataFrame) -> pl.Expr:
    return pl.lit(settings["as_of_us"].item()) - pl.col("entered_at").dt.epoch("us")


def _two_periods(aged: pl.DataFrame, watched: pl.DataFrame, period: int) -> pl.DataFrame:
    """Counts of the attempts entered in the period, and in the one before it."""
    ago = (pl.col("age") - pl.col("within_us")) // period
    is_in_time = pl.col("activated_us") <= pl.col("within_us")
    by = ["funnel_id", "within_us"]
    counts = (
        aged.filter(pl.col("age") < pl.lit(watched["within_us"].max()) + 2 * period)
        .join(watched, on="funnel_id")
        .group_by(by)
        .agg(
            current_count=count(ago == 0),
            current_activated_count=count((ago == 0) & is_in_time),
            previous_count=count(ago == 1),
            previous_activated_count=count((ago == 1) & is_in_time),
        )
    )
    rows = watched.with_columns(period_us=pl.lit(period)).join(counts, on=by, how="left")
    is_whole = pl.col("within_us") + 2 * period <= aged["age"].max() if aged.height else pl.lit(value=False)
    return rows.with_columns(pl.col("^.*_count$").fill_null(0), is_whole=is_whole)


def _compared(counts: pl.DataFrame) -> pl.DataFrame:
    sides = {side: (pl.col(f"{side}_activated_count"), pl.col(f"{side}_count")) for side in ("current", "previous")}
    columns: list[pl.Expr] = []
    for side, pair in sides.items():
        lower, upper = wilson_bounds(*pair)
        rate = share(*pair).alias(f"{side}_rate")
        columns += [*pair[::-1], rate, lower.alias(f"{side}_lower"), upper.alias(f"{side}_upper")]
    lower, upper = newcombe_bounds(*sides["current"], *sides["previous"])
    low, high = pl.col("difference_lower"), pl.col("difference_upper")
    is_few = ~are_enough(pl.col("current_count"), pl.col("previous_count"))
    said = {"too few": is_few, "no full period before": ~pl.col("is_whole"), "higher": low > 0, "lower": high < 0}
    words = [pl.when(holds).then(pl.lit(word)) for word, holds in said.items()]
    difference = share(*sides["current"]) - share(*sides["previous"])
    return counts.select(
        *_KEY, *columns, "is_whole", difference=difference, difference_lower=lower, difference_upper=upper
    ).select(pl.exclude("is_whole"), verdict=pl.coalesce(*words, pl.lit("no clear change")))


def _with_leading(compared: pl.DataFrame) -> pl.DataFrame:
    """Marks the comparison that speaks for its funnel: over the whole window, and the longest period with a verdict."""
    is_whole = pl.col("within_us") == pl.col("within_us").max().over("funnel_id")
    says = pl.col("verdict").replace_strict(SAYS_NOTHING, range(2), default=2, return_dtype=pl.Int8)
    place = pl.struct(is_whole, says, "period_us").rank("ordinal", descending=True).over("funnel_id")
    is_leading, is_lower = place == 1, pl.col("verdict") == "lower"
    return compared.with_columns(is_leading=is_leading, is_worse=is_leading & is_lower)
