"""Exact quantiles of integer durations: sorted, never binned, never sketched. Censored durations are in `survival`."""

import polars as pl

PERCENTS = (25, 50, 75, 90)
"""The published quantiles, as whole percents so that positions are computed in integers."""


def exact_quantile(values: pl.Expr, percent: int) -> pl.Expr:
    """The quantile of an integer expression, for use in `agg` or `select`; NULLs are left out, NULL if none remains.

    Linear between the two neighbours of rank percent/100 * (n - 1), rounded to whole units, halves up; the median of
    an even number is the rounded mean of the middle two. This is SQL's `round(quantile_cont(values, percent / 100))`
    for durations, which are never negative.
    """
    ordered = values.drop_nulls().sort()
    hundredths = (ordered.len().cast(pl.Int64) - 1) * percent
    below = ordered.get(hundredths // 100, null_on_oob=True)
    above = ordered.get((hundredths + 99) // 100, null_on_oob=True)
    return _between(below, above, hundredths)


def counted_quantile(value: str, done: str, percent: int) -> pl.Expr:
    """The same of distinct values that ascend, where `done` counts (Int64) how many there are up to and with each."""
    values, counts = pl.col(value), pl.col(done)
    hundredths = (counts.last() - 1) * percent
    below = values.filter(counts > hundredths // 100).first()
    above = values.filter(counts > (hundredths + 99) // 100).first()
    return pl.when(counts.last() > 0).then(_between(below, above, hundredths))


def _between(below: pl.Expr, above: pl.Expr, hundredths: pl.Expr) -> pl.Expr:
    return below + ((above - below) * (hundredths % 100) + 50) // 100
