"""Shares and the interval of a share. Intervals of durations are in `survival`."""

from __future__ import annotations

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
    failures = trials - successes
    lower, upper = _wilson_lower(successes, failures), 1 - _wilson_lower(failures, successes)
    return pl.when(trials > 0).then(lower), pl.when(trials > 0).then(upper)


def wilson_interval(successes: int, trials: int) -> tuple[float, float] | None:
    """`wilson_bounds` of one pair, bit for bit; None without trials.

    Raises:
        ValueError: successes are below 0 or above trials.
    """
    if not 0 <= successes <= trials:
        raise ValueError(f"{successes} successes in {trials} trials")
    lower, upper = wilson_bounds(pl.lit(successes), pl.lit(trials))
    bounds: tuple[float, float] = pl.select(lower=lower, upper=upper).row(0)
    return bounds if trials else None


def _wilson_lower(successes: pl.Expr, failures: pl.Expr) -> pl.Expr:
    # Written with half = Z / 2 because sqrt(half * half) is exactly half: the bound of 0 successes is exactly 0.
    half, trials = Z / 2, successes + failures
    spread = (successes * failures / trials + half * half).sqrt()
    return (successes + 2 * half * half - 2 * half * spread) / (trials + Z * Z)
