"""Shares, the interval of a share, and two shares compared. Intervals of durations are in `survival`.

Published bounds are 95 %. Tests of many pairs at once are adjusted in `adjustments`.
"""

from math import erfc, sqrt
from statistics import NormalDist

import polars as pl

Z = NormalDist().inv_cdf(0.975)
"""Standard normal quantile of a two-sided 95 % interval."""


def share(part: pl.Expr, whole: pl.Expr) -> pl.Expr:
    """`part / whole` as Float64, 0 to 1; NULL where `whole` is 0 or either is NULL."""
    return pl.when(whole > 0).then(part / whole)


def wilson_bounds(successes: pl.Expr, trials: pl.Expr) -> tuple[pl.Expr, pl.Expr]:
    """Lower and upper 95 % bound (Float64, 0 to 1) of successes / trials, by E. B. Wilson, JASA 22 (1927) 209-212.

    Shapes: two integer columns of equal length in, two columns of that length out. NULL where `trials` is 0. The
    caller sees to 0 <= successes <= trials. The lower bound of no success is exactly 0, the upper bound of no failure
    exactly 1.
    """
    return wilson_of_share(share(successes, trials), trials)


def wilson_of_share(rate: pl.Expr, trials: pl.Expr) -> tuple[pl.Expr, pl.Expr]:
    """`wilson_bounds` of a share (0 to 1) that was seen in so many trials, which need not be a whole number.

    NULL where `trials` is 0 or either is NULL.
    """
    lower, upper = _wilson_lower(rate, trials), 1 - _wilson_lower(1 - rate, trials)
    return pl.when(trials > 0).then(lower), pl.when(trials > 0).then(upper)


def _wilson_lower(rate: pl.Expr, trials: pl.Expr) -> pl.Expr:
    # Written with half = Z / 2 because sqrt(half * half) is exactly half: the bound of 0 successes is exactly 0.
    half, successes = Z / 2, rate * trials
    spread = (successes * (1 - rate) + half * half).sqrt()
    return (successes + 2 * half * half - 2 * half * spread) / (trials + Z * Z)


def newcombe_bounds(
    successes: pl.Expr, trials: pl.Expr, other_successes: pl.Expr, other_trials: pl.Expr
) -> tuple[pl.Expr, pl.Expr]:
    """Lower and upper 95 % bound (Float64, -1 to 1) of the first share less the other, for independent samples.

    Method 10 of R. G. Newcombe, Statistics in Medicine 17 (1998) 873-890: put together from the Wilson bounds of the
    two. Integer columns in; NULL where either has no trials.
    """
    rate, other = share(successes, trials), share(other_successes, other_trials)
    lower, upper = wilson_bounds(successes, trials)
    other_lower, other_upper = wilson_bounds(other_successes, other_trials)
    below = ((rate - lower) ** 2 + (other_upper - other) ** 2).sqrt()
    above = ((upper - rate) ** 2 + (other - other_lower) ** 2).sqrt()
    return rate - other - below, rate - other + above


def score_test(successes: pl.Expr, trials: pl.Expr, other_successes: pl.Expr, other_trials: pl.Expr) -> pl.Expr:
    """Two-sided p (Float64, 0 to 1) of two independent shares being equal: normal, with the variance of the pooled one.

    This is K. Pearson's chi-square of the 2 x 2 table without correction. Integer columns in; NULL where either has no
    trials, 1 where all succeeded or none did.
    """
    pooled = share(successes + other_successes, trials + other_trials)
    variance = pooled * (1 - pooled) * (1 / trials + 1 / other_trials)
    score = (share(successes, trials) - share(other_successes, other_trials)) / variance.sqrt()
    known = (trials > 0) & (other_trials > 0)
    return pl.when(known & (variance == 0)).then(1.0).when(known).then(two_sided_p(score))


def two_sided_p(score: pl.Expr) -> pl.Expr:
    """How likely a standard normal value lies at least as far from 0 as this one; NULL stays NULL."""
    return score.abs().map_elements(lambda z: erfc(z / sqrt(2)), return_dtype=pl.Float64)
