"""How often the published intervals hold the truth, over 1,000 invented histories whose truth is known.

    python -m benchmarks.coverage

Each history has 300 attempts that enter evenly over the 60 days before the as-of time. Six in ten would activate in
the end, after a log-normal time with a median of 6 hours and so long a tail that some are late for the window of 14
days; meanwhile organizations are deleted, 3 in 1,000 a day. The product's own functions see all histories in one call,
grouped by the history's number. Beside them stand the numbers of the product's founding document in the same
histories. Exits with 1 where a 95 % interval holds the truth in fewer than 93 % of the histories or more than 97 %.
"""

from __future__ import annotations

import sys
import time
from math import exp, log
from statistics import NormalDist

import numpy as np
import polars as pl

from pipelines.durations import UNITS_US
from pipelines.statistics.incidence import COMPETING, EVENT, incidence_at
from pipelines.statistics.quantiles import exact_quantile
from pipelines.statistics.survival import quantile_times, restricted_means, survival_curve

HISTORIES, ATTEMPTS, SEED = 1_000, 300, 1979
LEAST, MOST = 0.93, 0.97
DAY, HOUR = UNITS_US["day"], UNITS_US["hour"]
SPAN, RECENT, WINDOW = 60 * DAY, 30 * DAY, 14 * DAY
ACTIVATING, MEDIAN, SIGMA = 0.6, 6 * HOUR, 2.0
"""Share that would ever activate; median (µs) of their times and standard deviation of the logarithm."""
HAZARD = 0.003 / DAY
"""Of an organization to be deleted, per µs."""
BY = ["history"]
NORMAL = NormalDist()


def main() -> int:
    """Make the histories, estimate, compare with the truth, print."""
    attempts, started = histories(), time.perf_counter()
    curve = survival_curve(attempts.with_columns(is_event=pl.col("kind") == EVENT), BY)
    rates = incidence_at(attempts, BY).rename(lambda name: name.replace("incidence", "rate"))
    medians = quantile_times(curve, BY, [50])
    means = restricted_means(curve, BY, attempts.select("history", "horizon_us").unique())
    seconds = time.perf_counter() - started
    coverages = {
        "provisional rate": _coverage(rates, "rate_lower", "rate_upper", true_rate()),
        "median time to activation": _coverage(medians, "time_lower_us", "time_upper_us", true_median()),
        "restricted mean": _coverage(means, "restricted_mean_lower_us", "restricted_mean_upper_us", true_mean()),
    }
    print(f"{attempts.height:,} attempts in {HISTORIES:,} histories, estimated in {seconds:.1f} s")
    for name, coverage in coverages.items():
        print(f"95 % interval of the {name}: holds the truth in {coverage:.1%}")
    bias = rates.select(pl.col("rate").mean()).item() - true_rate()
    print(f"provisional rate: {100 * bias:+.2f} percentage points off on average")
    for name, error in founding_errors(attempts).items():
        print(f"{name}: {error:+.1%} off on average")
    return int(not all(LEAST <= coverage <= MOST for coverage in coverages.values()))


def histories() -> pl.DataFrame:
    """One row per attempt: `history`, `age_us`, and what `incidence_at` takes."""
    chance, shape = np.random.RandomState(SEED), (HISTORIES, ATTEMPTS)
    age = chance.uniform(0, SPAN, shape)
    activation = MEDIAN * np.exp(SIGMA * chance.standard_normal(shape))
    activation[chance.uniform(size=shape) >= ACTIVATING] = np.inf
    deletion = chance.exponential(1 / HAZARD, shape)
    observed = np.minimum(np.minimum(activation, deletion), age)
    kind = np.select([observed == activation, observed == deletion], [EVENT, COMPETING], 0)
    columns = {"age_us": age.astype(np.int64), "observed_us": observed.astype(np.int64), "kind": kind.astype(np.int8)}
    return pl.DataFrame(
        {"history": np.repeat(np.arange(HISTORIES), ATTEMPTS)}
        | {name: column.ravel() for name, column in columns.items()}
    ).with_columns(horizon_us=pl.lit(WINDOW))


def true_rate() -> float:
    """The share activated within the window and before a deletion: the integral over the times of those who would."""
    edges = np.linspace(-9, _score(WINDOW), 20_001)
    middles = (edges[1:] + edges[:-1]) / 2
    density = np.exp(-(middles**2) / 2) / np.sqrt(2 * np.pi)
    staying = np.exp(-HAZARD * MEDIAN * np.exp(SIGMA * middles))
    return float(ACTIVATING * np.sum(density * staying) * (edges[1] - edges[0]))


def true_median() -> float:
    """The time (µs) by which half of all attempts activate, were there no deletions."""
    return MEDIAN * exp(SIGMA * NORMAL.inv_cdf(0.5 / ACTIVATING))


def true_mean() -> float:
    """The mean time (µs) without activation within the window, were there no deletions."""
    late = WINDOW * (1 - ACTIVATING * NORMAL.cdf(_score(WINDOW)))
    return late + ACTIVATING * completer_mean() * NORMAL.cdf(_score(WINDOW) - SIGMA)


def completer_mean() -> float:
    """The mean time (µs) of those who would ever activate."""
    return MEDIAN * exp(SIGMA**2 / 2)


def _score(microseconds: float) -> float:
    return log(microseconds / MEDIAN) / SIGMA


def _coverage(estimates: pl.DataFrame, lower: str, upper: str, truth: float) -> float:
    """The share of intervals that hold the truth; an upper bound that was not reached is as large as need be."""
    holds = (pl.col(lower) <= truth).fill_null(False) & (pl.col(upper) >= truth).fill_null(True)
    return float(estimates.select(holds.mean()).item())


def founding_errors(attempts: pl.DataFrame) -> dict[str, float]:
    """Mean relative error of what the founding document computes, each against the truth that it is read as.

    Its rate: organizations with a completion in the last 30 days over those with a link in them. Its average: over
    organizations with both in them. The median of completers is not in it, but what many would take instead.
    """
    activated, time_us, age = pl.col("kind") == EVENT, pl.col("observed_us"), pl.col("age_us")
    is_recent = age <= RECENT
    numbers = attempts.group_by(BY).agg(
        rate=(activated & (age - time_us <= RECENT)).sum() / is_recent.sum(),
        mean=time_us.filter(activated & is_recent).mean(),
        median=exact_quantile(time_us.filter(activated), 50),
    )
    rate, mean, median = numbers.select(pl.col("rate", "mean", "median").mean()).row(0)
    return {
        "founding document's completion rate, against the rate within 14 days": rate / true_rate() - 1,
        "founding document's average time, against the mean of all who would ever activate": mean / completer_mean()
        - 1,
        "median of completers, against the median of all attempts": median / true_median() - 1,
    }


if __name__ == "__main__":
    sys.exit(main())
